"""What each form of an export promises its reader: schema, time base, nothing about a person."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stimctl.errors import IntegrityError, UsageError
from stimctl.export.content import Added, content_of
from stimctl.export.figures import column_of, figures_of
from stimctl.export.formats import Format, files_of
from stimctl.export.recorded import recorded_content
from stimctl.export.shapes import SHAPES
from stimctl.export.signature import Signature
from stimctl.export.tables import tables_of
from stimctl.export.time_base import time_base_of
from stimctl.records.people.keys import new_key
from stimctl.records.places import journal_folder
from stimctl.records.rows import FIRST_PREVIOUS, Row, digest_of
from stimctl.records.signing import amend, sign_session
from stimctl.records.station_keys import public_key
from stimctl.records.verify import verify_journal
from stimctl.session.config import SECOND
from stimctl.session.intents import Stop
from stimctl.session.states import State
from tests.support.exported import NAME, Recorded, delivered_in, table
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.recorded import record
from tools import make_exports as tool

Sessions = Callable[[str], Recorded]
ONE = "link ended"
WALL_NS = 1_795_000_000 * 10**9


def schema(name: str) -> Any:
    return json.loads((tool.FOLDER / f"{name}.schema.json").read_text("utf-8"))


def check(value: Any, name: str) -> None:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    jsonschema.Draft202012Validator(found).validate(value)


def test_pages_and_schemas_are_what_the_tool_makes() -> None:
    for path, text in tool.pages().items():
        assert path.read_text("utf-8") == text, "run tools/make_exports.py"


@pytest.mark.parametrize("name", [ONE, "bursts in cycles, host killed"])
def test_every_line_and_every_row_keeps_its_schema(name: str, session: Sessions) -> None:
    content = session(name).content
    lines = files_of(content, Format.JSONL)["session.jsonl"].decode().splitlines()
    found = jsonschema.Draft202012Validator(schema("jsonl"))
    for line in lines:
        found.validate(json.loads(line))
    check({one.shape.name: [dict(row) for row in one.rows] for one in tables_of(content)}, "tables")


def test_csv_parquet_and_json_lines_hold_the_same_rows(session: Sessions) -> None:
    import pyarrow.parquet

    content = session(ONE).content
    texts, typed = files_of(content, Format.CSV), files_of(content, Format.PARQUET)
    lines = [
        json.loads(one) for one in files_of(content, Format.JSONL)["session.jsonl"].splitlines()
    ]
    for shape in SHAPES:
        rows = [
            {name: row[name] for name in shape.names} for row in lines if row["table"] == shape.name
        ]
        read = pyarrow.parquet.read_table(io.BytesIO(typed[f"{shape.name}.parquet"]))
        assert read.to_pylist() == rows
        as_text = table(texts[f"{shape.name}.csv"])
        assert [list(row) for row in as_text] == [list(shape.names)] * len(rows)
        for mine, theirs in zip(rows, as_text, strict=True):
            for name, value in mine.items():
                assert (value is None) == (theirs[name] == ""), name
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    assert float(theirs[name]) == value
    package = json.loads(texts["datapackage.json"])
    assert {one["path"] for one in package["resources"]} == texts.keys() - {"datapackage.json"}


@pytest.mark.parametrize("form", list(Format))
def test_no_export_holds_more_about_a_person_than_the_pseudonym(
    form: Format, session: Sessions
) -> None:
    content = session(ONE).content
    whole = b"".join(files_of(content, form).values()).decode("utf-8", "replace")
    assert NAME.split()[0] not in whole
    assert NAME.split()[1] not in whole
    assert NAME in session(ONE).journal.read_text("utf-8")
    assert content.texts_left_out == 1
    assert all(one["text"] for one in tables_of(content)[4].rows if one["kind"] == "note")


@pytest.mark.parametrize("form", list(Format))
def test_the_same_record_gives_the_same_bytes(form: Format, session: Sessions) -> None:
    again = recorded_content(session(ONE).journal.parent, "last")
    assert files_of(again, form) == files_of(session(ONE).content, form)


def test_a_prediction_stands_under_planned_and_nowhere_else(session: Sessions) -> None:
    figures: dict[str, Any] = dict(figures_of(session(ONE).content))
    planned, acknowledged = (
        figures[f"channel.1.{one}.pulses"] for one in ("planned", "acknowledged")
    )
    assert acknowledged < planned / 2
    assert [name for name, value in figures.items() if value == planned] == [
        "channel.1.planned.pulses"
    ]
    assert not any(name.startswith("channel.1.measured") for name in figures)
    assert all(column_of(name) is not None for name in figures)


def test_what_was_said_of_the_session_is_exported_as_far_as_the_form_knows_it(
    session: Sessions,
) -> None:
    content = session(ONE).content
    figures = figures_of(content)
    assert (figures["session.pain_before_0_10"], figures["session.pain_after_0_10"]) == (6, 4)
    assert figures["session.skin"] == "slightly red"
    assert figures["session.tolerance"] is None  # a name stood there
    assert figures["channel.1.threshold.sensory_ma"] == 2.5
    assert "channel.1.threshold.motor_ma" not in figures  # taken back


def row(seq: int, wall_ns: int, mono_ns: int, kind: str = "state", **data: Any) -> Row:
    from stimctl.records.rows import utc_text

    return Row(seq, "", utc_text(wall_ns), mono_ns, kind, data, "")


def test_a_wall_clock_that_is_set_widens_the_uncertainty_and_moves_no_interval() -> None:
    rows = [row(n, WALL_NS + n * SECOND, n * SECOND) for n in range(10)]
    steady = time_base_of(rows)
    assert (steady.offset_ns, steady.uncertainty_us) == (WALL_NS, 1)
    stepped = time_base_of(
        [*rows, row(10, WALL_NS + 15 * SECOND + 1, 10 * SECOND, "clock", step_us=5_000_000)]
    )
    assert (stepped.offset_ns, stepped.clock_steps) == (WALL_NS, 1)
    assert stepped.uncertainty_us == 5_000_001
    for one in rows:
        assert stepped.wall_utc(one.mono_ns) == one.t


def test_events_carry_both_clocks_of_the_moment_and_not_of_the_row(session: Sessions) -> None:
    rows = [row(0, WALL_NS, 7), row(1, WALL_NS + SECOND, SECOND + 7, "start", at_ns=SECOND)]
    time = time_base_of(rows)
    assert time.start_ns == SECOND
    assert time.wall_utc(SECOND) == "2026-11-18T11:06:40.999999993Z"
    for table_ in tables_of(session(ONE).content)[3:]:
        for one in table_.rows:
            assert one["wall_utc"] == session(ONE).content.time.wall_utc(int(one["monotonic_ns"]))
            assert one["wall_uncertainty_us"] == session(ONE).content.time.uncertainty_us


def test_where_zero_was_not_verified_output_has_no_end(session: Sessions) -> None:
    for name, has_end in ((ONE, False), ("trains, completed", True)):
        figures = figures_of(session(name).content)
        assert (figures["session.output_end_monotonic_ns"] is not None) is has_end
        (nibs,) = (
            data
            for path, data in files_of(session(name).content, Format.NIBS_BIDS).items()
            if path.endswith("_events.tsv")
        )
        (given,) = (one for one in table(nibs, "\t") if one["trial_type"] == "stimulation")
        assert (given["duration"] != "n/a") is has_end


def test_a_device_in_percent_has_no_milliampere(tmp_path: Path) -> None:
    bench = raised_percent(running_in_percent(gate_plan()), 3)
    bench.run_for(5 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=2 * SECOND)
    record(bench, tmp_path)
    content = recorded_content(tmp_path, "last")
    figures: dict[str, Any] = dict(figures_of(content))
    assert figures["channel.1.acknowledged.peak_percent"] == 3
    low, high = (figures[f"channel.1.acknowledged.{one}.on_s"] for one in ("at_least", "at_most"))
    assert 4 < low <= figures["channel.1.acknowledged.on_s"] <= high < 9
    assert all(
        value is None for name, value in figures.items() if name.endswith(("_ma", ".pulses"))
    )
    for form in Format:
        assert files_of(content, form)


def test_a_damaged_record_is_not_exported(session: Sessions, tmp_path: Path) -> None:
    lines = session(ONE).journal.read_bytes().splitlines(keepends=True)
    path = tmp_path / session(ONE).journal.name
    path.write_bytes(b"".join([*lines[:30], *lines[31:]]))
    with pytest.raises(IntegrityError, match="damaged") as caught:
        recorded_content(tmp_path, "last")
    assert "stimctl sessions verify" in caught.value.what_to_do


def test_a_last_row_that_was_torn_leaves_an_unfinished_record(
    session: Sessions, tmp_path: Path
) -> None:
    path = tmp_path / session(ONE).journal.name
    path.write_bytes(session(ONE).journal.read_bytes()[:-9])
    content = recorded_content(tmp_path, "last")
    assert content.report.state == "unfinished"
    assert delivered_in(content, Format.CSV) == delivered_in(session(ONE).content, Format.CSV)


def test_a_signed_record_is_exported_with_its_key_and_an_altered_one_is_not(
    session: Sessions, tmp_path: Path
) -> None:
    folder = journal_folder(tmp_path)
    path = record(session(ONE).bench, folder)
    sign_session(tmp_path, path, WALL_NS)
    amend(tmp_path, path, WALL_NS, f"{NAME} was not late")
    figures = figures_of(recorded_content(folder, "last"))
    key = public_key(tmp_path)
    assert figures["session.signature"] == "valid"
    assert figures["session.signing_key_public"] == key.public_key
    assert figures["session.signing_key_fingerprint"] == key.fingerprint
    assert figures["session.amendments"] == 1
    for form in Format:
        whole = b"".join(files_of(recorded_content(folder, "last"), form).values())
        assert NAME.split()[0].encode() not in whole
    (tmp_path / "keys" / "station-keys.json").unlink()
    other = figures_of(recorded_content(folder, "last"))
    assert other["session.signature"] == "unknown-key"
    rewritten(path)
    with pytest.raises(IntegrityError, match="damaged"):
        recorded_content(folder, "last")


def rewritten(path: Path) -> None:
    """One row altered, and every hash after it made anew: the chain holds."""
    previous, lines = FIRST_PREVIOUS, []
    for line in path.read_bytes().splitlines(keepends=True):
        found = json.loads(line)
        if found["kind"] == "start":
            found["data"]["duration_us"] += 1
        line = json.dumps({**found, "prev": previous}, separators=(",", ":")).encode() + b"\n"
        previous = digest_of(line)
        lines.append(line)
    path.write_bytes(b"".join(lines))


def test_a_person_that_is_no_pseudonym_is_not_exported(session: Sessions, tmp_path: Path) -> None:
    path = record(session(ONE).bench, tmp_path, person="Erika")
    with pytest.raises(UsageError, match="pseudonym"):
        recorded_content(tmp_path, path.stem)


@pytest.mark.parametrize("form", [Format.REDCAP, Format.NIBS_BIDS, Format.CSV])
def test_a_session_whose_journal_holds_a_key_is_exported_with_the_key(
    session: Sessions, tmp_path: Path, form: Format
) -> None:
    key = new_key(b"12345678")
    path = record(session(ONE).bench, tmp_path, person=key)
    content = recorded_content(tmp_path, path.stem)
    assert content.report.person == key
    assert files_of(content, form)


def test_a_session_without_a_start_has_tables_and_no_data_set_of_stimulation(
    session: Sessions, tmp_path: Path
) -> None:
    path = record(session(ONE).bench, tmp_path, until=2)
    content = content_of((), verify_journal(path), "complete")
    assert tables_of(content)[0].rows[0]["output_start_wall_utc"] is None
    content = recorded_content(tmp_path, path.stem)
    for form in (Format.CSV, Format.JSONL, Format.FHIR, Format.REDCAP):
        assert files_of(content, form)
    with pytest.raises(UsageError, match="never started"):
        files_of(content, Format.NIBS_BIDS)


def test_without_pyarrow_the_error_says_what_to_install(
    session: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"stimctl\[parquet\]"):
        files_of(session(ONE).content, Format.PARQUET)


@pytest.mark.parametrize("form", list(Format))
def test_what_a_device_measured_is_told_apart_from_what_it_acknowledged(
    form: Format, session: Sessions
) -> None:
    one = session(ONE)
    rows = [
        replace(row, data={**row.data, "measured": {"1": 5_432}})
        if row.kind == "telemetry"
        else row
        for row in one.content.rows
    ]
    measuring = content_of(rows, verify_journal(one.journal), "complete")
    assert figures_of(measuring)["channel.1.measured.peak_ma"] == 5.432
    assert delivered_in(measuring, form) == delivered_in(one.content, form)
    if form is not Format.PARQUET:
        whole = [b"".join(files_of(each, form).values()) for each in (one.content, measuring)]
        assert b"5.432" not in whole[0]
        assert b"5.432" in whole[1]


@pytest.mark.parametrize("form", list(Format))
def test_every_form_keeps_the_public_half_of_the_signing_key(
    form: Format, session: Sessions
) -> None:
    signature = Signature("valid", "the public half", "its fingerprint")
    content = replace(session(ONE).content, added=Added(signature))
    whole = b"".join(files_of(content, form).values()).decode("utf-8", "replace")
    assert signature.public_key in whole
    assert signature.fingerprint in whole
    if form is Format.FHIR:
        check(json.loads(whole), "fhir")
