"""The stimulus models are strict, frozen, and say what follows from what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stimctl.stimulus import (
    AmplitudeModulation,
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
)

SYM, ASYM, MONO = PulseShape.SYMMETRIC, PulseShape.ASYMMETRIC, PulseShape.MONOPHASIC


def pulse(
    shape: PulseShape = SYM, amplitude_ua: int = 40_000, phase_width_us: int = 200, **more: Any
) -> Pulse:
    return Pulse(shape=shape, amplitude_ua=amplitude_ua, phase_width_us=phase_width_us, **more)


def test_the_second_phase_follows_from_the_first() -> None:
    assert (pulse().second_phase_width_us, pulse().second_phase_amplitude_ua) == (200, 40_000)
    asym = pulse(ASYM, second_phase_ratio=4, interphase_gap_us=100)
    assert (asym.second_phase_width_us, asym.second_phase_amplitude_ua) == (800, 10_000)
    assert asym.width_total_us == 200 + 100 + 800
    mono = pulse(MONO)
    assert (mono.second_phase_width_us, mono.second_phase_amplitude_ua) == (0, 0)
    assert mono.width_total_us == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"amplitude_ua": -1},
        {"amplitude_ua": 1.0},
        {"amplitude_ua": True},
        {"amplitude_ua": "1"},
        {"amplitude_ua": float("nan")},
        {"amplitude_ua": 10**7},
        {"phase_width_us": 0},
        {"interphase_gap_us": -1},
        {"shape": "biphasic-symmetric"},
        {"second_phase_ratio": 2},
        {"shape": MONO, "second_phase_ratio": 2},
        {"shape": ASYM},
        {"shape": ASYM, "second_phase_ratio": 3, "amplitude_ua": 1_000},
        {"extra": 1},
    ],
)
def test_a_pulse_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        pulse(**wrong)


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        pulse().amplitude_ua = 1  # type: ignore[misc]


def test_reachable_extremes_include_the_set_value_and_both_ends_of_a_sweep() -> None:
    sweep = Sweep(lowest=80_000, highest=120_000, period_us=6_000_000, shape=SweepShape.STEP)
    widths = Sweep(lowest=100, highest=300, period_us=6_000_000, shape=SweepShape.STEP)
    swept = Stimulus(
        pulse=pulse(), frequency_mhz=100_000, frequency_sweep=sweep, width_sweep=widths
    )
    assert (swept.lowest_frequency_mhz, swept.highest_frequency_mhz) == (80_000, 120_000)
    assert (swept.narrowest_phase_us, swept.widest_phase_us) == (100, 300)
    plain = Stimulus(pulse=pulse(), frequency_mhz=100_000)
    assert (plain.lowest_frequency_mhz, plain.highest_frequency_mhz) == (100_000, 100_000)
    assert (plain.narrowest_phase_us, plain.widest_phase_us) == (200, 200)


def test_another_amplitude_is_validated_anew() -> None:
    asked = Stimulus(pulse=pulse(ASYM, second_phase_ratio=4), frequency_mhz=50_000)
    assert asked.with_amplitude(8_000).pulse.amplitude_ua == 8_000
    for wrong in (-4, 8_001, 8_000.0, True):
        with pytest.raises(ValidationError):
            asked.with_amplitude(wrong)  # type: ignore[arg-type]


def test_a_sweep_begins_at_its_lowest_and_is_highest_in_the_middle() -> None:
    for shape in SweepShape:
        sweep = Sweep(lowest=10, highest=110, period_us=8_000_000, shape=shape)
        assert sweep.value_at(0) == sweep.value_at(8_000_000) == 10
        assert sweep.value_at(4_000_000) == 110
    triangle = Sweep(lowest=10, highest=110, period_us=8_000_000, shape=SweepShape.TRIANGLE)
    assert [triangle.value_at(t * 1_000_000) for t in range(9)] == [
        10, 35, 60, 85, 110, 85, 60, 35, 10,
    ]  # fmt: skip
    step = Sweep(lowest=10, highest=110, period_us=8_000_000, shape=SweepShape.STEP)
    assert (step.value_at(3_999_999), step.value_at(7_999_999)) == (10, 110)


@given(
    lowest=st.integers(1, 10**9),
    span=st.integers(0, 10**9),
    period=st.integers(1_000, 10**10),
    shape=st.sampled_from(SweepShape),
    t=st.integers(-(10**12), 10**12),
)
def test_a_sweep_never_leaves_its_range(
    lowest: int, span: int, period: int, shape: SweepShape, t: int
) -> None:
    sweep = Sweep(lowest=lowest, highest=lowest + span, period_us=period, shape=shape)
    value = sweep.value_at(t)
    assert type(value) is int
    assert lowest <= value <= lowest + span


def test_a_sweep_upside_down_is_refused() -> None:
    with pytest.raises(ValidationError):
        Sweep(lowest=2, highest=1, period_us=1_000_000, shape=SweepShape.SINE)


@given(lowest=st.integers(0, 1000), t=st.integers(0, 10**10), shape=st.sampled_from(SweepShape))
def test_amplitude_modulation_only_lowers(lowest: int, t: int, shape: SweepShape) -> None:
    modulation = AmplitudeModulation(lowest_permille=lowest, period_us=6_000_000, shape=shape)
    assert modulation.value_at(0) == 1000
    assert lowest <= modulation.value_at(t) <= 1000


def test_a_cycle_adds_up() -> None:
    cycle = Cycle(on_us=10, off_us=5, ramp_up_us=3, ramp_down_us=2)
    assert (cycle.hold_us, cycle.period_us) == (5, 15)


@pytest.mark.parametrize("n", [0, -1, 1.0])
def test_a_burst_has_pulses(n: Any) -> None:
    with pytest.raises(ValidationError):
        Burst(pulses_per_burst=n, burst_frequency_mhz=2_000)
