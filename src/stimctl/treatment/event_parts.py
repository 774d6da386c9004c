"""How a file writes single events: when they come, at which levels, and which rule chooses.

    events = { every = "10 s", jitter = "2 s", levels = ["20 %", "60 %"], repeats = 4 }
    rule = { kind = "staircase", answer = "felt", steps = ["1 mA", "0.5 mA"], reversals = 8, ... }

A level is a share of a plateau that a hand has found before. No key here is a current to go to; the
sizes of a rule's steps are the only ones in mA (A11).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from stimctl.treatment.fields import CurrentUa, DurationUs, Name, Permille, choice
from stimctl.treatment.law_parts import TAG
from stimctl.treatment.part import Part

MOST_EVENTS = 5_000
"""Events of a stage at most (D)."""


class EventOrder(StrEnum):
    """In which order the levels come."""

    LISTED = "listed"
    RANDOM = "random"
    ASCENDING = "ascending"
    DESCENDING = "descending"


class RuleKind(StrEnum):
    """How a level follows from the answers before it."""

    LIMITS = "limits"
    STAIRCASE = "staircase"
    ADAPTIVE = "adaptive"


class AnswerWord(StrEnum):
    """What a person answers."""

    FELT = "felt"
    TOO_MUCH = "too-much"


def _range_or_list(value: Any) -> str:
    return TAG + ("table" if isinstance(value, dict | LevelRange) else "list")


def _one_or_list(value: Any) -> str:
    return TAG + ("list" if isinstance(value, list | tuple) else "value")


class LevelRange(Part):
    """Levels at equal distances, both ends included."""

    start_permille: Permille = Field(alias="from", ge=0, le=1000)
    end_permille: Permille = Field(alias="to", ge=0, le=1000)
    steps: Annotated[int, Field(ge=2, le=200)]

    def listed(self) -> tuple[int, ...]:
        """The levels, in permille, from the first to the last."""
        span, last = self.end_permille - self.start_permille, self.steps - 1
        return tuple(self.start_permille + span * place // last for place in range(self.steps))


Intervals = Annotated[
    Annotated[DurationUs, Tag(TAG + "value")]
    | Annotated[tuple[DurationUs, ...], Field(min_length=1, max_length=20), Tag(TAG + "list")],
    Discriminator(_one_or_list),
]
Levels = Annotated[
    Annotated[LevelRange, Tag(TAG + "table")]
    | Annotated[tuple[Permille, ...], Field(min_length=1, max_length=200), Tag(TAG + "list")],
    Discriminator(_range_or_list),
]


class EventsPart(Part):
    """Single pulses, one after the other. `count` is the product of levels and repeats, where both
    are given."""

    every_us: DurationUs = Field(alias="every", ge=100_000, le=60_000_000)
    jitter_us: DurationUs = Field(
        default=0, alias="jitter", ge=0, description="Drawn uniformly; at most half of every."
    )
    group: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="So many events, then a pause."
    )
    group_every_us: DurationUs | None = Field(
        default=None, alias="group_every", ge=100_000, le=60_000_000
    )
    pulses: Annotated[int, Field(ge=1, le=16)] = 1
    interval_us: Intervals | None = Field(
        default=None, alias="interval", description="Between the pulses of an event, or a list."
    )
    levels: Levels | None = Field(
        default=None, description="Shares of the plateau, 0 to 100 %. Default: 100 %."
    )
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    order: Annotated[EventOrder, choice(EventOrder)] = EventOrder.LISTED
    count: Annotated[int, Field(ge=1, le=MOST_EVENTS)] | None = None

    @property
    def listed_levels(self) -> tuple[int, ...]:
        """The levels in permille, each once, as in the file."""
        if self.levels is None:
            return (1000,)
        return self.levels.listed() if isinstance(self.levels, LevelRange) else self.levels

    @property
    def shortest_us(self) -> int:
        """The shortest interval between two events."""
        return self.every_us - self.jitter_us

    @property
    def longest_us(self) -> int:
        """The longest interval between two events of a group."""
        return self.every_us + self.jitter_us


class RulePart(Part):
    """A rule that chooses the level by the answers. It begins at 0 mA."""

    kind: Annotated[RuleKind, choice(RuleKind)]
    answer: Annotated[AnswerWord, choice(AnswerWord)]
    wait_us: DurationUs = Field(default=2_000_000, alias="wait", ge=200_000, le=10_000_000)
    blanks_permille: Permille = Field(
        default=0, alias="blanks", ge=0, le=300, description="Share of events without a pulse."
    )
    steps_ua: Annotated[
        tuple[CurrentUa, ...],
        Field(alias="steps", min_length=1, max_length=5, description="The next after a reversal."),
    ]
    up_after: Annotated[int, Field(ge=1, le=5)] = 1
    down_after: Annotated[int, Field(ge=1, le=5)] = 1
    reversals: Annotated[int, Field(ge=2, le=20)] | None = None
    discard: Annotated[int, Field(ge=0, le=19)] = Field(
        default=0, description="So many reversals or estimates do not count."
    )
    hits: Annotated[int, Field(ge=1, le=10)] | None = Field(
        default=None, description="It ends at so many felt events of one level."
    )
    repeats: Annotated[int, Field(ge=1, le=10)] | None = Field(
        default=None, description="Estimates of the method of limits."
    )
    gives: Name = Field(description="The name of the result in the record. Never a start value.")
