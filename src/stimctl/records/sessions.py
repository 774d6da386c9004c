"""What has been recorded: list, show and verify the sessions of one journal folder."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stimctl.devices.family import EXAMPLE
from stimctl.errors import JournalError, UsageError
from stimctl.records.additions import additions_path, lines_of, read_additions
from stimctl.records.catalogue import Catalogue, Entry
from stimctl.records.delivered import HOW, Delivered
from stimctl.records.evidence import Evidence, Seen, evidence_of
from stimctl.records.journal import Anchor
from stimctl.records.numbers import order_of
from stimctl.records.rows import SUFFIX, Row
from stimctl.records.signers import signers
from stimctl.records.signing import tail_sha256
from stimctl.records.station_keys import PublicKey, known_keys
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


def count_sessions(folder: Path) -> int:
    """How many there are, those whose file is gone included."""
    return len(_names(folder)) if folder.is_dir() else 0


def list_sessions(folder: Path, most: int | None = None) -> tuple[SessionEntry, ...]:
    """The newest `most` sessions in `folder`, or all, oldest first.

    Files among them that the catalogue does not know are entered.
    """
    if not folder.is_dir():
        return ()
    catalogue = Catalogue(folder)
    files = _files(folder)
    names = sorted(catalogue.sessions() | files, key=order_of)
    if most is not None:
        names = names[max(0, len(names) - most) :]
    known = catalogue.some(names)
    seen: list[Verification] = []
    listed = [_listed(folder, name, known.get(name), name in files, seen) for name in names]
    if seen:
        with contextlib.suppress(JournalError):  # another program keeps it; the list is made
            catalogue.adopt(seen, _ends_of_additions(seen))
    return tuple(listed)


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
        entry=_from_file(verification),
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


def evidence_of_session(folder: Path, state: Path, name: str) -> Evidence:
    """Chain, anchor and signature of one session, told apart; `state` has the known keys."""
    return evidence_of_file(*find_session(folder, name), known_keys(state), signers(state))


def evidence_of_all(folder: Path, state: Path) -> Iterator[Evidence]:
    """The same of every session, one after the other, those whose file is gone included."""
    keys, persons = known_keys(state), signers(state)
    known = {entry.session: entry for entry in Catalogue(folder).entries()}
    names = sorted(known.keys() | _files(folder), key=order_of)
    for name in names:
        yield evidence_of_file(folder / (name + SUFFIX), known.get(name), keys, persons)


def evidence_of_file(
    path: Path, entry: Entry | None, keys: Mapping[str, PublicKey], persons: Mapping[str, str]
) -> Evidence:
    """The same of one journal and the additions beside it.

    `entry`: what a catalogue has of it; `keys`: the public keys that are known; `persons`: the
    fingerprint of each person's key, by code. Raises IntegrityError, JournalError.
    """
    found = _verified(path, entry)
    missing = entry is not None and not path.exists()
    return evidence_of(
        path.name.removesuffix(SUFFIX),
        found,
        read_additions([] if missing else lines_of(additions_path(path)), None),
        keys,
        persons,
        None if entry is None else Seen(entry.origin, entry.additions),
        "" if missing else tail_sha256(path, found),
    )


def _verified(path: Path, entry: Entry | None) -> Verification:
    if entry is not None and not path.exists():
        return _gone(path, entry)
    return verify_journal(path, entry.anchor if entry else None)


def verify_all(folder: Path) -> tuple[Verification, ...]:
    """Check every session, those whose file is gone included."""
    known = {entry.session: entry for entry in Catalogue(folder).entries()}
    names = sorted(known.keys() | _files(folder), key=order_of)
    return tuple(_verified(folder / (name + SUFFIX), known.get(name)) for name in names)


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
    found: dict[str, Anchor] = {}
    for one in verified:
        additions = read_additions(lines_of(additions_path(one.path)), None)
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
