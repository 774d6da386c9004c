"""A program on the Python API that has children of every kind. Started by the tests of forks.

usage: forking_program.py KIND DEVICE JOURNAL   prints one JSON row a line
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import stimctl
from stimctl.api import Device
from stimctl.errors import StimctlError

_LIVES_S = 40.0
_SLEEP = ["/bin/sleep", str(int(_LIVES_S))]
_printing = threading.Lock()


def show(**row: object) -> None:
    with _printing:
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


def child_of(pid: int) -> None:
    """What each branch of a fork does: the child only lives, the parent names it."""
    if pid == 0:
        time.sleep(_LIVES_S)
        os._exit(0)
    show(child=pid)


def forked() -> None:
    child_of(os.fork())


def forked_twice() -> None:
    pid = os.fork()
    if pid == 0:
        forked()
        os._exit(0)
    os.waitpid(pid, 0)


def forked_by_c() -> None:
    """No fork handler of Python's runs: the copy of the pipe stays open."""
    pid = ctypes.PyDLL(None).fork()
    if pid == 0:
        ctypes.PyDLL(None).sleep(int(_LIVES_S))
        os._exit(0)
    show(child=pid)


def all_inheritable() -> None:
    for place in Path("/proc/self/fd").iterdir():
        try:
            os.set_inheritable(int(place.name), True)
        except OSError:
            continue


def executed() -> None:
    all_inheritable()
    pid = os.fork()
    if pid == 0:
        os.execv(_SLEEP[0], _SLEEP)
    show(child=pid)


def spawned() -> None:
    all_inheritable()
    show(child=os.posix_spawn(_SLEEP[0], _SLEEP, os.environ))


def subprocess_with_descriptors() -> None:
    all_inheritable()
    show(child=subprocess.Popen(_SLEEP, close_fds=False).pid)


def pooled(method: str) -> None:
    process = multiprocessing.get_context(method).Process(target=time.sleep, args=(_LIVES_S,))  # type: ignore[attr-defined]
    process.start()
    show(child=process.pid)


CHILDREN: dict[str, Callable[[], None]] = {
    "fork": forked,
    "double-fork": forked_twice,
    "c-fork": forked_by_c,
    "fork-exec": executed,
    "posix-spawn": spawned,
    "subprocess": subprocess_with_descriptors,
    "multiprocessing-fork": lambda: pooled("fork"),
    "multiprocessing-spawn": lambda: pooled("spawn"),
    "multiprocessing-forkserver": lambda: pooled("forkserver"),
}


def attempts(device: Device) -> dict[str, Callable[[], object]]:
    """Everything that a program can do with a device."""
    return {
        "load": lambda: device.load(
            "tens-conventional", amplitudes={1: "9 mA"}, areas={1: "9 cm2"}
        ),
        "arm": device.arm,
        "start": device.start,
        "hold": lambda: device.hold("30 s"),
        "raise_to": lambda: device.raise_to(1, "5 mA"),
        "lower_to": lambda: device.lower_to(1, "0 mA"),
        "link": lambda: device.link(1, 1),
        "unlink": device.unlink,
        "pulse": lambda: device.pulse(1, "1 mA"),
        "pause": device.pause,
        "resume": device.resume,
        "stop": device.stop,
        "attend": device.attend,
        "felt": lambda: device.felt(1),
        "wait": lambda: device.wait(0.01),
        "state": lambda: device.state,
        "readings": lambda: device.readings,
        "events": lambda: list(device.events()),
        "close": device._client.close,
        "rows": lambda: list(device._client.rows(0.0)),
        "beat": device._client.beat,
        "start again": device._client.start,
    }


def commanding(device: Device) -> None:
    """A child that tries all of it, leaves the `with` block, and ends as a program does."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    for name, attempt in attempts(device).items():
        try:
            told = f"did it: {attempt()!r}"
        except StimctlError as error:
            told = f"{type(error).__name__}: {error}"
        show(tried=name, told=told)
    try:
        device.__exit__(None, None, None)
        device.__del__() if hasattr(device, "__del__") else None
    finally:
        show(tried="exit", told="")
    sys.exit(0)  # through `finally`, `with` and atexit


def run(kind: str, device: Device) -> None:
    device.load("tens-conventional", amplitudes={1: "9 mA"}, areas={1: "25 cm2"})
    device.arm()
    device.start("30 s")
    if kind == "during-raise":
        raising = threading.Thread(target=device.raise_to, args=(1, "3 mA"), daemon=True)
        raising.start()
        while raising.is_alive():
            forked()
            raising.join(0.2)
    else:
        device.raise_to(1, "1 mA")
    if kind in CHILDREN:
        CHILDREN[kind]()
    if kind == "commanding":
        commanding(device)
    show(running=os.getpid(), state=device.state)
    while True:
        device.hold("30 s")
        device.wait(5.0)


def main(kind: str, name: str, journal: str) -> None:
    device = stimctl.connect(name, journal=Path(journal))
    if kind == "before-connect":
        forked()
    with device:
        run(kind, device)


if __name__ == "__main__":
    main(*sys.argv[1:])
