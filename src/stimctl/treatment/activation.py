"""One activation of one role: from a start that an input gives to zero again, by a total table.

It deals in time and in permille of a plateau, never in a current: what becomes of a level, the
clearance decides. It is told what happened (`cue`) and what time it is (`advance`), and owns
neither clock nor input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

FULL = 1_000
TICK_US = 20_000
"""Ramps of activations go in steps of 20 ms (D)."""
LOST_RAMP_US = 100_000
"""An input that is lost ramps to zero in this time at most (K11, D)."""


class Phase(StrEnum):
    """Where an activation stands. There is output in `UP`, `HOLD` and `DOWN` only."""

    IDLE = "idle"
    DELAY = "delay"
    UP = "up"
    HOLD = "hold"
    DOWN = "down"
    REFRACTORY = "refractory"


_ON = frozenset({Phase.UP, Phase.HOLD, Phase.DOWN})


class Cue(StrEnum):
    """What can happen to it."""

    START = "start"
    """An edge of its input asks for it."""
    STOP = "stop"
    """An edge of its input ends it."""
    LOST = "lost"
    """Its input is stale or implausible."""
    PASSED = "passed"
    """The time of the phase is over."""


class Ending(StrEnum):
    """What ended an on time."""

    STOP = "stop"
    LOST = "lost"
    LONGEST = "longest"
    INTERRUPTED = "interrupted"
    """Output was stopped, or never began."""


# A start that cannot be obeyed at once is dropped (K13): nothing is kept for later.
_MATRIX = """
              start  stop  lost  passed
idle          delay  idle  idle  idle
delay         delay  idle  idle  up
up            up     down  down  hold
hold          hold   down  down  down
down          down   down  down  refractory
refractory    refractory  refractory  refractory  idle
"""


def _read(matrix: str) -> Mapping[tuple[Phase, Cue], Phase]:
    head, *rows = (line.split() for line in matrix.strip().splitlines())
    table = {
        (Phase(row[0]), Cue(cue)): Phase(to)
        for row in rows
        for cue, to in zip(head, row[1:], strict=True)
    }
    return MappingProxyType(table)


TABLE = _read(_MATRIX)
"""What follows in every phase on every cue."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Its times, in us. `on_us`: how long it is on at most, both ramps included."""

    delay_us: int
    ramp_up_us: int
    ramp_down_us: int
    on_us: int
    refractory_us: int
    level_permille: int = FULL
    tick_us: int = TICK_US


class Activation:
    """One role. Times are us of any clock that never goes back."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.phase = Phase.IDLE
        self._since_us = 0
        self._from = 0
        """The level with which the ramp down began."""
        self._fall_us = 0
        self.began_us = 0
        """When the present or last on time began."""
        self.ended_us: int | None = None
        """When the last on time was over; None before the first."""
        self.ending = Ending.INTERRUPTED
        """Of the last on time."""
        self.is_on = False
        """Whether there may be output."""
        self._due_us: int | None = None

    def reset(self, now_us: int) -> None:
        """Output ends for another reason: nothing of this goes on."""
        if self.is_on:
            self.ended_us = now_us
        self._enter(Phase.IDLE, now_us)

    def cue(self, now_us: int, cue: Cue) -> bool:
        """Something happens now; whether it changed anything."""
        self.advance(now_us)
        if cue is Cue.LOST and self.phase is Phase.DOWN:
            self._fall_faster(now_us)
        return self._take(now_us, cue)

    def advance(self, now_us: int) -> None:
        """Let the phases pass whose time is over."""
        while self._due_us is not None and self._due_us <= now_us:
            self._take(self._due_us, Cue.PASSED)

    def deadline_us(self) -> int | None:
        """When the present phase is over by itself; None where it is not."""
        return self._due_us

    def _enter(self, phase: Phase, now_us: int) -> None:
        self.phase, self._since_us = phase, now_us
        self.is_on = phase in _ON
        self._due_us = self._over_us()

    def _over_us(self) -> int | None:
        timing, since_us = self.timing, self._since_us
        if self.phase is Phase.DELAY:
            return since_us + timing.delay_us
        if self.phase is Phase.UP:
            return min(since_us + timing.ramp_up_us, self._falls_us)
        if self.phase is Phase.HOLD:
            return self._falls_us
        if self.phase is Phase.DOWN:
            return since_us + self._fall_us
        if self.phase is Phase.REFRACTORY:
            return since_us + timing.refractory_us
        return None

    @property
    def _falls_us(self) -> int:
        """When the ramp down begins at the latest: `on_us` is over with its end (W17)."""
        return self.began_us + max(0, self.timing.on_us - self.timing.ramp_down_us)

    def level_permille(self, now_us: int) -> int:
        """How much of the plateau is asked for now: never above the straight line of a ramp."""
        into_us = now_us - self._since_us
        if self.phase is Phase.UP:
            return self._risen(into_us)
        if self.phase is Phase.HOLD:
            return self.timing.level_permille
        if self.phase is Phase.DOWN:
            return self._fallen(into_us)
        return 0

    def next_change_us(self, now_us: int) -> int | None:
        """When the level or the phase may change by itself; None while nothing moves."""
        due_us = self.deadline_us()
        if self.phase in (Phase.UP, Phase.DOWN) and due_us is not None:
            tick_us = self.timing.tick_us
            ticks = (now_us - self._since_us) // tick_us + 1
            return min(due_us, self._since_us + ticks * tick_us)
        return due_us

    def _risen(self, into_us: int) -> int:
        full, ramp_us = self.timing.level_permille, self.timing.ramp_up_us
        if into_us >= ramp_us:
            return full
        return into_us // self.timing.tick_us * self.timing.tick_us * full // ramp_us

    def _fallen(self, into_us: int) -> int:
        left_us = self._fall_us - (into_us // self.timing.tick_us + 1) * self.timing.tick_us
        return max(0, left_us) * self._from // self._fall_us if self._fall_us else 0

    def _take(self, now_us: int, cue: Cue) -> bool:
        before = self.phase
        follows = TABLE[before, cue]
        if cue is Cue.PASSED and before is Phase.UP and now_us >= self._falls_us:
            follows = Phase.DOWN  # too short for its ramp: it keeps the slope, below the plateau
        if follows is before:
            return False
        if follows is Phase.DOWN:
            self._from = self.level_permille(now_us)
            self._fall_us = self._down_us(cue)
            self.ending = Ending.LONGEST if cue is Cue.PASSED else Ending(cue.value)
        elif before is Phase.DOWN:
            self.ended_us = now_us
        elif follows is Phase.UP:
            self.began_us = now_us
        self._enter(follows, now_us)
        return True

    def _down_us(self, cue: Cue) -> int:
        """How long the ramp down takes from the level it begins with: it keeps its slope."""
        ramp_us = self.timing.ramp_down_us
        if cue is Cue.LOST:
            ramp_us = min(ramp_us, LOST_RAMP_US)
        full = self.timing.level_permille
        return ramp_us * self._from // full if full else 0

    def _fall_faster(self, now_us: int) -> None:
        """The input is lost in the ramp down: what is left of it is as short as of any loss."""
        left_us = self._since_us + self._fall_us - now_us
        if left_us > LOST_RAMP_US:
            self._from = self.level_permille(now_us)
            self._fall_us = LOST_RAMP_US
            self._enter(Phase.DOWN, now_us)
            self.ending = Ending.LOST
