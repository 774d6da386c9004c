"""STOP, from whatever thread sees the key first: one command to the supervisor, before any words.

It asks nobody: no screen, no event loop, no lock that a screen holds.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Protocol

from stimctl.errors import StimctlError


class Stoppable(Protocol):
    """What a stop is sent to: the client of a supervisor, or the watcher of somebody else's."""

    def send(self, do: str, **fields: object) -> int:
        """Send one command without waiting."""


class StopLine:
    """Where every STOP key, signal, end of file and paste ends up. Safe from any thread."""

    def __init__(self) -> None:
        self._target: Stoppable | None = None
        self._wanted = ""
        self._last_key_ns = -1
        self._lock = threading.Lock()
        self.count = 0

    def attach(self, target: Stoppable) -> None:
        """There is a supervisor now. A stop that was wanted while it started goes out at once."""
        self._target = target
        if self._wanted:
            self.stop(self._wanted)

    def detach(self) -> None:
        """The session is over."""
        self._target = None

    def starting(self) -> None:
        """A session begins: what was wanted before is not meant for it."""
        self._wanted = ""

    def stop(self, reason: str) -> None:
        """Send STOP. Where the supervisor cannot take it, its client runs the stop path itself."""
        self.count += 1
        self._wanted = reason
        target = self._target
        if target is not None:
            with contextlib.suppress(StimctlError, OSError):
                target.send("stop", reason=reason[:80])

    def key(self, name: str, at_ns: int) -> None:
        """A STOP key that was typed at `at_ns`; the second report of the same press is nothing."""
        with self._lock:
            if at_ns == self._last_key_ns:
                return
            self._last_key_ns = at_ns
        self.stop(f"key {name}")
