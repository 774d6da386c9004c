"""How a value of a train changes over time: in turn, by chance, or from one end to the other.

A law holds its `lowest` and `highest` value, which is all that a limit is judged by (W20), and
says from its own time what is in force, and when that may change next. Its time begins with the
stage, or with each on time where it is `since_on`.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Annotated, Self

from pydantic import Field, model_validator

from stimctl.stimulus.jitter import Jitter
from stimctl.stimulus.modulation import (
    SWEEP_TICK_US,
    TIME_TOP_US,
    AmplitudeModulation,
    Sweep,
)
from stimctl.stimulus.pulse import StrictModel
from stimctl.stimulus.stream import drawn

SHORTEST_DWELL_US = SWEEP_TICK_US
"""A value lasts for so long at least."""
MOST_VALUES = 32
_SHOWN = 10
"""Draws after which all that a law of chance does was met, near enough (A20, D)."""

_Dwell = Annotated[int, Field(ge=SHORTEST_DWELL_US, le=TIME_TOP_US)]
_Value = Annotated[int, Field(ge=1)]


class Turns(StrictModel):
    """Values in turn, each for its dwell (us). `once`: the last one stays; else they repeat."""

    values: Annotated[tuple[_Value, ...], Field(min_length=2, max_length=MOST_VALUES)]
    dwells_us: Annotated[tuple[_Dwell, ...], Field(min_length=2, max_length=MOST_VALUES)]
    once: bool = False
    since_on: bool = False

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.values) != len(self.dwells_us):
            raise ValueError("each value has one dwell")
        return self

    @property
    def lowest(self) -> int:
        """The lowest value reachable."""
        return min(self.values)

    @property
    def highest(self) -> int:
        """The highest value reachable."""
        return max(self.values)

    @property
    def round_us(self) -> int:
        """After so long it has shown all of its values."""
        return sum(self.dwells_us)

    def value_at(self, t_us: int) -> int:
        """The value `t_us` after its time began."""
        return self.values[self._place(t_us)[0]]

    def held_at(self, t_us: int) -> int:
        """What is in force then."""
        return self.value_at(t_us)

    def next_change_us(self, t_us: int) -> int | None:
        """The first time after `t_us` at which another value may be in force; None: never."""
        index, round_us = self._place(t_us)
        if self.once and index == len(self.values) - 1:
            return None
        return round_us + list(accumulate(self.dwells_us))[index]

    def _place(self, t_us: int) -> tuple[int, int]:
        """Which value it is, and when the present round began."""
        ends_us = list(accumulate(self.dwells_us))
        if self.once:
            return min(bisect_right(ends_us, t_us), len(ends_us) - 1), 0
        within_us = t_us % ends_us[-1]
        return bisect_right(ends_us, within_us), t_us - within_us


class Drawn(StrictModel):
    """A value of chance between `lowest` and `highest`, a new one every `dwell_us`."""

    lowest: _Value
    highest: _Value
    dwell_us: _Dwell
    seed: Annotated[int, Field(ge=0, lt=1 << 64)]
    since_on: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError(f"lowest {self.lowest} is above highest {self.highest}")
        return self

    @property
    def round_us(self) -> int:
        """After so long it has shown a few of its values."""
        return _SHOWN * self.dwell_us

    def value_at(self, t_us: int) -> int:
        """The value `t_us` after its time began."""
        span = self.highest - self.lowest + 1
        return self.lowest + drawn(self.seed, t_us // self.dwell_us, span)

    def held_at(self, t_us: int) -> int:
        """What is in force then."""
        return self.value_at(t_us)

    def next_change_us(self, t_us: int) -> int | None:
        """The first time after `t_us` at which another value may be in force."""
        return t_us - t_us % self.dwell_us + self.dwell_us


Law = Sweep | Turns | Drawn
"""What changes a phase width (us)."""
RateLaw = Sweep | Turns | Drawn | Jitter
"""What changes a frequency (mHz)."""
LevelLaw = AmplitudeModulation | Sweep | Turns | Drawn
"""What changes the amplitude, in permille of the plateau."""
