"""The NIBS-BIDS data set: after the pinned draft, and accepted by the public validator."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
import pytest

from stimctl.bench.rehearsal import began_us
from stimctl.export.nibs_bids import label_of, nibs_bids_files
from stimctl.export.nibs_bids_events import spans_of
from stimctl.session.config import MS
from tests.support.exported import SESSIONS, Recorded
from tools import make_nibs_bids_example as tool
from tools.make_exports import FOLDER

Sessions = Callable[[str], Recorded]
VALIDATOR = shutil.which("bids-validator-deno")
NEAR_NS = 60 * MS
"""Between a row and the bytes that it is about."""
SCHEMA = json.loads((FOLDER / "nibs-bids.schema.json").read_text("utf-8"))


def number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def read(files: Mapping[str, bytes], suffix: str) -> Any:
    (data,) = (one for name, one in files.items() if name.endswith(suffix))
    if suffix.endswith(".json"):
        return json.loads(data)
    lines = csv.DictReader(io.StringIO(data.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [{name: number(value) for name, value in row.items()} for row in lines]


def check(files: Mapping[str, bytes]) -> None:
    """The draft's rules: its schema, and the keys that link its files."""
    told = {
        name.replace(".", "_"): read(files, f"_{name}")
        for name in ("nibs.tsv", "nibs.json", "markers.tsv", "events.tsv")
    }
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    sidecar = told["nibs_json"]
    sets = {row["nibs_event_id"]: row for row in told["nibs_tsv"]}
    positions = {row["nibs_position_id"]: row for row in told["markers_tsv"]}
    elements = {one["ElementID"] for one in sidecar["ElementSet"]}
    stimulators = {one["StimulatorID"] for one in sidecar["StimulatorSet"]}
    assert len(sets) == len(told["nibs_tsv"])
    assert len(positions) == len(told["markers_tsv"])
    for row in told["nibs_tsv"]:
        assert row["nibs_element_id"] in elements
        assert row["stimulator_id"] in stimulators
        for layer in (1, 2, 3):
            interval, rate = (row.get(f"pattern{layer}_{one}", "n/a") for one in
                              ("interval", "frequency"))  # fmt: skip
            assert "n/a" in (interval, rate) or rate == pytest.approx(1 / interval)
    for row in told["markers_tsv"]:
        assert row["nibs_element_id"] in elements
    for row in told["events_tsv"]:
        assert row["nibs_event_id"] in {"n/a", *sets}
        assert row["nibs_position_id"] in {"n/a", *positions}
    onsets = [row["onset"] for row in told["events_tsv"]]
    assert onsets == sorted(onsets)
    for table in ("nibs", "markers", "events"):
        assert told[f"{table}_tsv"][0].keys() <= read(files, f"_{table}.json").keys(), table


def test_the_example_is_what_the_tool_makes_and_is_marked_simulated() -> None:
    made = tool.files()
    there = {
        path.relative_to(tool.FOLDER).as_posix(): path.read_bytes()
        for path in tool.FOLDER.rglob("*")
        if path.is_file()
    }
    assert there == made, "run tools/make_nibs_bids_example.py"
    check(made)
    assert b"SIMULATED" in made["README.md"]
    assert json.loads(made["dataset_description.json"])["Name"].startswith("Simulated")
    assert read(made, "_nibs.json")["NIBSDescription"].startswith("SIMULATED")


@pytest.mark.skipif(VALIDATOR is None, reason="bids-validator-deno is not installed")
def test_the_public_validator_finds_no_error_in_the_example() -> None:
    done = subprocess.run(
        [str(VALIDATOR), str(tool.FOLDER), "--format", "json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [one for one in issues if one["severity"] == "error"] == []
    assert done.returncode == 0


@pytest.mark.parametrize(
    "name",
    ["two channels, completed", "bursts in cycles, completed", "modulated, stopped early",
     "trains, paused and gone on with", "bursts in cycles, host killed"],
)  # fmt: skip
def test_every_data_set_keeps_the_rules_of_the_draft(name: str, session: Sessions) -> None:
    check(nibs_bids_files(session(name).content))


def test_each_on_time_and_each_run_is_one_event(session: Sessions) -> None:
    counts = {
        name: sum(
            row["trial_type"] == "stimulation"
            for row in read(nibs_bids_files(session(name).content), "_events.tsv")
        )
        for name in ("two channels, completed", "bursts in cycles, completed",
                     "bursts, stopped early", "trains, paused and gone on with",
                     "bursts in cycles, stopped early", "RehaMove3, stopped early")
    }  # fmt: skip
    assert counts == {
        "two channels, completed": 2,
        "bursts in cycles, completed": 3,
        "bursts in cycles, stopped early": 2,
        "bursts, stopped early": 1,
        "RehaMove3, stopped early": 1,
        "trains, paused and gone on with": 2,
    }


def test_layers_of_bursts_in_cycles_are_nested_as_the_draft_has_them(session: Sessions) -> None:
    (row,) = read(nibs_bids_files(session("bursts in cycles, completed").content), "_nibs.tsv")
    layers = {name: value for name, value in row.items() if name.startswith("pattern")}
    assert {name: value for name, value in layers.items() if value != "n/a"} == {
        "pattern1_count": 2, "pattern1_frequency": 200,
        "pattern2_frequency": 20, "pattern2_duration": 4, "pattern3_interval": 16,
    }  # fmt: skip
    assert row["stimulus_duration"] == 400


def test_labels_have_letters_and_digits_only() -> None:
    assert re.fullmatch("[A-Za-z0-9]+", label_of("20261118T110640.000000Z-n000001-0002"))


@pytest.mark.parametrize("name", [name for name, (_, _, _, whole) in SESSIONS.items() if whole])
def test_no_output_of_the_twin_lies_outside_the_stimulations(name: str, session: Sessions) -> None:
    one = session(name)
    spans = spans_of(one.content)
    assert all(span.end_ns is not None for span in spans)
    for channel in one.content.report.channels:
        mine = [span for span in spans if span.channel == channel.number]
        runs = one.bench.ledger()[channel.number].since(began_us(one.bench)).runs
        assert runs
        for run in runs:
            for at_ns in (run.start_us * 1_000, run.last_start_us * 1_000):
                assert any(
                    span.begin_ns - NEAR_NS <= at_ns <= span.end_ns + NEAR_NS for span in mine
                ), (channel.number, at_ns, mine)
