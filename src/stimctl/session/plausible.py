"""Whether the amplitudes of a session make sense beside those of the last one (H18, H50)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FACTOR: Final = 10
"""A misread unit or decimal sign is off by ten or more (D)."""
ACKNOWLEDGE: Final = "H18"
"""The id with which a person says that the difference is meant."""


@dataclass(frozen=True, slots=True)
class TenFold:
    """One channel that may go ten times as high as the last session did."""

    channel: int
    asked_ua: int
    last_ua: int


def tenfold(asked: Mapping[int, int], last: Mapping[int, int]) -> tuple[TenFold, ...]:
    """The channels asked for ten times what they had; by channel, in microampere."""
    return tuple(
        TenFold(channel, asked_ua, last[channel])
        for channel, asked_ua in sorted(asked.items())
        if last.get(channel) and asked_ua >= FACTOR * last[channel]
    )
