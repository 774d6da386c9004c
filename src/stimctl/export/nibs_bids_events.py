"""When output was acknowledged, and what else happened: the rows of *_events.tsv."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stimctl.export.columns import Value
from stimctl.export.content import SessionContent
from stimctl.export.tables import event_text, level_in
from stimctl.export.time_base import monotonic_of
from stimctl.records.delivered import FIELD
from stimctl.records.rows import Row
from stimctl.report.planned_curve import cycle_of
from stimctl.session.row_base import Kind

STIMULATION: Final = "stimulation"
ACTIVE_REST: Final = "active_rest"
_MARKS: Final = frozenset(
    {
        Kind.START, Kind.STAGE, Kind.RESUME, Kind.ACK, Kind.STOPPING, Kind.ZERO_VERIFIED,
        Kind.UNKNOWN, Kind.ENDED, Kind.ALARM, Kind.LINK, Kind.FELT, Kind.PULSE_ACKED,
    }
)  # fmt: skip
_NS_IN_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Output of one channel from one moment to another; `end_ns` None: the end is not known.
    `level`: the highest that was acknowledged in it; None: not known. `stage`: its number, from 1;
    0 where there are no stages. `rests`: slow pulses in the off time of a cycle."""

    channel: int
    begin_ns: int
    end_ns: int | None
    level: int | None
    stage: int = 0
    rests: bool = False


def stage_set(channel: str, stage: int) -> str:
    """The id of what a channel does in a stage; of a session without stages, the channel's own."""
    return f"{channel}stage{stage}" if stage else channel


def event_rows(content: SessionContent) -> list[dict[str, Value]]:
    """In the order of their onsets; a stimulation comes before the marks of the same moment."""
    spans = [_span_row(content, one) for one in spans_of(content)]
    marks = [row for one in content.rows for row in _mark_rows(content, one)]
    return sorted([*spans, *marks], key=lambda row: int(row["monotonic_ns"] or 0))


