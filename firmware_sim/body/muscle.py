"""Recruitment, fusion, force and the fatigue of two compartments, each interval in closed form.

| number | value | certainty |
|---|---|---|
| recruitment | 3x^2 - 2x^3 from MT to 90 mA at 300 us | D |
| fusion | f^2.6 / (18^2.6 + f^2.6), f in Hz | D |
| rise 10-90 % | 120 ms | D |
| relaxation | 80 ms, 15 % of it with 400 ms | D |
| compartments | 0.3 with (18 s, 30 s), 0.7 with (80 s, 900 s) | fast pair M?, rest D |
| weight of the rate | 0.4 + 0.6 (f / 100 Hz)^2, at most 1 | M? |
"""

from __future__ import annotations

from math import exp, log
from typing import Protocol

#: 90 mA in multiples of the motor threshold at 300 us, in permille of it.
SATURATED_PERMILLE = 90_000 * 1000 // 14_100
HALF_FUSED_HZ, FUSION_POWER = 18.0, 2.6
#: From the 10-90 % time of a first-order rise to its time constant.
RISE_S = 0.120 / log(9)
RELAX_S, SLOW_RELAX_S, SLOW_SHARE = 0.080, 0.400, 0.15
#: Share, time to fatigue and to recover in s.
COMPARTMENTS = ((0.3, 18.0, 30.0), (0.7, 80.0, 900.0))


def recruitment(strength_permille: int) -> float:
    """Return the share of the muscle that works at a multiple (permille) of its threshold."""
    x = (strength_permille - 1000) / (SATURATED_PERMILLE - 1000)
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def fusion(rate_mhz: int) -> float:
    """Return the share of the tetanic force at a pulse rate."""
    rate: float = (rate_mhz / 1000) ** FUSION_POWER
    half: float = HALF_FUSED_HZ**FUSION_POWER
    return rate / (half + rate)


def rate_weight(rate_mhz: int) -> float:
    """Return how much a rate tires."""
    return min(1.0, 0.4 + 0.6 * (rate_mhz / 100_000) ** 2)


class Muscle(Protocol):
    """A muscle that is driven interval by interval."""

    @property
    def force_n(self) -> float:
        """Force at the end of the last interval in N."""

    @property
    def fitness(self) -> float:
        """What is left of the fresh force, 0..1."""

    def run(self, time_us: int, recruited: float, rate_mhz: int) -> None:
        """Let time pass with a share of the muscle driven at a rate (0 = rest)."""


class TwoCompartments:
    """The default muscle."""

    __slots__ = ("_drive", "_full_n", "_parts", "_slow")

    def __init__(self, full_n: float, fitness: float = 1.0) -> None:
        self._full_n = full_n
        self._parts = (fitness, fitness)  # a tuple, so that a copy of a muscle is its own
        self._drive = self._slow = 0.0

    @property
    def fitness(self) -> float:
        """What is left of the fresh force, 0..1."""
        return sum(
            share * part for (share, _, _), part in zip(COMPARTMENTS, self._parts, strict=True)
        )

    @property
    def force_n(self) -> float:
        """Force in N."""
        drive = (1 - SLOW_SHARE) * self._drive + SLOW_SHARE * self._slow
        return self._full_n * drive * self.fitness

    def run(self, time_us: int, recruited: float, rate_mhz: int) -> None:
        """Let time pass: linear equations with constant coefficients, solved."""
        time = time_us / 1e6
        active = recruited * rate_weight(rate_mhz) if rate_mhz else 0.0
        fast, slow = (
            _tired(part, active, time, tiring, recovering)
            for part, (_, tiring, recovering) in zip(self._parts, COMPARTMENTS, strict=True)
        )
        self._parts = (fast, slow)
        target = recruited * fusion(rate_mhz) if rate_mhz else 0.0
        self._drive = _toward(self._drive, target, time, RELAX_S)
        self._slow = _toward(self._slow, target, time, SLOW_RELAX_S)


def _tired(part: float, active: float, time: float, tiring: float, recovering: float) -> float:
    pull, push = active / tiring, (1 - active) / recovering
    rest = push / (pull + push)
    return rest + (part - rest) * exp(-time * (pull + push))


def _toward(now: float, target: float, time: float, relax_s: float) -> float:
    constant = RISE_S if target > now else relax_s
    return target + (now - target) * exp(-time / constant)
