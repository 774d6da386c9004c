"""What a program asks for without waiting, what it hands in, and what it writes into the record."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.errors import LimitRefusedError, ProtocolFileError, StateError, UsageError
from stimctl.records.adjusted_files import with_waveform
from stimctl.records.protocol_files import read_protocol
from stimctl.records.sessions import show_session
from tests.support.scripted_device import acked_of

pytestmark = pytest.mark.pty
#: What comes in one turn of the supervisor has one time, that of the turn's beginning.
_TURN_NS = 20_000_000


def test_requests_reach_the_amplitude_wait_for_nothing_and_leave_no_refusal(
    record: Path, tmp_path: Path
) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        with pytest.raises(StateError, match="the session is checked"):
            device.request(1, "2 mA")
        device.arm()
        device.start(hold="2 s")
        asked, waits, give_up = [], 0, time.monotonic() + 10
        while not (now := device.request(1, "2 mA")).reached:
            assert time.monotonic() < give_up
            device.renew()
            if now.asked is not None:
                asked.append(now.asked.value)
            elif now.wait:
                waits += 1
                assert now.due_s <= 0.25
            device.wait(0.01)
        assert asked == [500, 1000, 1500, 2000]
        assert waits > 10
        assert acked_of(device.readings[1]) == 2000
        with pytest.raises(LimitRefusedError, match="cleared for 3 mA"):
            device.request(1, "4 mA")
        with pytest.raises(StateError, match="above 1 mA already"):
            device.request(1, "1 mA")
        at_ns = device.mark("trial 3")
        device.note("the left pad was moved", topic="pads")
        told = [event for event in device.events() if event["kind"] == "note"]
        assert [(one["topic"], one["text"], one["at_ns"]) for one in told] == [
            ("mark", "trial 3", at_ns)
        ]
    shown = show_session(tmp_path / "journal", "last")
    assert shown.counts["raise"] == 4
    assert "refused" not in shown.counts
    assert shown.counts["note"] == 2
    assert Ledger.from_file(record)[1].peak_ma == 2


def test_limits_profile_and_contact_bind_a_program_too(record: Path, tmp_path: Path) -> None:
    person, broken = tmp_path / "person.toml", tmp_path / "broken.toml"
    person.write_text('amplitude = "2 mA"\n', "utf-8")
    broken.write_text("amplitude = \n", "utf-8")
    plan, areas = "tens-conventional", {1: "25 cm2"}
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        with pytest.raises(ProtocolFileError, match="not TOML"):
            device.load(plan, amplitudes={1: "3 mA"}, areas=areas, limits={"person": broken})
        with pytest.raises(UsageError, match="no layer of limits"):
            device.load(plan, amplitudes={1: "3 mA"}, areas=areas, limits={"nobody": person})
        with pytest.raises(LimitRefusedError, match="person ceiling 2 mA"):
            device.load(plan, amplitudes={1: "3 mA"}, areas=areas, limits={"person": person})
        with pytest.raises(UsageError, match="research"):
            device.load(plan, amplitudes={1: "2 mA"}, areas=areas, profile="lab")
        device.load(plan, amplitudes={1: "2 mA"}, areas=areas, profile="research")
        with pytest.raises(LimitRefusedError):  # a tenth of the skin has ten times the density
            device.load(
                plan, amplitudes={1: "2 mA"}, areas={1: "1 cm2"}, contacts={1: "10 %"},
                profile="clinic",
            )  # fmt: skip
        with pytest.raises(StateError, match="acknowledge refused"):  # there is no fault
            device.acknowledge("all is well")
    assert Ledger.from_file(record).channels == {}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_of_ten_thousand_pulses_every_one_is_given_or_refused_and_none_is_lost(
    record: Path, tmp_path: Path
) -> None:
    given, refused, chance = [], 0, Random(1)
    session = stimctl.connect("sim:p24", journal=tmp_path / "journal", single_pulses=True)
    with session as device:
        device.load("tens-conventional", amplitudes={1: "2 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start(hold="20 s")
        device.raise_to(1, "1 mA")
        for _ in range(10_000):
            device.renew()
            time.sleep(chance.uniform(0.008, 0.016))  # some come too early for what was cleared
            try:
                given.append(device.pulse(1, "1 mA"))
            except StateError:
                refused += 1
            list(device.events())
    assert len(given) + refused == 10_000
    ledger = Ledger.from_file(record)
    there = sorted(ledger.monotonic_us(run.start_us) * 1_000 for run in ledger[1].runs)
    assert ledger[1].pulses == len(given)
    for one, at_ns in zip(given, there, strict=True):
        assert one.asked_ns <= one.sent_ns <= at_ns <= one.acked_ns + _TURN_NS


def test_pulses_change_through_a_verified_zero_and_everything_is_cleared_again(
    record: Path, tmp_path: Path
) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        with pytest.raises(StateError, match="change refused"):
            device.change(1, phase_width="100 us")
        device.load("tens-conventional", amplitudes={1: "2 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start(hold="20 s")
        device.raise_to(1, "1 mA")
        with pytest.raises(ProtocolFileError):  # the output goes on: nothing was changed
            device.change(1, phase_width="5 parsec")
        assert device.state == "running"
        changed = device.change(1, phase_width="150 us", frequency="80 Hz")
        assert device.state == "checked"
        assert acked_of(device.readings[1]) == 0
        assert "[parent]" in changed.read_text("utf-8")
        with pytest.raises(LimitRefusedError):
            device.change(1, phase_width="5 ms")
        device.change(1, phase_width="120 us")
        device.arm()
        device.start(hold="20 s")
        assert device.readings[1].commanded.value == 0
        device.raise_to(1, "0.5 mA")
    runs = sorted(Ledger.from_file(record)[1].runs, key=lambda run: run.start_us)
    assert [run.peak_ua for run in (runs[0], runs[-1])] == [500, 500]
    shown = show_session(tmp_path / "journal", "last")
    setups = [one.data for one in shown.timeline if one.kind == "setup"]
    assert len(setups) == 3
    assert "120" in str(setups[-1]["channels"])
    assert not Ledger.from_file(record).running


def test_what_is_a_sweep_or_a_stage_is_not_changed_as_one_value() -> None:
    text = read_protocol("tens-modulated", [])
    with pytest.raises(UsageError, match="a sweep or a matter of stages"):
        with_waveform(text, 0, {"phase_width": "100 us"})
