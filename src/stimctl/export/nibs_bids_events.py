"""When output was acknowledged, and what else happened: the rows of *_events.tsv."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stimctl.export.columns import Value
from stimctl.export.content import SessionContent
from stimctl.export.tables import event_text, level_in
from stimctl.export.time_base import monotonic_of
from stimctl.records.delivered import FIELD
from stimctl.records.rows import Row
from stimctl.session.row_base import Kind

STIMULATION: Final = "stimulation"
_MARKS: Final = frozenset(
    {
        Kind.START, Kind.RESUME, Kind.ACK, Kind.STOPPING, Kind.ZERO_VERIFIED, Kind.UNKNOWN,
        Kind.ENDED, Kind.ALARM, Kind.LINK, Kind.FELT, Kind.PULSE_ACKED,
    }
)  # fmt: skip
_NS_IN_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Output of one channel from one moment to another; `end_ns` None: the end is not known.
    `level`: the highest that was acknowledged in it; None: not known."""

    channel: int
    begin_ns: int
    end_ns: int | None
    level: int | None


def event_rows(content: SessionContent) -> list[dict[str, Value]]:
    """In the order of their onsets; a stimulation comes before the marks of the same moment."""
    spans = [_span_row(content, one) for one in spans_of(content)]
    marks = [row for one in content.rows for row in _mark_rows(content, one)]
    return sorted([*spans, *marks], key=lambda row: int(row["monotonic_ns"] or 0))


def spans_of(content: SessionContent) -> list[Span]:
    """On times of channels with a cycle, whole runs of the others."""
    cycled = {one.number for one in content.report.channels if one.cycle is not None}
    delays = {
        number: int(one.get("start_after_us", 0)) * 1_000
        for number, one in content.channel_setups.items()
    }
    walk = _Walk(cycled, delays, {one.number for one in content.report.channels})
    for row in content.rows:
        walk.take(row)
    return walk.finish()


@dataclass(slots=True)
class _Output:
    """Of one channel since the last start or resume. `set_ns`, `ack_ns`: when a level first came
    into effect, and was first accepted in a row of its own; bursts have no such rows."""

    set_ns: int | None = None
    ack_ns: int | None = None
    accepted: bool = False
    highest: int | None = None

    def accepts(self, level: int | None) -> None:
        self.accepted = True
        if level:
            self.highest = max(self.highest or 0, level)


