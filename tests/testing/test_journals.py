"""A record is judged with the journals beside it: output needs the start they tell of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.firmware import sciencemode2_frames
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.invariant import InvariantBrokenError
from stimctl.testing.journals import is_journal, is_record, judge

CLOCK_NS = 5_000_000_000
POINTS = b"".join((200 << 20 | (300 + sign * 20) << 10).to_bytes(4, "big") for sign in (1, -1))
UPDATE = encode(1, Command.ML_UPDATE, b"\x01\x10\x00\x50" + POINTS)


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = (json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def record(path: Path) -> Path:
    """10 mA at 1 s."""
    wave = [[200, 10_000], [200, -10_000]]
    rx = [(0, encode(1, Command.ML_INIT, b"\0")), (1_000_000, UPDATE)]
    clock = {"kind": "clock", "monotonic_ns": CLOCK_NS, "device": "p24"}
    rows: list[dict[str, Any]] = [clock]
    rows += [{"kind": "rx", "at_us": at_us, "hex": data.hex()} for at_us, data in rx]
    rows += [{"kind": "pulse", "channel": 1, "start_us": 1_000_000, "points": wave}]
    return written(path, rows)


def rehastim2_record(path: Path) -> Path:
    """10 mA at 1 s, from a RehaStim2."""
    init = bytes((0, 1, 0, 13, 0, 38, 0))
    says = [(2, b"\0"), (30, init), (32, bytes((0, 0, 200, 10)))]
    clock = {"kind": "clock", "monotonic_ns": CLOCK_NS, "device": "rehastim2"}
    rows: list[dict[str, Any]] = [clock]
    for number, (command, data) in enumerate(says):
        wire = sciencemode2_frames.encode(number, command, data)
        rows.append({"kind": "rx", "at_us": 1_000_000, "hex": wire.hex()})
    wave = [[200, 10_000], [100, 0], [200, -10_000]]
    rows.append({"kind": "pulse", "channel": 1, "start_us": 1_000_000, "points": wave})
    return written(path, rows)


RECORDS = {"p24": record, "rehastim2": rehastim2_record}


def journal(path: Path, **states: int) -> Path:
    """A session that entered these states at these times (ms of the twin's clock)."""
    rows = [{"seq": 0, "prev": "0", "mono_ns": CLOCK_NS, "kind": "header", "data": {}}]
    rows += [
        {
            "seq": number,
            "prev": "0",
            "mono_ns": CLOCK_NS + at_ms * 1_000_000,
            "kind": "state",
            "data": {"state": state, "why": "test"},
        }
        for number, (state, at_ms) in enumerate(states.items(), start=1)
    ]
    return written(path, rows)


@pytest.mark.parametrize("device", RECORDS)
def test_output_after_arming_and_start_is_within_the_rules(tmp_path: Path, device: str) -> None:
    twin = RECORDS[device](tmp_path / f"{device}-twin.jsonl")
    session = journal(tmp_path / "a.jsonl", armed=800, running=900)
    assert is_record(twin)
    assert not is_record(session)
    assert is_journal(session)
    assert not is_journal(twin)
    assert judge(twin, device, [session]).spans_judged == 1


@pytest.mark.no_invariant("the record that is written here breaks a rule")
@pytest.mark.parametrize("device", RECORDS)
def test_output_before_the_start_is_found(tmp_path: Path, device: str) -> None:
    twin = RECORDS[device](tmp_path / f"{device}-twin.jsonl")
    session = journal(tmp_path / "a.jsonl", armed=900, running=1_001)
    with pytest.raises(InvariantBrokenError, match=r"\[arming and start\]"):
        judge(twin, device, [session])


def test_without_a_session_of_ours_the_limits_of_the_device_hold(tmp_path: Path) -> None:
    twin = record(tmp_path / "twin.jsonl")
    assert judge(twin, "p24").spans_judged == 1
    assert judge(twin, "p24", [journal(tmp_path / "a.jsonl", armed=900)]).spans_judged == 1


def test_a_damaged_journal_counts_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    twin = record(tmp_path / "twin.jsonl")
    session = journal(tmp_path / "a.jsonl", armed=800, running=900, stopped=950)
    session.write_bytes(session.read_bytes()[:-10] + b"\n")
    assert judge(twin, "p24", [session]).spans_judged == 1
