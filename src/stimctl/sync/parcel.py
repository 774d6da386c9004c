"""One session as it goes to the server: the exact bytes of its files, and columns for reports.

The columns are read from the bytes, here before they are sent and again when the server is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from stimctl.records.additions import Added, Additions, read_additions
from stimctl.records.catalogue import Entry
from stimctl.records.delivered import Delivered, bounds_of
from stimctl.records.evidence import Evidence, Seen, SignatureSays, evidence_of
from stimctl.records.journal import Anchor
from stimctl.records.numbers import number_of
from stimctl.records.station_keys import PublicKey
from stimctl.records.verify import Finding, Problem, Verification, rows_in, verify_bytes
from stimctl.session.row_base import Kind

# A value of PostgreSQL holds 1 GB; a journal of eight hours on eight channels is some 30 MB.
LARGEST_JOURNAL_BYTES: Final = 256 << 20
#: What a session may lack and still be whole: its program died, its last row was torn by that.
DIED: Final = frozenset({Finding.UNFINISHED, Finding.TORN})
FIGURES: Final = ("pulses", "charge_nc", "on_ms")


@dataclass(frozen=True, slots=True)
class Columns:
    """What reports read. Of a figure: what was acknowledged, the least and the most that was given
    (None: not known). Pulses and charge are those of all channels, the time is the longest."""

    number: int
    sound_bytes: int
    row_count: int
    last_hash: str
    simulated: bool
    person: str
    device: str
    protocol: str
    started: str
    ended: str | None
    outcome: str
    pulses: int
    pulses_least: int | None
    pulses_most: int | None
    charge_nc: int
    charge_nc_least: int | None
    charge_nc_most: int | None
    on_ms: int
    on_ms_least: int | None
    on_ms_most: int | None
    channels: Mapping[str, Any]


COLUMNS: Final = tuple(field.name for field in fields(Columns))


@dataclass(frozen=True, slots=True)
class Parcel:
    """One whole session, and what is to be said of it. `additions`: the whole rows of that file."""

    session: str
    journal: bytes
    additions: bytes
    columns: Columns
    evidence: Evidence

    @property
    def faults(self) -> tuple[Problem, ...]:
        """What is wrong. A program that died left no closing row; the record is none the worse."""
        return tuple(one for one in self.evidence.problems if one.finding not in DIED)

    @property
    def is_signed(self) -> bool:
        """Whether a station key that is known has signed it."""
        return self.evidence.signature.says is SignatureSays.VALID


def pack(
    session: str,
    journal: bytes,
    additions: bytes,
    keys: Mapping[str, PublicKey],
    entry: Entry | None = None,
) -> Parcel:
    """The parcel of these bytes, damaged or not; its evidence says what is wrong with them.

    `keys`: the station keys that are known, by fingerprint; `entry`: what a catalogue has of it.
    """
    found = verify_bytes(Path(session), journal, entry.anchor if entry else None)
    end = Anchor(found.rows, found.last_hash)
    added = read_additions(BytesIO(additions).readlines(), end, strict=False)
    sound = sound_bytes(journal, found)
    tail = journal[sound:]
    evidence = evidence_of(
        session,
        found,
        added,
        keys,
        _named_persons(added),
        Seen(entry.origin, entry.additions) if entry else None,
        hashlib.sha256(tail).hexdigest() if tail else "",
    )
    return Parcel(
        session,
        journal,
        b"".join(one.line for one in added.rows),
        _columns(session, journal, found, sound),
        evidence,
    )


def sound_bytes(journal: bytes, found: Verification) -> int:
    """Up to where a journal can be read."""
    return next((one.offset for one in found.problems if one.offset is not None), len(journal))


def _named_persons(added: Additions) -> Mapping[str, str]:
    """Persons' keys stay at their station; the station's signature stands for the row that names
    one, and the person's own signature is checked against that."""
    rows = (one.row.data for one in added.rows if one.row.kind == Added.COUNTERSIGNATURE)
    return {str(data.get("by")): str(data.get("person_key")) for data in rows}


def _columns(session: str, journal: bytes, found: Verification, sound: int) -> Columns:
    header = found.header.data if found.header else {}
    end = found.end
    protocol, delivered = str(header.get("protocol") or ""), Delivered()
    for row in rows_in(journal):
        if isinstance(row, Problem):
            break
        delivered.take(row.kind, row.data)
        if row.kind == Kind.SETUP and isinstance(row.data.get("protocol"), Mapping):
            protocol = str(row.data["protocol"].get("name") or protocol)
    channels = delivered.by_channel
    return Columns(
        number=number_of(session),
        sound_bytes=sound,
        row_count=found.rows,
        last_hash=found.last_hash,
        simulated=header.get("sim") is True,
        person=str(header.get("person") or ""),
        device=str(header.get("device") or ""),
        protocol=protocol,
        started=found.header.t if found.header else "",
        ended=end.t if end else None,
        outcome=str(end.data.get("outcome", "")) if end else "",
        channels=channels,
        **_figures(channels),
    )


def _figures(channels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in FIGURES:
        join = max if name == "on_ms" else sum
        bounds = [bounds_of(one, name) for one in channels.values()]
        least = [0 if one is None else one[0] for one in bounds]
        most = [None if one is None else one[1] for one in bounds]
        known = [one for one in most if one is not None]
        found[name] = join([0, *(int(one.get(name, 0)) for one in channels.values())])
        found[f"{name}_least"] = None if None in bounds else join([0, *least])
        found[f"{name}_most"] = join([0, *known]) if len(known) == len(most) else None
    return found
