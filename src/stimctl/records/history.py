"""What earlier sessions say to the next: an end that is missing, amplitudes that were reached.

The files decide, the catalogue saves reading them: a catalogue that is locked, damaged or behind
is in nobody's way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from stimctl.errors import IntegrityError, JournalError
from stimctl.records.catalogue import BY_FILE, Catalogue, Entry
from stimctl.records.journal import Anchor
from stimctl.records.numbers import order_of
from stimctl.records.people.keys import erased_sessions
from stimctl.records.rows import SUFFIX, Row, RowError, unpack_row
from stimctl.records.verify import Problem, read_rows
from stimctl.session.events import as_schema_2
from stimctl.session.row_base import Kind

_BUSY_S = 0.25  # a session that begins does not wait for a program that keeps the catalogue
_TAIL_BYTES = 1 << 16


def unclean_end(folder: Path, device: str) -> Entry | None:
    """The last session on `device`, if nothing is recorded of its end (H03).

    It was killed, its computer died, or it is still going on elsewhere.
    """
    last = next((entry for entry in newest_first(folder) if entry.device == device), None)
    return None if last is None or last.ended else last


def is_of(entry: Entry, person: str, key: str) -> bool:
    """Whether it is a session of this person: by the key, or by the code, as journals before the
    keys have it."""
    return bool(person) and entry.person in (person, key) and bool(entry.person)


def knows_person(folder: Path, person: str, but: str = "", *, key: str = "") -> bool:
    """Whether a session of this person is on record in `folder` (H25), besides the session `but`.

    A session that never came to ARMED is none: a code that was refused as mistyped would be known
    the next time.
    """
    return any(
        is_of(entry, person, key) and entry.session != but and _was_armed(folder, entry)
        for entry in newest_first(folder)
    )


def _was_armed(folder: Path, entry: Entry) -> bool:
    path = folder / (entry.session + SUFFIX)
    if not path.exists():  # its file was moved away; it was a session all the same
        return True
    return any(
        not isinstance(row, Problem) and row.kind == Kind.STATE and row.data.get("state") == "armed"
        for row in read_rows(path)
    )


def last_plateaus(folder: Path, person: str, protocol: str, *, key: str = "") -> Mapping[int, int]:
    """By channel, the highest plateau (uA) of the person's last session with `protocol` (H18).

    Empty where there was none, or where nothing was raised in it. It is never a value to start
    from: a session begins at zero whatever was reached before.
    """
    for entry in newest_first(folder):
        if is_of(entry, person, key) and entry.protocol == protocol:
            reached = _reached(folder / (entry.session + SUFFIX), protocol)
            if reached:
                return reached
    return {}


def newest_first(folder: Path) -> Iterator[Entry]:
    """Every session of which anything is known, in the order of their numbers.

    What the catalogue does not know, or has seen no end of, is read from its file. Sessions of an
    erased person are nobody's, whatever their rows say.
    """
    erased = erased_sessions(folder)
    for entry in _newest_first(folder):
        yield replace(entry, person="") if entry.session in erased else entry


def _newest_first(folder: Path) -> Iterator[Entry]:
    try:
        known = {one.session: one for one in Catalogue(folder, busy_s=_BUSY_S).entries()}
    except (JournalError, IntegrityError):
        known = {}
    files = {path.name.removesuffix(SUFFIX): path for path in folder.glob("*" + SUFFIX)}
    for session in sorted(known.keys() | files.keys(), key=order_of, reverse=True):
        entry = known.get(session)
        if entry is not None and (entry.ended or session not in files):
            yield entry
        else:
            yield _from_file(files[session], entry)


def _from_file(path: Path, entry: Entry | None) -> Entry:
    first, last = _ends_of(path)
    header = first.data if first is not None and first.kind == Kind.HEADER else {}
    ended = last if last is not None and last.kind == Kind.END else None
    protocol = str(header.get("protocol", ""))
    return Entry(
        session=path.name.removesuffix(SUFFIX),
        started=first.t if first is not None else "",
        device=str(header.get("device", "")),
        sim=header.get("sim") is True,
        protocol=protocol or _protocol_in(path) if entry is None else entry.protocol,
        person=str(header.get("person", "")),
        ended=ended.t if ended is not None else "",
        outcome=str(ended.data.get("outcome", "")) if ended is not None else "",
        anchor=Anchor(0, "") if entry is None else entry.anchor,
        origin=BY_FILE if entry is None else entry.origin,
    )


def _ends_of(path: Path) -> tuple[Row | None, Row | None]:
    """The first and the last row of a file, where they can be read."""
    try:
        with path.open("rb") as file:
            first = file.readline(_TAIL_BYTES)
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            tail = file.read().splitlines(keepends=True)
    except OSError:
        return None, None
    return _row(first), _row(tail[-1]) if tail else None


def _row(line: bytes) -> Row | None:
    try:
        return unpack_row(line)
    except RowError:
        return None


def _protocol_in(path: Path) -> str:
    """The protocol of the last plan of a session whose header was written before it was chosen."""
    found = ""
    for row in read_rows(path):
        if not isinstance(row, Problem) and row.kind == Kind.SETUP:
            found = _protocol_of(row)
    return found


def _protocol_of(setup: Row) -> str:
    protocol = setup.data.get("protocol")
    return str(protocol.get("name", "")) if isinstance(protocol, Mapping) else ""


def _reached(path: Path, protocol: str) -> dict[int, int]:
    """By channel, with this protocol: there may have been another one before it, also in the
    session that is going on."""
    reached: dict[int, int] = {}
    before: dict[int, int] = {}
    loaded = protocol  # old journals do not say
    if not path.exists():
        return reached
    for row in read_rows(path):
        if isinstance(row, Problem):
            continue
        if row.kind == Kind.SETUP:
            loaded = _protocol_of(row)
        if row.kind != Kind.SET or loaded != protocol:
            continue
        told = as_schema_2(row.kind, row.data)
        if told.get("unit") != "uA":
            continue
        channel, plateau_ua = told.get("channel"), told.get("level")
        if not (isinstance(channel, int) and isinstance(plateau_ua, int)):
            continue
        if row.data.get("by") == "line":  # the raise before it was never felt
            reached[channel] = before.get(channel, 0)
            continue
        before[channel] = reached.get(channel, 0)
        reached[channel] = max(plateau_ua, before[channel])
    return {channel: plateau_ua for channel, plateau_ua in reached.items() if plateau_ua > 0}
