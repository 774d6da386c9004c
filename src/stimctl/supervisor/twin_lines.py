"""Whether a line leads to a digital twin: decided once for every face, after the device answered.

A pseudo terminal or a loopback address proves nothing: socat and ser2net put a real stimulator
behind both. So the line has to be one that software can be behind, and the device has to be known
as a twin: by a serial number that no real device has, or, where a family tells none, because the
process that holds the other end is a twin.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_SERIAL_OF_A_TWIN = re.compile(r"SIM\d{7}")
_TTY_INDEX = re.compile(r"^tty-index:\s*(\d+)$", re.MULTILINE)
_PROC = Path("/proc")
_MODULE = "firmware_sim"


class LineKind(NamedTuple):
    """What is at the other end. `why` is one sentence for the record and for people."""

    simulation: bool
    why: str


def kind_of_line(
    *,
    started_here: bool,
    maybe_software: bool,
    serial: str,
    is_held_by_twin: Callable[[], bool],
) -> LineKind:
    """The one decision. `serial`: what the device says of itself, "" where it tells none.

    `is_held_by_twin` is asked only where the device has no serial number to tell.
    """
    if started_here:
        return LineKind(True, "this program has started the twin itself")
    if not maybe_software:
        return LineKind(False, "a device can be plugged into this line")
    if _SERIAL_OF_A_TWIN.fullmatch(serial):
        return LineKind(True, f"the device says that it is a twin, {serial}")
    if serial:
        return LineKind(False, f"the device says that it is {serial}, which is no twin")
    if is_held_by_twin():
        return LineKind(True, "a twin's own process holds the other end of the line")
    return LineKind(
        False, "the device reports no serial number, and no twin of yours has this port"
    )


def is_held_by_twin(family: str, far_end: tuple[str, ...]) -> bool:
    """Whether a running twin of this user has the other end of a line.

    `far_end`: as a port tells it; a pseudo terminal, or our and the other end of a connection.
    """
    if not _PROC.is_dir():
        return _is_noted(family, far_end)
    wanted = far_end[0] if len(far_end) == 1 else _socket_between(*far_end)
    return bool(wanted) and any(wanted in _held_by(pid) for pid in _twins(family))


def _is_noted(family: str, far_end: tuple[str, ...]) -> bool:
    """Without /proc there are only the notes of twins that stimctl has started."""
    from stimctl.supervisor.twin import running_twins

    known = running_twins(family)
    if len(far_end) == 1:
        return far_end[0] in {os.path.realpath(one) for one in known if "://" not in one}
    return f"socket://{far_end[-1]}" in known


def _twins(family: str) -> Iterator[int]:
    for entry in os.scandir(_PROC):
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid != os.getuid():
                continue
            words = Path(entry.path, "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # it has ended meanwhile
        if is_twin_command(words, family):
            yield int(entry.name)


def is_twin_command(words: list[str], family: str) -> bool:
    """`python [options] -m firmware_sim FAMILY ...`, the module before anything else that runs."""
    for index, word in enumerate(words[1:], 1):
        if word == "-m":
            return words[index + 1 : index + 3] == [_MODULE, family]
        if not word.startswith("-") or word == "-c":
            return False
    return False


def _held_by(pid: int) -> set[str]:
    """The sockets of a process, and the pseudo terminals whose other end it has (the master)."""
    found: set[str] = set()
    process = _PROC / str(pid)
    try:
        for entry in os.scandir(process / "fd"):
            target = str(Path(entry.path).readlink())
            if target.endswith("ptmx"):
                told = (process / "fdinfo" / entry.name).read_text("ascii")
                found |= {f"/dev/pts/{number}" for number in _TTY_INDEX.findall(told)}
            elif target.startswith("socket:"):
                found.add(target)
    except OSError:
        pass  # it has ended meanwhile
    return found


def _socket_between(ours: str, theirs: str) -> str:
    """The other end's socket of a connection on this machine, as /proc names it, or ""."""
    wanted = (_as_in_proc(theirs), _as_in_proc(ours))
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if (fields[1], fields[2]) == wanted:
                return f"socket:[{fields[9]}]"
    return ""


def _as_in_proc(end: str) -> str:
    """An address and port as the tables of /proc have them: words of 32 bits, each reversed."""
    host, _, port = end.rpartition(":")
    kind = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    packed = socket.inet_pton(kind, host.strip("[]").partition("%")[0])
    words = (packed[at : at + 4][::-1] for at in range(0, len(packed), 4))
    return f"{b''.join(words).hex().upper()}:{int(port):04X}"
