"""Derived quantities of a stimulus as plain numbers for faces, plans and reports.

Limits are not checked with these floats but with the exact rationals of `stimulus.exact`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from stimctl.stimulus.exact import TEST_LOAD_OHM, exact_dose
from stimctl.stimulus.modulation import Cycle
from stimctl.stimulus.stimulus import Stimulus


@dataclass(frozen=True, slots=True)
class Dose:
    """The worst 1 s, into 500 ohm; units are in the names.

    `cycle_rms_ma` averages over the on/off cycle and is for reports only, never for limits.
    Densities are None where no electrode area was given.
    """

    charge_per_phase_uc: float
    net_charge_uc: float
    rms_ma: float
    rectified_average_ma: float
    dc_ma: float
    energy_per_pulse_mj: float
    power_w: float
    cycle_rms_ma: float
    current_density_ma_cm2: float | None
    power_density_w_cm2: float | None
    charge_density_uc_cm2: float | None
    dc_density_ma_cm2: float | None


def dose_of(stimulus: Stimulus, area_mm2: int | None = None) -> Dose:
    """Return the dose of `stimulus`; `area_mm2` is the smallest electrode, contact applied."""
    exact = exact_dose(stimulus)
    rms_ma = math.sqrt(exact.rms_ma_squared)

    def per_cm2(value: float) -> float | None:
        return None if area_mm2 is None else value * 100.0 / area_mm2

    charge_uc, dc_ma, power_w = map(float, (exact.charge_per_phase_uc, exact.dc_ma, exact.power_w))
    return Dose(
        charge_per_phase_uc=charge_uc,
        net_charge_uc=float(exact.net_charge_uc),
        rms_ma=rms_ma,
        rectified_average_ma=float(exact.rectified_average_ma),
        dc_ma=dc_ma,
        energy_per_pulse_mj=float(exact.energy_per_pulse_mj),
        power_w=power_w,
        cycle_rms_ma=rms_ma * cycle_factor(stimulus.cycle),
        current_density_ma_cm2=per_cm2(rms_ma),
        power_density_w_cm2=per_cm2(power_w),
        charge_density_uc_cm2=per_cm2(charge_uc),
        dc_density_ma_cm2=per_cm2(dc_ma),
    )


def cycle_factor(cycle: Cycle | None) -> float:
    """The r.m.s. over the whole on/off cycle with linear ramps, as a part of the plateau's."""
    if cycle is None:
        return 1.0
    ramps_us = cycle.ramp_up_us + cycle.ramp_down_us
    return math.sqrt((cycle.hold_us + ramps_us / 3.0) / cycle.period_us)


def sine_burst_rms_ma(peak_ma: float, duty: float) -> float:
    """R.m.s. in mA of a sine of `peak_ma`, on for `duty` (0..1) of the time."""
    return peak_ma / math.sqrt(2.0) * math.sqrt(duty)


def power_w(rms_ma: float, load_ohm: float = TEST_LOAD_OHM) -> float:
    """Power in W of `rms_ma` into `load_ohm`."""
    return load_ohm * (rms_ma / 1000.0) ** 2


def peak_ma_for_rms(stimulus: Stimulus, rms_limit_ma: float) -> float:
    """The peak in mA at which this stimulus, otherwise unchanged, has `rms_limit_ma`.

    Not on any device grid, and no clearance: `stimctl.safety.ceiling_ua` answers that.
    """
    unit = dose_of(stimulus.with_amplitude(stimulus.pulse.second_phase_ratio * 1_000))
    return rms_limit_ma * stimulus.pulse.second_phase_ratio / unit.rms_ma