@dataclass(slots=True)
class _Walk:
    """Through the rows of a record."""

    cycled: set[int]
    delays: dict[int, int]
    channels: set[int]
    spans: list[Span] = field(default_factory=list)
    began_ns: int | None = None
    outputs: dict[int, _Output] = field(default_factory=dict)
    counted: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of the run so far, by channel: pulses (or time on), and the highest level."""
    contractions: dict[int, int] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    """Cycled channels whose first on time of a run goes on: it has no row of its beginning."""

    def take(self, row: Row) -> None:
        at_ns, data = monotonic_of(row), row.data
        if row.kind in (Kind.START, Kind.RESUME):
            self._begin(row.kind == Kind.START, at_ns)
        if self.began_ns is None:
            return
        if row.kind == Kind.SET:
            output = self.outputs[int(data["channel"])]
            output.set_ns = output.set_ns or at_ns
        elif row.kind == Kind.ACK:
            for number, level in data.get("channels", {}).items():
                output = self.outputs[int(number)]
                output.ack_ns = output.ack_ns or at_ns
                output.accepts(int(level))
        elif row.kind == Kind.CONTRACTION:
            self.contractions[int(data["channel"])] = at_ns
            self.fresh.discard(int(data["channel"]))
        elif row.kind == Kind.CONTRACTED:
            self._contracted(int(data["channel"]), at_ns, int(data.get("acked", 0)))
        self._count(data.get(FIELD) or {})
        if row.kind in (Kind.ENDED, Kind.UNKNOWN) or (
            row.kind == Kind.ZERO_VERIFIED and data.get("purpose") in ("stop", "pause")
        ):
            self._close(None if row.kind == Kind.UNKNOWN else at_ns)

    def finish(self) -> list[Span]:
        """A record that was cut leaves ends that nobody knows."""
        self._close(None)
        return self.spans

    def _begin(self, from_nothing: bool, at_ns: int) -> None:
        self.began_ns, self.contractions, self.fresh = at_ns, {}, set(self.cycled)
        self.outputs = {channel: _Output() for channel in self.channels}
        if from_nothing:
            self.counted = {}

    def _count(self, acknowledged: Mapping[str, Mapping[str, Any]]) -> None:
        """The figures of the run so far: what has grown was accepted since the row before."""
        for number, told in acknowledged.items():
            channel = int(number)
            peak = int(told.get("peak_ua", told.get("peak_percent", 0)))
            amount = int(told.get("pulses", told.get("on_ms", 0)))
            amount_before, peak_before = self.counted.get(channel, (0, 0))
            if amount > amount_before:
                self.outputs[channel].accepts(peak if peak > peak_before else None)
            self.counted[channel] = amount, peak

    def _contracted(self, channel: int, at_ns: int, level: int) -> None:
        begin_ns = self.contractions.pop(channel, None)
        if begin_ns is None and channel in self.fresh:
            begin_ns = self._begin_ns(channel)
        self.fresh.discard(channel)
        if begin_ns is not None and level:
            self.spans.append(Span(channel, begin_ns, at_ns, level))

    def _begin_ns(self, channel: int) -> int:
        output, began_ns = self.outputs[channel], self.began_ns or 0
        first_ns = output.ack_ns or output.set_ns or began_ns
        return max(first_ns, began_ns + self.delays.get(channel, 0))

    def _close(self, end_ns: int | None) -> None:
        """Of what is under way: whole runs, and on times that were cut short."""
        if self.began_ns is None:
            return
        for channel in sorted((self.channels - self.cycled) | self.fresh):
            output = self.outputs[channel]
            if output.accepted:
                self.spans.append(Span(channel, self._begin_ns(channel), end_ns, output.highest))
        for channel, begin_ns in self.contractions.items():
            self.spans.append(Span(channel, begin_ns, end_ns, None))
        self.began_ns = None


def _span_row(content: SessionContent, span: Span) -> dict[str, Value]:
    duration_s = None if span.end_ns is None else (span.end_ns - span.begin_ns) / _NS_IN_S
    return _row(
        content, span.begin_ns, duration_s, STIMULATION, span.channel, span.level, None, None
    )


def _mark_rows(content: SessionContent, row: Row) -> Iterator[dict[str, Value]]:
    if row.kind not in _MARKS:
        return
    levels: list[tuple[int | None, int | None]] = [(row.data.get("channel"), None)]
    if row.kind == Kind.PULSE_ACKED:
        levels = [(row.data["channel"], row.data["amplitude_ua"])]
    elif row.kind == Kind.ACK:
        levels = [(int(number), level) for number, level in row.data.get("channels", {}).items()]
    for channel, level in levels:
        yield _row(
            content, monotonic_of(row), 0, row.kind, channel, level, row.data.get("code"),
            event_text(row),
        )  # fmt: skip


def _row(
    content: SessionContent, at_ns: int, duration_s: float | None, kind: str,
    channel: int | None, level: int | None, code: Any, text: str | None,
) -> dict[str, Value]:  # fmt: skip
    ma, percent = level_in(str(content.setup.get("unit", "uA")), level)
    return {
        "onset": content.time.since_start_s(at_ns),
        "duration": duration_s,
        "nibs_event_id": f"ch{channel}" if kind == STIMULATION else None,
        "nibs_position_id": None if channel is None else f"ch{channel}",
        "trial_type": kind,
        "channel": channel,
        "acknowledged_ma": ma,
        "acknowledged_percent": percent,
        "monotonic_ns": at_ns,
        "wall_utc": content.time.wall_utc(at_ns),
        "wall_uncertainty_us": content.time.uncertainty_us,
        "code": None if code is None else str(code),
        "text": text,
    }
