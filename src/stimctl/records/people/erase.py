"""Erasing one person: every link from the journals to the person goes, and every chain stays whole.

A journal holds a random key. Once the person's file is gone nothing says whose key it was. The file
is marked first and removed last, so that erasing that was cut short is seen, refuses every use of
the person, and is finished by a second run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stimctl.errors import JournalError, UsageError
from stimctl.records.catalogue import Catalogue
from stimctl.records.devices import device_file
from stimctl.records.history import newest_first
from stimctl.records.pads import pads_file
from stimctl.records.people.change import (
    ERASING,
    SCHEMA,
    change_beside,
    nobody_uses,
    one_program,
)
from stimctl.records.people.electrodes import forget_owner
from stimctl.records.people.keys import erased_file, key_of, person_file
from stimctl.records.places import journal_folder
from stimctl.records.state_files import read_state, write_state
from stimctl.records.storage import LocalFileSystem

_LEDGER: Final = "stimctl.erased/1"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What erasing comes to, before it is done.

    `sessions`: the person's sessions, whose rows hold a key. `readable`: those of older programs,
    whose rows hold the code itself. `files`: what is removed. `begun`: it was begun before.
    """

    code: str
    sessions: tuple[str, ...]
    readable: tuple[str, ...]
    files: tuple[Path, ...]
    begun: bool

    @property
    def all_sessions(self) -> tuple[str, ...]:
        """Both kinds."""
        return (*self.sessions, *self.readable)


def plan_erasure(state: Path, code: str) -> Erasure:
    """What there is of this person. Raises UsageError where there is nothing."""
    folder, key = journal_folder(state), key_of(state, code)
    found = read_state(person_file(state, code))
    marked = found.get(ERASING)
    marked = marked if isinstance(marked, Mapping) else {}
    by_key = {str(one) for one in marked.get("sessions", ())}
    by_code = {str(one) for one in marked.get("readable", ())}
    for entry in newest_first(folder) if folder.is_dir() else ():
        if key and entry.person == key:
            by_key.add(entry.session)
        elif entry.person == code:
            by_code.add(entry.session)
    sessions = sorted(by_key | by_code)
    pages = [path for one in sessions for path in (state / "pages").glob(f"{one}*")]
    own = [pads_file(state, code), device_file(state, code), person_file(state, code)]
    # A program that was killed while it wrote leaves what it had written under another name.
    left = [one for path in own for one in path.parent.glob(f".{path.name}.*")]
    left += own[-1].parent.glob(f"{code}.new")
    files = [path for path in (*pages, *left, *own) if path.exists()]
    if not files and not by_key and not by_code:
        raise UsageError(
            f"there is nobody with the code {code}",
            why="no file and no session here is of this code",
            what_to_do="see: stimctl people list",
        )
    return Erasure(code, tuple(sorted(by_key)), tuple(sorted(by_code)), tuple(files), bool(marked))


def erase_person(
    state: Path, code: str, now: str, besides: Callable[[str], None] = lambda _code: None
) -> Erasure:
    """Erase the person; a second call finishes what a first has begun. Raises StateError while a
    session of the person is open, JournalError where something cannot be written.

    `now`: UTC text. `besides`: removes what lies elsewhere; harmless when repeated.
    """
    erasure, steps = begin_erasing(state, code, now, besides)
    for _ in steps:
        pass
    return erasure


def begin_erasing(
    state: Path, code: str, now: str, besides: Callable[[str], None]
) -> tuple[Erasure, Iterator[str]]:
    """What will be erased, and the steps, each of which may be the last one that is made."""
    erasure = plan_erasure(state, code)
    return erasure, _steps(state, erasure, now, besides)


def _steps(
    state: Path, planned: Erasure, now: str, besides: Callable[[str], None]
) -> Iterator[str]:
    code, folder = planned.code, journal_folder(state)
    with nobody_uses(state, code):
        erasure = plan_erasure(state, code)  # a session may have ended since it was planned
        key = _mark(state, erasure, now)
        yield "marked"
        if erasure.all_sessions:
            change_beside(state, erased_file(folder), lambda found: _ledger(found, erasure, now))
            yield "sessions"
            Catalogue(folder).forget_person(erasure.all_sessions)
            yield "catalogue"
        forget_owner(state, key)
        yield "electrodes"
        besides(code)
        yield "elsewhere"
        own = person_file(state, code)
        for path in erasure.files:
            if path != own:
                _remove(path)
        yield "files"
        _remove(own)
    yield "person"


def _mark(state: Path, erasure: Erasure, now: str) -> str:
    """From here on nobody uses the person, and what is left to do stands in the file."""
    path = person_file(state, erasure.code)
    with one_program(state):
        found = read_state(path)
        key = str(found.get("key", ""))
        begun = found.get(ERASING)
        marked = {
            "begun": begun.get("begun", now) if isinstance(begun, Mapping) else now,
            "sessions": list(erasure.sessions),
            "readable": list(erasure.readable),
        }
        # What is kept of the person goes with the first step; what the others need stays.
        write_state(path, {"schema": SCHEMA, "code": erasure.code, "key": key, ERASING: marked})
        return key


def _ledger(found: Mapping[str, Any], erasure: Erasure, now: str) -> Mapping[str, Any]:
    before = found.get("sessions")
    sessions = dict(before) if isinstance(before, Mapping) else {}
    sessions |= {one: now for one in erasure.all_sessions if one not in sessions}
    return {"schema": _LEDGER, "sessions": sessions}


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            LocalFileSystem().sync_folder(path.parent)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be removed",
            why=os.strerror(error.errno or 0),
            what_to_do="make the folder writable, then run the same command again: it finishes",
        ) from error
