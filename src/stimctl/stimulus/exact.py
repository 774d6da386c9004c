"""The dose of a stimulus as exact rationals, so that a limit is met to the last digit or not.

The dose is that of the worst second: the most pulses that can begin within 1 s (see
`stimulus.second`), at the highest amplitude and the widest phase, never averaged over the on/off
cycle. Formulas: safety facts, section 2; 500 ohm: IEC 60601-2-10 test load (R2).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from stimctl.stimulus.second import worst_second_pulses
from stimctl.stimulus.stimulus import Stimulus

TEST_LOAD_OHM = 500


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
        """The square of the r.m.s. value without its DC part (L-RMS-SPLIT).

        Above a duty of one half, fewer pulses have a higher AC part: then the highest of any
        second with as many pulses or fewer.
        """
        if 2 * self.dc_ma**2 <= self.rms_ma_squared:
            return self.rms_ma_squared - self.dc_ma**2
        return (self.rms_ma_squared / (2 * self.dc_ma)) ** 2

    @property
    def power_w(self) -> Fraction:
        """Power into the test load, in W."""
        return TEST_LOAD_OHM * self.rms_ma_squared / 1_000_000


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
        worst_second_pulses(stimulus),
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