def spans_of(content: SessionContent) -> list[Span]:
    """On times of channels with a cycle, whole runs of the others; each stage is a run."""
    stages = content.stages or [{"channels": list(content.channel_setups.values())}]
    walk = _Walk([_does(one) for one in stages], bool(content.stages))
    for row in content.rows:
        walk.take(row)
    return walk.finish()


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the channels do from one zero to the next. `resting`: those with slow pulses in the off
    time. `delays` in ns: of the channels that are on in it, after its beginning."""

    cycled: frozenset[int]
    resting: frozenset[int]
    delays: Mapping[int, int]


def _does(stage: Mapping[str, Any]) -> _Stage:
    channels = stage.get("channels") or ()
    zero_us = int(stage.get("zero_us", 0))
    return _Stage(
        frozenset(
            one["channel"]
            for one in channels
            if cycle_of((one.get("stimulus") or {}).get("cycle") or one.get("cycle")) is not None
        ),
        frozenset(one["channel"] for one in channels if (one.get("stimulus") or {}).get("rest")),
        {one["channel"]: (zero_us + int(one.get("start_after_us", 0))) * 1_000 for one in channels},
    )


@dataclass(slots=True)
class _Output:
    """Of one channel since the last start or resume. `set_ns`, `ack_ns`: when a level first came
    into effect, and was first accepted in a row of its own; bursts have no such rows."""

    set_ns: int | None = None
    ack_ns: int | None = None
    accepted: bool = False
    highest: int | None = None

    def accepts(self, level: int | None) -> None:
        self.accepted |= level != 0
        if level:
            self.highest = max(self.highest or 0, level)


@dataclass(slots=True)
class _Walk:
    """Through the rows of a record."""

    stages: list[_Stage]
    numbered: bool
    place: int = 0
    spans: list[Span] = field(default_factory=list)
    began_ns: int | None = None
    outputs: dict[int, _Output] = field(default_factory=lambda: defaultdict(_Output))
    counted: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of the run so far, by channel: pulses (or time on), and the highest level."""
    contractions: dict[int, int] = field(default_factory=dict)
    rests: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Off times that may have slow pulses: when they began, and what was counted before."""
    fresh: set[int] = field(default_factory=set)
    """Cycled channels whose first on time of a run goes on: it has no row of its beginning."""

    @property
    def now(self) -> _Stage:
        """The present stage; a session without any is one."""
        return self.stages[self.place]

    def take(self, row: Row) -> None:
        at_ns, data = monotonic_of(row), row.data
        if row.kind in (Kind.START, Kind.RESUME):
            if row.kind == Kind.START:
                self.place = 0
            self._begin(row.kind == Kind.START, at_ns)
        elif row.kind == Kind.STAGE and self.began_ns is not None:
            self._close(at_ns, over=True)
            self.place = min(int(data["number"]), len(self.stages)) - 1
            self._begin(False, at_ns)
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
            self._rested(int(data["channel"]), at_ns)
            self.contractions[int(data["channel"])] = at_ns
            self.fresh.discard(int(data["channel"]))
        elif row.kind == Kind.CONTRACTED:
            self._contracted(int(data["channel"]), at_ns, int(data.get("acked", 0)))
        self._count(data.get(FIELD) or {})
        if row.kind in (Kind.ENDED, Kind.UNKNOWN) or (
            row.kind == Kind.ZERO_VERIFIED and data.get("purpose") in ("stop", "pause")
        ):
            over = data.get("outcome") == "completed"
            self._close(None if row.kind == Kind.UNKNOWN else at_ns, over=over)

    def finish(self) -> list[Span]:
        """A record that was cut leaves ends that nobody knows."""
        self._close(None)
        return self.spans

    def _begin(self, from_nothing: bool, at_ns: int) -> None:
        self.began_ns, self.contractions, self.fresh = at_ns, {}, set(self.now.cycled)
        self.outputs = defaultdict(_Output)
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
            self._span(channel, begin_ns, at_ns, level)
        if channel in self.now.resting:
            self.rests[channel] = at_ns, self.counted.get(channel, (0, 0))[0]

    def _rested(self, channel: int, end_ns: int | None) -> None:
        begin_ns, _ = self.rests.pop(channel, (None, 0))
        if begin_ns is not None:
            self._span(channel, begin_ns, end_ns, None, rests=True)

    def _begin_ns(self, channel: int) -> int:
        output, began_ns = self.outputs[channel], self.began_ns or 0
        first_ns = output.ack_ns or output.set_ns or began_ns
        return max(first_ns, began_ns + self.now.delays.get(channel, 0))

    def _close(self, end_ns: int | None, *, over: bool = False) -> None:
        """Of what is under way: whole runs, and on times that were cut short. `over`: plan or stage
        are, so that its last off time had no pulses."""
        if self.began_ns is None:
            return
        for channel in sorted((self.now.delays.keys() - self.now.cycled) | self.fresh):
            output = self.outputs[channel]
            if output.accepted:
                self._span(channel, self._begin_ns(channel), end_ns, output.highest)
        for channel, begin_ns in self.contractions.items():
            if self.outputs[channel].accepted:
                self._span(channel, begin_ns, end_ns, None)
        for channel, (_, before) in list(self.rests.items()):
            if not over and self.counted.get(channel, (0, 0))[0] > before:
                self._rested(channel, end_ns)
        self.rests.clear()
        self.began_ns = None

    def _span(
        self,
        channel: int,
        begin_ns: int,
        end_ns: int | None,
        level: int | None,
        *,
        rests: bool = False,
    ) -> None:
        stage = self.place + 1 if self.numbered else 0
        self.spans.append(Span(channel, begin_ns, end_ns, level, stage, rests))


def _span_row(content: SessionContent, span: Span) -> dict[str, Value]:
    duration_s = None if span.end_ns is None else (span.end_ns - span.begin_ns) / _NS_IN_S
    row = _row(
        content,
        span.begin_ns,
        duration_s,
        ACTIVE_REST if span.rests else STIMULATION,
        span.channel,
        span.level,
        None,
        None,
    )
    return row | {"nibs_event_id": stage_set(f"ch{span.channel}", span.stage)}


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
        "nibs_event_id": None,
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
