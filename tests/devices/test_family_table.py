"""The table of the device families: each row is whole, and a name that is none is refused."""

from __future__ import annotations

import time
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from firmware_sim import devices as twins
from stimctl.devices import family as table
from stimctl.devices.family import (
    BUILT_IN,
    EXAMPLE,
    EXAMPLE_WITHOUT_CURRENT,
    NAMES,
    DeviceFamily,
    family_row,
    find_family,
    load,
)
from stimctl.devices.registry import FAMILIES, family
from stimctl.errors import UsageError
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.stop import stop_port
from stimctl.supervisor.stop_direct import stop_directly
from stimctl.wire.names import WIRES
from tests.support.own_pty import own_pty

ROWS = pytest.mark.parametrize("row", BUILT_IN, ids=lambda row: row.name)
UNKNOWN = ("", "p42", "P24", "sciencemode4", "sim")


def test_both_tables_name_the_same_families() -> None:
    named = {row.name for row in twins.BUILT_IN}
    assert {row.name for row in BUILT_IN} == named
    assert {row.twin for row in BUILT_IN} == named
    assert tuple(FAMILIES) == NAMES
    assert len(set(NAMES)) == len(NAMES)


def _at_once(row: DeviceFamily) -> dict[str, Any]:
    return {"boot_us": 0} if row.resets_by_dtr else {}


@ROWS
def test_a_row_leads_to_a_sheet_and_a_driver_of_its_name(row: DeviceFamily) -> None:
    found = family(row.name)
    assert found.sheet.family == row.name
    driver = found.new_driver()
    assert driver.sheet is found.sheet
    assert row.wire in WIRES
    assert hasattr(WIRES[row.wire], "decode")


@ROWS
def test_a_row_and_its_twin_agree_about_the_line(row: DeviceFamily) -> None:
    twin = twins.twin_named(row.twin)
    assert twin.resets_by_dtr == row.resets_by_dtr
    if twin.line is not None:
        wanted = (twin.line.baud, twin.line.stop_bits, twin.line.parity)
        assert wanted in {(one.baud, one.stop_bits, one.parity) for one in row.lines}


@ROWS
@pytest.mark.hazard("H11")
def test_the_stop_dialogue_of_a_row_brings_its_twin_to_verified_zero(row: DeviceFamily) -> None:
    sequence: Any = load(row.stop)(12_345)
    twin = twins.make_twin(row.twin, **_at_once(row))
    for now_ns in range(0, 3_000_000_000, 50_000_000):
        twin.receive(now_ns, sequence.next_bytes())
        twin.advance(now_ns + 49_000_000)
        if sequence.receive(twin.transmit()):
            return
    pytest.fail("zero was never verified")


def test_the_examples_of_the_help_texts_are_rows() -> None:
    assert family(EXAMPLE).sheet.current is not None
    assert family(EXAMPLE_WITHOUT_CURRENT).sheet.current is None


# -- names that are none


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_is_no_row_is_refused_with_those_that_are(name: str) -> None:
    assert find_family(name) is None
    for refused in (family_row, family):
        with pytest.raises(UsageError) as caught:
            refused(name)
        told = str(caught.value)
        assert repr(name) in told or not name
        assert "the families stimctl drives are: p24, rehastim2, openemsstim" in told
        assert "Write sim:p24 for the digital twin" in told
    with pytest.raises(UsageError, match="the families stimctl drives are"):
        parse_device(f"{name or 'nix'}:/dev/ttyACM0")
    with pytest.raises(UsageError, match="the families stimctl drives are"):
        parse_device(f"sim:{name or 'nix'}")


@pytest.mark.posix
@pytest.mark.hazard("H07")
@pytest.mark.parametrize("name", UNKNOWN)
def test_a_stop_of_an_unknown_family_says_so_and_sends_nothing(name: str, tmp_path: Any) -> None:
    """What stops another device might do anything to this one."""
    import os

    master, slave = own_pty()
    os.set_blocking(master, False)
    told: list[str] = []
    now = time.monotonic()
    try:
        direct = stop_directly(os.ttyname(slave), name, now, now + 1, told.append)
        outcome = stop_port(os.ttyname(slave), name, give_up_after_s=0.5)
        with pytest.raises(BlockingIOError):
            os.read(master, 100)
    finally:
        os.close(master)
        os.close(slave)
    assert told == ["unknown"]
    for verdict, detail in ((direct.verdict, direct.detail), (outcome.verdict, outcome.detail)):
        assert verdict == "unconfirmed"
        assert "device family" in detail
        assert "the families stimctl drives are: p24, rehastim2, openemsstim" in detail
        assert "Write sim:p24" in detail
    assert "OUTPUT UNKNOWN: pull the electrode cable" in str(outcome)


def test_a_stop_needs_the_name_of_a_family() -> None:
    with pytest.raises(TypeError, match="family"):
        stop_port("/dev/null")  # type: ignore[call-arg]


# -- families of other packages; those that are installed: tests/plugins

SAME_NAME = BUILT_IN[1]._replace(name="p24")
NO_ROW = "not a row"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Packages that offer families; which names were looked for among them."""
    asked: list[str] = []
    offered = [
        EntryPoint(name, f"{__name__}:{what}", table.ENTRY_POINTS)
        for name, what in (("p24", "SAME_NAME"), ("bad", "NO_ROW"))
    ]

    def entry_points(*, group: str, name: str) -> EntryPoints:
        asked.append(name)
        return EntryPoints(one for one in offered if (one.group, one.name) == (group, name))

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.setattr(table, "_FOUND", {})
    return asked


def test_a_built_in_family_wins_and_nothing_is_searched_for_it(installed: list[str]) -> None:
    for name in NAMES:
        assert family_row(name) in BUILT_IN
        assert parse_device(f"{name}:/dev/ttyUSB0").family == name
    assert family_row("p24") != SAME_NAME
    assert installed == []


def test_an_entry_point_that_leads_to_no_row_is_refused(installed: list[str]) -> None:
    with pytest.raises(UsageError, match=r"NO_ROW is no DeviceFamily of that name"):
        find_family("bad")
    assert installed == ["bad"]
