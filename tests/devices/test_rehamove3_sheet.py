"""The RehaMove3's capability sheet says the same in its fields, its facts and its registry."""

from __future__ import annotations

import pytest

from stimctl.devices.driver import Driver
from stimctl.devices.family import family_row
from stimctl.devices.registry import family
from stimctl.devices.rehamove3.driver import RehaMove3Driver
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET as SHEET
from stimctl.devices.sheet import IntendedUse, Presence, Readback
from stimctl.quantity import format_current, format_duration
from stimctl.wire.sciencemode3.framing import LONGEST_DEVICE_FRAME
from stimctl.wire.sciencemode3.messages_mid import PULSE_OVERHEAD_US

BOUNDS = SHEET.bounds
SOURCES = {"[DOC]", "[LIB]", "[HTML]", "[README]", "[FLY]", "[PEER]", "[POLICY]"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channels", str(BOUNDS.channels)),
        ("amplitude_max", format_current(BOUNDS.amplitude_max_ua)),
        ("amplitude_step", format_current(BOUNDS.amplitude_step_ua)),
        ("phase_width_min", f"{BOUNDS.phase_width_min_us} us"),
        ("phase_width_max", f"{BOUNDS.phase_width_max_us} us"),
        ("phase_width_step", f"{BOUNDS.phase_width_step_us} us"),
        ("interphase_gap_max", f"{BOUNDS.interphase_gap_max_us} us"),
        ("period_min", f"{BOUNDS.period_min_us} us"),
        ("period_max", f"{BOUNDS.period_max_us // 1000} ms"),
        ("period_step", f"{BOUNDS.period_step_us} us"),
        ("recovery", f"{BOUNDS.recovery_us} us"),
        ("compliance", f"{BOUNDS.compliance_mv // 1000} V"),
        ("watchdog", format_duration(SHEET.watchdog_us or 0)),
        ("keep_alive", f"{SHEET.keep_alive_us // 1000} ms"),
        ("readback", SHEET.readback.value),
        ("intended_use", SHEET.intended_use.value),
        ("frame_max", f"{LONGEST_DEVICE_FRAME} bytes"),
        ("recovery", f"{PULSE_OVERHEAD_US} us"),
    ],
)
def test_a_number_and_its_fact_agree(name: str, value: str) -> None:
    assert SHEET.fact(name).value == value


def test_every_fact_has_a_source_a_certainty_and_a_name_of_its_own() -> None:
    for fact in SHEET.facts:
        assert fact.source in SOURCES, fact
        assert fact.certainty in {"R", "R2", "M+", "M?", "D"}, fact
        assert (fact.source == "[POLICY]") == (fact.certainty == "D"), fact
    assert len({fact.name for fact in SHEET.facts}) == len(SHEET.facts)


def test_it_has_the_limits_of_its_own_device() -> None:
    assert (BOUNDS.channels, BOUNDS.amplitude_max_ua) == (4, 130_000)
    assert BOUNDS.quantise_period_up_us(33_333) == 30_500  # half milliseconds, never faster
    assert BOUNDS.test_pulse is not None
    assert BOUNDS.test_pulse.phases == ((15, 15_000), (15, -15_000))
    assert BOUNDS.test_pulse.rectified_ua_us == 2 * 225_000  # 0.225 uC a phase


@pytest.mark.hazard("H59")
def test_the_sheet_claims_no_more_than_the_device_reads_back() -> None:
    assert SHEET.readback is Readback.STATE
    assert SHEET.intended_use is IntendedUse.RESEARCH_ONLY
    assert SHEET.protections.patient_override.presence is Presence.ABSENT
    assert SHEET.protections.overload_trip.presence is Presence.UNKNOWN
    assert "power button" in SHEET.stop_instruction


def test_output_ends_two_seconds_after_the_last_process_died() -> None:
    assert SHEET.longest_run_after_host_death_us == 2_000_000
    assert SHEET.keep_alive_us * 3 <= (SHEET.watchdog_us or 0)


def test_its_line_is_a_real_one_without_others_to_fall_back_to() -> None:
    (line,) = family_row("rehamove3").lines
    assert (line.baud, line.parity, line.stop_bits, line.rtscts) == (3_000_000, "N", 2, True)


def test_it_is_in_the_registry_with_a_driver_that_keeps_the_contract() -> None:
    assert family("rehamove3").sheet is SHEET
    driver = family("rehamove3").new_driver()
    assert isinstance(driver, RehaMove3Driver)
    assert isinstance(driver, Driver)
    assert driver.sheet is SHEET
