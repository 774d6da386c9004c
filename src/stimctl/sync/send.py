"""Sends what the server has not got, session by session in order; the server alone knows how far.

Death at any point costs nothing: a session is one statement, and the next run asks again what is
there. Nothing about it is kept on the station.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stimctl.errors import IntegrityError, ServerError, StimctlError, UsageError
from stimctl.records.additions import additions_path, lines_of
from stimctl.records.journal import Anchor
from stimctl.records.rows import unpack_row, utc_text
from stimctl.records.signing import sign_session
from stimctl.records.station_keys import PublicKey, known_keys, open_key
from stimctl.records.storage import is_being_written
from stimctl.sync.own_sessions import (
    OwnSession,
    OwnSessions,
    Span,
    gap_before,
    is_explained,
    list_own,
    parse_span,
)
from stimctl.sync.parcel import LARGEST_JOURNAL_BYTES, Parcel, pack
from stimctl.sync.server import Held, Server

_EXPLAIN = (
    "find its file, or say why it is missing: stimctl sync explain URL {numbers} --reason TEXT"
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a session is not at the server as it should be."""

    session: str  # "" where only the number is known
    numbers: str
    what: str
    why: str
    what_to_do: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Sent:
    """What one run has done. `waits_for`: a session that is running here, in words."""

    station: str
    new_key: str = ""
    sessions: list[str] = field(default_factory=list)
    additions: int = 0
    there_before: int = 0
    left: int = 0
    waits_for: str = ""
    troubles: list[Trouble] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "station": self.station,
            "new_key": self.new_key,
            "sent": list(self.sessions),
            "additions": self.additions,
            "there_before": self.there_before,
            "left": self.left,
            "waits_for": self.waits_for,
            "troubles": [one.as_dict() for one in self.troubles],
        }


@dataclass(frozen=True, slots=True)
class Here:
    """This station: its folders, its clock, and what runs on it now."""

    state: Path
    journals: Path
    now_ns: Callable[[], int]
    running: Callable[[], Sequence[object]]

    def list_own(self) -> OwnSessions:
        """What it has recorded. Raises IntegrityError, JournalError."""
        return list_own(self.journals)


def send_sessions(
    server: Server, here: Here, own: OwnSessions, tell: Callable[[str], None] = lambda _: None
) -> Sent:
    """Send every session of `own` that the server lacks; `tell` hears the id of each.

    Stops before the first that cannot be sent: nothing may be missing in the order. Raises
    UsageError, ServerError, IntegrityError (another key), KeyFileError.
    """
    server.check_version()
    sent = Sent(_station(server))
    keys = _agreed_keys(server, here, sent)
    held = server.held(sent.station)
    _compare_held(server, sent, own.sessions, held)
    missing = [one for one in own.sessions if one.session not in held]
    sent.there_before = len(own.sessions) - len(missing)
    absences = server.absences(sent.station)
    complete = server.complete_to(sent.station)
    if complete > own.last_number:
        sent.left = len(missing)
        sent.troubles.append(_older_than_server(complete, own.last_number))
        return sent
    for place, one in enumerate(missing):
        sent.left = len(missing) - place
        running = here.running()
        if running:
            sent.waits_for = ", ".join(str(holder) for holder in running)
            return sent
        if one.path is not None and _is_written(one.path):  # without a device that is locked here
            sent.waits_for = f"session {one.session}"
            return sent
        gap = gap_before(one.number, complete)
        trouble = _missing(gap) if gap else _send(server, here, sent, one, keys)
        if trouble is None:
            complete = max(complete, one.number)
            tell(one.session)
        elif one.number and not is_explained(one.number, absences):
            sent.troubles.append(trouble)
            return sent
        elif not one.number:  # from before there were numbers: nothing waits behind it
            sent.troubles.append(trouble)
    sent.left = len(sent.troubles)
    # A session that begins just now has its number before it has its file.
    if own.last_number > complete and not here.running():
        sent.troubles.append(_missing(Span(complete + 1, own.last_number)))
    return sent


def explain_absence(server: Server, own: OwnSessions, numbers: str, reason: str) -> Span:
    """Put on record why these numbers are missing.

    Raises UsageError, ServerError, IntegrityError.
    """
    server.check_version()
    span = parse_span(numbers)
    if span is None or not reason.strip():
        raise UsageError(
            "this explains nothing",
            why=f"{numbers!r} with the reason {reason!r}",
            what_to_do="write: stimctl sync explain URL 7-9 --reason 'the disk of this computer "
            "was replaced'",
        )
    station = _station(server)
    if span.last > own.last_number:
        raise UsageError(
            f"no session {span.last} has been on this station",
            why=f"the last number that was given out is {own.last_number}",
        )
    server.explain(station, span, reason)
    return span


def _station(server: Server) -> str:
    station = server.own_station()
    if not station:
        raise UsageError(
            "the role of this address is no station",
            what_to_do="have the administrator run: stimctl sync register URL STATION --role ROLE",
        )
    return station


def _agreed_keys(server: Server, here: Here, sent: Sent) -> Mapping[str, PublicKey]:
    """The keys of this station; the one that it signs with now is accepted at the server."""
    own = open_key(here.state, utc_text(here.now_ns())).public
    public = bytes.fromhex(own.public_key)
    registered = server.keys(sent.station)
    if not registered and server.register_first_key(public):
        sent.new_key = own.fingerprint
    elif not registered.get(public):
        retired = public in registered
        raise IntegrityError(
            f"the server knows station {sent.station} by another key",
            why=f"the key here is {own.fingerprint}"
            + (", and it was ended there" if retired else ""),
            what_to_do="if this is that station and its key was replaced, have the administrator "
            f"run: stimctl sync register URL {sent.station} --key {own.public_key}",
        )
    return known_keys(here.state)


