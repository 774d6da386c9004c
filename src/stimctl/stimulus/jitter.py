"""Intervals between pulses that are drawn by chance, each anew: the same ones from one seed."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from stimctl.stimulus.pulse import StrictModel
from stimctl.stimulus.stream import drawn

INTERVAL_STEP_US = 500
"""Intervals are drawn in such steps, which every device that takes them keeps exactly [D]."""
_LONGEST_US = 60_000_000
_US_MHZ = 10**9
_SHOWN = 10
"""As of other laws of chance: after so many draws all was met, near enough (A20, D)."""


class Jitter(StrictModel):
    """Each interval (us) is any step from `interval_us` - `jitter_us` to + `jitter_us`, each as
    likely. As a law of the frequency: `lowest` and `highest` are in mHz.

    The device keeps the intervals. The host says the next one between two pulses: half the
    shortest interval after the first, were the first pulse at the beginning.
    """

    interval_us: Annotated[int, Field(ge=INTERVAL_STEP_US, le=_LONGEST_US)]
    jitter_us: Annotated[int, Field(ge=INTERVAL_STEP_US, le=_LONGEST_US)]
    seed: Annotated[int, Field(ge=0, lt=1 << 64)]

    @model_validator(mode="after")
    def _in_steps(self) -> Self:
        if self.interval_us % INTERVAL_STEP_US or self.jitter_us % INTERVAL_STEP_US:
            raise ValueError(f"interval and jitter go in steps of {INTERVAL_STEP_US} us")
        if 2 * self.jitter_us > self.interval_us:
            raise ValueError("jitter is at most half of the interval")
        return self

    @property
    def lowest(self) -> int:
        """The rate of the longest interval, rounded down."""
        return _US_MHZ // (self.interval_us + self.jitter_us)

    @property
    def highest(self) -> int:
        """The rate of the shortest interval, rounded up."""
        return -(-_US_MHZ // self.shortest_us)

    @property
    def shortest_us(self) -> int:
        """The shortest interval that may come."""
        return self.interval_us - self.jitter_us

    @property
    def updates_mhz(self) -> int:
        """How often the host says another one, in the mean, rounded up."""
        return -(-_US_MHZ // self.interval_us)

    @property
    def round_us(self) -> int:
        """After so long it has shown a few of its values."""
        return _SHOWN * self.interval_us

    @property
    def since_on(self) -> bool:
        """Its time begins with the stage."""
        return False

    def interval(self, number: int) -> int:
        """The interval of this number, in us."""
        steps = self.jitter_us // INTERVAL_STEP_US
        return self.shortest_us + INTERVAL_STEP_US * drawn(self.seed, number, 2 * steps + 1)

    def interval_at(self, t_us: int) -> int:
        """What the device is told `t_us` after the stage began."""
        return self.interval(self._number(t_us))

    def held_at(self, t_us: int) -> int:
        """The same as a rate in mHz, rounded up."""
        return -(-_US_MHZ // self.interval_at(t_us))

    def value_at(self, t_us: int) -> int:
        """As `held_at`."""
        return self.held_at(t_us)

    def next_change_us(self, t_us: int) -> int | None:
        """When the host says the next one."""
        return _course(self).begins_us(self._number(t_us) + 1)

    def _number(self, t_us: int) -> int:
        return max(0, _course(self).number_at(t_us))


class _Course:
    """When the host says which interval, worked out as far as it was asked for."""

    def __init__(self, law: Jitter) -> None:
        self._law = law
        self._said_us = [law.shortest_us // 2]

    def begins_us(self, number: int) -> int:
        """When it says this one."""
        while len(self._said_us) <= number:
            self._more()
        return self._said_us[number]

    def number_at(self, t_us: int) -> int:
        """Which one is said by then; -1: none."""
        while self._said_us[-1] <= t_us:
            self._more()
        return bisect_right(self._said_us, t_us) - 1

    def _more(self) -> None:
        last = len(self._said_us) - 1
        self._said_us.append(self._said_us[last] + self._law.interval(last))


@lru_cache(maxsize=32)
def _course(law: Jitter) -> _Course:
    return _Course(law)
