"""Ctrl-C, Ctrl-Z, SIGTERM and SIGHUP during a run: the stop leaves at once, whatever goes on.

Python runs a signal handler only between two steps of the main thread, which may be waiting.
So the number of each signal goes through a pipe to a thread that does nothing else.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from stimctl.errors import ExitCode

# Put to sleep (SIGTSTP), the program could not beat, and its session would end half a second later.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP")
# Touching the terminal from the background is an error then, not a standstill of the program.
_BACKGROUND = ("SIGTTIN", "SIGTTOU")
_LEAVE = 0  # no signal has this number


class StopSignals:
    """While entered, calls `on_stop(name)` at the first signal and `on_skip()` at the second.

    Both are called in a thread of their own.
    """

    def __init__(self, on_stop: Callable[[str], None], on_skip: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._on_skip = on_skip
        self._read, self._write = os.pipe()
        self._before: dict[int, Any] = {}
        self._background: dict[int, Any] = {}
        self._first: int | None = None
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)

    @property
    def exit_code(self) -> ExitCode | None:
        """What the shell expects after the signal that came first; None if none came."""
        if self._first is None:
            return None
        interrupted = self._first == signal.SIGINT
        return ExitCode.INTERRUPTED if interrupted else ExitCode.TERMINATED

    def __enter__(self) -> Self:
        os.set_blocking(self._write, False)
        self._thread.start()
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, _heard)
        for name in _BACKGROUND:
            number = getattr(signal, name)
            self._background[number] = signal.signal(number, signal.SIG_IGN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in (*self._before.items(), *self._background.items()):
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.write(self._write, bytes([_LEAVE]))
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def _listen(self) -> None:
        while True:
            for number in os.read(self._read, 64):
                if number == _LEAVE:
                    return
                if number not in self._before:
                    continue  # not ours: SIGWINCH, SIGCHLD
                if self._first is None:
                    self._first = number
                    self._on_stop(signal.Signals(number).name)
                else:
                    self._on_skip()


def _heard(_number: int, _frame: object) -> None:
    """Nothing: the pipe has told the thread already; but the default would end the program."""