def _compare_held(
    server: Server,
    sent: Sent,
    own: Sequence[OwnSession],
    held: Mapping[str, Held],
) -> None:
    """What is there already: the same as here, with everything that was added since."""
    for one in own:
        if one.session not in held or one.path is None:
            continue
        there = held[one.session]
        if one.entry is not None and _differs(one.entry.anchor, there.end):
            sent.troubles.append(
                _trouble(
                    one,
                    "the session at the server is another one",
                    f"it ends with row {_row_words(there.end)}, and the catalogue here has seen "
                    f"row {_row_words(one.entry.anchor)}",
                    "do not change either; look at both: stimctl sessions verify here, stimctl "
                    "sync verify URL there",
                )
            )
            continue
        _send_additions(server, sent, one, additions_path(one.path), there.added_bytes)


def _differs(seen: Anchor, there: Anchor) -> bool:
    """A catalogue may be some rows behind a journal whose program died; it is never before it."""
    return seen.rows > there.rows or (seen.rows == there.rows and seen.last_hash != there.last_hash)


def _row_words(end: Anchor) -> str:
    return f"{end.rows - 1} ({end.last_hash[:12]})"


def _send_additions(server: Server, sent: Sent, one: OwnSession, path: Path, added: int) -> None:
    size = _size(path)
    if size == added:
        return
    if size < added:
        why = "the server has more of them than this station"
        sent.troubles.append(
            _trouble(one, "additions are missing", why, "restore them from a backup")
        )
        return
    at = 0
    for line in lines_of(path):
        at += len(line)
        if at <= added or not line.endswith(b"\n"):
            continue
        try:
            server.add(sent.station, one.session, _seq(line), line)
        except (IntegrityError, ServerError) as error:
            if isinstance(error, ServerError):
                raise
            sent.troubles.append(_of_error(one, error))
            return
        sent.additions += 1


def _seq(line: bytes) -> int:
    return unpack_row(line).seq


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_written(path: Path) -> bool:
    try:
        return is_being_written(path)
    except OSError:
        return False


def _send(
    server: Server, here: Here, sent: Sent, one: OwnSession, keys: Mapping[str, PublicKey]
) -> Trouble | None:
    """None where it is at the server now."""
    try:
        parcel = _read(here, one, keys)
        server.send(sent.station, parcel)
    except ServerError:
        raise
    except StimctlError as error:
        return _of_error(one, error)
    sent.sessions.append(one.session)
    return None


def _read(here: Here, one: OwnSession, keys: Mapping[str, PublicKey]) -> Parcel:
    """The whole session, verified and signed. IntegrityError where it is not."""
    if one.path is None:
        raise IntegrityError(
            "the journal is gone",
            why="the catalogue has seen it, and its file is not there",
            what_to_do=_EXPLAIN.format(numbers=one.number),
        )
    try:
        if one.path.stat().st_size > LARGEST_JOURNAL_BYTES:
            raise IntegrityError(
                "the journal is too large to be sent",
                why=f"it is over {LARGEST_JOURNAL_BYTES >> 20} MiB",
                what_to_do=_EXPLAIN.format(numbers=one.number),
            )
        journal = one.path.read_bytes()
        parcel = _pack(one, one.path, journal, keys)
        if not parcel.faults and not parcel.is_signed:
            # From before there was a key, or its program died. The signature says when it was made.
            with contextlib.suppress(UsageError):  # another program has just done so
                sign_session(here.state, one.path, here.now_ns())
            parcel = _pack(one, one.path, journal, keys)
    except OSError as error:
        raise IntegrityError(
            "the journal cannot be read",
            why=error.strerror or str(error),
            what_to_do="check that the file is there and yours",
        ) from error
    if parcel.faults:
        raise IntegrityError(
            "the record is not what was recorded",
            why=parcel.faults[0].message,
            what_to_do="look at it with: stimctl sessions verify. Restore it from a backup, or "
            "say why it is missing: stimctl sync explain URL "
            f"{one.number} --reason TEXT",
        )
    return parcel


def _pack(one: OwnSession, path: Path, journal: bytes, keys: Mapping[str, PublicKey]) -> Parcel:
    return pack(one.session, journal, b"".join(lines_of(additions_path(path))), keys, one.entry)


def _missing(gap: Span) -> Trouble:
    several = gap.first != gap.last
    return Trouble(
        "",
        str(gap),
        f"{'sessions' if several else 'session'} {gap} {'are' if several else 'is'} missing",
        "the numbers were given out, and neither a journal nor the catalogue has them",
        _EXPLAIN.format(numbers=gap),
    )


def _older_than_server(complete: int, last: int) -> Trouble:
    return Trouble(
        "",
        f"{last + 1}-{complete}",
        "the server has later sessions of this station than the station itself",
        f"the last number here is {last}, there {complete}: new sessions would get numbers that "
        "are taken",
        "if this state folder is new, or came from an older backup, the station needs a new name, "
        "role and key; what it has sent stays at the server",
    )


def _trouble(one: OwnSession, what: str, why: str, what_to_do: str) -> Trouble:
    return Trouble(one.session, str(one.number), what, why, what_to_do)


def _of_error(one: OwnSession, error: StimctlError) -> Trouble:
    return _trouble(one, error.what, error.why, error.what_to_do)
