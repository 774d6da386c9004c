"""Rules that choose the level of the next event by the answers so far: pure machines.

A rule says which level it wants, in uA on the grid of the device; it is told which level was given
and whether that was felt. What it wants is only a wish: the ladder decides what may be given (A17),
and a rule that wants too much gets less. It knows no device and no set-point.
"""

from __future__ import annotations

import math
from typing import Final, Protocol

from stimctl.treatment.event_parts import RuleKind
from stimctl.treatment.event_plan import RuleSetup

_LAPSES: Final = 0.02
"""So often a person misses what is felt, or answers by mistake (D)."""
_CREDIBLE: Final = 0.95


class Rule(Protocol):
    """One search for a threshold."""

    reversals: list[int]
    """The levels at which the direction turned, in uA."""
    estimates: list[int]
    """The thresholds found so far, in uA."""

    def wants(self) -> int:
        """The level of the next event; what is not on the grid or below 0 is nobody's wish."""
        ...

    def heard(self, level_ua: int, *, felt: bool) -> None:
        """An event at this level was answered, or its time for an answer is over."""
        ...

    @property
    def done(self) -> bool:
        """It has found what it looked for."""
        ...

    def value(self) -> int | None:
        """The threshold in uA, not on any grid; None where nothing was found."""
        ...


class _Steps:
    """The sizes of the steps: the next one after each reversal, then the last for ever."""

    def __init__(self, steps_ua: tuple[int, ...]) -> None:
        self._steps = steps_ua
        self._place = 0

    @property
    def now(self) -> int:
        return self._steps[self._place]

    def shrink(self) -> None:
        self._place = min(self._place + 1, len(self._steps) - 1)


class Limits:
    """Up until felt, then down until not felt, and again. Each turn is an estimate: the middle
    between the last two levels."""

    def __init__(self, setup: RuleSetup, grid_ua: int) -> None:
        self._setup, self._grid = setup, grid_ua
        self._steps = _Steps(setup.steps_ua)
        self._before = 0
        self._up = True
        self._next = self._steps.now
        self.reversals: list[int] = []
        self.estimates: list[int] = []

    def wants(self) -> int:
        """As of any rule."""
        return self._next

    def heard(self, level_ua: int, *, felt: bool) -> None:
        """As of any rule."""
        turns = felt is self._up
        if turns:
            self.reversals.append(level_ua)
            self.estimates.append((level_ua + self._before) // 2)
            self._up = not self._up
            self._steps.shrink()
        self._before = level_ua
        step = self._steps.now if self._up else -self._steps.now
        self._next = max(self._grid, level_ua + step)
        if not self._up and not turns and level_ua <= self._grid:
            # Still felt at the lowest level there is: the threshold is not above it.
            self.heard(0, felt=False)

    @property
    def done(self) -> bool:
        """As of any rule."""
        return len(self.estimates) >= self._setup.repeats

    def value(self) -> int | None:
        """The mean of the estimates that count."""
        return _mean(self.estimates[self._setup.discard :])


class Staircase:
    """Up after so many events not felt, down after so many felt; the steps shrink."""

    def __init__(self, setup: RuleSetup, grid_ua: int) -> None:
        self._setup, self._grid = setup, grid_ua
        self._steps = _Steps(setup.steps_ua)
        self._in_a_row = 0
        self._felt = False
        self._direction = 0
        self._next = self._steps.now
        self._hits: dict[int, int] = {}
        self._hit_at: int | None = None
        self.reversals: list[int] = []
        self.estimates: list[int] = []

    def wants(self) -> int:
        """As of any rule."""
        return self._next

    def heard(self, level_ua: int, *, felt: bool) -> None:
        """As of any rule."""
        self._in_a_row = self._in_a_row + 1 if felt is self._felt else 1
        self._felt = felt
        if felt:
            self._hits[level_ua] = self._hits.get(level_ua, 0) + 1
            if self._setup.hits and self._hits[level_ua] >= self._setup.hits:
                self._hit_at = level_ua
        enough = self._setup.down_after if felt else self._setup.up_after
        if self._in_a_row < enough:
            self._next = level_ua
            return
        self._in_a_row = 0
        direction = -1 if felt else 1
        if self._direction and direction != self._direction:
            self.reversals.append(level_ua)
            self._steps.shrink()
        self._direction = direction
        self._next = max(self._grid, level_ua + direction * self._steps.now)

    @property
    def done(self) -> bool:
        """As of any rule."""
        by_reversals = self._setup.reversals and len(self.reversals) >= self._setup.reversals
        return bool(by_reversals) or self._hit_at is not None

    def value(self) -> int | None:
        """The level with enough hits, or the mean of the reversals that count."""
        if self._hit_at is not None:
            return self._hit_at
        return _mean(self.reversals[self._setup.discard :])


class Adaptive:
    """Of every threshold on the grid how likely it is, after each answer (as QUEST does, Watson and
    Pelli 1983, doi 10.3758/BF03202828: M); the next event is at the likeliest middle."""

    def __init__(self, setup: RuleSetup, grid_ua: int, most_ua: int) -> None:
        self._step = setup.steps_ua[0]
        self._grid = grid_ua
        self._levels = range(0, most_ua + grid_ua, grid_ua)
        self._odds = [1.0 / len(self._levels)] * len(self._levels)
        self._highest = 0
        self.reversals: list[int] = []
        self.estimates: list[int] = []

    def wants(self) -> int:
        """The middle of what is likely; upwards one step at a time."""
        middle = self._quantile(0.5)
        return max(self._grid, min(middle, self._highest + self._step))

    def heard(self, level_ua: int, *, felt: bool) -> None:
        """Bayes."""
        self._highest = max(self._highest, level_ua)
        for place, threshold in enumerate(self._levels):
            likely = self._felt_at(level_ua, threshold)
            self._odds[place] *= likely if felt else 1.0 - likely
        whole = sum(self._odds)
        self._odds = [one / whole for one in self._odds]
        self.estimates.append(self._quantile(0.5))

    def _felt_at(self, level_ua: int, threshold_ua: int) -> float:
        """How likely a level is felt: half at the threshold, and surely some steps above it."""
        slope = 4.0 * (level_ua - threshold_ua) / self._step
        clear = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, slope))))
        return _LAPSES + (1.0 - 2.0 * _LAPSES) * clear

    def _quantile(self, share: float) -> int:
        found = 0.0
        for threshold, one in zip(self._levels, self._odds, strict=True):
            found += one
            if found >= share:
                return threshold
        return self._levels[-1]

    @property
    def done(self) -> bool:
        """What is 95 % likely spans two steps at most."""
        tail = (1.0 - _CREDIBLE) / 2.0
        return self._quantile(1.0 - tail) - self._quantile(tail) <= 2 * self._step

    def value(self) -> int | None:
        """The mean of what is likely, once there was an answer."""
        if not self.estimates:
            return None
        pairs = zip(self._levels, self._odds, strict=True)
        return round(sum(threshold * one for threshold, one in pairs))


def _mean(levels: list[int]) -> int | None:
    return round(sum(levels) / len(levels)) if levels else None


def rule_of(setup: RuleSetup, grid_ua: int, most_ua: int) -> Rule:
    """The machine of a rule. `grid_ua`: the device's step; `most_ua`: what was cleared."""
    if setup.kind is RuleKind.LIMITS:
        return Limits(setup, grid_ua)
    if setup.kind is RuleKind.STAIRCASE:
        return Staircase(setup, grid_ua)
    return Adaptive(setup, grid_ua, most_ua)
