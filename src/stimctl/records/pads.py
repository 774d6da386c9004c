"""How long a person's electrodes have been in use (rule E1): used up ones burn.

A set of electrodes is known by whose it is, where it goes and how large it is; it is counted from
the session in which it was said to be new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimctl.quantity import format_area
from stimctl.records.people.change import change_beside
from stimctl.records.person import check_person_code
from stimctl.records.state_files import read_state

MOST_SESSIONS: Final = 30
MOST_DAYS: Final = 90
"""Rule E1: change electrodes after 30 sessions or three months (R: RehaStim2 manual)."""
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Pads:
    """The electrodes of one channel: a site of `stimctl.safety.SITES`, and their area in mm2."""

    site: str
    area_mm2: int

    @property
    def key(self) -> str:
        """Their name in the file."""
        return f"{self.site} {self.area_mm2} mm2"


@dataclass(frozen=True, slots=True)
class Use:
    """In how many sessions a set was used, and since when (Unix s)."""

    pads: Pads
    sessions: int
    since_s: int

    def is_worn(self, now_s: int) -> bool:
        """Whether they should be changed."""
        return self.sessions >= MOST_SESSIONS or now_s - self.since_s >= MOST_DAYS * _DAY_S

    def warning(self, now_s: int) -> str:
        """What to say of worn ones."""
        days = max(0, now_s - self.since_s) // _DAY_S
        return (
            f"E1 the electrodes of {format_area(self.pads.area_mm2)} at {self.pads.site} have been "
            f"used in {self.sessions} sessions within {days} days: change them after "
            f"{MOST_SESSIONS} sessions or three months, and say --new-pads then"
        )


def used(state: Path, person: str, all_pads: Iterable[Pads]) -> tuple[Use, ...]:
    """What is on record of these electrodes; those of which nothing is are left out.

    Raises UsageError for what is no person's code.
    """
    found = read_state(pads_file(state, person))
    return tuple(use for pads in all_pads if (use := _use(found, pads)) is not None)


def all_uses(state: Path, person: str) -> tuple[Use, ...]:
    """Every set of electrodes that is on record for this person."""
    found = read_state(pads_file(state, person))
    named = (name.removesuffix(" mm2").rpartition(" ") for name in found)
    every = (Pads(site, int(area)) for site, _, area in named if area.isdigit())
    return tuple(use for pads in every if (use := _use(found, pads)) is not None)


def count_use(state: Path, person: str, all_pads: Iterable[Pads], now_s: int, *, new: bool) -> None:
    """One more session with these electrodes. Raises JournalError, and UsageError for the code."""

    def counted(found: Mapping[str, object]) -> Mapping[str, object]:
        told = dict(found)
        for pads in all_pads:
            before = None if new else _use(found, pads)
            sessions = 0 if before is None else before.sessions
            told[pads.key] = [sessions + 1, now_s if before is None else before.since_s]
        return told

    change_beside(state, pads_file(state, person), counted)


def _use(found: Mapping[str, object], pads: Pads) -> Use | None:
    match found.get(pads.key):
        case [int(sessions), int(since_s)]:
            return Use(pads, sessions, since_s)
    return None


def pads_file(state: Path, person: str) -> Path:
    """The file of the electrodes of one person."""
    return state / "pads" / f"{check_person_code(person)}.json"
