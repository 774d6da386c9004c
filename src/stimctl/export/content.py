"""What an export is made of: the report of a session, its rows, and its time base.

Figures come from the report, which reads them once for everybody. Free text that somebody typed is
left out: it may name a person, and an export names none but by the pseudonym of the journal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.export.signature import Signature
from stimctl.export.time_base import TimeBase, monotonic_of, time_base_of
from stimctl.quantity import parse_current_ua, parse_intensity_percent
from stimctl.records.outcome_form import BEFORE, outcome_values
from stimctl.records.people.keys import is_key
from stimctl.records.person import check_person_code
from stimctl.records.planned import planned_channel
from stimctl.records.rows import Row
from stimctl.records.verify import Verification
from stimctl.report.gather import report_of
from stimctl.report.model import SessionReport
from stimctl.session.row_base import Kind

_THRESHOLD: Final = re.compile(r"(\w+) ch(\d+) +(?:\S+ +)?(\d+(?:\.\d+)?) (mA|%)")
TAKEN_BACK: Final = "taken back: threshold: "
"""How the note of a correction begins that is about a threshold."""


@dataclass(frozen=True, slots=True)
class Added:
    """What stands beside the journal: the station's signature, and how many amendments."""

    signature: Signature | None = None
    amendments: int = 0


NOTHING_ADDED: Final = Added()


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level at which somebody felt, moved or had enough. `level` in uA, or in percent."""

    name: str
    channel: int
    level: int
    unit: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the outcome form, and when it was recorded."""

    question: str
    value: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class SessionContent:
    """One session. `texts_left_out`: how many notes were not exported, being free text or answers
    of the checklist. `output_end_ns`: when zero was verified at the end of the last run; None where
    it was not, or there was no run."""

    report: SessionReport
    rows: tuple[Row, ...]
    time: TimeBase
    header: Mapping[str, Any]
    identity: Mapping[str, Any]
    setup: Mapping[str, Any]
    answers: Mapping[str, Answer]
    thresholds: tuple[Threshold, ...]
    texts_left_out: int
    output_end_ns: int | None
    record_end_ns: int
    added: Added

    @property
    def signature(self) -> Signature | None:
        """Of the station."""
        return self.added.signature

    @property
    def channel_setups(self) -> Mapping[int, Mapping[str, Any]]:
        """What the setup row has of each channel."""
        return {
            one["channel"]: one
            for one in self.setup.get("channels", ())
            if isinstance(one, Mapping) and isinstance(one.get("channel"), int)
        }

    @property
    def stages(self) -> Sequence[Mapping[str, Any]]:
        """Those of the setup row; none where the protocol has no stages."""
        found = self.setup.get("stages")
        return found if isinstance(found, list) else ()

    @property
    def is_simulated(self) -> bool:
        """A digital twin was at the other end, by the record."""
        return self.report.simulation is True

    def answer(self, question: str) -> str | None:
        """What was answered; None where it was not."""
        found = self.answers.get(question)
        return None if found is None else found.value


def content_of(
    rows: Sequence[Row], verification: Verification, state: str, added: Added = NOTHING_ADDED
) -> SessionContent:
    """The content of one record that was checked. UsageError where it names a person otherwise than
    by a pseudonym."""
    report = report_of(rows, verification, state)
    if report.person and not is_key(report.person):  # journals of older programs have the code
        _check_pseudonym(report.person)
    last = {row.kind: row for row in rows}
    texts = _Texts()
    for row in rows:
        if row.kind == Kind.NOTE:
            texts.take(row)
    return SessionContent(
        report=report,
        rows=tuple(rows),
        time=time_base_of(rows),
        header=_data(last, Kind.HEADER),
        identity=_data(last, Kind.IDENTITY),
        setup=_data(last, Kind.SETUP),
        answers=texts.answers,
        thresholds=tuple(texts.thresholds),
        texts_left_out=texts.left_out,
        output_end_ns=_output_end_ns(rows),
        record_end_ns=monotonic_of(rows[-1]) if rows else 0,
        added=added,
    )


def _data(last: Mapping[str, Row], kind: Kind) -> Mapping[str, Any]:
    return last[kind].data if kind in last else {}


def _output_end_ns(rows: Sequence[Row]) -> int | None:
    end_ns = None
    for row in rows:
        if row.kind == Kind.START:
            end_ns = None
        elif row.kind == Kind.ENDED:
            end_ns = monotonic_of(row)
    return end_ns


def _check_pseudonym(person: str) -> None:
    try:
        check_person_code(person)
    except UsageError as error:
        raise UsageError(
            "this record is not exported",
            why=f"what it has for a person may be more than a pseudonym: {error.why}",
            what_to_do="Keep the record; export sessions that were run with a code such as K-17",
        ) from error


class _Texts:
    """The notes of a session, as the rows go by."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.thresholds: list[Threshold] = []
        self.left_out = 0

    def take(self, row: Row) -> None:
        topic, text = str(row.data.get("topic", "")), str(row.data.get("text", ""))
        at_ns = monotonic_of(row)
        answers = outcome_values(topic, text)
        # The form repeats what was asked before the session: that was its time.
        self.answers |= {
            name: Answer(name, value, at_ns)
            for name, value in answers.items()
            if name != BEFORE or name not in self.answers or self.answers[name].value != value
        }
        threshold = threshold_of(text, at_ns) if topic == "threshold" else None
        if threshold is not None:
            self.thresholds.append(threshold)
        elif topic == "correction" and text.startswith(TAKEN_BACK):
            self._take_back(text.removeprefix(TAKEN_BACK))
        elif not answers and planned_channel(topic) is None:
            self.left_out += 1

    def _take_back(self, text: str) -> None:
        gone = threshold_of(text, 0)
        for one in reversed(self.thresholds):
            if gone is not None and (one.name, one.channel) == (gone.name, gone.channel):
                self.thresholds.remove(one)
                return


def threshold_of(text: str, at_ns: int) -> Threshold | None:
    """The threshold that a note tells, if it is written as stimctl writes them."""
    found = _THRESHOLD.fullmatch(text)
    if found is None:
        return None
    name, channel, value, unit = found.groups()
    if unit == "mA":
        return Threshold(name, int(channel), parse_current_ua(f"{value} mA"), "uA", at_ns)
    return Threshold(name, int(channel), parse_intensity_percent(f"{value} %"), "%", at_ns)
