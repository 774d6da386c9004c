"""A session in three lines of plain text, to be copied into a chart."""

from __future__ import annotations

from stimctl.quantity import format_count
from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.report.model import ChannelReport, SessionReport
from stimctl.report.svg import time_text
from stimctl.report.words import kind_text, level_text


def chart_lines(report: SessionReport) -> str:
    """When and what; what each channel gave; how it went, and where it is on record."""
    return "".join(f"{line}\n" for line in (_when(report), _given(report), _how(report)))


def _when(report: SessionReport) -> str:
    began, ended = report.started_utc[:16].replace("T", " "), report.ended_utc[11:16]
    why = f" ({report.reason})" if report.reason else ""
    return (
        f"{began}-{ended} UTC, {report.person or 'no patient code'}, "
        f"{report.protocol or 'no protocol'}, {kind_text(report.simulation)}: "
        f"{report.outcome or 'end not recorded'}{why}, "
        f"{time_text(report.done_s)} of {time_text(report.planned_s)} min"
    )


def _given(report: SessionReport) -> str:
    return " | ".join(map(_channel, report.channels)) or "No channel was set up"


def _channel(channel: ChannelReport) -> str:
    parts = [
        f"Ch{channel.number} {channel.where}, electrodes {channel.electrode}",
        *channel.stimulus,
        f"acknowledged: {channel.given or 'nothing recorded'}",
    ]
    if channel.contractions:
        parts.append(format_count(channel.contractions, "contraction"))
    parts += [f"{one.what} {level_text(one.level, one.unit)}" for one in channel.thresholds]
    return "; ".join(parts)


def _how(report: SessionReport) -> str:
    told = dict(report.told)
    before, after = told.pop(BEFORE, "not asked"), told.pop(AFTER, "not asked")
    record = report.integrity.words.split(":")[0]
    parts = [
        f"Pain 0-10 before {before}, after {after}",
        *(f"{question} {answer}" for question, answer in told.items()),
        report.warnings.split("; ")[0],
        f"record {report.session}, {record}",
    ]
    return "; ".join(parts)
