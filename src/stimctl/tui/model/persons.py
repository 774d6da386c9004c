"""Who was here before, and what is kept of a person (`stimctl.records.people.remembered`)."""

from __future__ import annotations

import time
from pathlib import Path

from stimctl.records.people.remembered import (
    NOTHING,
    Change,
    Mark,
    Place,
    Remembered,
    Settings,
    remember,
    remembered,
)

__all__ = [
    "DEMO", "NOTHING", "THRESHOLDS_FOR_H", "Change", "Mark", "Place", "Remembered", "Settings",
    "known_persons", "last_device", "now_s", "remember", "remembered",
]  # fmt: skip

#: Nobody: whose sessions the demo has. Never listed among patients.
DEMO = "DEMO-1"
THRESHOLDS_FOR_H = 24


def known_persons(state: Path) -> list[tuple[str, str]]:
    """Every patient's code with its last session's day and protocol, the latest first."""
    from stimctl.records.people.listing import list_people  # with the catalogue: not at the start

    return [
        (one.code, one.last_session or "no session yet")
        for one in list_people(state)
        if one.code != DEMO and not one.erasing
    ]


def last_device(memory: Remembered) -> str:
    """The device of the last session, by name; "" where there was none."""
    return ["", *(one.device for one in memory.settings.values())][-1]


def now_s() -> int:
    """Unix time in whole seconds."""
    return int(time.time())
