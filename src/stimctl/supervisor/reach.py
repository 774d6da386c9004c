"""How far the channels of a compiled plan can be raised, as a program that uses the API asks it."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex, TypeVar

from stimctl.errors import LimitRefusedError, UsageError
from stimctl.stimulus.level import CURRENT, AnyLevel, AnyScale, Level, scale_of_unit
from stimctl.supervisor.view import Reading


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
class Reach:
    """What the channels of a compiled plan can be raised to, as numbers on `scale`."""

    scale: AnyScale
    steps: Mapping[int, int]
    ceilings: Mapping[int, int]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Reach:
        """From the supervisor's answer to `compile`."""
        steps, ceilings = (
            {int(channel): int(value) for channel, value in told[name].items()}
            for name in ("steps", "ceilings")
        )
        return cls(scale_of_unit(told["unit"]), steps, ceilings)

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

    def readings(self, told: Mapping[str, Mapping[str, Any]], now_ns: int) -> Mapping[int, Reading]:
        """What the supervisor has told of each channel."""
        found: dict[int, Reading] = {}
        for channel, one in told.items():
            acked, at_ns = one["acked"], one["acked_ns"]
            found[int(channel)] = Reading(
                Level(self.scale, one["plateau"]),
                None if acked is None else Level(self.scale, acked),
                None if at_ns is None else (now_ns - at_ns) / 1e9,
            )
        return found

    def readings_at_the_end(self, acked: int | None) -> Mapping[int, Reading]:
        """Of a session that is over: nothing is raised, and zero was verified or was not."""
        told = {"plateau": 0, "acked": acked, "acked_ns": None}
        return self.readings({str(channel): told for channel in self.steps}, 0)

    def target(self, channel: object, text: str) -> tuple[int, AnyLevel]:
        """The channel and the level that `text` names. LimitRefusedError, UsageError or
        QuantityError."""
        target = self.scale.level(text)
        channel = self.channel(channel)
        step, ceiling = self.steps[channel], Level(self.scale, self.ceilings[channel])
        if target > ceiling:
            raise LimitRefusedError(
                f"channel {channel} may not have {text}", why=f"it was cleared for {ceiling}"
            )
        if target.value % step:
            steps = self.scale.format(step)
            raise UsageError(f"{text} cannot be set", why=f"the device has steps of {steps}")
        return channel, target


NOTHING = Reach(CURRENT, {}, {})
"""Before a plan is compiled."""
