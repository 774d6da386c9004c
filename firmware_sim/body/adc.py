"""An ideal meter in the lead: samples a pulse and adds up what the standard asks for.

Written as a meter is, by sampling, so that it is a second opinion on every closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from .load import Points


@dataclass(frozen=True, slots=True)
class Reading:
    """Of a pulse that repeats: mA, uC, mJ and W at a resistance."""

    rms_ma: float
    charge_uc: float
    net_uc: float
    average_ma: float
    dc_ma: float
    energy_mj: float
    power_w: float


def samples(points: Points, step_us: int = 1) -> Iterator[int]:
    """Yield the current in uA at each step, taken in the middle of it."""
    ends_us = at_us = 0
    for time_us, current_ua in points:
        ends_us += time_us
        while 2 * at_us + step_us < 2 * ends_us:
            yield current_ua
            at_us += step_us


def measure(points: Points, period_us: int, ohm: int = 500, step_us: int = 1) -> Reading:
    """Measure a pulse of the given points that repeats each period_us into a resistance in ohm."""
    square = rectified = net = first = 0
    over = False
    for current in samples(points, step_us):
        square += current * current * step_us
        rectified += abs(current) * step_us
        # The first phase is over when the current pauses or turns.
        over = over or (net != 0 and current * net <= 0)
        first += 0 if over else abs(current) * step_us
        net += current * step_us
    energy_mj = square * ohm * 1e-15
    return Reading(
        rms_ma=sqrt(square / period_us) / 1000,
        charge_uc=first / 1e6,
        net_uc=net / 1e6,
        average_ma=rectified / period_us / 1000,
        dc_ma=net / period_us / 1000,
        energy_mj=energy_mj,
        power_w=energy_mj * 1000 / period_us,
    )
