"""The openEMSstim's sheet says the same in its facts, in its fields and in the driver's rules."""

from __future__ import annotations

import pytest

from stimctl.devices.family import LineSettings, family_row
from stimctl.devices.openemsstim import request
from stimctl.devices.openemsstim.sheet import BURST_MS, OPENEMSSTIM_SHEET
from stimctl.devices.sheet import CapabilitySheet, IntendedUse, Readback
from stimctl.errors import BugError, LimitRefusedError
from stimctl.quantity import parse_duration_us

SHEET = OPENEMSSTIM_SHEET


@pytest.mark.parametrize(
    ("fact", "us"),
    [
        ("burst", BURST_MS * 1_000),
        ("renewal", request.RENEW_FROM_NS // 1_000),
        ("keep_alive", SHEET.keep_alive_us),
        ("boot", SHEET.boot_us),
    ],
)
def test_a_time_is_the_same_as_a_fact_and_as_a_number(fact: str, us: int) -> None:
    assert parse_duration_us(SHEET.fact(fact).value) == us


def test_every_fact_has_a_source_and_a_certainty() -> None:
    for one in SHEET.facts:
        assert one.source
        assert one.certainty in ("R", "R2", "M+", "M?", "D")
    names = [one.name for one in SHEET.facts]
    assert len(names) == len(set(names))


def test_it_is_uncalibrated_without_watchdog_and_without_read_back() -> None:
    assert SHEET.current is None
    assert not SHEET.calibrated
    assert not SHEET.has_watchdog
    assert SHEET.readback is Readback.NONE
    assert SHEET.intended_use is IntendedUse.UNKNOWN
    assert SHEET.channels == 2


def test_nothing_in_milliampere_can_be_asked_of_the_sheet() -> None:
    with pytest.raises(LimitRefusedError, match="no current control"):
        _ = SHEET.bounds


def test_the_times_of_the_driver_fit_together() -> None:
    """What is on the line, the burst and the switching are less than what the sheet promises."""
    slowest_ms, switching_ms = 122, 100
    longest = SHEET.longest_run_after_host_death_us
    assert longest is not None
    assert (slowest_ms + 1 + BURST_MS + switching_ms) * 1_000 <= longest
    fastest_ms = 73
    slack = (BURST_MS + fastest_ms - slowest_ms) * request.MS - request.LATEST_NS
    assert slack >= 50 * request.MS
    assert request.PRESSING_NS + 200 * request.MS <= request.LATEST_NS
    assert request.ECHO_NS < request.RENEW_FROM_NS


def test_the_line_is_as_slow_as_the_board_and_raises_dtr() -> None:
    row = family_row("openemsstim")
    assert row.lines == (LineSettings(19_200, rtscts=False, stop_bits=1, parity="N"),)
    assert row.resets_by_dtr


def test_a_sheet_has_one_kind_of_bounds() -> None:
    from dataclasses import replace

    with pytest.raises(BugError):
        replace(SHEET, external_pulses=None)
    assert isinstance(SHEET, CapabilitySheet)
