"""The rest of the person: blood pressure of a dysreflexic, and what an implant may overhear.

| number | value | certainty |
|---|---|---|
| pressure | 2 mmHg per 10 % duty of strong contraction | D |
| duty | over the last minute (first order) | D |
| strong | more than half of the fused force of the muscle | D |
| flag and headache | from a rise of 5 and 10 mmHg | D |
| oversensing | 1 % per mC/s at 10 cm, in proportion to Q f / distance | D, for the warning only |
"""

from __future__ import annotations

from math import exp

DUTY_S = 60.0
STRONG_SHARE = 0.5
FLAG_MMHG, HEADACHE_MMHG = 5.0, 10.0


class Duty:
    """How much of the last minute one muscle contracted strongly, 0..1."""

    __slots__ = ("share",)

    def __init__(self) -> None:
        self.share = 0.0

    def run(self, time_us: int, *, strong: bool) -> None:
        """Let time pass."""
        target = 1.0 if strong else 0.0
        self.share = target + (self.share - target) * exp(-time_us / 1e6 / DUTY_S)


def pressure_rise_mmhg(duty: float, mmhg_per_tenth: int) -> float:
    """Return the rise of the systolic pressure at a duty 0..1."""
    return duty * 10 * mmhg_per_tenth


def oversensing_permille(charge_uc: float, rate_mhz: int, distance_mm: int) -> int:
    """Return how likely an implant takes the pulses for the heart's. Never advice: a warning."""
    if distance_mm < 1:
        return 1000
    mc_per_s = charge_uc * rate_mhz / 1e6
    return min(1000, round(10 * mc_per_s * 100 / distance_mm))
