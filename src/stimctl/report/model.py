"""What a report of one session says: planned, commanded, acknowledged and measured kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Points = tuple[tuple[float, int | None], ...]
"""Seconds since the start, and a level that holds until the next; None: not known from there on."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one column. None: not told there. Level in uA, or in percent."""

    peak: int | None = None
    pulses: int | None = None
    charge_nc: int | None = None
    on_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """One channel over time."""

    planned: Points = ()
    commanded: Points = ()
    acknowledged: Points = ()


@dataclass(frozen=True, slots=True)
class CycleShape:
    """On and off of one channel, in microseconds; ramps belong to the on time."""

    on_us: int
    off_us: int
    ramp_up_us: int
    ramp_down_us: int


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel. `least` and `most`: the bounds of what it gave, as far as recorded; with
    `open_ended` nothing bounds it."""

    number: int
    role: str
    site: str
    unit: str
    electrode: str
    stimulus: tuple[str, ...]
    maximum: int | None
    planned: Figures
    commanded: Figures
    acknowledged: Figures
    least: Figures | None
    most: Figures | None
    open_ended: bool
    measured: Figures | None
    contractions: int
    curves: Curves
    cycle: CycleShape | None


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One line of the timeline. `at_s`: since the first start; None before it. `marks`: it stands
    in the plots, too; `loud`: an alarm of high priority, or output that is not known."""

    at_utc: str
    at_s: float | None
    what: str
    text: str
    marks: bool = False
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody has put on record: a threshold, an answer, a note, how it went."""

    at_utc: str
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Integrity:
    """Whether the file is still what was written; `signed_by`: the persons who countersigned."""

    ok: bool
    words: str
    rows: int
    last_hash: str
    problems: tuple[str, ...]
    anchored: bool
    signature: str = ""
    station_key: str = ""
    station_public_key: str = ""
    signed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionReport:
    """One session. `simulation`: a digital twin was at the other end; None: not recorded.
    `cut`: the record ends while output may have been on."""

    session: str
    state: str
    simulation: bool | None
    started_utc: str
    ended_utc: str
    outcome: str
    reason: str
    device: str
    protocol: str
    protocol_sha256: str
    person: str
    facts: tuple[tuple[str, str], ...]
    duration_s: float
    channels: tuple[ChannelReport, ...]
    thresholds: tuple[Note, ...]
    outcomes: tuple[Note, ...]
    notes: tuple[Note, ...]
    answers: tuple[Note, ...]
    events: tuple[ReportEvent, ...]
    counts: Mapping[str, int]
    warnings: str
    integrity: Integrity
    versions: tuple[tuple[str, str], ...]
    cut: bool
    how: str
    amendments: tuple[Note, ...] = ()
