"""Chance as it is handed in: one seeded generator, from which a single kind of number is drawn.

Only `random()` is asked of it, once per draw, so that no rejection can hinge on a last bit.
"""

from __future__ import annotations

from math import exp
from statistics import NormalDist
from typing import Protocol

_NORMAL = NormalDist()
_EDGE = 1e-9
_MASK = (1 << 64) - 1


class Chance(Protocol):
    """A seeded generator, such as random.Random(7)."""

    def random(self) -> float:
        """Return the next number in [0, 1)."""


class Stream:
    """A generator of its own, derived from another by one draw (SplitMix64).

    Sites draw from streams, so that what happens at one does not depend on when another is asked.
    """

    __slots__ = ("_state",)

    def __init__(self, parent: Chance) -> None:
        self._state = int(parent.random() * (1 << 53))

    def random(self) -> float:
        """Return the next number in [0, 1)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((self._state ^ self._state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ mixed >> 31) >> 11) / (1 << 53)


def normal(chance: Chance) -> float:
    """Draw from the standard normal distribution."""
    return _NORMAL.inv_cdf(min(max(chance.random(), _EDGE), 1 - _EDGE))


def lognormal_permille(chance: Chance, sigma: float) -> int:
    """Draw a factor with median 1000 permille."""
    return round(1000 * exp(sigma * normal(chance)))


def between(chance: Chance, lowest: int, highest: int) -> int:
    """Draw an integer, both ends included."""
    return lowest + int(chance.random() * (highest - lowest + 1))


def happens(chance: Chance, permille: int) -> bool:
    """Draw whether something of that probability happens."""
    return chance.random() * 1000 < permille
