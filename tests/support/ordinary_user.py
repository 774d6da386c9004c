"""Starts a program as an ordinary user, in a world with something missing.

usage: ordinary_user.py SPEC (JSON; see `broken_places.py`). Exit code 99: this system does not let
us make that world. Root starts it: permissions do not bind root, so a test as root proves nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

CANNOT = 99
_NEW_MOUNTS = 0x20000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def _own_mounts() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("none", "/", "", _RECURSIVE | _PRIVATE)


def _make_reachable(path: str, scratch: str) -> None:
    """Let others into a folder that lies in somebody's home, in our own view of the disk only."""
    whole = Path(path)
    tops = [*reversed(whole.parents), whole]
    shut = next((top for top in tops if not top.stat().st_mode & 0o001), None)
    if shut is None:
        return
    inside = Path(scratch) / whole.relative_to(shut)
    inside.mkdir(mode=0o755, parents=True, exist_ok=True)
    _mount(path, str(inside), "", _BIND | _RECURSIVE)
    _mount(scratch, str(shut), "", _BIND | _RECURSIVE)


def _change(what: list[Any]) -> None:
    match what:
        case ["read-only", path]:
            _mount(path, path, "", _BIND)
            _mount("none", path, "", _REMOUNT | _BIND | _READ_ONLY)
        case ["empty", path]:
            _mount("none", path, "tmpfs", 0, "mode=0755")
        case ["full", path, uid]:
            _mount("none", path, "tmpfs", 0, f"size=16k,mode=0700,uid={uid}")
            with contextlib.suppress(OSError), Path(path, "filler").open("wb") as file:
                while True:
                    file.write(b"x" * 512)
                    file.flush()


def main(spec: dict[str, Any]) -> None:
    stamp = os.open(spec["stamp"], os.O_WRONLY | os.O_CREAT) if spec["stamp"] else -1
    if os.getuid() == 0:
        try:
            _own_mounts()
            for index, path in enumerate(spec["reach"]):
                _make_reachable(path, f"{spec['scratch']}/{index}")
            for what in spec["changes"]:
                _change(what)
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            os._exit(CANNOT)
    os.chdir(spec["cwd"])
    if spec["cwd_removed"]:
        Path(spec["cwd"]).rmdir()
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(spec["uid"])
        os.setuid(spec["uid"])
    os.umask(spec["umask"])
    environment = dict(spec["environment"])
    if stamp >= 0:
        os.write(stamp, str(time.monotonic_ns()).encode())
        os.close(stamp)
    for fd in spec["closed"]:
        os.close(fd)
    for name, value in spec["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    os.execve(spec["command"][0], spec["command"], environment)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
