"""What has been recorded: list, show and verify the sessions of one journal folder."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.devices.family import EXAMPLE
from stimctl.errors import JournalError, UsageError
from stimctl.records.catalogue import Catalogue, Entry
from stimctl.records.journal import Anchor
from stimctl.records.numbers import order_of
from stimctl.records.people.keys import PersonNames
from stimctl.records.rows import SUFFIX, Row
from stimctl.records.verify import Finding, Problem, Verification, read_rows, verify_journal
from stimctl.records.warned import Warned
from stimctl.session.row_base import Kind
from stimctl.suggestion import meant_by

LAST: Final = "last"
# Rows that come by the second; the timeline of a session leaves them out.
FREQUENT_KINDS: Final = frozenset({Kind.TELEMETRY, Kind.ACK, Kind.SET})


class SessionState(StrEnum):
    """What the file of a session looks like."""

    COMPLETE = "complete"
    UNFINISHED = "unfinished"  # still running, or the program died: no closing row
    DAMAGED = "damaged"
    MISSING = "missing"  # the catalogue knows it, the file is gone


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One session in a list."""

    session: str
    file: Path
    state: SessionState
    started: str
    ended: str
    device: str
    sim: bool
    protocol: str
    person: str
    outcome: str
    rows: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "session": self.session,
            "file": str(self.file),
            "state": self.state.value,
            "started": self.started,
            "ended": self.ended,
            "device": self.device,
            "sim": self.sim,
            "protocol": self.protocol,
            "person": self.person,
            "outcome": self.outcome,
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session in full: its entry, its check, how many rows of each kind, and its timeline."""

    entry: SessionEntry
    verification: Verification
    header: Mapping[str, Any]
    end: Mapping[str, Any] | None
    counts: Mapping[str, int]
    warned: Warned
    acknowledged: Mapping[str, Mapping[str, Any]]
    timeline: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        from stimctl.records.delivered import HOW

        return {
            **self.entry.as_dict(),
            "verification": self.verification.as_dict(),
            "header": dict(self.header),
            "end": None if self.end is None else dict(self.end),
            "counts": dict(self.counts),
            "warnings": self.warned.as_dict(),
            "acknowledged": dict(self.acknowledged),
            "acknowledged_how": HOW,
            "timeline": [row.as_dict() for row in self.timeline],
        }


def list_sessions(folder: Path) -> tuple[SessionEntry, ...]:
    """All sessions in `folder`, oldest first; files the catalogue does not know are entered."""
    return newest_sessions(folder, None)[0]


def newest_sessions(folder: Path, most: int | None) -> tuple[tuple[SessionEntry, ...], int]:
    """The newest `most` sessions, the oldest of them first, and how many older ones there are.

    No file is opened but those of the page that the catalogue does not know or saw no end of.
    """
    if not folder.is_dir():
        return (), 0
    catalogue = Catalogue(folder)
    files = _files(folder)
    names = sorted(catalogue.sessions() | files, key=order_of)
    older = 0 if most is None else max(0, len(names) - most)
    names = names[older:]
    known = catalogue.some(names)
    seen: list[Verification] = []
    listed = [_listed(folder, name, known.get(name), name in files, seen) for name in names]
    if seen:
        with contextlib.suppress(JournalError):  # another program keeps it; the list is made
            catalogue.adopt(seen, _ends_of_additions(seen))
    people = PersonNames(folder)
    return tuple(_named(entry, people) for entry in listed), older


def _named(entry: SessionEntry, people: PersonNames) -> SessionEntry:
    return replace(entry, person=people.of(entry.session, entry.person))


def show_session(folder: Path, name: str) -> SessionRecord:
    """One session, found by id, by the beginning of its id, or by the word `last`."""
    from stimctl.records.delivered import Delivered

    path, entry = find_session(folder, name)
    counts: Counter[str] = Counter()
    timeline: list[Row] = []
    warnings = Warned()
    delivered = Delivered()
    for item in read_rows(path):
        if isinstance(item, Problem):
            continue
        counts[item.kind] += 1
        warnings.take(item)
        delivered.take(item.kind, item.data)
        if item.kind not in FREQUENT_KINDS:
            timeline.append(item)
    verification = verify_journal(path, entry.anchor if entry else None)
    return SessionRecord(
        entry=_named(_from_file(verification), PersonNames(folder)),
        verification=verification,
        header=verification.header.data if verification.header else {},
        end=verification.end.data if verification.end else None,
        counts=dict(counts),
        warned=warnings,
        acknowledged=delivered.by_channel,
        timeline=tuple(timeline),
    )


def verify_session(folder: Path, name: str) -> Verification:
    """Check the file of one session against its own chain and the catalogue's anchor."""
    return verified_file(*find_session(folder, name))


def verified_file(path: Path, entry: Entry | None) -> Verification:
    """The check of one file; `entry`: what the catalogue has of it."""
    if entry is not None and not path.exists():
        return _gone(path, entry)
    return verify_journal(path, entry.anchor if entry else None)


