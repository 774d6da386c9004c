"""Runs one command beside another, in what processor time the other leaves.

    python tools/beside.py LOG COMMAND OTHER

COMMAND has the scheduling class "idle" where the system has it, and otherwise the lowest priority.
It writes into LOG, which is shown when both have ended: whole if COMMAND failed, else without its
lines of progress. OTHER keeps the terminal. The exit code is that of OTHER, or else of COMMAND.
Each command is split as a shell does it. Ctrl-C and SIGTERM end both.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

_PROGRESS = re.compile(r"^[.sxXFE]+ *\[ *\d+%\]$")


def leave_room() -> None:
    """Give this process only what nobody else wants."""
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        os.nice(19)


class Both:
    """The two commands; a signal that asks for the end is handed on to them."""

    def __init__(self) -> None:
        self._behind: subprocess.Popen[bytes] | None = None
        self._front: subprocess.Popen[bytes] | None = None
        self._asked = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)

    def run(self, log: Path, behind: list[str], front: list[str]) -> int:
        """Run both to their end; the exit code."""
        with log.open("wb") as out:
            # In a group of its own it gets no Ctrl-C of the terminal, only what is handed on.
            self._behind = subprocess.Popen(
                behind, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                process_group=0, preexec_fn=leave_room,  # noqa: PLW1509 - there is no thread here
            )  # fmt: skip
        if not self._asked:
            self._front = subprocess.Popen(front)
        self._hand_on()  # what came while they were started
        code = self._front.wait() if self._front is not None else 0
        if not self._asked:
            print("what ran beside it:", flush=True)
        code = self._behind.wait() or code
        lines = log.read_text("utf-8", "replace").splitlines()
        if not self._behind.returncode:
            lines = [one for one in lines if not _PROGRESS.match(one)]
        print("\n".join(lines), flush=True)
        return 128 + self._asked if self._asked else code

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if not self._asked:
            self._asked = number
            self._hand_on()

    def _hand_on(self) -> None:
        if self._asked and self._behind is not None and self._behind.poll() is None:
            os.killpg(self._behind.pid, self._asked)
        # A terminal sends Ctrl-C to the one in front itself, and a second one would cut it short.
        if self._asked != signal.SIGINT and self._asked and self._front is not None:
            self._front.send_signal(self._asked)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(Both().run(Path(sys.argv[1]), shlex.split(sys.argv[2]), shlex.split(sys.argv[3])))
