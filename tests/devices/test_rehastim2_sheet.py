"""The RehaStim2's sheet says the same in its facts and in its fields, and keeps the rules."""

from __future__ import annotations

import pytest

from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.sheet import Presence
from stimctl.quantity import parse_current_ua, parse_duration_us
from stimctl.stimulus.pulse import PulseShape

BOUNDS = REHASTIM2_SHEET.bounds


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("phase_width_min", BOUNDS.phase_width_min_us),
        ("phase_width_max", BOUNDS.phase_width_max_us),
        ("phase_width_step", BOUNDS.phase_width_step_us),
        ("phase_gap", BOUNDS.interphase_gap_fixed_us),
        ("recovery", BOUNDS.recovery_us),
        ("period_min", BOUNDS.period_min_us),
        ("group_gap_max", BOUNDS.group_gap_max_us),
        ("period_max", BOUNDS.period_max_us),
        ("period_step", BOUNDS.period_step_us),
        ("watchdog", REHASTIM2_SHEET.watchdog_us),
        ("keep_alive", REHASTIM2_SHEET.keep_alive_us),
        ("refresh", REHASTIM2_SHEET.refresh_us),
    ],
)
def test_a_time_is_the_same_as_a_fact_and_as_a_number(fact: str, value: int) -> None:
    assert parse_duration_us(REHASTIM2_SHEET.fact(fact).value) == value


def test_a_current_is_the_same_as_a_fact_and_as_a_number() -> None:
    for name, value in (
        ("amplitude_max", BOUNDS.amplitude_max_ua),
        ("amplitude_step", BOUNDS.amplitude_step_ua),
    ):
        assert parse_current_ua(REHASTIM2_SHEET.fact(name).value) == value


def test_every_fact_has_a_source_and_a_certainty() -> None:
    for one in REHASTIM2_SHEET.facts:
        assert one.source
        assert one.certainty in ("R", "R2", "M+", "M?", "D")


def test_the_keep_alive_is_a_third_of_the_watchdog_and_the_refresh_is_no_slower() -> None:
    watchdog_us, refresh_us = REHASTIM2_SHEET.watchdog_us, REHASTIM2_SHEET.refresh_us
    assert watchdog_us is not None
    assert refresh_us is not None
    assert 3 * REHASTIM2_SHEET.keep_alive_us <= watchdog_us
    assert refresh_us <= REHASTIM2_SHEET.keep_alive_us


def test_only_symmetric_pulses_in_one_rhythm_on_two_modules() -> None:
    assert BOUNDS.shapes == {PulseShape.SYMMETRIC}
    assert BOUNDS.fixed_rhythm
    assert BOUNDS.period_min_for([1, 4]) == 8_000
    assert BOUNDS.period_min_for([4, 5]) == 16_000
    assert BOUNDS.period_min_for([]) == 8_000


def test_the_person_has_a_switch_and_the_sheet_says_how_long_output_outlives_the_host() -> None:
    assert REHASTIM2_SHEET.protections.patient_override.presence is Presence.PRESENT
    assert REHASTIM2_SHEET.longest_run_after_host_death_us == 1_200_000
    assert "emergency switch" in REHASTIM2_SHEET.stop_instruction
