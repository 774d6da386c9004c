"""How a file writes a value that may change: one text, or a table that says how it changes.

    frequency = "50 Hz"
    frequency = { sweep = ["2 Hz", "125 Hz"], period = "12 s" }
    frequency = { list = ["2 Hz", "100 Hz"], dwell = "3 s" }
    frequency = { random = ["20 Hz", "120 Hz"], dwell = "1 s" }
    frequency = { interval = "42 ms", jitter = "5 ms" }
    phase_width = { list = ["600 us", "200 us"], with = "frequency" }

`with = "frequency"` takes period, dwell and place from the frequency, so that both change together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Discriminator, Field, Tag

from stimctl.stimulus import SweepShape
from stimctl.stimulus.laws import MOST_VALUES
from stimctl.treatment.fields import DurationUs, FrequencyMhz, Permille, choice
from stimctl.treatment.part import Part

TAG = "law-"
"""Begins the name of a kind of law in the path of an error: no key of the file."""


class Since(StrEnum):
    """When the time of a law begins."""

    STAGE = "stage"
    ON = "on"


V = TypeVar("V")
_US_MHZ = 10**9


class SweepLaw(Part, Generic[V]):
    """From the first value to the second, which is reached after half a period, and back."""

    sweep: Annotated[tuple[V, V], Field(description="Where it begins, and where it turns back.")]
    period_us: DurationUs | None = Field(default=None, alias="period", ge=1)
    shape: Annotated[SweepShape, choice(SweepShape)] = SweepShape.TRIANGLE
    follows: Literal["frequency"] | None = Field(default=None, alias="with")


class ListLaw(Part, Generic[V]):
    """Values in turn. One dwell: the list repeats; one for each value: the last value stays."""

    values: Annotated[tuple[V, ...], Field(alias="list", min_length=2, max_length=MOST_VALUES)]
    dwell_us: DurationUs | tuple[DurationUs, ...] | None = Field(default=None, alias="dwell")
    since: Annotated[Since, choice(Since)] = Since.STAGE
    follows: Literal["frequency"] | None = Field(default=None, alias="with")


class RandomLaw(Part, Generic[V]):
    """A value of chance between two, a new one every `dwell`. It needs the seed of the file."""

    between: Annotated[tuple[V, V], Field(alias="random")]
    dwell_us: DurationUs = Field(alias="dwell", ge=1)
    since: Annotated[Since, choice(Since)] = Since.STAGE


class JitterLaw(Part):
    """Each interval between two pulses is drawn by itself: as likely any from `interval` less
    `jitter` to `interval` and `jitter`, in steps of 0.5 ms. It needs the seed of the file."""

    interval_us: DurationUs = Field(alias="interval", ge=500)
    jitter_us: DurationUs = Field(alias="jitter", ge=500)

    @property
    def between(self) -> tuple[int, int]:
        """The lowest and the highest rate, in mHz."""
        low_us, high_us = self.interval_us - self.jitter_us, self.interval_us + self.jitter_us
        return _US_MHZ // high_us, -(-_US_MHZ // max(1, low_us))


def table_or_off(value: Any) -> str:
    """Which of a table and `false` is meant: so an error is about that one only."""
    return TAG + ("off" if value is False else "table")


def _kind(value: Any) -> str:
    if value is False:
        return TAG + "off"
    if isinstance(value, dict):
        kinds = {"list": "list", "random": "random", "interval": "jitter", "jitter": "jitter"}
        return TAG + next((kind for name, kind in kinds.items() if name in value), "sweep")
    if isinstance(value, JitterLaw):
        return TAG + "jitter"
    if isinstance(value, SweepLaw):
        return TAG + "sweep"
    if isinstance(value, ListLaw):
        return TAG + "list"
    return TAG + "random" if isinstance(value, RandomLaw) else TAG + "text"


class RateSweep(SweepLaw[FrequencyMhz]):
    """A pulse rate that wanders between two values and back, once a period."""


class RateList(ListLaw[FrequencyMhz]):
    """A pulse rate that takes values in turn."""


class RateRandom(RandomLaw[FrequencyMhz]):
    """A pulse rate that is drawn anew every dwell."""


class WidthSweep(SweepLaw[DurationUs]):
    """A phase width that wanders between two values and back, once a period."""


class WidthList(ListLaw[DurationUs]):
    """A phase width that takes values in turn."""


class WidthRandom(RandomLaw[DurationUs]):
    """A phase width that is drawn anew every dwell."""


class LevelSweep(SweepLaw[Permille]):
    """A share of the plateau that wanders between two values and back, once a period."""


class LevelList(ListLaw[Permille]):
    """A share of the plateau that takes values in turn."""


class LevelRandom(RandomLaw[Permille]):
    """A share of the plateau that is drawn anew every dwell."""


RateLaw = Annotated[
    Annotated[FrequencyMhz, Tag(TAG + "text")]
    | Annotated[RateSweep, Tag(TAG + "sweep")]
    | Annotated[RateList, Tag(TAG + "list")]
    | Annotated[RateRandom, Tag(TAG + "random")]
    | Annotated[JitterLaw, Tag(TAG + "jitter")],
    Discriminator(_kind),
]
WidthLaw = Annotated[
    Annotated[DurationUs, Tag(TAG + "text")]
    | Annotated[WidthSweep, Tag(TAG + "sweep")]
    | Annotated[WidthList, Tag(TAG + "list")]
    | Annotated[WidthRandom, Tag(TAG + "random")],
    Discriminator(_kind),
]
LevelLaw = Annotated[
    Annotated[LevelSweep, Tag(TAG + "sweep")]
    | Annotated[LevelList, Tag(TAG + "list")]
    | Annotated[LevelRandom, Tag(TAG + "random")],
    Discriminator(_kind),
]
LevelChange = Annotated[
    Annotated[LevelSweep, Tag(TAG + "sweep")]
    | Annotated[LevelList, Tag(TAG + "list")]
    | Annotated[LevelRandom, Tag(TAG + "random")]
    | Annotated[Literal[False], Tag(TAG + "off")],
    Discriminator(_kind),
]
"""What a stage makes of a level; `false` ends what the role says."""
AnyLaw = SweepLaw[int] | ListLaw[int] | RandomLaw[int] | JitterLaw
