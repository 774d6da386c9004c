"""Doses equal the reference grid within 0.1 %, the golden vectors, and a numeric integration."""

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from stimctl.stimulus import (
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
    dose_of,
    sine_burst_rms_ma,
)
from stimctl.stimulus.dose import cycle_factor, peak_ma_for_rms, power_w
from stimctl.stimulus.exact import exact_dose_of
from tests.support.paths import DATA

GRID = json.loads((DATA / "dose_reference_grid.json").read_text())
SHAPES = {
    "sym": PulseShape.SYMMETRIC,
    "asym": PulseShape.ASYMMETRIC,
    "mono": PulseShape.MONOPHASIC,
}
WITHIN = 1e-3


def stimulus(
    kind: str, ratio: int, peak_ma: int, phase_us: int, rate_hz: float, **more: Any
) -> Stimulus:
    pulse = Pulse(
        shape=SHAPES[kind],
        amplitude_ua=peak_ma * 1000,
        phase_width_us=phase_us,
        second_phase_ratio=ratio,
    )
    return Stimulus(pulse=pulse, frequency_mhz=round(rate_hz * 1000), **more)


def near(value: float) -> Any:
    return pytest.approx(value, rel=WITHIN, abs=1e-12)


def test_every_row_of_the_reference_grid_is_met() -> None:
    rows = GRID["pulses"]["rows"]
    assert len(rows) == 600
    for kind, ratio, peak, phase, rate, *expected in rows:
        asked = stimulus(kind, ratio, peak, phase, rate)
        dose = dose_of(asked, 2500)
        found = [
            dose.rms_ma, dose.charge_per_phase_uc, dose.net_charge_uc, dose.rectified_average_ma,
            dose.dc_ma, dose.energy_per_pulse_mj, dose.power_w, dose.current_density_ma_cm2,
            dose.power_density_w_cm2, dose.charge_density_uc_cm2, peak_ma_for_rms(asked, 50.0),
        ]  # fmt: skip
        assert found == [near(value) for value in expected], (kind, ratio, peak, phase, rate)


def test_every_burst_of_the_reference_grid_is_met() -> None:
    for peak, phase, pulses, bursts_hz, symmetric, rms in GRID["bursts"]["rows"]:
        burst = Burst(pulses_per_burst=pulses, burst_frequency_mhz=bursts_hz * 1000)
        kind = "sym" if symmetric else "mono"
        asked = stimulus(kind, 1, peak, phase, 1000, burst=burst)
        assert dose_of(asked).rms_ma == near(rms)


def test_burst_modulated_sines_meet_the_reference() -> None:
    for peak, duty, rms in GRID["sines"]["rows"]:
        assert sine_burst_rms_ma(peak, duty) == near(rms)


def test_the_on_off_factor_meets_the_reference() -> None:
    for up, hold, down, off, factor in GRID["cycles"]["rows"]:
        on = up + hold + down
        us = [round(s * 1e6) for s in (on, off, up, down)]
        cycle = Cycle(on_us=us[0], off_us=us[1], ramp_up_us=us[2], ramp_down_us=us[3])
        assert cycle_factor(cycle) == near(factor)


def test_a_ratio_that_is_no_integer_follows_the_same_formulas() -> None:
    i1, t1, r, f = 80_000, 300, Fraction(5, 2), 50
    dose = exact_dose_of(i1, t1, i1 / r, t1 * r, f)
    assert math.sqrt(dose.rms_ma_squared) == near(80 * math.sqrt(50 * 300e-6 * (1 + 1 / 2.5)))
    assert dose.net_charge_uc == 0


# Golden vectors of the safety facts, section 11, into 500 ohm; as printed there, rounded.
GOLDEN = [
    ("sym", 1, 25, 100, 100, 3.536, 2.50, 0, 0.500, 0, 0.063, 0.0063, 0.141, 0.0003),
    ("sym", 1, 40, 200, 100, 8.000, 8.00, 0, 1.600, 0, 0.320, 0.0320, 0.320, 0.0013),
    ("sym", 1, 60, 250, 150, 16.432, 15.00, 0, 4.500, 0, 0.900, 0.1350, 0.657, 0.0054),
    ("sym", 1, 80, 300, 50, 13.856, 24.00, 0, 2.400, 0, 1.920, 0.0960, 0.554, 0.0038),
    ("asym", 4, 80, 300, 50, 10.954, 24.00, 0, 2.400, 0, 1.200, 0.0600, 0.438, 0.0024),
    ("mono", 1, 80, 300, 50, 9.798, 24.00, 24.0, 1.200, 1.200, 0.960, 0.0480, 0.392, 0.0019),
    ("sym", 1, 100, 400, 75, 24.495, 40.00, 0, 6.000, 0, 4.000, 0.3000, 0.980, 0.0120),
    ("sym", 1, 130, 500, 50, 29.069, 65.00, 0, 6.500, 0, 8.450, 0.4225, 1.163, 0.0169),
    ("mono", 1, 70, 100_000, 1, 22.136, 7000, 7000, 7.000, 7.000, 245.0, 0.2450, 0.885, 0.0098),
    ("sym", 1, 100, 250, 500, 50.000, 25.00, 0, 25.00, 0, 2.500, 1.2500, 2.000, 0.0500),
]


