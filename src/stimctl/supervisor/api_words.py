"""In what a program that uses the API gives amplitudes: milliampere, or percent of a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stimctl.errors import LimitRefusedError, UsageError
from stimctl.quantity import (
    format_current,
    format_intensity,
    parse_current_ua,
    parse_intensity_percent,
)


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

    def target(self, channel: int, text: str) -> int:
        """The plateau that `text` names. LimitRefusedError, UsageError or QuantityError."""
        target = self.words.parse(text)
        if channel not in self.steps:
            raise UsageError(f"channel {channel} is not in the plan")
        step, ceiling = self.steps[channel], self.ceilings[channel]
        if target > ceiling:
            most = self.words.format(ceiling)
            raise LimitRefusedError(
                f"channel {channel} may not have {text}", why=f"it was cleared for {most}"
            )
        if target % step:
            steps = self.words.format(step)
            raise UsageError(f"{text} cannot be set", why=f"the device has steps of {steps}")
        return target


NOTHING = Reach(CURRENT, {}, {})
"""Before a plan is compiled."""
