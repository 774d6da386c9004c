"""Everybody of whom something is kept here, or who has a session on record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimctl.records.people.change import ERASING
from stimctl.records.people.keys import people_files
from stimctl.records.person import is_person_code
from stimctl.records.places import journal_folder
from stimctl.records.sessions import SessionEntry, list_sessions


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `erasing`: erasing was begun and not finished. `is_damaged`: the file cannot be
    read. `key` is "" where there is no file yet: the journals of older programs have the code."""

    code: str
    key: str
    sessions: int
    last_session: str
    erasing: bool
    is_damaged: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "sessions": self.sessions,
            "last_session": self.last_session,
            "erasing": self.erasing,
            "damaged": self.is_damaged,
        }


def list_people(state: Path) -> list[Person]:
    """The one of the latest session first; those without a session last, by code."""
    last: dict[str, tuple[int, SessionEntry]] = {}
    for entry in list_sessions(journal_folder(state)):
        if is_person_code(entry.person):
            before, _ = last.pop(entry.person, (0, entry))
            last[entry.person] = (before + 1, entry)
    files = dict(people_files(state))
    without = [code for code in files if code not in last]
    return [_person(code, files.get(code), last.get(code)) for code in [*reversed(last), *without]]


def _person(code: str, found: Any, last: tuple[int, SessionEntry] | None) -> Person:
    told = found or {}
    number, words = 0, ""
    if last is not None:
        number, entry = last
        kind = " (simulation)" if entry.sim else ""
        words = f"{entry.started[:10]} {entry.protocol or '-'}{kind}"
    return Person(
        code=code,
        key=str(told.get("key", "")),
        sessions=number,
        last_session=words,
        erasing=ERASING in told,
        is_damaged=found is not None and not found,
    )
