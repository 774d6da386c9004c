"""The table of the twins: every row is whole, and a name that is none is refused everywhere."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from firmware_sim import devices
from firmware_sim.__main__ import main
from firmware_sim.devices import BUILT_IN, TwinFamily, UnknownTwinError, find_twin, make_twin
from firmware_sim.faults import Fault, FaultError, FaultyTwin, listing, usable
from firmware_sim.invariant import (
    BARE,
    STRICT,
    Invariant,
    check_record,
    fitted,
    judge_by,
    lets_through,
)
from firmware_sim.invariant.families import Family, GateFamily
from firmware_sim.process import TwinProcess
from firmware_sim.scenarios import scenario
from firmware_sim.situation import faulty_twin
from tests.support.paths import ROOT

ROWS = pytest.mark.parametrize("row", BUILT_IN, ids=lambda row: row.name)
UNKNOWN = ("", "p42", "P24", "p24 ", "sciencemode4")


@ROWS
def test_a_row_makes_a_twin_that_says_which_it_is(row: TwinFamily) -> None:
    twin = make_twin(row.name, seed=3, wiretap=True)
    assert twin.family == row.name  # type: ignore[attr-defined]
    assert faulty_twin(row.name).family == row.name
    assert isinstance(devices.judge_row(row.name), Family | GateFamily)
    assert hasattr(twin, "line_opened") == row.resets_by_dtr
    assert find_twin(row.name) is row


@ROWS
def test_the_command_line_of_a_row_is_what_its_make_takes(row: TwinFamily) -> None:
    from firmware_sim.options import make_parser, own_options

    told = own_options(make_parser(row.name).parse_args([row.name]))
    assert ("load_ohm" in told) == row.worn
    assert make_twin(row.name, **told).now_us == 0


def test_there_are_no_two_rows_of_one_name() -> None:
    assert len({row.name for row in BUILT_IN}) == len(BUILT_IN)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_is_no_row_is_never_a_p24(name: str, capfd: Any) -> None:
    for refused in (make_twin, usable, devices.wire_named, faulty_twin, scenario("lead-off").start):
        with pytest.raises(
            UnknownTwinError, match="there are: p24, rehamove3, rehastim2, openemsstim"
        ):
            refused(name)
    if name:
        with pytest.raises(UnknownTwinError):
            listing(name)
    assert find_twin(name) is None
    assert not fitted(BARE, name).line
    assert not lets_through(name)
    with pytest.raises(SystemExit):
        main([name])
    assert "p24" in capfd.readouterr().err


class Nameless:
    """A device that does not say what it is, as a foreign firmware may."""

    def __init__(self, family: str) -> None:
        self.family = family

    def deadline(self) -> None:
        return None


@pytest.mark.parametrize("family", UNKNOWN)
@pytest.mark.parametrize("name", ["drop", "mute", "second-writer", "unplug-during-stop"])
def test_no_fault_guesses_the_frames_of_a_device(family: str, name: str) -> None:
    twin = FaultyTwin(device=Nameless(family))  # type: ignore[arg-type]
    with pytest.raises(FaultError, match="how frames are made on the line to this device is not"):
        twin.add(Fault(name, 0))


@pytest.mark.parametrize("family", UNKNOWN)
def test_no_judge_reads_the_bytes_of_a_device_that_is_not_named(family: str) -> None:
    from dataclasses import replace

    for rules in (STRICT, BARE):
        with pytest.raises(ValueError, match="whose bytes are to be read"):
            judge_by(replace(rules, family=family))
    judge = Invariant(fitted(BARE, family), raising=False)
    judge.to_device(0, b"\xf0\x81\x55\x81\x58\x15\x98\x18\x28\x1c\x80\x03\xe0\x0f")
    judge.row({"kind": "relay", "at_us": 1, "channel": 1, "on": True})
    assert judge.violation is not None  # its electrodes are judged all the same


def test_rules_of_one_family_are_not_taken_for_another() -> None:
    with pytest.raises(ValueError, match="these rules are for p24, and not for rehastim2"):
        fitted(fitted(STRICT, "p24"), "rehastim2")


def test_a_record_says_which_device_it_is_of() -> None:
    clock = {"kind": "clock", "monotonic_ns": 0, "device": "rehastim2"}
    assert check_record([clock]).rules == fitted(BARE, "rehastim2")


def test_a_process_needs_the_name_of_a_twin() -> None:
    with pytest.raises(TypeError, match="device"):
        TwinProcess()  # type: ignore[call-arg]
    with pytest.raises(RuntimeError, match="choose from"):
        TwinProcess(device="p42")


# -- twins of other packages

OTHER = TwinFamily(
    "toy",
    "a toy",
    make="firmware_sim.firmware.rehastim2_twin:make",
    options="firmware_sim.firmware.rehastim2_twin:add_options",
    wire="firmware_sim.firmware.rehastim2_wire:WIRE",
    judge="firmware_sim.invariant.rehastim2_family:FAMILY",
)
SAME_NAME = OTHER._replace(name="p24")
NO_ROW = "not a row"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Packages that offer twins; which names were looked for among them."""
    asked: list[str] = []
    offered = [
        EntryPoint(name, f"{__name__}:{what}", devices.ENTRY_POINTS)
        for name, what in (("toy", "OTHER"), ("p24", "SAME_NAME"), ("bad", "NO_ROW"))
    ]

    def entry_points(*, group: str, name: str) -> EntryPoints:
        asked.append(name)
        return EntryPoints(one for one in offered if (one.group, one.name) == (group, name))

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    return asked


def test_a_twin_of_another_package_is_found_by_its_name(installed: list[str]) -> None:
    assert find_twin("toy") == OTHER
    assert make_twin("toy").now_us == 0
    assert usable("toy") == usable("rehastim2")
    assert installed


def test_a_built_in_twin_wins_and_nothing_is_searched_for_it(installed: list[str]) -> None:
    row = find_twin("p24")
    assert row is not None
    assert row.title != OTHER.title
    assert installed == []


def test_an_entry_point_that_leads_to_no_row_is_refused(
    installed: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnknownTwinError, match=r"NO_ROW is no TwinFamily called 'bad'"):
        find_twin("bad")
    assert main(["bad"]) == 2
    assert "is no TwinFamily" in capfd.readouterr().err
    assert installed == ["bad", "bad"]


def test_one_twin_starts_without_the_others() -> None:
    code = (
        "import sys; from firmware_sim.options import make_parser; make_parser('openemsstim');"
        "print(sorted(n for n in sys.modules if n.startswith('firmware_sim.firmware.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
        cwd=ROOT,
    )  # fmt: skip
    assert "openemsstim_twin" in done.stdout
    assert "p24_twin" not in done.stdout
    assert "rehastim2_twin" not in done.stdout
