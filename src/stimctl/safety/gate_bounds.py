"""The hard bounds of a device that lets through a part of what another device gives."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.errors import UsageError

_ON_SCALE = range(1, 101)


@dataclass(frozen=True, slots=True)
class GateBounds:
    """What such a device can do. It gives no current of its own and knows none.

    Intensity is in percent of its own scale: `lowest_percent` .. `highest_percent` in steps of
    `step_percent`; off is no setting of that scale. `change_every_us` is the shortest time between
    two settings of one channel. `source` and `certainty` say where the numbers come from.
    Raises UsageError for numbers that cannot be.
    """

    name: str
    channels: int
    lowest_percent: int
    highest_percent: int
    step_percent: int
    change_every_us: int
    source: str = ""
    certainty: str = "D"

    def __post_init__(self) -> None:
        numbers = (self.channels, self.lowest_percent, self.highest_percent, self.step_percent)
        whole = all(type(number) is int for number in (*numbers, self.change_every_us))
        if not whole or self.channels < 1 or self.change_every_us < 1:
            raise self._wrong("its numbers are not whole ones above 0")
        if not all(number in _ON_SCALE for number in numbers[1:]):
            raise self._wrong("its scale is not within 1 % and 100 %")
        if self.lowest_percent > self.highest_percent or self.lowest_percent % self.step_percent:
            raise self._wrong("its lowest setting is no step of its scale")

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"the bounds of device {self.name!r} cannot be", why=why)

    def on_grid(self, percent: int) -> bool:
        """Whether it can be set to exactly this (range apart); 0, off, always."""
        return percent % self.step_percent == 0
