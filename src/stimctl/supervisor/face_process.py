"""What the system tells of the program that started this supervisor: is a person at its keyboard?

Read from the process table, not from what the program says of itself. It keeps scripts, pipes and
distant terminals from being taken for a person; a program with the same rights that fakes a
terminal is beyond it (H73).
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_SSH_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_REMOTE_PROGRAMS = frozenset(
    {"sshd", "sshd-session", "mosh-server", "dropbear", "telnetd", "etserver"}
)
_DEEPEST = 64


class FaceProcess(NamedTuple):
    """A program as a place where somebody can be asked.

    `terminal`: its controlling terminal, or "". `why_not`: why nobody can be asked there, or "".
    `remote`: why that terminal is not at the machine, or "". `is_own_ui`: it is stimctl itself,
    started by hand, whose keys a person presses.
    """

    terminal: str
    why_not: str
    remote: str
    is_own_ui: bool


def face_process(pid: int) -> FaceProcess:
    """Look at process `pid`, now."""
    if not _PROC.is_dir():
        return _by_ps(pid)
    try:
        fields = _fields(pid)
        words = _text(pid, "cmdline").split("\0")
    except (OSError, ValueError, IndexError):
        return FaceProcess("", "the program that asks has ended", "", False)
    terminal = _terminal(pid, int(fields[4]))
    return FaceProcess(
        terminal,
        _why_not(terminal, foreground=fields[2] == fields[5]),
        _why_remote(pid),
        bool(terminal) and is_own_ui(words),
    )


def is_own_ui(words: list[str]) -> bool:
    """`python [options] -m stimctl ...`, or the script `stimctl` that an installation makes."""
    for index, word in enumerate(words[1:], 1):
        if word == "-m":
            return words[index + 1 : index + 2] == ["stimctl"]
        if not word.startswith("-") or word == "-c":
            return Path(word).name == "stimctl"
    return False


def why_remote(environ: Mapping[str, str], programs: Iterator[str]) -> str:
    """Why a terminal is not at the machine: by its variables, or by the programs above it."""
    for name in _SSH_VARIABLES:
        if environ.get(name):
            return f"it came over SSH ({name} is set)"
    for program in programs:
        if program in _REMOTE_PROGRAMS:
            return f"it came over {program}"
    return ""


def _why_not(terminal: str, *, foreground: bool) -> str:
    if not terminal:
        return "it has no terminal on its standard input (closed, a pipe, or a file)"
    return "" if foreground else "it runs in the background of its terminal"


def _fields(pid: int) -> list[str]:
    """state, ppid, pgrp, session, tty_nr, tpgid, ... of /proc/PID/stat."""
    text = _text(pid, "stat")
    # The program's name is in brackets and may hold blanks.
    return text[text.rfind(")") + 2 :].split()


def _text(pid: int, name: str) -> str:
    return (_PROC / str(pid) / name).read_text("utf-8", "replace")


def _terminal(pid: int, number: int) -> str:
    """The controlling terminal, where standard input is that very one; else ""."""
    if not number:
        return ""
    wanted = os.makedev((number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00))
    try:
        place = str((_PROC / str(pid) / "fd" / "0").readlink())
        found = Path(place).stat()
    except OSError:
        return ""
    return place if stat.S_ISCHR(found.st_mode) and found.st_rdev == wanted else ""


def _why_remote(pid: int) -> str:
    try:
        rows = (row.partition("=") for row in _text(pid, "environ").split("\0"))
        environ = {name: value for name, _, value in rows}
    except OSError:
        environ = {}
    return why_remote(environ, _programs_above(pid))


def _programs_above(pid: int) -> Iterator[str]:
    for _ in range(_DEEPEST):
        try:
            yield _text(pid, "comm").strip()
            pid = int(_fields(pid)[1])
        except (OSError, ValueError, IndexError):
            return
        if pid <= 1:
            return


def _by_ps(pid: int) -> FaceProcess:
    """Where there is no /proc: the terminal by `ps`, whose standard input is not to be had."""
    command = ["/bin/ps", "-o", "tty=,pgid=,tpgid=,command=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    words = told.stdout.split()
    if len(words) < 4 or words[0].startswith("?"):
        return FaceProcess("", _why_not("", foreground=False), "", False)
    terminal = f"/dev/{words[0]}"
    remote = why_remote(os.environ, iter(()))  # inherited from the face
    return FaceProcess(
        terminal, _why_not(terminal, foreground=words[1] == words[2]), remote, is_own_ui(words[3:])
    )
