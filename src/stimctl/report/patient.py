"""The sheet that a patient takes home: half a page, plain words, nothing that is not recorded."""

from __future__ import annotations

from stimctl.quantity import format_count
from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.report.model import ChannelReport, SessionReport
from stimctl.report.page import fill
from stimctl.report.words import day_text, level_text

_ENDS = {
    "completed": "The whole treatment was given: {of}.",
    "stopped": "It was ended early, after {done} of {of}.",
    "fault": "The program stopped it early, after {done} of {of}, because of a technical problem.",
}
_OTHERWISE = "It ended after {done} of {of}."


def render_patient(report: SessionReport) -> str:
    """The sheet, as a page of half A4."""
    return fill(
        "patient.html",
        report=report,
        simulation=report.simulation,
        day=day_text(report.started_utc),
        how_long=_how_long(report),
        where=[_where(one) for one in report.channels if one.acknowledged.peak],
        pain=_pain(report),
        skin=report.told.get("skin", ""),
    )


def _how_long(report: SessionReport) -> str:
    if not report.planned_s:
        return "No treatment was set up."
    words = _ENDS.get(report.outcome, _OTHERWISE)
    done = round(report.done_s / 60) or "less than 1"
    return words.format(done=done, of=format_count(round(report.planned_s / 60) or 1, "minute"))


def _where(channel: ChannelReport) -> str:
    return f"{channel.where}: up to {level_text(channel.acknowledged.peak, channel.unit)}"


def _pain(report: SessionReport) -> str:
    before, after = report.told.get(BEFORE), report.told.get(AFTER)
    parts = [
        f"{score} {when}" for score, when in ((before, "before"), (after, "afterwards")) if score
    ]
    return " and ".join(parts)
