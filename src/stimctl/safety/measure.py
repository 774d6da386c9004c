"""What a stimulus comes to in the quantities that are bounded, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from stimctl.safety.bounds import Bound
from stimctl.safety.envelope import Envelope
from stimctl.safety.quantities import INFO, Quantity
from stimctl.safety.with_test_pulse import dose_on
from stimctl.stimulus import Stimulus
from stimctl.stimulus.exact import ExactDose

# Measured as squares, because their root is not rational.
SQUARED = frozenset({Quantity.RMS_CURRENT, Quantity.CURRENT_DENSITY})


@dataclass(frozen=True, slots=True)
class Measures:
    """Exact values by quantity, squares for those in SQUARED; bands need the frequency."""

    values: Mapping[Quantity, Fraction]
    defining_frequency_mhz: int
    widest_phase_us: int

    def exceeds(self, bound: Bound) -> bool:
        """Whether the bound is exceeded (reached, where it is strict)."""
        value = self.values.get(bound.quantity)
        if value is None or not bound.in_band(self.defining_frequency_mhz):
            return False
        limit = self._comparable_limit(bound)
        return value >= limit if bound.strict else value > limit

    def used_squared(self, bound: Bound) -> Fraction:
        """The square of the amplitude's share of what the bound allows: above 1 is too much.

        For quantities that grow with amplitude. The bound's limit is above 0.
        """
        value, limit = self.values[bound.quantity], self._comparable_limit(bound)
        if bound.quantity in SQUARED or INFO[bound.quantity].degree == 2:
            return value / limit
        return (value / limit) ** 2

    def asked(self, quantity: Quantity) -> int | float:
        """The measured value in the quantity's unit."""
        value = self.values[quantity]
        if quantity in SQUARED:
            return math.sqrt(value)
        return int(value) if value.denominator == 1 else float(value)

    def _comparable_limit(self, bound: Bound) -> Fraction:
        limit = bound.limit_at(self.widest_phase_us)
        return limit**2 if bound.quantity in SQUARED else limit


def measure(stimulus: Stimulus, envelope: Envelope) -> Measures:
    """Measure the worst second of `stimulus` on the electrode and device of `envelope`."""
    return measures_of(
        dose_on(stimulus, envelope.device), stimulus.pulse.amplitude_ua, stimulus, envelope
    )


def measures_of(
    dose: ExactDose, amplitude_ua: int, stimulus: Stimulus, envelope: Envelope
) -> Measures:
    """The measures of a dose and a highest amplitude; all else is that of `stimulus`."""
    pulse = stimulus.pulse
    per_cm2 = Fraction(100, envelope.electrode.effective_area_mm2)
    burst = stimulus.burst
    slowest_mhz = stimulus.lowest_frequency_mhz
    values = {
        Quantity.AMPLITUDE: Fraction(amplitude_ua),
        Quantity.PHASE_WIDTH: Fraction(stimulus.widest_phase_us),
        Quantity.INTERPHASE_GAP: Fraction(pulse.interphase_gap_us),
        Quantity.FREQUENCY: Fraction(stimulus.closest_mhz),
        Quantity.PULSES_PER_BURST: Fraction(burst.pulses_per_burst if burst else 1),
        Quantity.RMS_CURRENT: dose.ac_ma_squared,
        Quantity.DC_CURRENT: dose.dc_ma,
        Quantity.AVERAGE_CURRENT: dose.rectified_average_ma,
        Quantity.ENERGY_PER_PULSE: dose.energy_per_pulse_mj,
        Quantity.OUTPUT_VOLTAGE: Fraction(envelope.device.compliance_mv, 1_000),
        Quantity.CURRENT_DENSITY: dose.rms_ma_squared * per_cm2**2,
        Quantity.POWER_DENSITY: dose.power_w * per_cm2,
        Quantity.DC_DENSITY: dose.dc_ma * per_cm2,
        Quantity.CHARGE_PER_PHASE: dose.charge_per_phase_uc,
        Quantity.CHARGE_DENSITY: dose.charge_per_phase_uc * per_cm2,
    }
    defining_mhz = slowest_mhz if burst is None else min(slowest_mhz, burst.burst_frequency_mhz)
    return Measures(values, defining_mhz, stimulus.widest_phase_us)