@pytest.mark.parametrize("row", GOLDEN)
def test_the_golden_vectors_are_met_to_the_last_printed_digit(row: tuple[Any, ...]) -> None:
    dose = dose_of(stimulus(*row[:5]), 2500)
    found = (
        dose.rms_ma, dose.charge_per_phase_uc, dose.net_charge_uc, dose.rectified_average_ma,
        dose.dc_ma, dose.energy_per_pulse_mj, dose.power_w, dose.current_density_ma_cm2,
        dose.power_density_w_cm2,
    )  # fmt: skip
    digits = (3, 2, 2, 3, 3, 3, 4, 3, 4)
    for value, printed, places in zip(found, row[5:], digits, strict=True):
        assert abs(value - printed) <= 0.5000001 * 10**-places


def test_golden_bursts_sines_and_cycle() -> None:
    burst = Burst(pulses_per_burst=10, burst_frequency_mhz=2000)
    assert round(dose_of(stimulus("sym", 1, 40, 200, 100, burst=burst)).rms_ma, 3) == 3.578
    assert round(sine_burst_rms_ma(80, 0.5), 1) == 40.0
    assert round(sine_burst_rms_ma(80, 0.2), 1) == 25.3
    cycle = Cycle(on_us=11_000_000, off_us=50_000_000, ramp_up_us=2_000_000, ramp_down_us=1_000_000)
    asked = stimulus("sym", 1, 40, 200, 100, cycle=cycle)
    assert round(cycle_factor(cycle), 3) == 0.384
    dose = dose_of(asked)
    assert dose.cycle_rms_ma == near(dose.rms_ma * 0.38406)
    assert dose.rms_ma == near(8.0)  # the plateau, not the cycle, is what limits see


@pytest.mark.parametrize(
    ("kind", "ratio", "peak", "phase", "rate"),
    [("sym", 1, 80, 300, 50), ("asym", 4, 80, 300, 50), ("mono", 1, 60, 250, 125),
     ("asym", 10, 20, 50, 20), ("sym", 1, 100, 250, 500)],
)  # fmt: skip
def test_a_numeric_integration_agrees(
    kind: str, ratio: int, peak: int, phase: int, rate: int
) -> None:
    asked = stimulus(kind, ratio, peak, phase, rate)
    pulse, period_us, gap_us = asked.pulse, 1_000_000 // rate, 100
    i2 = -pulse.second_phase_amplitude_ua / 1000
    square = charge = rectified = 0.0
    for at in range(period_us):
        if at < phase:
            current = float(peak)
        elif phase + gap_us <= at < phase + gap_us + pulse.second_phase_width_us:
            current = i2
        else:
            continue
        square += rate * current * current * 1e-6
        charge += rate * current * 1e-6
        rectified += rate * abs(current) * 1e-6
    dose = dose_of(asked)
    assert dose.rms_ma == near(math.sqrt(square))
    assert dose.dc_ma == pytest.approx(charge, rel=WITHIN, abs=1e-6)
    assert dose.rectified_average_ma == near(rectified)
    assert dose.power_w == near(500 * square / 1e6)
    assert power_w(dose.rms_ma) == near(dose.power_w)


def test_the_dose_is_that_of_the_worst_corner_of_all_sweeps() -> None:
    sweeps = {
        "frequency_sweep": Sweep(
            lowest=2_000, highest=125_000, period_us=8_000_000, shape=SweepShape.TRIANGLE
        ),
        "width_sweep": Sweep(lowest=100, highest=200, period_us=8_000_000, shape=SweepShape.SINE),
    }
    swept = stimulus("sym", 1, 40, 150, 100, **sweeps)
    corner = stimulus("sym", 1, 40, 200, 125)
    assert dose_of(swept, 2500) == dose_of(corner, 2500)


@pytest.mark.parametrize(
    ("rate_hz", "burst", "pulses_in_worst_second"),
    [
        (0.5, None, 1),
        (100, (10, 0.5), 10),
        (5, (10, 0.5), 5),
        (100, (10, 2), 20),
        (0.1, (1, 0.1), 1),
    ],
)
def test_a_slow_stimulus_is_judged_by_the_pulses_of_its_worst_second(
    rate_hz: float, burst: tuple[int, float] | None, pulses_in_worst_second: int
) -> None:
    more: dict[str, Any] = {}
    if burst:
        n, hz = burst
        more["burst"] = Burst(pulses_per_burst=n, burst_frequency_mhz=round(hz * 1000))
    slow = dose_of(stimulus("sym", 1, 40, 200, rate_hz, **more))
    assert slow.rms_ma == near(40 * math.sqrt(2 * 200e-6 * pulses_in_worst_second))


def test_without_an_area_there_is_no_density() -> None:
    dose = dose_of(stimulus("mono", 1, 10, 100, 10))
    assert dose.current_density_ma_cm2 is None
    assert dose.dc_density_ma_cm2 is None
    with_area = dose_of(stimulus("mono", 1, 10, 100, 10), 1000)
    assert with_area.dc_density_ma_cm2 == near(0.001)
