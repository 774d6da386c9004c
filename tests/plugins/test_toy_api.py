"""The example package through the Python API: its twin is driven, stopped and recorded by a program
that names it as any other device."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess
from stimctl.api import Device
from stimctl.devices.packages import package_of
from stimctl.errors import LimitRefusedError, QuantityError, StateError, StimctlError
from stimctl.records.trusted import remember_check, remember_trust
from stimctl.records.verify import verify_journal
from tests.support.broad import broad_rows
from tests.support.toy_faults import WRONG

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


@pytest.mark.broad
@pytest.mark.hazard("H53")
@pytest.mark.no_invariant("the driver is made to break the rules")
@pytest.mark.parametrize(
    ("wrong", "code"),
    broad_rows(
        [
            ("a raise that never expires", "driver-no-expiry"),
            ("a keep-alive of its own", "driver-feeds"),
            ("set points after a stop", "driver-not-stopping"),
            ("an exception", "driver-failed"),
        ],
        every=3,
    ),
)
def test_a_driver_that_breaks_a_rule_ends_the_programs_session_by_its_code(
    record: Path, reinstall: Callable[..., None], tmp_path: Path, wrong: str, code: str
) -> None:
    reinstall(*WRONG[wrong][:3])
    with (
        contextlib.suppress(StimctlError),
        stimctl.connect("sim:toy", journal=tmp_path / "journal") as device,
    ):
        checked(device)
        device.arm()
        device.start()
        device.raise_to(1, "0.5 mA")
        device.wait(10)
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    assert f'"{code}"' in journal.read_text("utf-8")
    assert not Ledger.from_file(record).running
