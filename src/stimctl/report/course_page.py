"""The course of one person as a page, and its table as rows for any face."""

from __future__ import annotations

from stimctl.quantity import format_count
from stimctl.report.course import PersonCourse, SiteDose, Visit
from stimctl.report.course_plots import levels_plot, minutes_plot, pain_plot
from stimctl.report.html import AMPLITUDE, CHARGE, PULSES, TIME_ON, figure_cells
from stimctl.report.page import fill
from stimctl.report.words import NOTHING, level_text, mark_text

DOSE_HEADS = ("Site", "Sessions", "Highest", "Pulses", "First-phase charge", "Time on")
HEADS = ("#", "Day (UTC)", "Protocol", "Ended", "Planned", "Delivered", "Highest", "Thresholds",
         "Pain", "Skin", "Alarms", "Record")  # fmt: skip


def render_course(course: PersonCourse) -> str:
    """The page."""
    return fill(
        "course.html",
        course=course,
        simulation=course.simulation,
        heads=HEADS,
        rows=[visit_cells(one, course) for one in course.visits],
        summary=summary(course),
        dose_heads=DOSE_HEADS,
        dose_rows=[dose_cells(one) for one in course.doses],
        minutes_svg=minutes_plot(course),
        pain_svg=pain_plot(course),
        levels=[
            (where, levels_plot(course, where, unit, key))
            for key, (where, unit) in enumerate(sites(course), 1)
        ],
    )


def summary(course: PersonCourse) -> str:
    """In one sentence, how much of what was planned has been delivered."""
    counted = course.counted
    if not counted:
        return "No session has been started."
    what = "simulated session" if course.simulation else "session"
    others = len(course.visits) - len(counted)
    left_out = f" Not counted: {others}." if others else ""
    return (
        f"{format_count(len(counted), what)}: {minutes(course.done_s)} delivered of "
        f"{minutes(course.planned_s)} planned ({course.adherence_percent} %).{left_out}"
    )


def visit_cells(visit: Visit, course: PersonCourse) -> tuple[str, ...]:
    """One row of the table."""
    mixed = visit.simulation is True and not course.simulation
    highest = ", ".join(
        level_text(one.acknowledged.peak, one.unit) for one in visit.channels if one.given
    )
    marks = (mark_text(one) for one in visit.thresholds)
    return (
        str(visit.number),
        visit.started_utc[:16].replace("T", " "),
        visit.protocol or NOTHING,
        (visit.outcome or "not recorded") + (", SIMULATION" if mixed else ""),
        minutes(visit.planned_s) if visit.was_started else NOTHING,
        minutes(visit.done_s) if visit.was_started else NOTHING,
        highest or NOTHING,
        ", ".join(marks) or NOTHING,
        _pain(visit),
        visit.told.get("skin", NOTHING),
        str(visit.alarms),
        visit.record,
    )


def dose_cells(dose: SiteDose) -> tuple[str, ...]:
    """Of one site: sessions, highest amplitude, then pulses, charge and time on with bounds."""
    columns = (dose.acknowledged, dose.least, dose.most)
    found = dict(figure_cells(dose.unit, columns, not_bounded=2 if dose.open_ended else None))
    highest = found[AMPLITUDE][0]
    sums = [found.get(name) for name in (PULSES, CHARGE, TIME_ON)]
    told = (NOTHING if one is None else f"{one[0]} ({one[1]} to {one[2]})" for one in sums)
    return (dose.where, str(dose.sessions), highest, *told)


def sites(course: PersonCourse) -> list[tuple[str, str]]:
    """Every site that was stimulated or where something was marked, with its unit, in order."""
    found = {
        (channel.where, channel.unit): None
        for visit in course.visits
        for channel in visit.channels
        if channel.given or channel.thresholds
    }
    return list(found)


def minutes(seconds: float) -> str:
    """A time of treatment in minutes, to a tenth."""
    return f"{round(seconds / 60, 1):g} min"


def _pain(visit: Visit) -> str:
    if visit.pain_before is None and visit.pain_after is None:
        return NOTHING
    before, after = (
        NOTHING if one is None else str(one) for one in (visit.pain_before, visit.pain_after)
    )
    return f"{before} → {after}"
