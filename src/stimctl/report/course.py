"""One person over sessions: delivered of planned minutes, dose, thresholds, pain.

What was simulated is never summed with what was given: where both are there only the sessions with
a stimulator are summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.records.said import Threshold, pain_in
from stimctl.report.model import ChannelReport, Figures, SessionReport
from stimctl.session.row_base import Kind


@dataclass(frozen=True, slots=True)
class Visit:
    """One session. `number`: from 1 on, in the order of the record. A session that was set up and
    never started has no planned time here: nobody missed a treatment."""

    number: int
    session: str
    started_utc: str
    protocol: str
    simulation: bool | None
    outcome: str
    was_started: bool
    planned_s: float
    done_s: float
    channels: tuple[ChannelReport, ...]
    pain_before: int | None
    pain_after: int | None
    told: Mapping[str, str]
    alarms: int
    is_whole: bool
    record: str

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Of all channels."""
        return tuple(one for channel in self.channels for one in channel.thresholds)


@dataclass(frozen=True, slots=True)
class SiteDose:
    """What one site was given in the sessions that count. None: not known; with `open_ended`
    nothing bounds the most."""

    where: str
    unit: str
    sessions: int
    acknowledged: Figures
    least: Figures | None
    most: Figures | None
    open_ended: bool


@dataclass(frozen=True, slots=True)
class PersonCourse:
    """`missing`: sessions that the catalogue knows and whose file is gone."""

    person: str
    visits: tuple[Visit, ...]
    missing: tuple[str, ...] = ()

    @property
    def simulation(self) -> bool:
        """Whether nothing but simulations is there."""
        return all(one.simulation is True for one in self.visits)

    @property
    def counted(self) -> tuple[Visit, ...]:
        """The visits that are summed."""
        return tuple(
            one
            for one in self.visits
            if one.was_started and (one.simulation is True) == self.simulation
        )

    @property
    def planned_s(self) -> float:
        return sum(one.planned_s for one in self.counted)

    @property
    def done_s(self) -> float:
        return sum(one.done_s for one in self.counted)

    @property
    def adherence_percent(self) -> int | None:
        """Delivered of planned time; None where nothing was planned."""
        return round(100 * self.done_s / self.planned_s) if self.planned_s else None

    @property
    def doses(self) -> tuple[SiteDose, ...]:
        """By site."""
        given = [channel for visit in self.counted for channel in visit.channels if channel.given]
        by_site = attrgetter("where", "unit")
        return tuple(
            _dose(where, unit, list(channels))
            for (where, unit), channels in groupby(sorted(given, key=by_site), by_site)
        )


def course_of(
    person: str, reports: Iterable[SessionReport], missing: tuple[str, ...] = ()
) -> PersonCourse:
    """The course of a person from the reports of his or her sessions, oldest first."""
    visits = tuple(_visit(number, one) for number, one in enumerate(reports, 1))
    return PersonCourse(person, visits, missing)


def _visit(number: int, report: SessionReport) -> Visit:
    was_started = bool(report.counts.get(Kind.START))
    return Visit(
        number=number,
        session=report.session,
        started_utc=report.started_utc,
        protocol=report.protocol,
        simulation=report.simulation,
        outcome=report.outcome if was_started else "not started",
        was_started=was_started,
        planned_s=report.planned_s if was_started else 0.0,
        done_s=report.done_s,
        channels=report.channels,
        pain_before=pain_in(report.told, BEFORE),
        pain_after=pain_in(report.told, AFTER),
        told=report.told,
        alarms=report.counts.get(Kind.ALARM, 0),
        is_whole=report.integrity.ok,
        record=report.state,
    )


def _dose(where: str, unit: str, channels: list[ChannelReport]) -> SiteDose:
    bounded = all(one.least is not None and one.most is not None for one in channels)
    return SiteDose(
        where=where,
        unit=unit,
        sessions=len(channels),
        acknowledged=_sum([one.acknowledged for one in channels]),
        least=_sum([one.least for one in channels if one.least]) if bounded else None,
        most=_sum([one.most for one in channels if one.most]) if bounded else None,
        open_ended=any(one.open_ended for one in channels),
    )


def _sum(parts: list[Figures]) -> Figures:
    """The highest peak, and the sums of the rest; not known where one of them is not."""

    def total(name: str) -> int | None:
        values = [getattr(one, name) for one in parts]
        return None if None in values else sum(values)

    peaks = [one.peak for one in parts]
    peak = None if None in peaks else max(one for one in peaks if one is not None)
    return Figures(peak, total("pulses"), total("charge_nc"), total("on_ms"))
