"""In what a program that uses the API gives amplitudes: milliampere, or percent of a device."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex, TypeVar

from stimctl.errors import LimitRefusedError, UsageError
from stimctl.quantity import (
    format_current,
    format_intensity,
    parse_current_ua,
    parse_intensity_percent,
)
from stimctl.supervisor.view import IntensityReading, Reading


def channel_number(channel: object) -> int:
    """A channel as a program gives it. UsageError where it is no whole number."""
    if isinstance(channel, SupportsIndex) and not isinstance(channel, bool):
        return operator.index(channel)
    number = f", so write {channel}" if str(channel).isdecimal() else ""
    raise UsageError(f"{channel!r} is not a channel", why="channels are whole numbers" + number)


Told = TypeVar("Told")


def checked_channels(by_channel: Mapping[int, Told]) -> dict[int, Told]:
    """The same with whole numbers as keys. UsageError where one is none."""
    return {channel_number(channel): value for channel, value in by_channel.items()}


@dataclass(frozen=True, slots=True)
class Words:
    """How the supervisor is told of plateaus on one of the two scales."""

    parse: Callable[[object], int]
    format: Callable[[int], str]
    field: str
    set_up: str
    raising: str
    lowering: str
    steps: str
    ceilings: str


CURRENT = Words(
    parse_current_ua, format_current, "amplitude", "channel", "raise", "lower", "steps_ua",
    "ceilings_ua",
)  # fmt: skip
PERCENT = Words(
    parse_intensity_percent, format_intensity, "intensity", "gate", "raise_intensity",
    "lower_intensity", "steps_percent", "ceilings_percent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reach:
    """What the channels of a compiled plan can be raised to; `words` says on which scale."""

    words: Words
    steps: Mapping[int, int]
    ceilings: Mapping[int, int]

    @classmethod
    def of(cls, words: Words, told: Mapping[str, Mapping[str, int]]) -> Reach:
        """From the supervisor's answer to `compile`."""
        steps, ceilings = (
            {int(channel): int(value) for channel, value in told[name].items()}
            for name in (words.steps, words.ceilings)
        )
        return cls(words, steps, ceilings)

    def channel(self, channel: object) -> int:
        """A channel of the plan. UsageError where it is none."""
        number = channel_number(channel)
        if number not in self.steps:
            planned = ", ".join(str(one) for one in self.steps)
            raise UsageError(
                f"channel {number} is not in the plan",
                why=f"the plan uses {planned}" if planned else "no plan is loaded",
            )
        return number

    def readings(
        self, told: Mapping[str, Mapping[str, Any]], now_ns: int
    ) -> Mapping[int, Reading | IntensityReading]:
        """What the supervisor has told of each channel."""
        kind = IntensityReading if self.words is PERCENT else Reading
        found: dict[int, Reading | IntensityReading] = {}
        for channel, one in told.items():
            at_ns = one["acked_ns"]
            age_s = None if at_ns is None else (now_ns - at_ns) / 1e9
            found[int(channel)] = kind(one["plateau"], one["acked"], age_s)
        return found

    def readings_at_the_end(self, acked: int | None) -> Mapping[int, Reading | IntensityReading]:
        """Of a session that is over: nothing is raised, and zero was verified or was not."""
        told = {"plateau": 0, "acked": acked, "acked_ns": None}
        return self.readings({str(channel): told for channel in self.steps}, 0)

    def target(self, channel: object, text: str) -> tuple[int, int]:
        """The channel and the plateau that `text` names. LimitRefusedError, UsageError or
        QuantityError."""
        target = self.words.parse(text)
        channel = self.channel(channel)
        step, ceiling = self.steps[channel], self.ceilings[channel]
        if target > ceiling:
            most = self.words.format(ceiling)
            raise LimitRefusedError(
                f"channel {channel} may not have {text}", why=f"it was cleared for {most}"
            )
        if target % step:
            steps = self.words.format(step)
            raise UsageError(f"{text} cannot be set", why=f"the device has steps of {steps}")
        return channel, target


NOTHING = Reach(CURRENT, {}, {})
"""Before a plan is compiled."""
