"""What the skin under the pads takes: warmth, redness, blister; per interval in closed form.

| number | value | certainty |
|---|---|---|
| warmth | 0.05 K per J/cm2, gone with 300 s; "warm" from 1 K | D |
| redness | one point per 40 mA/cm2 min of local rms density, 0..4, gone with 30 min | D |
| blister | local rms density > 10 mA/cm2 for > 5 min | D |
| blister | |DC| > 0.5 mA/cm2 for > 2 min | D |
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

KELVIN_PER_J_CM2 = 0.05
COOLING_S = 300.0
WARM_K = 1.0
REDNESS_MA_MIN_CM2 = 40.0
FADING_S = 1_800.0
MOST_REDNESS = 4.0
DENSE_MA_CM2, DENSE_US = 10.0, 300_000_000
DC_MA_CM2, DC_US = 0.5, 120_000_000


@dataclass(frozen=True, slots=True)
class SkinLoad:
    """What a train does to the skin: local rms and DC density in mA/cm2, power in W/cm2."""

    density: float = 0.0
    dc: float = 0.0
    power: float = 0.0


NO_LOAD = SkinLoad()


class Skin:
    """The skin under one pair of pads."""

    __slots__ = ("_dc_us", "_dense_us", "blister", "redness", "warmth")

    def __init__(self) -> None:
        self._dense_us = self._dc_us = 0
        self.blister = False
        self.redness = 0.0
        self.warmth = 0.0

    @property
    def score(self) -> int:
        """Redness in whole points 0..4."""
        return int(self.redness + 1e-9)

    @property
    def warm(self) -> bool:
        """Whether one would call it warm."""
        return self.warmth >= WARM_K

    def run(self, time_us: int, load: SkinLoad) -> None:
        """Let time pass under a load. What counts towards a blister does not heal in a session."""
        time = time_us / 1e6
        self.warmth = _toward(
            self.warmth, load.power * KELVIN_PER_J_CM2 * COOLING_S, time, COOLING_S
        )
        reddest = load.density / 60 / REDNESS_MA_MIN_CM2 * FADING_S
        self.redness = min(MOST_REDNESS, _toward(self.redness, reddest, time, FADING_S))
        if load.density > DENSE_MA_CM2:
            self._dense_us += time_us
        if abs(load.dc) > DC_MA_CM2:
            self._dc_us += time_us
        self.blister = self._dense_us > DENSE_US or self._dc_us > DC_US


def _toward(now: float, target: float, time: float, constant: float) -> float:
    return target + (now - target) * exp(-time / constant)
