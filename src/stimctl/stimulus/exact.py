"""The dose of a stimulus as exact rationals, so that a limit is met to the last digit or not.

"Worst 1 s of the plateau": highest amplitude, widest phase and highest frequency reachable, the
output on (never averaged over the on/off cycle); slower than one pulse (or burst) a second, the
worst second still holds one. Formulas: safety facts, section 2; 500 ohm: IEC 60601-2-10 test load
(R2).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from stimctl.stimulus.stimulus import Stimulus

TEST_LOAD_OHM = 500
_HZ = 1_000  # mHz in a Hz


@dataclass(frozen=True, slots=True)
class ExactDose:
    """Rationals, in the units of the names; `rms_ma_squared` because a root is not rational."""

    charge_per_phase_uc: Fraction
    net_charge_uc: Fraction
    rms_ma_squared: Fraction
    rectified_average_ma: Fraction
    dc_ma: Fraction
    energy_per_pulse_mj: Fraction

    @property
    def ac_ma_squared(self) -> Fraction:
        """The square of the r.m.s. value without its DC part (L-RMS-SPLIT)."""
        return self.rms_ma_squared - self.dc_ma**2

    @property
    def power_w(self) -> Fraction:
        """Power into the test load, in W."""
        return TEST_LOAD_OHM * self.rms_ma_squared / 1_000_000


def worst_second_rate_hz(stimulus: Stimulus) -> Fraction:
    """The pulses of the worst second: n x burst rate, or the highest pulse rate."""
    inside_hz = Fraction(stimulus.highest_frequency_mhz, _HZ)
    if stimulus.burst is None:
        return max(inside_hz, Fraction(1))
    n, bursts_mhz = stimulus.burst.pulses_per_burst, stimulus.burst.burst_frequency_mhz
    if bursts_mhz >= _HZ:
        return Fraction(n * bursts_mhz, _HZ)
    # One burst a second at most: the second holds all of it, or as much of it as fits.
    return max(Fraction(1), min(Fraction(n), inside_hz))


def exact_dose(stimulus: Stimulus) -> ExactDose:
    """Return the exact dose of the worst second of `stimulus`."""
    pulse = stimulus.pulse
    t1_us = stimulus.widest_phase_us
    t2_us = pulse.second_width_for(t1_us)
    return exact_dose_of(
        pulse.amplitude_ua,
        t1_us,
        pulse.second_phase_amplitude_ua,
        t2_us,
        worst_second_rate_hz(stimulus),
    )


def exact_dose_of(
    i1_ua: int | Fraction,
    t1_us: int | Fraction,
    i2_ua: int | Fraction,
    t2_us: int | Fraction,
    rate_hz: int | Fraction,
) -> ExactDose:
    """Return the exact dose of pulses i1 x t1 then -i2 x t2, `rate_hz` of them a second."""
    # uA x us = 1e-6 uC; uA^2 x us = 1e-18 A^2 s, which is 1e-12 mA^2 s.
    q1_uc, q2_uc = Fraction(i1_ua * t1_us, 10**6), Fraction(i2_ua * t2_us, 10**6)
    heat = Fraction(i1_ua**2 * t1_us + i2_ua**2 * t2_us, 10**12)
    return ExactDose(
        charge_per_phase_uc=q1_uc,
        net_charge_uc=q1_uc - q2_uc,
        rms_ma_squared=heat * rate_hz,
        rectified_average_ma=(q1_uc + q2_uc) * rate_hz / 1_000,
        dc_ma=(q1_uc - q2_uc) * rate_hz / 1_000,
        energy_per_pulse_mj=TEST_LOAD_OHM * heat / 1_000,
    )
