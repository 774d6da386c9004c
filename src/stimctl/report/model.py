"""What a report of one session says: planned, commanded, acknowledged and measured kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stimctl.records.said import Threshold

NOT_RECORDED: Final = "not recorded"

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
    """One channel over time; `impedance` in ohm, where it was measured."""

    planned: Points = ()
    commanded: Points = ()
    acknowledged: Points = ()
    measured: Points = ()
    impedance: Points = ()


@dataclass(frozen=True, slots=True)
class CycleShape:
    """On and off of one channel, in microseconds; ramps belong to the on time. `rest_permille`: of
    the plateau, what slow pulses in the off time have; 0: there are none."""

    on_us: int
    off_us: int
    ramp_up_us: int
    ramp_down_us: int
    rest_permille: int = 0


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel. `given`: what was acknowledged, in words; "" where nothing is recorded. `least`
    and `most`: the bounds of what it gave, as far as recorded; with `open_ended` nothing bounds
    it. `cycles`: its on/off cycles, each with the stages that have it ("": there are none)."""

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
    cycles: tuple[tuple[str, CycleShape], ...]
    thresholds: tuple[Threshold, ...]
    given: str

    @property
    def where(self) -> str:
        """The site; its part in the protocol where no site is recorded."""
        return self.role if self.site == NOT_RECORDED and self.role else self.site


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
    `planned_s`, `done_s`: how long the plan was, and how much of it ran, pauses left out. `told`:
    what was answered to each question on how it went. `cut`: the record ends while output may
    have been on."""

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
    planned_s: float
    done_s: float
    channels: tuple[ChannelReport, ...]
    thresholds: tuple[Note, ...]
    outcomes: tuple[Note, ...]
    notes: tuple[Note, ...]
    answers: tuple[Note, ...]
    told: Mapping[str, str]
    events: tuple[ReportEvent, ...]
    counts: Mapping[str, int]
    warnings: str
    integrity: Integrity
    versions: tuple[tuple[str, str], ...]
    cut: bool
    how: str
    amendments: tuple[Note, ...] = ()
