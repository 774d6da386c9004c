"""The six tables of a session, from its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, fields
from typing import Any, Final

from stimctl.export.columns import Table, Value, rows_of
from stimctl.export.content import TAKEN_BACK, SessionContent, threshold_of
from stimctl.export.settings import Settings, settings_of, stage_settings
from stimctl.export.shapes import CHANNELS, EVENTS, SAMPLES, SESSIONS, SETUPS, STAGES
from stimctl.export.time_base import monotonic_of
from stimctl.records.outcome_form import AFTER, BEFORE
from stimctl.records.rows import Row
from stimctl.report.gather import sentence_for
from stimctl.report.model import NOT_RECORDED, ChannelReport, Figures, Points
from stimctl.session.row_base import Kind
from stimctl.version import __version__

_LEFT_OUT: Final = frozenset(
    {Kind.HEADER, Kind.SETUP, Kind.PLAN, Kind.TELEMETRY, Kind.BEAT, Kind.HELLO, Kind.READY}
)
"""Their content stands in another table, or says nothing of a session."""
_WITH_PATHS: Final = frozenset({Kind.JOURNAL, Kind.ERROR, Kind.FATAL, Kind.BYE})
"""Their words may hold the name of a folder, and so of a user of the computer."""
_COMMANDED: Final = frozenset(
    {Kind.RAISE, Kind.SET, Kind.PENDING, Kind.CONTRACTION, Kind.PULSE, Kind.UNLOCKED}
)
_ACKNOWLEDGED: Final = frozenset({Kind.ACK, Kind.CONTRACTED, Kind.PULSE_ACKED})
_OFF: Final = (None,) * (len(fields(Settings)) - 2)
"""What a channel that is off in a stage does, in the columns after those of its electrodes."""
_LEVELS: Final = ("acked", "level", "amplitude_ua")


def tables_of(content: SessionContent) -> tuple[Table, ...]:
    """In the order of `SHAPES`."""
    return (
        Table(SESSIONS, (session_row(content),)),
        Table(SETUPS, setup_rows(content)),
        Table(CHANNELS, channel_rows(content)),
        Table(SAMPLES, rows_of(SAMPLES, list(_samples(content)))),
        Table(EVENTS, rows_of(EVENTS, list(_events(content)))),
        Table(STAGES, stage_rows(content)),
    )


def session_row(content: SessionContent) -> dict[str, Value]:
    """The one row of the table `sessions`."""
    report, time, header = content.report, content.time, content.header
    notes = header.get("notes")
    began_ns = content.rows[0].mono_ns if content.rows else 0
    planned_us = content.setup.get("duration_us")
    signature = content.signature
    values: tuple[Value, ...] = (
        report.session,
        report.state,
        report.cut,
        report.simulation,
        report.person or None,
        _text(notes.get("operator")) if isinstance(notes, Mapping) else None,
        _text(header.get("device")),
        _text(content.identity.get("family")),
        _text(content.identity.get("serial")),
        _text(content.identity.get("firmware")),
        report.protocol or None,
        report.protocol_sha256 or None,
        _text(content.setup.get("plan_digest") or header.get("plan_digest")),
        _text(content.setup.get("limits_digest") or header.get("limits_digest")),
        report.outcome or None,
        report.reason or None,
        None if planned_us is None else planned_us / 1e6,
        *_both_clocks(content, began_ns),
        *_both_clocks(content, time.start_ns),
        *_both_clocks(content, content.output_end_ns),
        *_both_clocks(content, content.record_end_ns),
        time.uncertainty_us,
        time.clock_steps,
        _rating(content, BEFORE),
        _rating(content, AFTER),
        *(content.answer(one) for one in ("skin", "tolerance", "comfort", "adverse event")),
        content.texts_left_out,
        report.how,
        report.integrity.rows,
        report.integrity.last_hash,
        _text(header.get("schema")),
        _text(header.get("stimctl")),
        __version__,
        content.added.amendments,
        signature.says if signature else None,
        signature.public_key if signature else None,
        signature.fingerprint if signature else None,
    )
    return rows_of(SESSIONS, [values])[0]


def setup_rows(content: SessionContent) -> tuple[dict[str, Value], ...]:
    """The rows of the table `setups`."""
    return rows_of(SETUPS, list(_setups(content)))


def stage_rows(content: SessionContent) -> tuple[dict[str, Value], ...]:
    """The rows of the table `stages`."""
    return rows_of(STAGES, list(_stages(content)))


def channel_rows(content: SessionContent) -> tuple[dict[str, Value], ...]:
    """The rows of the table `channels`."""
    return rows_of(CHANNELS, list(_figures(content)))


def sources_of(one: ChannelReport) -> Iterator[tuple[str, str, bool, Figures, int | None]]:
    """Source, bound, whether something is unbounded, figures and contractions of a channel: what a
    record has of it, each kept apart from the others; no plan on record gives no row."""
    if one.planned != Figures():
        yield "planned", "figure", False, one.planned, None
    yield "commanded", "figure", False, one.commanded, None
    contractions = one.contractions if one.cycles else None
    yield "acknowledged", "figure", False, one.acknowledged, contractions
    if one.least is not None and one.most is not None:
        yield "acknowledged", "at_least", False, one.least, None
        yield "acknowledged", "at_most", one.open_ended, one.most, None
    if one.measured is not None:
        yield "measured", "figure", False, one.measured, None


def level_in(unit: str, level: int | None) -> tuple[float | None, float | None]:
    """A level in mA, or else in percent."""
    if level is None:
        return None, None
    return (None, float(level)) if unit == "%" else (level / 1_000, None)


def _setups(content: SessionContent) -> Iterator[tuple[Value, ...]]:
    setups = content.channel_setups
    for one in content.report.channels:
        site = None if one.site == NOT_RECORDED else one.site
        told = settings_of(setups.get(one.number, {}), content.stages)
        area, contact, *others = astuple(told)
        yield (
            content.report.session, one.number, one.role or None, site, area, contact,
            *level_in(one.unit, one.maximum), *others,
        )  # fmt: skip


def _stages(content: SessionContent) -> Iterator[tuple[Value, ...]]:
    by_stage = zip(
        *(stage_settings(one, content.stages) for one in content.channel_setups.values()),
        strict=True,
    )
    for channels in by_stage:
        for number, one in zip(content.channel_setups, channels, strict=True):
            stage, told = one.stage, one.settings
            does = _OFF if told is None else astuple(told)[2:]
            yield (
                content.report.session, one.number, _text(stage.get("name")),
                _text(stage.get("kind")), number, told is not None,
                *(_seconds(stage.get(name)) for name in ("start_us", "duration_us", "zero_us")),
                stage.get("ends_by_operator"), one.carried_from, one.level_percent, *does,
            )  # fmt: skip


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else time_us / 1e6


def _figures(content: SessionContent) -> Iterator[tuple[Value, ...]]:
    for one in content.report.channels:
        for source, bound, unbounded, figures, contractions in sources_of(one):
            yield (
                content.report.session, one.number, source, bound, unbounded,
                *level_in(one.unit, figures.peak),
                figures.pulses,
                None if figures.charge_nc is None else figures.charge_nc / 1_000,
                None if figures.on_ms is None else figures.on_ms / 1_000,
                contractions,
            )  # fmt: skip


def _samples(content: SessionContent) -> Iterator[tuple[Value, ...]]:
    for one in content.report.channels:
        curves = one.curves
        by_source: tuple[tuple[str, Points], ...] = (
            ("commanded", curves.commanded),
            ("acknowledged", curves.acknowledged),
            ("measured", curves.measured),
        )
        for source, points in by_source:
            for at_s, level in points:
                yield (
                    content.report.session, one.number, source,
                    *_times(content, content.time.at(at_s)),
                    level is not None, *level_in(one.unit, level),
                )  # fmt: skip


def _events(content: SessionContent) -> Iterator[tuple[Value, ...]]:
    for row in content.rows:
        text = event_text(row)
        if row.kind in _LEFT_OUT or (row.kind == Kind.NOTE and text is None):
            continue
        for channel, level in _levels_of(row):
            unit = str(row.data.get("unit", content.setup.get("unit", "uA")))
            yield (
                content.report.session, row.seq, row.kind, *_times(content, monotonic_of(row)),
                channel, _source_of(row), *level_in(unit, level),
                _text(row.data.get("code")), text,
            )  # fmt: skip


def event_text(row: Row) -> str | None:
    """An event in words, where they are the program's own."""
    if row.kind in _WITH_PATHS:
        return None
    if row.kind == Kind.NOTE:
        topic, text = str(row.data.get("topic", "")), str(row.data.get("text", ""))
        told = text.removeprefix(TAKEN_BACK) if topic == "correction" else text
        is_threshold = topic == "threshold" or told != text
        if not is_threshold or threshold_of(told, 0) is None:
            return None
        return text if told != text else f"threshold: {text}"
    told = sentence_for(row)
    return None if told == row.kind else told


def _source_of(row: Row) -> str | None:
    if row.kind in _ACKNOWLEDGED:
        return "acknowledged"
    return "commanded" if row.kind in _COMMANDED else None


def _levels_of(row: Row) -> list[tuple[int | None, int | None]]:
    """Channel and level of an event; of an answer, each channel that it accepts."""
    data = row.data
    if row.kind == Kind.ACK and isinstance(data.get("channels"), Mapping):
        levels = {int(number): int(level) for number, level in data["channels"].items()}
        return list(levels.items()) or [(None, None)]
    channel = data.get("channel")
    level = next((data[name] for name in _LEVELS if isinstance(data.get(name), int)), None)
    return [(channel if isinstance(channel, int) else None, level)]


def _times(content: SessionContent, at_ns: int) -> tuple[Value, ...]:
    time = content.time
    return at_ns, time.wall_utc(at_ns), time.uncertainty_us, time.since_start_s(at_ns)


def _both_clocks(content: SessionContent, at_ns: int | None) -> tuple[int | None, str | None]:
    return at_ns, None if at_ns is None else content.time.wall_utc(at_ns)


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _rating(content: SessionContent, question: str) -> int | None:
    told = content.answer(question)
    return None if told is None else int(told)
