"""From the rows of a record to the model of its report. What is not recorded is said to be so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from stimctl.records.delivered import HOW, Delivered
from stimctl.records.outcome_form import BEFORE, TOPIC
from stimctl.records.planned import planned_channel
from stimctl.records.rows import Row
from stimctl.records.said import (
    CORRECTION,
    THRESHOLD,
    answers_in,
    standing,
    threshold_of,
)
from stimctl.records.verify import Verification
from stimctl.records.warned import Warned
from stimctl.report.channel import Channel, highest_of
from stimctl.report.model import Integrity, Note, ReportEvent, SessionReport
from stimctl.report.setup_text import device_of, facts_of, protocol_of
from stimctl.session.prompts import Prompt
from stimctl.session.row_base import Kind
from stimctl.supervisor.phrases import sentence_of
from stimctl.version import __version__

_THRESHOLDS: Final = frozenset({THRESHOLD})
_OUTCOMES: Final = frozenset({TOPIC, BEFORE, Prompt.SKIN_CHECK, Prompt.SKIN_CHECK_AT_END})
_NOTES: Final = frozenset({"note", CORRECTION})
_TOLD: Final = frozenset(
    {
        Kind.START, Kind.STAGE, Kind.RESUME, Kind.ALARM, Kind.STOPPING, Kind.ZERO_VERIFIED,
        Kind.UNKNOWN, Kind.ENDED, Kind.LINK, Kind.REFUSED, Kind.LIMIT, Kind.WITHHELD, Kind.FELT,
        Kind.CHANNEL_FOUND, Kind.CHANNEL_MISMATCH, Kind.LEADS_CHECKED, Kind.STOP_FACE, Kind.CLOCK,
        Kind.UNCLEAN_END, Kind.OPERATOR, Kind.DEAD_MAN, Kind.CONNECT_FAILED, Kind.ERROR,
        Kind.FATAL, Kind.STOP_RECEIVED, Kind.RESULT,
    }
)  # fmt: skip
_KEPT: Final = frozenset(
    {Kind.HEADER, Kind.SETUP, Kind.IDENTITY, Kind.LINE_KIND, Kind.READY, Kind.ENDED, Kind.END}
)
_TIMED: Final = frozenset({Kind.TELEMETRY, Kind.ENDED})
_OF_A_RUN: Final = frozenset({Kind.STOPPING, Kind.ZERO_VERIFIED})
"""Before a start and after its end they only look once more at what is zero."""
_MARKED: Final = frozenset({Kind.ALARM, Kind.UNKNOWN, Kind.STOPPING, Kind.FELT, Kind.RESULT})
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


class _Seen:
    """Everything that the rows have said so far."""

    def __init__(self) -> None:
        self.delivered = Delivered()
        self.warned = Warned()
        self.counts: Counter[str] = Counter()
        self.channels: defaultdict[int, Channel] = defaultdict(Channel)
        self.notes: list[tuple[str, Note]] = []
        self.events: list[ReportEvent] = []
        self.last: dict[str, Mapping[str, Any]] = {}
        """The last row of each kind that says how things are."""
        self.started_utc = self.ended_utc = ""
        self.unit = "uA"
        self._began_ns: int | None = None
        self._under_way = False
        self._last_s = 0.0
        self._done_us = self._run_us = self._from_us = 0

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
            self._done_us, self._run_us = self._done_us + self._run_us, 0
            self._from_us = int(data.get("from_us") or 0)
        at_s = None if self._began_ns is None else max(0.0, (at_ns - self._began_ns) / _NS)
        if row.kind in _KEPT:
            self.last[row.kind] = data
        if data.get("plan_time_us") is not None and row.kind in _TIMED:
            self._run_us = max(self._run_us, int(data["plan_time_us"]) - self._from_us)
        handler = _HANDLERS.get(row.kind)
        if handler is not None:
            handler(self, row, at_s)
        if row.kind in _TOLD and (self._under_way or row.kind not in _OF_A_RUN):
            self._tell(row, at_s)
        if row.kind == Kind.ENDED:
            self._under_way = False

    # -- rows of one kind

    def _setup(self, row: Row, _at_s: float | None) -> None:
        self.unit = str(row.data.get("unit", self.unit))
        stages = tuple(one for one in row.data.get("stages", ()) if isinstance(one, Mapping))
        for one in row.data.get("channels", ()):
            if isinstance(one, Mapping) and isinstance(one.get("channel"), int):
                self.channels[one["channel"]].setup = one
                self.channels[one["channel"]].stages = stages

    def _telemetry(self, row: Row, at_s: float | None) -> None:
        if at_s is None:
            return
        self._last_s = max(self._last_s, at_s)
        measured = row.data.get("measured")
        measured = measured if isinstance(measured, Mapping) else {}
        for number in {*self.channels, *(int(one) for one in measured)}:
            told, acked = (highest_of(row.data, name, number) for name in ("set", "acked"))
            seen = measured.get(str(number), measured.get(number))
            self.channels[number].sample(at_s, told, acked, seen)

    def _off(self, row: Row, at_s: float | None) -> None:
        """Zero verified, or nothing known any more."""
        if at_s is None:
            return
        self._last_s = max(self._last_s, at_s)
        for channel in self.channels.values():
            channel.is_off(at_s, 0 if row.kind == Kind.ZERO_VERIFIED else None)

    def _contracted(self, row: Row, _at_s: float | None) -> None:
        given = row.data.get("acked", row.data.get("acked_ua", 0))
        number = row.data.get("channel")
        if isinstance(number, int) and given:
            self.channels[number].contractions += 1

    def _note(self, row: Row, _at_s: float | None) -> None:
        topic, text = str(row.data.get("topic", "note")), str(row.data.get("text", ""))
        number = planned_channel(topic)
        if number is not None:
            self.channels[number].is_planned(text)
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
        header, setup, ended, end, identity, ready = (
            self.last.get(kind, {})
            for kind in (
                Kind.HEADER, Kind.SETUP, Kind.ENDED, Kind.END, Kind.IDENTITY, Kind.READY
            )
        )  # fmt: skip
        protocol, sha256 = protocol_of(header, setup)
        planned_s = int(setup.get("duration_us", 0)) / 1e6
        valid = standing((topic, note.text) for topic, note in self.notes)
        thresholds = [threshold_of(text) for topic, text in valid if topic == THRESHOLD]
        return SessionReport(
            session=str(header.get("session", verification.path.stem)),
            state=state,
            simulation=self._simulation(header),
            started_utc=self.started_utc,
            ended_utc=self.ended_utc,
            outcome=str(ended.get("outcome") or end.get("outcome") or ""),
            reason=str(ended.get("reason") or end.get("reason") or ""),
            device=device_of(header, identity, ready),
            protocol=protocol,
            protocol_sha256=sha256,
            person=str(header.get("person") or ""),
            facts=facts_of(header, setup),
            duration_s=max(planned_s, self._last_s),
            planned_s=planned_s,
            done_s=(self._done_us + self._run_us) / 1e6,
            channels=tuple(
                one.report(
                    number,
                    self.delivered.by_channel.get(str(number), {}),
                    unit=self.unit,
                    planned_s=planned_s,
                    cut_at_s=self._last_s if self.delivered.cut else None,
                    thresholds=tuple(
                        mark for mark in thresholds if mark is not None and mark.channel == number
                    ),
                )
                for number, one in sorted(self.channels.items())
            ),
            thresholds=self._said(_THRESHOLDS),
            outcomes=self._said(_OUTCOMES),
            notes=self._said(_NOTES),
            told=answers_in(valid),
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

    def _simulation(self, header: Mapping[str, Any]) -> bool | None:
        known = self.last.get(Kind.LINE_KIND)
        if known is not None:
            return known.get("simulation") is True
        return header.get("sim") is True if "sim" in header else None

    def _said(self, topics: frozenset[str]) -> tuple[Note, ...]:
        return tuple(note for topic, note in self.notes if topic in topics)


_HANDLERS: Final[Mapping[str, Callable[[_Seen, Row, float | None], None]]] = {
    Kind.SETUP: _Seen._setup,
    Kind.TELEMETRY: _Seen._telemetry,
    Kind.ZERO_VERIFIED: _Seen._off,
    Kind.UNKNOWN: _Seen._off,
    Kind.CONTRACTED: _Seen._contracted,
    Kind.NOTE: _Seen._note,
}


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
