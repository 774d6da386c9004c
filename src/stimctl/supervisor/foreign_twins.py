"""Finds twins that this user started without stimctl (`python -m firmware_sim NAME`), on Linux.

They leave no note, but the process table names them. On the stop path, and only for `stop sim:...`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from stimctl.devices.family import family_row
from stimctl.supervisor.runtime_folders import candidates, login_folder, login_is_used

_PROC = Path("/proc")
_MODULE = "firmware_sim"


def foreign_twins(family: str, known_pids: frozenset[int]) -> list[str]:
    """Addresses of this user's running twins of `family`, but those of `known_pids`.

    A twin behind a pty is found by the pty it keeps open; one behind TCP by its port, unless it
    was left to the system to choose. Twins under another `XDG_RUNTIME_DIR` belong to another
    login session (or test) and are left alone, unless ours names no folder that can be used.
    Elsewhere than on Linux: none.
    """
    found, name = [], family_row(family).twin
    for pid in _own_processes():
        words = [] if pid in known_pids else _command_line(pid)
        if not _is_twin(words, name) or not _shares_our_runtime_folder(pid):
            continue
        address = _tcp_address(words) or _pty_of(pid)
        if address is not None:
            found.append(address)
    return sorted(found)


def _own_processes() -> Iterator[int]:
    try:
        entries = list(os.scandir(_PROC))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                yield int(entry.name)
        except OSError:
            continue  # it has ended meanwhile


def _command_line(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def _is_twin(words: list[str], name: str) -> bool:
    """`python [options] -m firmware_sim NAME ...`."""
    return any(words[index : index + 3] == ["-m", _MODULE, name] for index in range(len(words) - 2))


def _shares_our_runtime_folder(pid: int) -> bool:
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and not login_is_used():
        return True  # it names nothing that we can use: no session can be told from another
    try:
        variables = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    name = b"XDG_RUNTIME_DIR="
    said = next((one.removeprefix(name) for one in variables if one.startswith(name)), b"")
    theirs = os.fsdecode(said)
    return theirs == given or login_folder(theirs) in candidates()


def _tcp_address(words: list[str]) -> str | None:
    for index, word in enumerate(words):
        port = word.removeprefix("--tcp=") if word.startswith("--tcp=") else ""
        if word == "--tcp" and index + 1 < len(words):
            port = words[index + 1]
        if port.isdigit() and int(port):
            return f"socket://127.0.0.1:{int(port)}"
    return None


def _pty_of(pid: int) -> str | None:
    """The slave that the twin keeps open; its standard streams are somebody's terminal."""
    try:
        descriptors = sorted((_PROC / str(pid) / "fd").iterdir(), key=lambda fd: int(fd.name))
    except OSError:
        return None
    for descriptor in descriptors:
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if int(descriptor.name) > 2 and target.startswith("/dev/pts/") and target[9:].isdigit():
            return target
    return None
