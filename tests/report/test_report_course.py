"""The course of a person: sums of what counts, nothing simulated among what was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.report.course import PersonCourse, course_of
from stimctl.report.course_page import dose_cells, render_course, sites, summary, visit_cells
from stimctl.report.model import Figures, SessionReport
from stimctl.report.recorded import recorded_course, recorded_report
from tools import make_session_report as tool


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[PersonCourse, SessionReport]]:
    with tool.recorded() as folder:
        yield recorded_course(folder, "P-017"), recorded_report(folder, "last")


@pytest.fixture
def course(recorded: tuple[PersonCourse, SessionReport]) -> PersonCourse:
    return recorded[0]


@pytest.fixture
def report(recorded: tuple[PersonCourse, SessionReport]) -> SessionReport:
    return recorded[1]


def test_sessions_stand_in_the_order_of_the_record(course: PersonCourse) -> None:
    assert [one.number for one in course.visits] == [1, 2, 3, 4, 5]
    assert all(a.started_utc < b.started_utc for a, b in pairwise(course.visits))


def test_delivered_minutes_are_those_that_have_run(course: PersonCourse) -> None:
    assert [round(one.done_s / 60, 1) for one in course.visits] == [8, 8, 5, 8, 4.2]
    assert course.planned_s == 5 * 480
    assert course.adherence_percent == round(100 * course.done_s / course.planned_s)
    assert "33.2 min delivered of 40 min planned (83 %)" in summary(course)


def test_the_dose_of_a_site_is_the_sum_of_its_sessions_with_its_bounds(
    course: PersonCourse,
) -> None:
    (dose,) = course.doses
    channels = [channel for visit in course.visits for channel in visit.channels]
    assert dose.where == "left-quadriceps"
    assert dose.acknowledged.pulses == sum(one.acknowledged.pulses for one in channels)
    assert dose.least.pulses == sum(one.least.pulses for one in channels)
    assert dose.most.charge_nc == sum(one.most.charge_nc for one in channels)
    assert dose.least.pulses < dose.acknowledged.pulses < dose.most.pulses
    assert dose.acknowledged.peak == 18_000


def test_what_has_no_bound_in_one_session_has_none_in_the_sum(report: SessionReport) -> None:
    (channel,) = report.channels
    open_ended = replace(channel, most=Figures(peak=18_000), open_ended=True)
    course = course_of("P-017", [report, replace(report, channels=(open_ended,))])
    assert any("not bounded" in cell for cell in dose_cells(course.doses[0]))
    old = replace(channel, least=None, most=None)
    (dose,) = course_of("P-017", [report, replace(report, channels=(old,))]).doses
    assert dose.least is None
    assert dose.most is None


def test_what_was_simulated_is_not_summed_with_what_was_given(report: SessionReport) -> None:
    real = replace(report, simulation=False, done_s=60.0, planned_s=120.0)
    course = course_of("P-017", [report, real, real])
    assert not course.simulation
    assert (course.done_s, course.planned_s) == (120.0, 240.0)
    assert course.doses[0].sessions == 2
    assert "Not counted: 1." in summary(course)
    assert "SIMULATION" in visit_cells(course.visits[0], course)[3]
    assert "SIMULATION" not in visit_cells(course.visits[1], course)[3]


def test_a_session_that_never_started_is_listed_and_is_no_missed_treatment(
    report: SessionReport,
) -> None:
    idle = replace(report, counts={}, done_s=0.0, channels=())
    course = course_of("P-017", [report, idle])
    assert course.planned_s == report.planned_s
    assert visit_cells(course.visits[1], course)[3:6] == ("not started", "–", "–")
    assert summary(course_of("P-017", [idle])) == "No session has been started."


def test_the_page_says_all_of_it_to_eyes_and_to_a_screen_reader(course: PersonCourse) -> None:
    page = render_course(course)
    assert page == render_course(course)
    for visit in course.visits:
        for cell in visit_cells(visit, course):
            assert f">{cell}</t" in page
    assert "session 3: 5.0 of 8.0 minutes" in page
    assert "session 5: 6 before, 4 after" in page
    assert sites(course) == [("left-quadriceps", "uA")]
    assert not re.search(r"<script|<img|https?:", page)


def test_where_nobody_was_asked_there_is_no_plot_of_pain(report: SessionReport) -> None:
    silent = {one: text for one, text in report.told.items() if one not in (BEFORE, AFTER)}
    page = render_course(course_of("P-017", [replace(report, told=silent)]))
    assert "Pain before and after" not in page


def test_a_file_that_is_gone_is_named(report: SessionReport) -> None:
    assert "are gone: 2026-x" in render_course(course_of("P-017", [report], ("2026-x",)))
