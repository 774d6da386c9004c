"""The timing rules W1 and W4-W8 find what they are for, to the microsecond."""

from typing import Any

import pytest

from stimctl.stimulus import (
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Severity,
    Stimulus,
    inconsistencies,
)
from stimctl.stimulus.consistency import period_inconsistency


def stim(width_us: int = 200, mhz: int = 100_000, gap_us: int = 0, **more: Any) -> Stimulus:
    pulse = Pulse(
        shape=PulseShape.SYMMETRIC,
        amplitude_ua=10_000,
        phase_width_us=width_us,
        interphase_gap_us=gap_us,
    )
    return Stimulus(pulse=pulse, frequency_mhz=mhz, **more)


def rules(stimulus: Stimulus) -> list[str]:
    return [one.rule for one in inconsistencies(stimulus)]


def cycle(
    on: int = 10_000_000, off: int = 10_000_000, up: int = 1_000_000, down: int = 1_000_000
) -> Cycle:
    return Cycle(on_us=on, off_us=off, ramp_up_us=up, ramp_down_us=down)


def test_a_plain_stimulus_breaks_nothing() -> None:
    assert rules(stim()) == []
    assert rules(stim(cycle=cycle(), motor=True)) == []


# Section 2.1: symmetric, gap 100 us, dead time 200 us.
@pytest.mark.parametrize(
    ("width_us", "max_hz"), [(100, 2000), (200, 1428), (300, 1111), (500, 769), (1000, 434)]
)
def test_w1_pulse_gap_and_recovery_fit_the_period(width_us: int, max_hz: int) -> None:
    fits, not_fits = (stim(width_us, hz * 1000, gap_us=100) for hz in (max_hz, max_hz + 1))
    assert period_inconsistency(fits, 200) is None
    assert period_inconsistency(not_fits, 200).rule == "W1"


def test_w1_at_the_exact_edge() -> None:
    assert rules(stim(1000, 500_000)) == []
    assert rules(stim(1000, 500_000, gap_us=1)) == ["W1"]


def test_w4_a_burst_holds_its_pulses() -> None:
    assert rules(stim(burst=Burst(pulses_per_burst=10, burst_frequency_mhz=10_000))) == []
    assert rules(stim(burst=Burst(pulses_per_burst=11, burst_frequency_mhz=10_000))) == ["W4"]


def test_w5_ramps_fit_and_are_not_abrupt() -> None:
    assert rules(stim(cycle=cycle(on=2_000_000))) == []
    assert rules(stim(cycle=cycle(on=1_999_999))) == ["W5"]
    assert rules(stim(cycle=cycle(up=500_000, down=0))) == []
    assert rules(stim(cycle=cycle(up=499_999))) == ["W5"]


@pytest.mark.hazard("H44")
@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"cycle": cycle(on=2_000_000, off=2_000_000)}, []),
        ({"cycle": cycle(on=2_000_000, off=999_999)}, ["W6", "W7"]),
        ({"cycle": cycle(on=950_000, off=1_000_000, up=500_000, down=0)}, ["W6"]),
        ({}, ["W6"]),
        ({"mhz": 14_999}, []),
        ({"mhz": 15_000}, ["W6"]),
        ({"burst": Burst(pulses_per_burst=5, burst_frequency_mhz=2_000)}, []),
        ({"burst": Burst(pulses_per_burst=2, burst_frequency_mhz=50_000)}, ["W6"]),
        # One twitch each: at most 200 ms, and at most half of the time.
        ({"burst": Burst(pulses_per_burst=20, burst_frequency_mhz=2_500)}, []),
        ({"burst": Burst(pulses_per_burst=21, burst_frequency_mhz=2_000)}, ["W6"]),
        ({"burst": Burst(pulses_per_burst=20, burst_frequency_mhz=2_501)}, ["W6"]),
        ({"burst": Burst(pulses_per_burst=99, burst_frequency_mhz=1_000)}, ["W6"]),
        ({"burst": Burst(pulses_per_burst=10, burst_frequency_mhz=10_000)}, ["W6"]),
        ({"burst": Burst(pulses_per_burst=1, burst_frequency_mhz=14_000), "mhz": 14_000}, []),
        ({"burst": Burst(pulses_per_burst=14, burst_frequency_mhz=1_000), "mhz": 14_000}, []),
    ],
)
def test_w6_a_tetanic_motor_programme_rests(more: dict[str, Any], found: list[str]) -> None:
    assert rules(stim(motor=True, **more)) == found
    assert "W6" not in rules(stim(motor=False, **more))


def test_w7_more_work_than_rest_is_only_a_warning() -> None:
    found = inconsistencies(stim(motor=True, cycle=cycle(on=10_000_001)))
    assert [(one.rule, one.severity) for one in found] == [("W7", Severity.WARNING)]
    assert rules(stim(motor=False, cycle=cycle(on=10_000_001))) == []
