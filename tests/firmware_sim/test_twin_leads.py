"""Leads that a file pulls off a running twin, and what an oscilloscope shows of its record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware_sim.devices import make_twin
from firmware_sim.leads import LOOK_NS, Leads
from firmware_sim.scope import HEADER, Answerer, ExternalUnit, Shot, csv_of, main, pulses

TRAIN = {"kind": "train", "id": 1, "channel": 1, "period_us": 20_000, "start_us": 5_000,
         "count": 5, "points": [[200, 10_000], [200, -10_000]]}  # fmt: skip


@pytest.mark.parametrize("device", ["p24", "rehastim2", "rehamove3"])
def test_a_lead_is_off_while_the_file_names_its_channel(device: str, tmp_path: Path) -> None:
    file = tmp_path / "leads"
    twin = make_twin(device, load_ohm=1_000)
    leads = Leads(twin, file)
    seen = []
    for number, text in enumerate(("", "1\n", "2\nnonsense\n99\n", ""), start=1):
        file.write_text(text)
        leads.advance(number * LOOK_NS)
        seen.append((twin.load(1), twin.load(2)))  # type: ignore[attr-defined]
        assert leads.deadline() <= (number + 1) * LOOK_NS
    assert seen == [(1_000, 1_000), (None, 1_000), (1_000, None), (1_000, 1_000)]


def test_a_shot_has_the_pulses_of_its_channel_and_time_at_its_load() -> None:
    assert [at for at, _ in pulses([TRAIN], Shot(1, 20_000, 60_000))] == [25_000, 45_000, 65_000]
    assert pulses([TRAIN], Shot(2, 0, 100_000)) == []
    lines = csv_of([TRAIN], Shot(1, 0, 10_000, 500, 50)).splitlines()
    assert lines[0] == HEADER
    assert {line.partition(",")[2] for line in lines[1:]} == {"0", "5", "-5"}


def test_an_attenuator_lets_through_a_part_of_its_units_pulses_while_its_relay_is_on() -> None:
    rows = [
        {"kind": "wiper", "at_us": 0, "channel": 1, "permille": 500},
        {"kind": "relay", "at_us": 30_000, "channel": 1, "on": True},
        {"kind": "relay", "at_us": 80_000, "channel": 1, "on": False},
    ]
    found = pulses(rows, Shot(1, 0, 200_000), ExternalUnit(20_000, 100, 25_000))
    assert found == [(at, [(100, 10_000), (100, -10_000)]) for at in (50_000, 75_000)]


def test_requests_in_a_folder_are_answered_once(tmp_path: Path) -> None:
    scope = Answerer(tmp_path / "none.jsonl", tmp_path, 1_000)
    for what, name in (("open", "open-1"), ("restore", "restore-1"), ("ready", "stop-ready")):
        request = {"what": what, "file": name, "channel": 1, "text": ""}
        (tmp_path / f"{name}.request").write_text(json.dumps(request))
        scope.look()
        assert (tmp_path / f"{name}.done").read_text() == ""
        assert (tmp_path / "leads").exists() == (what == "open")


def test_the_command_prints_a_shot_of_a_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.jsonl"
    record.write_text(json.dumps(TRAIN) + "\n" + '{"kind": "tra')
    assert main([str(record), "--from", "0us", "--for", "30ms"]) == 0
    assert capsys.readouterr().out.startswith(HEADER)
