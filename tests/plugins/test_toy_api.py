"""The example package through the Python API: its twin is driven, stopped and recorded by a program
that names it as any other device."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess
from stimctl.api import Device
from stimctl.devices.packages import package_of
from stimctl.errors import LimitRefusedError, QuantityError, StateError
from stimctl.records.trusted import remember_check, remember_trust
from stimctl.records.verify import verify_journal

pytestmark = pytest.mark.pty


@pytest.fixture
def record(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "electrodes.jsonl"
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(path))
    return path


def checked(device: Device) -> None:
    device.load("tens-conventional", amplitudes={1: "4 mA"}, areas={1: "25 cm2"})
    assert device.state == "checked"


def until_acknowledged(device: Device, level: int) -> None:
    give_up = time.monotonic() + 20
    while (found := device.readings[1].acknowledged) is None or found.value != level:
        assert time.monotonic() < give_up, device.readings[1]
        device.hold("5 s")


def test_a_program_checks_arms_raises_lowers_and_stops_it(record: Path, tmp_path: Path) -> None:
    with stimctl.connect("sim:toy", journal=tmp_path / "journal") as device:
        assert device.state == "identified"
        checked(device)
        device.arm()
        device.start()
        assert device.state == "running"
        device.raise_to(1, "1 mA")
        until_acknowledged(device, 1_000)
        device.wait(0.1)  # ten pulses
        device.lower_to(1, "0.5 mA")
        until_acknowledged(device, 500)
        device.stop()
        assert device.state == "stopped"
        assert device.readings[1].commanded.value == 0
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    verified = verify_journal(journal)
    assert verified.ok
    assert Ledger.from_file(record)[1].peak_ma == 1.0


def test_what_a_program_asks_of_it_is_refused_as_of_any_device(
    record: Path, tmp_path: Path
) -> None:
    with stimctl.connect("sim:toy", journal=tmp_path / "journal") as device:
        with pytest.raises(StateError):
            device.arm()
        checked(device)
        with pytest.raises(StateError):
            device.raise_to(1, "0.5 mA")
        device.arm()
        device.start()
        with pytest.raises(LimitRefusedError):
            device.raise_to(1, "4.5 mA")
        with pytest.raises(QuantityError):
            device.raise_to(1, "5 %")
    assert not Ledger.from_file(record).channels


@pytest.mark.hazard("H53")
def test_a_program_gets_no_port_before_check_and_trust(site: Path, tmp_path: Path) -> None:
    with TwinProcess(device="toy") as twin:
        with pytest.raises(StateError, match="devices check toy"):
            stimctl.connect(f"toy:{twin.url}", journal=tmp_path / "journal").__enter__()
        state = tmp_path / "state"
        remember_check(state, "toy", package_of("toy"), "now", stopped=True)
        with pytest.raises(StateError, match="devices trust"):
            stimctl.connect(f"toy:{twin.url}", journal=tmp_path / "journal").__enter__()
        remember_trust(state, package_of("toy").release, "now")
        with stimctl.connect(f"toy:{twin.url}", journal=tmp_path / "journal") as device:
            assert device.state == "identified"
