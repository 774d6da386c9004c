"""Words that several pages share."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from stimctl.quantity import format_current, format_intensity
from stimctl.records.said import Threshold

NOTHING: Final = "–"
"""Not told there."""


def level_text(level: int | None, unit: str) -> str:
    """A level with its unit; `unit`: "uA" or "%"."""
    if level is None:
        return NOTHING
    return format_intensity(level) if unit == "%" else format_current(level)


def mark_text(mark: Threshold) -> str:
    """A threshold as a letter with its level: "S 3.5 mA"."""
    return f"{mark.what[:1].upper()} {level_text(mark.level, mark.unit)}"


def kind_text(simulation: bool | None) -> str:
    """What was at the other end."""
    return {True: "SIMULATION", False: "REAL CURRENT", None: "device or simulation: not recorded"}[
        simulation
    ]


def day_text(at_utc: str) -> str:
    """The day of a row, as people write it; as it is where it is no time."""
    try:
        at = datetime.fromisoformat(at_utc[:19])
    except ValueError:
        return at_utc
    return f"{at.day} {at:%B %Y}"
