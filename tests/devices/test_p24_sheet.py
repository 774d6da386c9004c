"""The P24's capability sheet says the same in its fields, its facts and its registry."""

from __future__ import annotations

import pytest

from stimctl.devices.driver import Driver
from stimctl.devices.family import family_row
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.registry import FAMILIES, family
from stimctl.devices.sheet import IntendedUse, Presence, Readback
from stimctl.errors import UsageError
from stimctl.quantity import format_current, format_duration
from stimctl.stimulus import PulseShape

BOUNDS = P24_SHEET.bounds
SOURCES = {"[IFU]", "[LIB]", "[PEER]", "[POLICY]", "pyScienceMode README"}


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
        ("period_fine_step", f"{BOUNDS.period_step_us} us"),
        ("recovery", f"{BOUNDS.recovery_us} us"),
        ("compliance", f"{BOUNDS.compliance_mv // 1000} V"),
        ("watchdog", format_duration(P24_SHEET.watchdog_us or 0)),
        ("keep_alive", f"{P24_SHEET.keep_alive_us // 1000} ms"),
        ("readback", P24_SHEET.readback.value),
        ("intended_use", P24_SHEET.intended_use.value),
    ],
)
def test_a_number_and_its_fact_agree(name: str, value: str) -> None:
    assert P24_SHEET.fact(name).value == value


def test_every_fact_has_a_source_and_a_certainty() -> None:
    for fact in P24_SHEET.facts:
        assert fact.source in SOURCES, fact
        assert fact.certainty in {"R", "R2", "M+", "M?", "D"}, fact
        assert (fact.source == "[POLICY]") == (fact.certainty == "D"), fact


def test_facts_have_distinct_names_and_an_unknown_one_is_a_key_error() -> None:
    names = [fact.name for fact in P24_SHEET.facts]
    assert len(names) == len(set(names))
    with pytest.raises(KeyError):
        P24_SHEET.fact("colour")


@pytest.mark.hazard("H59")
def test_the_sheet_claims_no_more_than_the_device_reads_back() -> None:
    assert P24_SHEET.readback is Readback.STATE
    assert P24_SHEET.intended_use is IntendedUse.RESEARCH_ONLY
    assert P24_SHEET.protections.patient_override.presence is Presence.UNKNOWN
    assert P24_SHEET.protections.overload_trip.presence is Presence.UNKNOWN


def test_output_ends_two_seconds_after_the_last_process_died() -> None:
    assert P24_SHEET.has_watchdog
    assert P24_SHEET.longest_run_after_host_death_us == 2_000_000
    assert P24_SHEET.run_after_host_death.as_shipped_us == 2_000_000


def test_the_keep_alive_leaves_room_for_two_lost_ones() -> None:
    assert P24_SHEET.keep_alive_us * 3 <= (P24_SHEET.watchdog_us or 0)


def test_line_settings_are_tried_in_the_documented_order() -> None:
    tried = [(line.baud, line.stop_bits, line.rtscts) for line in family_row("p24").lines]
    assert tried == [(3_000_000, 2, True), (230_400, 1, False), (115_200, 1, False)]
    assert [(usb.vendor, usb.product) for usb in P24_SHEET.usb_ids] == [(0x0483, 0x5740)]


def test_every_pulse_shape_can_be_made() -> None:
    assert BOUNDS.shapes == frozenset(PulseShape)
    assert BOUNDS.multiplexed


def test_the_registry_knows_the_p24_by_name() -> None:
    assert family("p24").sheet is P24_SHEET
    driver = family("p24").new_driver()
    assert isinstance(driver, P24Driver)
    assert isinstance(driver, Driver)
    assert driver.sheet is P24_SHEET
    assert "p24" in FAMILIES


def test_an_unknown_family_is_refused_by_name_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'p25'.*p24"):
        family("p25")
