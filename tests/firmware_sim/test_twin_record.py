"""The record of a twin: described row by row, and judged from any language."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.__main__ import main
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.row_kinds import KINDS, flaws_in
from firmware_sim.situation import faulty_twin
from tests.support import openemsstim_host, rehastim2_host
from tests.support.frame_host import MS
from tests.support.twin_host import Host, biphasic, pulse, train, update
from tools import make_twin_record

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, Any]


def p24(current_ma: float = 1.0, *, wiretap: bool = True) -> list[Row]:
    """A train that its end cuts short, a single pulse, a fault, a person who feels it."""
    twin: Any = faulty_twin("p24", "normal-tens", ["echo@1s,for=10ms"], seed=1, wiretap=wiretap)
    host = Host(twin)
    host.ask(Command.ML_INIT, b"\0")
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(current_ma), ramp=2)))
    host.run_for(901 * MS)
    host.ask(Command.ML_STOP)
    host.ask(Command.LL_INIT, b"\0")
    host.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(current_ma)))
    host.run_for(500 * MS)
    host.twin.power_off(host.now_us * 1000)
    return host.twin.recorder.rows()


def rehamove3() -> list[Row]:
    host = Host(RehaMove3Twin(0, 500, wiretap=True))
    host.ask(Command.ML_INIT, b"\0")
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(5))))
    host.run_for(100 * MS)
    return host.twin.records()


def rehastim2() -> list[Row]:
    host = rehastim2_host.RehaHost(RehaStim2Twin(wiretap=True))
    host.started(rehastim2_host.pulse(10)).run_for(100 * MS)
    host.ask(rehastim2_host.Command.STOP_CHANNEL_LIST)
    return host.twin.records()


def openemsstim(percent: int = 50) -> list[Row]:
    bench = openemsstim_host.Bench(wiretap=True)
    bench.send(openemsstim_host.wv(f"C0I{percent}T500G"), then_us=2_000 * MS)
    return bench.twin.recorder.rows()


def kept(path: Path, rows: list[Row], device: str = "p24") -> str:
    clock = {"kind": "clock", "monotonic_ns": 5, "device": device}
    lines = [json.dumps(row) for row in ([clock] if device else []) + rows]
    path.write_text("\n".join(lines) + '\n{"kind": "tra', encoding="utf-8")
    return str(path)


def test_the_page_is_what_the_tool_makes() -> None:
    page = make_twin_record.PAGE.read_text(encoding="utf-8")
    assert page == make_twin_record.page(), "run tools/make_twin_record.py"


def test_every_kind_of_row_that_a_twin_can_make_is_described_and_no_other() -> None:
    made: set[Any] = {"rx", "tx"}  # `Recorder.line` is given these
    for path in (ROOT / "firmware_sim").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                made |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "kind"
                    and isinstance(value, ast.Constant)
                }  # fmt: skip
    assert made == set(KINDS)


@pytest.mark.no_invariant("a defect of the firmware is provoked, to see its row")
def test_the_rows_that_twins_make_are_as_described() -> None:
    rows = [*p24(15), *rehamove3(), *rehastim2(), *openemsstim(), *openemsstim(percent=0)]
    assert [flaw for row in rows for flaw in flaws_in(row)] == []
    # The two of a real line are judged with it.
    assert {row["kind"] for row in rows} == set(KINDS) - {"clock", "line"}


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        ({"kind": "rx", "at_us": 1}, "hex is missing"),
        ({"kind": "rx", "at_us": "1", "hex": ""}, "at_us is no integer"),
        ({"kind": "rx", "at_us": 1, "hex": "", "more": 1}, "more is in no description"),
        ({"kind": "pulses"}, "no kind"),
    ],
)
def test_a_row_that_is_not_as_described_is_found(row: Row, flaw: str) -> None:
    (found,) = flaws_in(row)
    assert found.startswith(flaw)


@pytest.mark.parametrize("make", [p24, rehamove3, rehastim2, openemsstim])
def test_a_record_that_keeps_the_rules_is_judged_so(
    make: Callable[[], list[Row]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = make()
    device = make.__name__
    assert main(["judge", kept(tmp_path / "r.jsonl", rows, device)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "schema": "firmware_sim.judge/1", "device": device, "kept": True, "broken": [],
        "bytes": True, "rows": len(rows) + 1,
    }  # fmt: skip


def test_a_broken_rule_is_told_and_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = kept(tmp_path / "r.jsonl", p24(current_ma=20))
    assert main(["judge", record]) == 0  # nobody has forbidden it
    capsys.readouterr()
    assert main(["judge", record, "--ceiling", "19500"]) == 1
    (broken,) = json.loads(capsys.readouterr().out)["broken"]
    assert (broken["rule"], broken["channel"]) == ("device limits", 1)
    assert "20000 uA" in broken["what"]
    assert main(["judge", record, "--limit-rise"]) == 1
    (broken,) = json.loads(capsys.readouterr().out)["broken"]
    assert broken["rule"] == "rise"
    assert broken["at_us"] < 100 * MS


@pytest.mark.parametrize(
    ("rows", "device", "more", "why"),
    [
        ("bare", "p24", [], "start the twin with --wiretap, or add --electrodes-only"),
        ("whole", "", [], "of which twin? Add --device"),
        ("none", "p24", [], "No such file"),
        ("text", "p24", [], "line 1 is no row of a record"),
    ],
)
def test_of_what_cannot_be_judged_it_says_why_and_the_exit_code_is_2(
    rows: str, device: str, more: list[str], why: str, tmp_path: Path, capfd: Any
) -> None:
    path = tmp_path / "r.jsonl"
    if rows == "text":
        path.write_text("pulse 1\n")
    elif rows != "none":
        kept(path, p24(wiretap=rows == "whole"), device)
    assert main(["judge", str(path), *more]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert why in told.err


def test_a_record_without_bytes_can_be_judged_at_the_electrodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = kept(tmp_path / "r.jsonl", p24(20, wiretap=False))
    assert main(["judge", record, "--electrodes-only"]) == 0
    assert main(["judge", record, "--electrodes-only", "--ceiling", "19500"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[1])["bytes"] is False


def test_the_ledger_of_a_record_says_what_reached_the_electrodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", kept(tmp_path / "r.jsonl", p24(10))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["device"], told["monotonic_ns_at_0"], told["running"]) == ("p24", 5, False)
    channel = told["channels"]["1"]
    assert channel["peak_ma"] == 10
    assert channel["pulses"] == 46 + 1  # a train of 0.9 s at 50 Hz, and the single one
    assert told["last_output_us"] == channel["last_output_us"] <= told["latest_us"]
    assert told["possible"]["1"]["on"] is False


def test_the_ledger_of_an_attenuator_says_how_long_it_let_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", kept(tmp_path / "r.jsonl", openemsstim(), "openemsstim")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["channels"] == {}
    assert set(told["possible"]) >= {"1"}
    assert told["possible"]["1"]["on"] is False
    assert told["possible"]["1"]["on_us"] >= 500 * MS
