"""Every way out: signals and a terminal that has gone stop first, verify, and restore it.

Textual dies of SIGTERM and SIGHUP without any clean-up, and a Python signal handler waits for the
main thread. So the number of each signal goes through a pipe to a thread that does nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from stimctl.errors import ExitCode

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_LEAVE = 0  # no signal has this number
#: By then the loop has ended, the client has closed and verified (8 s), or something is stuck.
_PATIENCE_S = 12.0
#: Leave the alternate screen, show the cursor; mouse, focus, paste and key protocols off.
RESTORE = (
    "\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2048l"
    "\x1b[?7h\x1b[?25h\x1b[?1049l\x1b]2;\x07\x1b[0m"
)


class Endings:
    """While entered, the first signal calls `on_stop(name)`, then `on_leave()`, in a thread.

    `close` is called where the program does not end by itself; it stops, verifies, and gives the
    exit code. `job_control`: being put to sleep (SIGTSTP) is an ending too, and touching the
    terminal from the background is an error, not a standstill of the whole program.
    """

    def __init__(
        self, on_stop: Callable[[str], None], on_leave: Callable[[], None],
        close: Callable[[], int], *, job_control: bool = False,
    ) -> None:  # fmt: skip
        self._on_stop, self._on_leave, self._close = on_stop, on_leave, close
        self._read, self._write = os.pipe()
        self._caught: set[int] = set()
        self._job_control = job_control
        self._done = threading.Event()
        self._terminal = _terminal_settings()
        self._thread = threading.Thread(target=self._listen, name="endings", daemon=True)
        self.exit_code: ExitCode | None = None

    def __enter__(self) -> Self:
        os.set_blocking(self._write, False)
        self._thread.start()
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        if self._job_control:
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        for name in (*_NAMES, *(("SIGTSTP",) if self._job_control else ())):
            number = getattr(signal, name, None)
            if number is not None:
                signal.signal(number, _heard)
                self._caught.add(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """The program ends: zero is verified, or told as unknown. Nothing is left to interrupt,
        and one more Ctrl-C, typed into a terminal that is a shell's again, would replace the exit
        code by that of a killed process."""
        self._done.set()
        signal.set_wakeup_fd(-1)
        for number in self._caught:
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            os.write(self._write, bytes([_LEAVE]))

    def terminal_gone(self) -> None:
        """The terminal's end of file, from the thread that reads it: the same as SIGHUP."""
        with contextlib.suppress(OSError):
            os.write(self._write, bytes([signal.SIGHUP]))

    def _listen(self) -> None:
        while True:
            for number in os.read(self._read, 64):
                if number == _LEAVE:
                    return
                if number in self._caught or number == signal.SIGHUP:
                    self._end(signal.Signals(number))

    def _end(self, number: signal.Signals) -> None:
        if self.exit_code is not None:
            return
        interrupted = number is signal.SIGINT
        self.exit_code = ExitCode.INTERRUPTED if interrupted else ExitCode.TERMINATED
        self._on_stop(number.name)
        if number is signal.SIGHUP:  # a loop that writes to a terminal that is gone may hang
            self._force()
        self._on_leave()
        if not self._done.wait(_PATIENCE_S):
            self._force()

    def _force(self) -> None:
        """End without the event loop: zero first, then the terminal, then the process."""
        try:
            code = self._close()
        except Exception:  # noqa: BLE001 - whatever it is, nobody has confirmed zero
            code = int(ExitCode.NOT_CONFIRMED_ZERO)
        self.restore()
        unconfirmed = code == ExitCode.NOT_CONFIRMED_ZERO
        os._exit(code if unconfirmed or self.exit_code is None else int(self.exit_code))

    def restore(self) -> None:
        """Make the terminal usable again, whatever state it is in."""
        with contextlib.suppress(OSError, ValueError, termios.error, AttributeError):
            if self._terminal is not None and sys.__stdin__ is not None:
                termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._terminal)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if sys.__stderr__ is not None and sys.__stderr__.isatty():
                os.write(sys.__stderr__.fileno(), RESTORE.encode())


def _terminal_settings() -> list[Any] | None:
    try:
        assert sys.__stdin__ is not None
        return termios.tcgetattr(sys.__stdin__.fileno())
    except (OSError, ValueError, termios.error, AssertionError):
        return None


def _heard(_number: int, _frame: object) -> None:
    """Nothing: the pipe has told the thread already; but the default would end the program."""
