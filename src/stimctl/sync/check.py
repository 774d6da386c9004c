"""Verifies what the server holds, from its bytes: order, chain, signature, and the report columns.

It believes nothing that the server says of a session but its bytes and the keys registered there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.records.numbers import number_of
from stimctl.records.station_keys import PublicKey, fingerprint_of
from stimctl.suggestion import meant_by
from stimctl.sync.own_sessions import Span
from stimctl.sync.parcel import COLUMNS, Columns, pack
from stimctl.sync.server import Server

_TIMES: Final = ("started", "ended")
# The server keeps microseconds, rows have nanoseconds.
_ROUNDED: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Checked:
    """One session, or one gap, of one station. `faults` is empty where all is as it was sent."""

    station: str
    session: str
    number: int
    rows: int
    key: str  # the fingerprint
    made: str  # when the station has signed: at-end, at-recovery, later
    has_closing_row: bool
    faults: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"faults": [*self.faults]}


def check_sessions(server: Server, station: str = "") -> Iterator[Checked]:
    """Every session of every station, or of one, in order. Raises UsageError, ServerError."""
    server.check_version()
    names = [name for name, _ in server.stations()]
    if station and station not in names:
        near = meant_by(station, names, most=2)
        raise UsageError(
            f"there is no station {station!r}",
            what_to_do=f"Did you mean {' or '.join(near)}?" if near else "",
        )
    for name in [station] if station else names:
        yield from _check_station(server, name)


def _check_station(server: Server, station: str) -> Iterator[Checked]:
    keys = {
        fingerprint_of(key): PublicKey(fingerprint_of(key), key.hex(), "", own=False)
        for key in server.keys(station)
    }
    absences, complete = server.absences(station), 0
    for session in server.sessions_of(station):
        complete = _skip(complete, absences)
        number = number_of(session)
        if number > complete + 1:
            gap = Span(complete + 1, number - 1)
            why = f"{gap} missing at the server, and no reason is on record"
            yield Checked(station, "", gap.first, 0, "", "", False, (why,))
        elif number and number == complete and not any(number in one for one in absences):
            why = f"two sessions have the number {number}"
            yield Checked(station, session, number, 0, "", "", False, (why,))
        complete = max(complete, number)
        yield _check_session(server, station, session, keys)


def _skip(complete: int, absences: tuple[Span, ...]) -> int:
    for one in sorted(absences, key=lambda span: span.first):
        if one.first <= complete + 1:
            complete = max(complete, one.last)
    return complete


def _check_session(
    server: Server, station: str, session: str, keys: Mapping[str, PublicKey]
) -> Checked:
    journal, additions, accepted, stored = server.stored(station, session)
    parcel = pack(session, journal, additions, keys)
    signature = parcel.evidence.signature
    faults = [one.message for one in parcel.faults]
    if not parcel.is_signed:
        faults.append(f"no valid signature of the station: {signature.why}")
    elif signature.public_key != accepted.hex():
        faults.append("it is signed with another key than the one that was accepted")
    if parcel.additions != additions:
        faults.append("its additions cannot be read to their end")
    faults += [
        f"{name} is {stored[name]!r} in the column, {getattr(parcel.columns, name)!r} in the record"
        for name in COLUMNS
        if not _same(name, stored[name], parcel.columns)
    ]
    return Checked(
        station, session, parcel.columns.number, parcel.columns.row_count, signature.key,
        signature.made, parcel.columns.ended is not None, tuple(faults),
    )  # fmt: skip


def _same(name: str, stored: Any, columns: Columns) -> bool:
    told = getattr(columns, name)
    if name not in _TIMES or stored is None or told is None:
        return bool(stored == told)
    try:
        return abs(datetime.fromisoformat(stored) - datetime.fromisoformat(told[:26])) <= _ROUNDED
    except ValueError:
        return False
