"""What has been recorded: list, show and verify the sessions of one journal folder."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.devices.family import EXAMPLE
from stimctl.errors import JournalError, UsageError
from stimctl.records.catalogue import Catalogue, Entry
from stimctl.records.delivered import HOW, Delivered
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
    if not folder.is_dir():
        return ()
    catalogue = Catalogue(folder)
    known = {entry.session: entry for entry in catalogue.entries()}
    files = {path.name.removesuffix(SUFFIX): path for path in _files(folder)}
    seen: list[Verification] = []
    listed = [_listed(known.get(session), path, seen) for session, path in files.items()]
    if seen:
        with contextlib.suppress(JournalError):  # another program keeps it; the list is made
            catalogue.adopt(seen)
    listed += [
        _from_index(entry, folder / (session + SUFFIX), SessionState.MISSING)
        for session, entry in known.items()
        if session not in files
    ]
    names = PersonNames(folder)
    named = [_named(entry, names) for entry in listed]
    return tuple(sorted(named, key=lambda entry: order_of(entry.session)))


def _named(entry: SessionEntry, names: PersonNames) -> SessionEntry:
    return replace(entry, person=names.of(entry.session, entry.person))


def show_session(folder: Path, name: str) -> SessionRecord:
    """One session, found by id, by the beginning of its id, or by the word `last`."""
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
    return _verified(*find_session(folder, name))


def _verified(path: Path, entry: Entry | None) -> Verification:
    if entry is not None and not path.exists():
        return _gone(path, entry)
    return verify_journal(path, entry.anchor if entry else None)


def verify_all(folder: Path) -> tuple[Verification, ...]:
    """Check every session, those whose file is gone included."""
    known = {entry.session: entry for entry in Catalogue(folder).entries()}
    files = {path.name.removesuffix(SUFFIX): path for path in _files(folder)}
    return tuple(
        _verified(folder / (name + SUFFIX), known.get(name))
        for name in sorted(known.keys() | files.keys(), key=order_of)
    )


def rebuild(folder: Path) -> Path | None:
    """Make the catalogue again from the files; return where the old one was put, if any.

    The new anchors prove only that nothing has changed from now on.
    """
    catalogue = Catalogue(folder)
    aside = catalogue.set_aside()
    verified = [verify_journal(path) for path in _files(folder)]
    if verified:
        catalogue.adopt(verified)
    return aside


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*" + SUFFIX) if path.is_file())


def _listed(entry: Entry | None, path: Path, seen: list[Verification]) -> SessionEntry:
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
    known = {entry.session: entry for entry in Catalogue(folder).entries()}
    files = {path.name.removesuffix(SUFFIX) for path in _files(folder)}
    names = sorted(files | known.keys(), key=order_of)
    if not names:
        raise UsageError(
            "there is no session yet",
            why=f"{folder} holds no journal",
            what_to_do=f"Run one: stimctl run tens-conventional --device sim:{EXAMPLE} --help",
        )
    session = _pick(name, names)
    return folder / (session + SUFFIX), known.get(session)


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
