"""The Python API on a twin: raised by steps, held by the program, left at verified zero."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import Device
from stimctl.errors import (
    LimitRefusedError,
    NoDeviceError,
    OutputUnknownError,
    StateError,
    StimctlError,
    UsageError,
)
from stimctl.supervisor.twin import running_twins
from tests.support.own_twins import end_twins
from tests.support.scripted_device import acked_of

pytestmark = pytest.mark.pty


def loaded(device: Device) -> None:
    device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})


def session(tmp_path: Path, *, single_pulses: bool = False) -> Device:
    return stimctl.connect("sim:p24", journal=tmp_path / "journal", single_pulses=single_pulses)


def hold_until_acked(device: Device, amplitude_ua: int) -> None:
    give_up = time.monotonic() + 10
    while acked_of(device.readings[1]) != amplitude_ua:
        assert time.monotonic() < give_up
        device.hold("5 s")


def put_out(device: Device, then: Callable[[], object]) -> None:
    with device:
        loaded(device)
        device.arm()
        device.start()
        device.raise_to(1, "0.5 mA")
        then()
        device.wait(30)


def test_a_session_raises_lowers_and_ends_at_verified_zero(record: Path, tmp_path: Path) -> None:
    with session(tmp_path) as device:
        assert device.state == "identified"
        loaded(device)
        device.arm()
        device.start()
        device.raise_to(1, "1.5 mA")
        assert device.readings[1].commanded.value == 1500
        hold_until_acked(device, 1500)
        device.wait(0.05)
        device.lower_to(1, "0.5 mA")
        hold_until_acked(device, 500)
        device.stop()
        assert device.state == "stopped"
        assert device.readings[1].commanded.value == 0
    ledger = Ledger.from_file(record)
    assert not ledger.running
    assert ledger[1].peak_ma == 1.5
    kinds = [row["kind"] for row in device.events()]
    assert "zero_verified" in kinds
    assert kinds[-1] == "bye"


@pytest.mark.hazard("H42")
def test_both_pads_of_a_channel_are_judged(record: Path, tmp_path: Path) -> None:
    amplitudes, areas = {1: "3 mA"}, {1: "25 cm2"}
    with session(tmp_path) as device:
        with pytest.raises(LimitRefusedError, match="arm to abdomen passes the chest"):
            device.load(
                "tens-conventional", amplitudes=amplitudes, areas=areas,
                sites={1: "left-biceps/abdomen"},
            )  # fmt: skip
        apart = device.load(
            "tens-conventional", amplitudes=amplitudes, areas=areas,
            sites={1: "left-biceps/left-deltoid"},
        )  # fmt: skip
        one = device.load(
            "tens-conventional", amplitudes=amplitudes, areas=areas, sites={1: "left-biceps"}
        )
        assert apart["digest"] != one["digest"]


@pytest.mark.broad
def test_linked_channels_go_up_and_down_together(record: Path, tmp_path: Path) -> None:
    with session(tmp_path) as device:
        device.load(
            "tens-conventional",
            amplitudes={1: "3 mA", 2: "1 mA"},
            areas={1: "25 cm2", 2: "25 cm2"},
        )
        device.link(1, 2)
        with pytest.raises(StateError, match="linked already"):
            device.link(2, 1)
        device.arm()
        device.start()
        device.raise_to(1, "1 mA")
        device.felt(1)
        assert {n: reading.commanded.value for n, reading in device.readings.items()} == {
            1: 1000,
            2: 1000,
        }
        with pytest.raises(LimitRefusedError, match="linked"):
            device.raise_to(1, "1.5 mA")
        device.lower_to(2, "0.5 mA")
        hold_until_acked(device, 500)
        device.unlink()
        device.raise_to(1, "1 mA")
        assert {n: reading.commanded.value for n, reading in device.readings.items()} == {
            1: 1000,
            2: 500,
        }


def kill_the_supervisor(device: Device) -> None:
    with device:
        hello = next(row for row in device.events() if row["kind"] == "hello")
        os.kill(hello["pid"], signal.SIGKILL)
        device.wait(5)


@pytest.mark.hazard("H03")
def test_a_killed_session_is_told_at_the_start_of_the_next(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StimctlError):
        kill_the_supervisor(session(tmp_path))
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(tmp_path / "second.jsonl"))
    with session(tmp_path) as device:
        told = [row for row in device.events() if row["kind"] == "unclean_end"]
    assert [row["device"] for row in told] == ["sim:p24"]
    assert "stimctl sessions show" in told[0]["what_to_do"]


def test_an_exception_in_the_block_stops_the_device_and_comes_out(
    record: Path, tmp_path: Path
) -> None:
    device = session(tmp_path)
    with pytest.raises(ZeroDivisionError):
        put_out(device, lambda: 1 // 0)
    assert not Ledger.from_file(record).running
    assert device.state == "closed"


@pytest.mark.hazard("H39")
def test_a_hold_that_is_not_renewed_ends_the_output(record: Path, tmp_path: Path) -> None:
    with session(tmp_path) as device:
        loaded(device)
        device.arm()
        device.start(hold="500 ms")
        with pytest.raises(StateError, match="hold"):
            device.wait(30)
        assert device.state == "stopped"


def test_what_cannot_be_is_refused_before_anything_is_raised(record: Path, tmp_path: Path) -> None:
    with session(tmp_path) as device:
        with pytest.raises(StateError):
            device.arm()
        with pytest.raises(UsageError, match="different channels"):
            device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={2: "25 cm2"})
        with pytest.raises(LimitRefusedError) as refused:
            device.load("tens-conventional", amplitudes={1: "120 mA"}, areas={1: "25 cm2"})
        assert refused.value.refusal.limit_id
        loaded(device)
        device.arm()
        device.start()
        for channel, amplitude, error in (
            (1, "3.5 mA", LimitRefusedError),
            (1, "0.7 mA", UsageError),
            (2, "1 mA", UsageError),
            (1, "1", StimctlError),
        ):
            with pytest.raises(error):
                device.raise_to(channel, amplitude)
        assert [(one.commanded.value, acked_of(one)) for one in device.readings.values()] == [
            (0, 0)
        ]
    assert not Ledger.from_file(record).channels


def test_single_pulses_are_bounded_by_the_raised_plateau(record: Path, tmp_path: Path) -> None:
    with session(tmp_path, single_pulses=True) as device:
        loaded(device)
        device.arm()
        device.start()
        device.raise_to(1, "1 mA")
        given = device.pulse(1, "1 mA")
        assert (given.channel, given.amplitude_ua) == (1, 1_000)
        assert given.asked_ns <= given.sent_ns < given.acked_ns <= time.monotonic_ns()
        with pytest.raises(StateError, match="above the plateau"):
            device.pulse(1, "2 mA")
        assert [row["kind"] for row in device.events() if "pulse" in row["kind"]] == [
            "pulse",
            "pulse_acked",
        ]
        give_up = time.monotonic() + 10
        while Ledger.from_file(record)[1].pulses < 1:
            assert time.monotonic() < give_up
            time.sleep(0.01)
    assert Ledger.from_file(record)[1].pulses == 1
    assert Ledger.from_file(record)[1].peak_ma == 1.0


def test_a_plan_cleared_for_bursts_is_refused_for_single_pulses(
    record: Path, tmp_path: Path
) -> None:
    with session(tmp_path, single_pulses=True) as device:
        for name in ("tens-burst", "nmes-tka"):
            with pytest.raises(LimitRefusedError, match="no single pulses"):
                device.load(name, amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        with pytest.raises(StateError):
            device.arm()
        loaded(device)
    assert not Ledger.from_file(record).channels


@pytest.mark.broad
def test_a_device_that_vanishes_is_an_error_that_says_unknown(record: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputUnknownError, match="not confirmed zero"):
        put_out(session(tmp_path), end_twins)


def test_a_busy_or_missing_device_is_an_error_at_the_door(record: Path, tmp_path: Path) -> None:
    with session(tmp_path):
        (link,) = running_twins("p24")
        with pytest.raises(NoDeviceError, match="already used by stimctl pid"):
            stimctl.connect(f"p24:{link}").__enter__()
    with pytest.raises(NoDeviceError):
        stimctl.connect("p24:/dev/there-is-none").__enter__()
    with pytest.raises(UsageError):
        stimctl.connect("nonsense")
