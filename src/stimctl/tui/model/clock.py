"""The face's clocks in one place, so that a test can step them."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time for ages and locks, wall time for what a person reads."""

    def mono_ns(self) -> int:
        """Nanoseconds of CLOCK_MONOTONIC, the clock the supervisor's rows carry."""

    def wall_text(self, *, seconds: bool = True) -> str:
        """Local time as HH:MM:SS, or HH:MM."""


class SystemClock:
    """The machine's clocks."""

    def mono_ns(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns()

    def wall_text(self, *, seconds: bool = True) -> str:
        """See `Clock`."""
        return time.strftime("%H:%M:%S" if seconds else "%H:%M")
