"""Keeps this computer awake, and its screen lit, while output may be on (K9, H04, H26), if it can.

Linux with systemd only. Where it cannot, the gap is noticed on waking and is a lost link.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Sequence

_INHIBIT = "systemd-inhibit"
# `cat` ends with the pipe: when the lock is let go, and when this process dies however it may.
_COMMAND = (
    _INHIBIT,
    "--what=sleep:idle:handle-lid-switch",
    "--who=stimctl",
    "--why=output may be on",
    "--mode=block",
    "cat",
)

Launch = Callable[[Sequence[str]], "subprocess.Popen[bytes]"]


def _launch(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class SleepLock:
    """Held or not; taking and letting go may be repeated, and never fail."""

    def __init__(self, command: Sequence[str] = _COMMAND, launch: Launch = _launch) -> None:
        self._command = command
        self._launch = launch
        self._holder: subprocess.Popen[bytes] | None = None

    @property
    def held(self) -> bool:
        """Whether the program that holds the lock is alive."""
        return self._holder is not None and self._holder.poll() is None

    def take(self) -> None:
        """Keep the computer awake from now on."""
        if self._holder is None and shutil.which(self._command[0]) is not None:
            with contextlib.suppress(OSError):
                self._holder = self._launch(self._command)

    def let_go(self) -> None:
        """The computer may sleep."""
        holder, self._holder = self._holder, None
        if holder is not None and holder.stdin is not None:
            with contextlib.suppress(OSError):
                holder.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                holder.wait(0.05)
