"""One session as it goes to the server: the exact bytes of its files, and columns for reports.

The columns are read from the bytes, here before they are sent and again when the server is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from stimctl.records.delivered import Delivered, bounds_of
from stimctl.records.journal import Anchor
from stimctl.records.numbers import number_of
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
    """One whole session."""

    session: str
    journal: bytes
    additions: bytes
    columns: Columns
    verification: Verification


def pack(
    session: str, journal: bytes, additions: bytes, anchor: Anchor | None = None
) -> Parcel:
    """The parcel of these bytes, damaged or not: `verification` says what is wrong with them."""
    verification = verify_bytes(Path(session), journal, anchor)
    return Parcel(session, journal, additions, _columns(session, journal, verification), verification)


def is_whole(verification: Verification) -> bool:
    """Whether all of a session is there that its program has written."""
    return {problem.finding for problem in verification.problems} <= DIED and bool(verification.rows)


def _columns(session: str, journal: bytes, found: Verification) -> Columns:
    header = found.header.data if found.header else {}
    end = found.end
    protocol, delivered = str(header.get("protocol") or ""), Delivered()
    for row in rows_in(journal):
        if isinstance(row, Problem):
            break
        delivered.take(row.kind, row.data)
        if row.kind == Kind.SETUP and isinstance(row.data.get("protocol"), Mapping):
            protocol = str(row.data["protocol"].get("name") or protocol)
    torn = next((one.offset for one in found.problems if one.offset is not None), len(journal))
    channels = delivered.by_channel
    return Columns(
        number=number_of(session),
        sound_bytes=torn,
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
