"""From the rows of a record to the model of its report. What is not recorded is said to be so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stimctl.records.delivered import HOW, Delivered, bounds_of
from stimctl.records.planned import planned_channel, planned_figures
from stimctl.records.rows import Row
from stimctl.records.verify import Verification
from stimctl.records.warned import Warned
from stimctl.report.model import (
    ChannelReport,
    Curves,
    CycleShape,
    Figures,
    Integrity,
    Note,
    ReportEvent,
    SessionReport,
)
from stimctl.report.setup_text import device_of, facts_of, protocol_of, stimulus_lines
from stimctl.session.row_base import Kind
from stimctl.supervisor.phrases import sentence_of
from stimctl.version import __version__

_THRESHOLDS: Final = frozenset({"threshold"})
_OUTCOMES: Final = frozenset({"outcome", "skin_check", "skin_check_at_end", "pain before 0-10"})
_NOTES: Final = frozenset({"note", "correction"})
_TOLD: Final = frozenset(
    {
        Kind.START, Kind.RESUME, Kind.ALARM, Kind.STOPPING, Kind.ZERO_VERIFIED,
        Kind.UNKNOWN, Kind.ENDED, Kind.LINK, Kind.REFUSED, Kind.LIMIT, Kind.WITHHELD, Kind.FELT,
        Kind.CHANNEL_FOUND, Kind.CHANNEL_MISMATCH, Kind.LEADS_CHECKED, Kind.STOP_FACE, Kind.CLOCK,
        Kind.UNCLEAN_END, Kind.OPERATOR, Kind.DEAD_MAN, Kind.CONNECT_FAILED, Kind.ERROR,
        Kind.FATAL, Kind.STOP_RECEIVED,
    }
)  # fmt: skip
_OF_A_RUN: Final = frozenset({Kind.STOPPING, Kind.ZERO_VERIFIED})
"""Before a start and after its end they only look once more at what is zero."""
_MARKED: Final = frozenset({Kind.ALARM, Kind.UNKNOWN, Kind.STOPPING, Kind.FELT})
_WORDS: Final = {
    "start": "output allowed from here on", "resume": "output allowed again after a pause",
    "stop_received": "a stop was asked for, and its bytes have left",
    "felt": "the patient has said that it is felt",
}  # fmt: skip
_NS: Final = 1_000_000_000


def report_of(rows: Iterable[Row], verification: Verification, state: str) -> SessionReport:
    """The report of one session. `state`: how its file stands, in one word."""
    seen = _Seen()
    for row in rows:
        seen.take(row)
    return seen.report(verification, state)


def sentence_for(row: Row) -> str:
    """A row in words, for a reader who was not there."""
    said = sentence_of({**row.data, "kind": row.kind}, "A person") or _WORDS.get(row.kind)
    return said or str(row.data.get("reason") or row.data.get("what") or row.kind)


@dataclass(slots=True)
class _Channel:
    """One channel, as the rows go by."""

    setup: Mapping[str, Any] = field(default_factory=dict)
    planned: Figures = field(default_factory=Figures)
    commanded: list[tuple[float, int]] = field(default_factory=list)
    acknowledged: list[tuple[float, int | None]] = field(default_factory=list)
    measured: list[tuple[float, int]] = field(default_factory=list)
    contractions: int = 0


class _Seen:
    """Everything that the rows have said so far."""

    def __init__(self) -> None:
        self.delivered = Delivered()
        self.warned = Warned()
        self.counts: Counter[str] = Counter()
        self.channels: dict[int, _Channel] = {}
        self.notes: list[tuple[str, Note]] = []
        self.events: list[ReportEvent] = []
        self.header: Mapping[str, Any] = {}
        self.end: Mapping[str, Any] = {}
        self.setup: Mapping[str, Any] = {}
        self.identity: Mapping[str, Any] = {}
        self.line_kind: bool | None = None
        self.ready: Mapping[str, Any] = {}
        self.ended: Mapping[str, Any] = {}
        self.started_utc = self.ended_utc = ""
        self.unit = "uA"
        self._began_ns: int | None = None
        self._under_way = False
        self._last_s = 0.0

    def take(self, row: Row) -> None:
        data = row.data
        self.counts[row.kind] += 1
        self.delivered.take(row.kind, data)
        self.warned.take(row)
        self.started_utc = self.started_utc or row.t
        self.ended_utc = row.t
        at_ns = int(data.get("at_ns", row.mono_ns))
        if row.kind == Kind.START:
            self._under_way = True
            self._began_ns = self._began_ns or at_ns
        at_s = None if self._began_ns is None else max(0.0, (at_ns - self._began_ns) / _NS)
        handler = _HANDLERS.get(row.kind)
        if handler is not None:
            handler(self, row, at_s)
        if row.kind in _TOLD and (self._under_way or row.kind not in _OF_A_RUN):
            self._tell(row, at_s)
        if row.kind == Kind.ENDED:
            self._under_way = False

    # -- rows of one kind

    def _header(self, row: Row, _at_s: float | None) -> None:
        self.header = row.data

    def _end(self, row: Row, _at_s: float | None) -> None:
        self.end = row.data

    def _identity(self, row: Row, _at_s: float | None) -> None:
        self.identity = row.data

    def _line_kind(self, row: Row, _at_s: float | None) -> None:
        self.line_kind = row.data.get("simulation") is True

    def _ready(self, row: Row, _at_s: float | None) -> None:
        self.ready = row.data

    def _ended(self, row: Row, _at_s: float | None) -> None:
        self.ended = row.data

    def _setup(self, row: Row, _at_s: float | None) -> None:
        self.setup = row.data
        self.unit = str(row.data.get("unit", self.unit))
        for one in row.data.get("channels", ()):
            if isinstance(one, Mapping) and isinstance(one.get("channel"), int):
                self.channels.setdefault(one["channel"], _Channel()).setup = one

    def _telemetry(self, row: Row, at_s: float | None) -> None:
        if at_s is None:
            return
        self._last_s = max(self._last_s, at_s)
        data = row.data
        told, acked = data.get("set", {}), data.get("acked", {})
        for number, channel in self.channels.items():
            channel.commanded.append((at_s, int(told.get(str(number), told.get(number, 0)))))
            channel.acknowledged.append((at_s, int(acked.get(str(number), acked.get(number, 0)))))
        measured = data.get("measured")
        if isinstance(measured, Mapping):
            for number, value in measured.items():
                if isinstance(value, int):
                    channel = self.channels.setdefault(int(number), _Channel())
                    channel.measured.append((at_s, value))

    def _off(self, row: Row, at_s: float | None) -> None:
        """Zero verified, or nothing known any more: zero is commanded."""
        if at_s is None:
            return
        self._last_s = max(self._last_s, at_s)
        known = 0 if row.kind == Kind.ZERO_VERIFIED else None
        for channel in self.channels.values():
            if channel.acknowledged:
                channel.acknowledged.append((at_s, known))
                channel.commanded.append((at_s, 0))

    def _contracted(self, row: Row, _at_s: float | None) -> None:
        given = row.data.get("acked", row.data.get("acked_ua", 0))
        number = row.data.get("channel")
        if isinstance(number, int) and given:
            self.channels.setdefault(number, _Channel()).contractions += 1

    def _note(self, row: Row, _at_s: float | None) -> None:
        topic, text = str(row.data.get("topic", "note")), str(row.data.get("text", ""))
        number = planned_channel(topic)
        if number is not None:
            self.channels.setdefault(number, _Channel()).planned = _figures(planned_figures(text))
        else:
            self.notes.append((topic, Note(row.t, topic, text)))

    def _tell(self, row: Row, at_s: float | None) -> None:
        loud = row.kind == Kind.UNKNOWN or row.data.get("priority") == "high"
        self.events.append(
            ReportEvent(
                row.t, at_s, row.kind, sentence_for(row), marks=row.kind in _MARKED, loud=loud
            )
        )

    # -- the whole

    def report(self, verification: Verification, state: str) -> SessionReport:
        header, setup = self.header, self.setup
        simulation = self.line_kind
        if simulation is None and "sim" in header:
            simulation = header.get("sim") is True
        protocol, sha256 = protocol_of(header, setup)
        planned_s = int(setup.get("duration_us", 0)) / 1e6
        return SessionReport(
            session=str(header.get("session", verification.path.stem)),
            state=state,
            simulation=simulation,
            started_utc=self.started_utc,
            ended_utc=self.ended_utc,
            outcome=str(self.ended.get("outcome") or self.end.get("outcome") or ""),
            reason=str(self.ended.get("reason") or self.end.get("reason") or ""),
            device=device_of(header, self.identity, self.ready),
            protocol=protocol,
            protocol_sha256=sha256,
            person=str(header.get("person") or ""),
            facts=facts_of(header, setup),
            duration_s=max(planned_s, self._last_s),
            channels=tuple(
                self._channel(number, one, planned_s)
                for number, one in sorted(self.channels.items())
            ),
            thresholds=self._said(_THRESHOLDS),
            outcomes=self._said(_OUTCOMES),
            notes=self._said(_NOTES),
            answers=tuple(
                note
                for topic, note in self.notes
                if topic not in _THRESHOLDS | _OUTCOMES | _NOTES
            ),
            events=tuple(self.events),
            counts=dict(self.counts),
            warnings=self.warned.text,
            integrity=_integrity(verification),
            versions=(
                ("recorded with", f"stimctl {header.get('stimctl', 'not recorded')}, "
                 f"Python {header.get('python', 'not recorded')}"),
                ("journal schema", str(header.get("schema", "not recorded"))),
                ("report made with", f"stimctl {__version__}"),
            ),
            cut=self.delivered.cut,
            how=HOW,
        )  # fmt: skip

    def _said(self, topics: frozenset[str]) -> tuple[Note, ...]:
        return tuple(note for topic, note in self.notes if topic in topics)

    def _channel(self, number: int, one: _Channel, planned_s: float) -> ChannelReport:
        told = self.delivered.by_channel.get(str(number), {})
        setup = one.setup
        maximum = setup.get("cleared", setup.get("cleared_ua", setup.get("cleared_percent")))
        least, most, open_ended = _bounds(told)
        ends_s = (self._last_s,) if self.delivered.cut else ()
        # One sample a second misses a peak; the most that may have come is the most commanded.
        highest = [level for _, level in one.commanded]
        measured = max((level for _, level in one.measured), default=None)
        if most is not None and most.peak is not None:
            highest.append(most.peak)
        stimulus = setup.get("stimulus") or {}
        electrode = setup.get("electrode") or {}
        cycle = _cycle(stimulus.get("cycle") or setup.get("cycle"))
        begins_s = int(setup.get("start_after_us", 0)) / 1e6
        planned = _on_times(int(maximum or 0), begins_s, planned_s, cycle)
        return ChannelReport(
            number=number,
            role=str(setup.get("role", "")),
            site=str(electrode.get("site") or "not recorded"),
            unit=self.unit,
            electrode=_electrode(electrode),
            stimulus=stimulus_lines(setup),
            maximum=maximum,
            planned=one.planned,
            commanded=Figures(peak=max(highest, default=None)),
            acknowledged=_figures(told),
            least=least,
            most=most,
            open_ended=open_ended,
            measured=None if measured is None else Figures(peak=measured),
            contractions=one.contractions,
            curves=Curves(
                planned,
                (*one.commanded, *((at_s, None) for at_s in ends_s)),
                (*one.acknowledged, *((at_s, None) for at_s in ends_s)),
                tuple(one.measured),
            ),
            cycle=cycle,
        )


_HANDLERS: Final[Mapping[str, Callable[[_Seen, Row, float | None], None]]] = {
    Kind.HEADER: _Seen._header,
    Kind.END: _Seen._end,
    Kind.IDENTITY: _Seen._identity,
    Kind.LINE_KIND: _Seen._line_kind,
    Kind.READY: _Seen._ready,
    Kind.SETUP: _Seen._setup,
    Kind.TELEMETRY: _Seen._telemetry,
    Kind.ZERO_VERIFIED: _Seen._off,
    Kind.UNKNOWN: _Seen._off,
    Kind.CONTRACTED: _Seen._contracted,
    Kind.NOTE: _Seen._note,
    Kind.ENDED: _Seen._ended,
}


def _figures(told: Mapping[str, Any]) -> Figures:
    peak = told.get("peak_ua", told.get("peak_percent"))
    return Figures(peak, told.get("pulses"), told.get("charge_nc"), told.get("on_ms"))


def _bounds(told: Mapping[str, Any]) -> tuple[Figures | None, Figures | None, bool]:
    pairs = {
        name: bounds_of(told, name)
        for name in ("peak_ua", "peak_percent", "pulses", "charge_nc", "on_ms")
    }
    known = {name: pair for name, pair in pairs.items() if pair is not None}
    if not known:
        return None, None, False
    least = _figures({name: low for name, (low, _) in known.items()})
    most = _figures({name: high for name, (_, high) in known.items()})
    return least, most, any(high is None for _, high in known.values())


def _cycle(cycle: Any) -> CycleShape | None:
    if not isinstance(cycle, Mapping):
        return None
    names = ("on_us", "off_us", "ramp_up_us", "ramp_down_us")
    return CycleShape(*(int(cycle.get(name, 0)) for name in names))


def _on_times(
    maximum: int, begins_s: float, until_s: float, cycle: CycleShape | None
) -> tuple[tuple[float, int], ...]:
    """The maximum, in the on times of a plan; ramps are not drawn."""
    if not maximum or begins_s >= until_s:
        return ()
    if cycle is None or cycle.on_us + cycle.off_us <= 0:
        return ((begins_s, maximum), (until_s, 0))
    period_s, on_s = (cycle.on_us + cycle.off_us) / 1e6, cycle.on_us / 1e6
    starts = [begins_s + n * period_s for n in range(math.ceil((until_s - begins_s) / period_s))]
    steps = [step for at_s in starts for step in ((at_s, maximum), (min(at_s + on_s, until_s), 0))]
    return ((0.0, 0), *steps) if begins_s else tuple(steps)


def _electrode(electrode: Mapping[str, Any]) -> str:
    if not electrode.get("area_mm2"):
        return "not recorded"
    contact = int(electrode.get("contact_permille", 1_000))
    touching = "" if contact == 1_000 else f", {contact / 10:g} % of it touching"
    return f"{electrode['area_mm2'] / 100:g} cm2{touching}"


def _integrity(found: Verification) -> Integrity:
    if found.ok:
        words = "complete and unaltered: every row follows from the one before it"
    elif found.unfinished_only:
        words = "unaltered as far as it goes, but it has no closing row"
    else:
        words = "DAMAGED: what follows the first damage is not in this report"
    return Integrity(
        ok=found.ok,
        words=words,
        rows=found.rows,
        last_hash=found.last_hash,
        problems=tuple(problem.message for problem in found.problems),
        anchored=found.anchored is not None,
    )
