"""Watches the machine's clocks for a sleep of the host and for a changed wall clock."""

from __future__ import annotations

import time

from stimctl.session.facts import ClockStep, SuspendGap

_SLEPT_NS = 1_000_000_000  # SAFETY K9
_STEPPED_NS = 2_000_000_000  # HAZARDS H17


def _with_sleep_ns() -> int:
    """Time since the machine started, sleep included (Linux; elsewhere the same as monotonic)."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)


class ClockWatch:
    """Call `facts` at least every second or so; it tells what has happened in between."""

    def __init__(self) -> None:
        self._asleep_ns, self._wall_ns = self._offsets()

    @staticmethod
    def _offsets() -> tuple[int, int]:
        monotonic = time.monotonic_ns()
        return _with_sleep_ns() - monotonic, time.time_ns() - monotonic

    def facts(self) -> list[SuspendGap | ClockStep]:
        """`SuspendGap` for a sleep of over 1 s, `ClockStep` for a wall clock moved by over 2 s."""
        asleep, wall = self._offsets()
        slept, stepped = asleep - self._asleep_ns, wall - self._wall_ns
        found: list[SuspendGap | ClockStep] = []
        if slept > _SLEPT_NS:
            found.append(SuspendGap(slept // 1000))
        # The wall clock goes on during sleep: only the rest of its change is a step.
        if abs(stepped - max(slept, 0)) > _STEPPED_NS:
            found.append(ClockStep((stepped - max(slept, 0)) // 1000))
        if found:
            self._asleep_ns, self._wall_ns = asleep, wall
        return found