def verify_all(folder: Path) -> tuple[Verification, ...]:
    """Check every session, those whose file is gone included."""
    return tuple(verified_file(path, entry) for path, entry in each_session(folder))


def each_session(folder: Path) -> Iterator[tuple[Path, Entry | None]]:
    """Every file, oldest first, those that are gone included, and what the catalogue has of it."""
    known = {entry.session: entry for entry in Catalogue(folder).entries()}
    for name in sorted(known.keys() | _files(folder), key=order_of):
        yield folder / (name + SUFFIX), known.get(name)


def rebuild(folder: Path) -> Path | None:
    """Make the catalogue again from the files; return where the old one was put, if any.

    The new anchors prove only that nothing has changed from now on.
    """
    catalogue = Catalogue(folder)
    aside = catalogue.set_aside()
    verified = [verify_journal(folder / (name + SUFFIX)) for name in sorted(_files(folder))]
    if verified:
        catalogue.adopt(verified, _ends_of_additions(verified))
    return aside


def _ends_of_additions(verified: Iterable[Verification]) -> Mapping[str, Anchor]:
    from stimctl.records.additions import additions_path, lines_of, read_additions

    found: dict[str, Anchor] = {}
    for one in verified:
        lines = lines_of(additions_path(one.path))
        additions = read_additions(lines, Anchor(one.rows, one.last_hash))
        if additions.rows:
            found[one.path.name.removesuffix(SUFFIX)] = additions.end
    return found


def _files(folder: Path) -> set[str]:
    """The sessions that have a file. Its name is all that is asked for: there may be very many."""
    with os.scandir(folder) as found:
        return {
            one.name.removesuffix(SUFFIX)
            for one in found
            if one.name.endswith(SUFFIX) and one.is_file()
        }


def _names(folder: Path) -> list[str]:
    files = _files(folder) if folder.is_dir() else set()
    return sorted(Catalogue(folder).sessions() | files, key=order_of)


def _listed(
    folder: Path, name: str, entry: Entry | None, is_there: bool, seen: list[Verification]
) -> SessionEntry:
    path = folder / (name + SUFFIX)
    if entry is not None and not is_there:
        return _from_index(entry, path, SessionState.MISSING)
    if entry is not None and entry.ended:
        return _from_index(entry, path, SessionState.COMPLETE)
    verification = verify_journal(path, entry.anchor if entry else None)
    if entry is None or verification.ok:
        seen.append(verification)
    return _from_file(verification)


def _from_index(entry: Entry, path: Path, state: SessionState) -> SessionEntry:
    return SessionEntry(
        session=entry.session,
        file=path,
        state=state,
        started=entry.started,
        ended=entry.ended,
        device=entry.device,
        sim=entry.sim,
        protocol=entry.protocol,
        person=entry.person,
        outcome=entry.outcome,
        rows=entry.anchor.rows,
    )


def state_of(verification: Verification) -> SessionState:
    """How a file stands that is there."""
    if verification.ok:
        return SessionState.COMPLETE
    return SessionState.UNFINISHED if verification.unfinished_only else SessionState.DAMAGED


def _from_file(verification: Verification) -> SessionEntry:
    header = verification.header.data if verification.header else {}
    end = verification.end
    return SessionEntry(
        session=verification.path.name.removesuffix(SUFFIX),
        file=verification.path,
        state=state_of(verification),
        started=verification.header.t if verification.header else "",
        ended=end.t if end else "",
        device=str(header.get("device", "")),
        sim=header.get("sim") is True,
        protocol=str(header.get("protocol", "")),
        person=str(header.get("person", "")),
        outcome=str(end.data.get("outcome", "")) if end else "",
        rows=verification.rows,
    )


def find_session(folder: Path, name: str) -> tuple[Path, Entry | None]:
    """Its file, and what the catalogue has of it. UsageError where there is no such session."""
    names = _names(folder)
    if not names:
        raise UsageError(
            "there is no session yet",
            why=f"{folder} holds no journal",
            what_to_do=f"Run one: stimctl run tens-conventional --device sim:{EXAMPLE} --help",
        )
    session = _pick(name, names)
    return folder / (session + SUFFIX), Catalogue(folder).entry(session)


def _pick(name: str, names: list[str]) -> str:
    if name == LAST:
        return names[-1]
    if name in names:
        return name
    matching = [session for session in names if name and session.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        why = f"{len(matching)} sessions begin with it: {', '.join(matching[:4])}"
        raise UsageError(f"{name!r} is not one session", why=why, what_to_do="Give more of its id")
    near = meant_by(name, names, most=2)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"there is no session {name!r}",
        what_to_do=f"{hint}See: stimctl sessions list",
    )


def _gone(path: Path, entry: Entry) -> Verification:
    message = f"the file is gone; the catalogue has seen {entry.anchor.rows} rows of it"
    return Verification(
        path=path,
        rows=0,
        last_hash="",
        header=None,
        end=None,
        anchored=entry.anchor,
        problems=(Problem(Finding.MISSING, 0, None, message),),
    )
