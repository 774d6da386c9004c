"""What works on Windows, done in one process; what came of it as JSON on stdout.

`python -m tests.support.on_windows FOLDER`, with `windows_site` in its path, which makes a Windows
of the system. The folder is for its files.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAN: tuple[str, ...]
PLAN = ("tens-conventional", "--device", "sim:p24", "--amplitude", "1=12mA", "--area", "1=25cm2")
PLAN += ("--site", "1=left-forearm-flexor", "--duration", "1min")


def modules() -> dict[str, str]:
    """Every module of both packages, and the missing one for which it is not there ("": it is)."""
    found: dict[str, str] = {}
    for package in ("stimctl", "firmware_sim"):
        top = importlib.import_module(package)
        for info in pkgutil.walk_packages(top.__path__, f"{package}."):
            found[info.name] = ""
            try:
                importlib.import_module(info.name)
            except ModuleNotFoundError as error:
                found[info.name] = str(error.name)
            except BaseException as error:  # noqa: BLE001 - told, and the test judges it
                found[info.name] = repr(error)
    return found


def command(*arguments: str) -> dict[str, Any]:
    """A command of stimctl in this process: its exit code and what it says."""
    from stimctl.__main__ import main

    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = _Typed("K-17\n"), (out := _Said()), (err := _Said())
    try:
        code: Any = main(list(arguments))
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - told, and the test judges it
        code = traceback.format_exc()
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


class _Typed(io.StringIO):
    """What a person types where a command asks."""

    def isatty(self) -> bool:
        return True


class _Said(io.StringIO):
    encoding = "utf-8"

    def fileno(self) -> int:
        return 1


def twin(folder: Path) -> dict[str, Any]:
    """A twin over TCP that is asked who it is with our codec; its record, once it was ended."""
    from firmware_sim.process import TwinProcess
    from stimctl.wire.sciencemode4.codec import decode, encode
    from stimctl.wire.sciencemode4.framing import FrameDecoder
    from stimctl.wire.sciencemode4.messages_plain import GetDeviceId

    with TwinProcess("--tcp", "0", device="p24", record=folder / "record.jsonl") as started:
        host, _, port = started.url.removeprefix("socket://").rpartition(":")
        with socket.create_connection((host, int(port)), 10) as line:
            line.sendall(encode(GetDeviceId(), 1))
            decoder = FrameDecoder()
            frames: list[Any] = []
            while not frames:
                frames = decoder.feed(line.recv(4096))
        code = started.end()
    answer = decode(frames[0])
    kinds = [row["kind"] for row in started.rows()]
    return {"url": started.url, "answer": repr(answer), "code": code, "kinds": kinds}


def lock_step() -> list[Any]:
    """A twin in virtual time, behind pipes: who it is, and the time after a second."""
    from firmware_sim.lockstep_client import LockStepTwin, twin_command

    with LockStepTwin(command=twin_command("p24")) as twin:
        twin.advance(1_000_000_000)
        return [twin.family, twin.now_us]


def program(*arguments: str) -> dict[str, Any]:
    """A program in a process of its own, on the made-up Windows, too."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def refusals() -> dict[str, Any]:
    """The Python API, and the client behind every face."""
    import stimctl
    from stimctl.errors import StimctlError
    from stimctl.supervisor.client import SupervisorClient

    told = {}
    tries: dict[str, Callable[[str], object]]
    tries = {"connect": stimctl.connect, "client": lambda name: SupervisorClient(name).start()}
    for what, begin in tries.items():
        try:
            begin("sim:p24")
        except StimctlError as error:
            told[what] = error.as_dict()
    return told


def recorded() -> str:
    """A session of ten seconds on the bench, as a journal in the state folder."""
    from stimctl.records.places import journal_folder, state_folder
    from tests.support.long_session import events_of, write_journal

    folder = journal_folder(state_folder())
    return write_journal(folder, events_of("p24", "tens-conventional", 1, 10), "p24").session


def locks(folder: Path) -> list[bool]:
    """Whether a second program gets a lock: while another has it, and after."""
    from stimctl.records.file_lock import locked_file, take_lock

    with locked_file(folder / "lock", 0.0) as first:
        os.write(first, b"a row\n")
        second = os.open(folder / "lock", os.O_RDWR)
        meanwhile = take_lock(second, 0.0)
    after = take_lock(second, 0.0)
    os.close(second)
    return [meanwhile, after]


def main() -> None:
    """Do all of it."""
    home = Path(sys.argv[1])
    told: dict[str, Any] = {"modules": modules(), "refusals": refusals(), "locks": locks(home)}
    told["twin"] = twin(home)
    told["lock-step"] = lock_step()
    told["pty"] = program("firmware_sim", "p24")
    told["sim"] = program("stimctl", "sim", "p24", "--tcp", "0", "--idle-exit", "0.1")
    told["session"] = session = recorded()
    told["commands"] = {
        " ".join(words): command(*words)
        for words in (
            ("--version",), ("check", *PLAN), ("rehearse", *PLAN), ("protocols", "list"),
            ("protocols", "fork", "tens-conventional", "mine"), ("protocols", "show", "mine"),
            ("screening",), ("spec", "p24"), ("paths", "--json"), ("doctor", "--json"),
            ("sessions", "list"), ("sessions", "show", session), ("sessions", "verify"),
            ("sessions", "report", session, "--output", str(home / "report.html")),
            ("station-key", "new"), ("sessions", "sign", session), ("devices", "list"),
            ("backup", str(home / "kept")), ("people", "list"), ("people", "show", "K-17"),
            ("people", "maximum", "K-17", "--site", "left-calf", "--level", "10mA",
             "--area", "25cm2"), ("people", "erase", "K-17"),
            ("run", *PLAN), ("run", *PLAN, "--json"), ("--demo",), ("--plain",), ("ports",),
            ("identify", "p24:COM3"), ("stop", "p24:COM3"), ("stop", "sim:p24", "--json"),
            ("stop-face", "list"), ("sim", "list"),
        )
    }  # fmt: skip
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
