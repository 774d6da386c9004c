"""Rows in and out: one encoding, one decoding, and journals of schema 1 that stay readable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimctl.codes import Code
from stimctl.records.history import last_plateaus
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.rows import Row
from stimctl.records.sessions import list_sessions, show_session
from stimctl.records.verify import Problem, read_rows, verify_journal
from stimctl.session import activation_rows, host_rows, rows
from stimctl.session.config import SECOND
from stimctl.session.events import EVENTS, RowFormatError, as_schema_2, decode, encode, event_of
from stimctl.session.intents import Stop
from stimctl.session.reasons import Reason
from stimctl.session.row_base import OpenEvent
from stimctl.session.rows import Kind
from stimctl.supervisor.output import row_of
from tests.support.paths import DATA
from tests.support.session_world import plan_of, raised, running

GOLDEN = DATA / "journals"
JOURNALS = sorted(GOLDEN.glob("*.jsonl"))


def golden_rows() -> Iterator[Row]:
    for path in JOURNALS:
        for row in read_rows(path):
            assert not isinstance(row, Problem), path
            yield row


TOLD_ONLY: list[rows.Event] = [
    host_rows.Hello("p24:/dev/ttyACM0", "/dev/ttyACM0", {"device": "/dev/ttyACM0"}, 7, 2_000_000),
    host_rows.JournalOpened("20260101T000000Z-ab12", "/j/20260101T000000Z-ab12.jsonl"),
    host_rows.Beat("running", True),
    rows.Unlocked(1, 5_000, "uA"),  # newer than the golden journals
    rows.StageBegun(2, "work", "program", 180_000_000),  # newer, too
    activation_rows.Activation(1, 2, "heel", 5_000, "uA", 3_000),  # newer, too
    activation_rows.ActivationEnded(1, 2, "stop", 640_000, 5_000, "uA", 24_000),
    activation_rows.ActivationSkipped(1, "heel", Reason(Code.DUTY_SPENT, "it is spent"), 3),
    rows.Followed(1, 5_000, "uA", "keeps", 4_000, 6_000, Reason("follow-old", "no data")),
    rows.EventOver(
        1,
        "curve",
        "nerve",
        1,
        5_000,
        "uA",
        1_000,
        7,
        "given",
        Reason("", ""),
        500,
        None,
        12,
        7,
        8,
        "felt",
        9,
    ),  # newer, too
    rows.Result(
        "motor-threshold",
        "ladder",
        "nerve",
        1,
        5_000,
        "uA",
        True,
        "hand",
        (),
        (4_000,),
        9,
        9,
        0,
        0,
        0,
        Reason("", "marked by hand"),
        7,
        "biphasic-symmetric",
        1_000,
        None,
        2_500,
        "ab12",
    ),  # newer, too
    host_rows.StopReceived("operator"),
    host_rows.ErrorReported({"error": "StateError", "what": "no plan", "why": "none was sent"}),
    host_rows.Fatal({"error": "BugError", "what": "it failed"}, 70),
    host_rows.Bye(6, False, "the program has ended"),
]
"""What a face is told and no journal keeps."""
ROWS = [row for row in golden_rows() if row.kind in set(Kind)]
ROWS += [Row(0, "", "", 0, one.kind, encode(one), "") for one in TOLD_ONLY]


def test_every_kind_has_one_class_and_every_class_says_what_it_is() -> None:
    assert sorted(one.kind for one in EVENTS) == sorted(Kind)
    assert all(one.__doc__ and not one.__doc__.startswith(one.__name__) for one in EVENTS)


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.name[-14:-6])
def test_a_journal_of_schema_1_is_verified_shown_and_decoded(path: Path) -> None:
    assert verify_journal(path).ok
    for row in read_rows(path):
        assert not isinstance(row, Problem)
        event = decode(row.kind, row.data)
        assert (event is None) == (row.kind not in set(Kind))
        if row.kind == Kind.HEADER:
            assert row.data["schema"] == "stimctl.journal/1"


def test_the_golden_journals_have_every_kind_of_row() -> None:
    kinds = {row.kind for row in golden_rows()}
    assert set(Kind) - {one.kind for one in TOLD_ONLY} <= kinds
    assert Kind.HEADER in kinds
    assert Kind.END in kinds


def test_a_row_of_schema_1_says_the_same_in_schema_2() -> None:
    for row in ROWS:
        event = decode(row.kind, row.data)
        assert event is not None
        again = json.loads(json.dumps(encode(event)))
        assert decode(row.kind, again) == event
        told = as_schema_2(row.kind, row.data)
        for name, value in again.items():
            if name not in ("code", "unit") and name in told:
                assert value == told[name], (row.kind, name)


def test_percent_and_microampere_of_schema_1_are_never_taken_for_each_other() -> None:
    units: dict[str, set[str]] = {}
    for row in ROWS:
        event = decode(row.kind, row.data)
        unit = getattr(event, "unit", None)
        if unit is not None and row.kind not in (Kind.REFUSED,):
            text = json.dumps(row.data)
            assert ("percent" in text) == (unit == "%") or "_ua" not in text
            units.setdefault(row.kind, set()).add(unit)
    assert units[Kind.SET] == units[Kind.RAISE] == units[Kind.TELEMETRY] == {"uA", "%"}
    assert units[Kind.PLAN] == {"uA", "%"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            ("raise", {"channel": 1, "plateau_ua": 500, "from_ua": 0, "by": "hand"}),
            rows.Raise(1, 500, 0, "uA", "hand"),
        ),
        (
            ("set", {"channel": 2, "intensity_percent": 3, "by": "hand"}),
            rows.LevelSet(2, 3, "%", "hand"),
        ),
        (("ack", {"channels_percent": {"1": 4}}), rows.Acknowledged({1: 4}, "%")),
        (("ack", {"channels": {"1": 400}}), rows.Acknowledged({1: 400}, "uA")),
        (
            (
                "start",
                {"plan": "d", "duration_us": 9, "from": "what-is-left", "from_us": 3},
            ),
            rows.Started("d", 9, "what-is-left", 3),
        ),
        (
            (
                "contracted",
                {"channel": 1, "number": 2, "intensity_percent": 9, "acked_percent": 8},
            ),
            rows.Contracted(1, 2, 9, 8, "%"),
        ),
        (
            (
                "limit",
                {"channel": 1, "asked_ua": 5, "allowed_ua": 4, "limit": "cleared amplitude"},
            ),
            rows.Limit(1, 5, 4, "uA", "cleared amplitude", ""),
        ),
        (
            ("state", {"state": "armed", "was": "checked", "why": "zero verified"}),
            rows.StateEntered("armed", "checked", Reason("", "zero verified")),
        ),
    ],
)
def test_old_names_are_read(old: tuple[str, Mapping[str, Any]], new: rows.Event) -> None:
    assert decode(*old) == new


def test_what_a_session_tells_comes_back_as_it_was() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.run_for(3 * SECOND)
    bench.command(Stop("pedal", by_person=True, code=Code.STOP_FACE_PRESSED))
    bench.run_for(SECOND)
    for event in bench.events:
        told = json.loads(json.dumps(event.as_dict()))
        assert decode(told["kind"], told) == event.event, told


@pytest.mark.parametrize("event", TOLD_ONLY, ids=lambda one: one.kind)
def test_what_the_program_around_a_session_tells_comes_back_as_it_was(event: rows.Event) -> None:
    told = json.loads(row_of(event.kind, 1, 2, encode(event)))
    assert event_of(told) == event


@pytest.mark.parametrize(
    ("kind", "data"),
    [("hello", {"device": "p24:x"}), ("bye", {"zero_verified": True}), ("beat", {"state": 1})],
)
def test_a_row_of_the_program_that_lacks_a_field_is_refused(
    kind: str, data: Mapping[str, Any]
) -> None:
    with pytest.raises(RowFormatError):
        decode(kind, data)
    assert event_of({"kind": kind, **data}) is None


def test_an_answer_and_a_kind_that_is_not_known_are_nobody_s_event() -> None:
    assert decode("answer", {"id": 1, "ok": True}) is None
    assert decode("", {}) is None


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.integers()))


@given(st.sampled_from(ROWS), st.data())
def test_a_damaged_row_is_decoded_or_refused_and_nothing_else(
    row: Row, data: st.DataObject
) -> None:
    told = dict(as_schema_2(row.kind, row.data))
    name = data.draw(st.sampled_from(sorted(told)))
    if data.draw(st.booleans()):
        del told[name]
    else:
        told[name] = data.draw(JUNK)
    try:
        event = decode(row.kind, told)
    except RowFormatError:
        return
    assert event is not None
    encode(event)


@pytest.mark.parametrize("of_kind", EVENTS, ids=lambda one: one.kind)
def test_a_field_with_its_default_is_left_out(of_kind: type[rows.Event]) -> None:
    row = next(row for row in ROWS if row.kind == of_kind.kind)
    event = decode(row.kind, row.data)
    assert event is not None
    told = encode(event)
    if issubclass(of_kind, OpenEvent):
        return
    for field in fields(of_kind):
        left_out = field.name not in told
        assert left_out == (getattr(event, field.name) == field.default), field.name


def journal(folder: Path, schema: int) -> None:
    writer = JournalWriter.open_session(
        folder, Header("p24:/dev/x", False, "1", "3.11", person="K-17", protocol="tens")
    )
    for level, by in ((500, "hand"), (1_000, "hand"), (500, "line")):
        names = {"plateau_ua": level} if schema == 1 else {"level": level, "unit": "uA"}
        writer.append("set", {"channel": 1, "by": by, **names})
    percent = {"intensity_percent": 90} if schema == 1 else {"level": 90, "unit": "%"}
    writer.append("set", {"channel": 2, "by": "hand", **percent})
    writer.end({"outcome": "zero verified"})


@pytest.mark.parametrize("schema", [1, 2])
def test_what_was_reached_is_read_from_both_schemas(tmp_path: Path, schema: int) -> None:
    journal(tmp_path, schema)
    assert last_plateaus(tmp_path, "K-17", "tens") == {1: 500}


def test_golden_journals_are_listed_and_shown(tmp_path: Path) -> None:
    for path in JOURNALS:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    listed = list_sessions(tmp_path)
    assert len(listed) == len(JOURNALS)
    shown = [show_session(tmp_path, one.session) for one in listed]
    assert all(record.verification.ok for record in shown)
    assert any(record.acknowledged for record in shown)
    assert sum(record.warned.refused for record in shown) >= 4
