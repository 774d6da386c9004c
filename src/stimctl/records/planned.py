"""What a plan would give, as the program that runs it puts it on record before the start.

It is a prediction, and stays beside what was acknowledged; it is never taken for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a report reads such notes and needs none of what makes them
    from stimctl.treatment.prediction import ChannelDose

TOPIC: Final = "planned dose of channel"
"""Of the note, with the channel's number after it."""


def planned_notes(doses: tuple[ChannelDose, ...]) -> dict[str, str]:
    """A note for each channel, by topic."""
    return {
        f"{TOPIC} {one.channel}": f"pulses={one.pulses} charge_nc={round(one.charge_uc * 1_000)} "
        f"peak_ua={one.peak_ua}"
        for one in doses
    }


def planned_channel(topic: str) -> int | None:
    """The channel that a note is about, if it is one of these."""
    name, _, number = topic.rpartition(" ")
    return int(number) if name == TOPIC and number.isdecimal() else None


def planned_figures(text: str) -> Mapping[str, int]:
    """The figures of such a note; what is not there is not told."""
    found = dict(part.split("=", 1) for part in text.split() if "=" in part)
    return {name: int(value) for name, value in found.items() if value.isdecimal()}
