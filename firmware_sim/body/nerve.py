"""Strength and duration: how much current excites which fibre, for 5 x 5 cm pads over a thigh.

| fibre | rheobase | chronaxie | certainty |
|---|---|---|---|
| sensory (A-beta) | 3.5 mA | 120 us | D |
| motor (A-alpha) | 9 mA | 170 us | D, chronaxie near R2 text-book 0.2 ms |
| pain onset (A-delta) | 20 mA | 250 us | D, chronaxie R2 |
| slow pain (C) | 35 mA | 500 us | D |
| denervated muscle | 15 mA | 20 ms | D |

Laws: Weiss I = I_rh (1 + c/t) (R2); Lapicque I = I_rh / (1 - 2^(-t/c)) (R2). The hyperbolic fall
with width is read (R2, forearm, 30 volunteers); threshold tracking gives the opposite order of
chronaxies (M?), so a table can be handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from .load import Points


class Fibre(StrEnum):
    """What can be excited."""

    SENSORY = "sensory"
    MOTOR = "motor"
    PAIN = "pain"
    SLOW_PAIN = "slow-pain"
    DENERVATED = "denervated"


class Law(StrEnum):
    """How threshold and phase width hang together."""

    WEISS = "weiss"
    LAPICQUE = "lapicque"


@dataclass(frozen=True, slots=True)
class Excitability:
    """Rheobase in uA and chronaxie in us."""

    rheobase_ua: int
    chronaxie_us: int


FIBRES: Mapping[Fibre, Excitability] = MappingProxyType(
    {
        Fibre.SENSORY: Excitability(3_500, 120),
        Fibre.MOTOR: Excitability(9_000, 170),
        Fibre.PAIN: Excitability(20_000, 250),
        Fibre.SLOW_PAIN: Excitability(35_000, 500),
        Fibre.DENERVATED: Excitability(15_000, 20_000),
    }
)


class Phase(NamedTuple):
    """Current of one direction without a pause: width in us, charge in pC (magnitude)."""

    width_us: int
    charge_pc: int


class Felt(NamedTuple):
    """A pulse as the body counts it.

    peak_ua and phases are magnitudes; net_pc has a sign; square is the integral of i^2 in uA^2 us.
    """

    peak_ua: int
    phases: tuple[Phase, ...]
    net_pc: int
    square: int


@lru_cache(maxsize=4096)
def felt(points: Points) -> Felt:
    """Take a pulse apart into its phases."""
    phases: list[Phase] = []
    width = charge = 0
    for time_us, current_ua in (*points, (1, 0)):
        if width and (current_ua == 0 or (current_ua > 0) != (charge > 0)):
            phases.append(Phase(width, abs(charge)))
            width = charge = 0
        if current_ua and time_us:
            width += time_us
            charge += time_us * current_ua
    return Felt(
        max((abs(current) for time, current in points if time), default=0),
        tuple(phases),
        sum(time * current for time, current in points),
        sum(time * current**2 for time, current in points),
    )


def threshold_ua(
    fibre: Excitability, width_us: int, law: Law = Law.WEISS, factor_permille: int = 1000
) -> int:
    """Return the threshold in uA of a rectangular phase; the factor is that of the person."""
    if width_us < 1:
        raise ValueError("a phase lasts at least 1 us")
    if law is Law.WEISS:
        exact = fibre.rheobase_ua * (1 + fibre.chronaxie_us / width_us)
    else:
        exact = fibre.rheobase_ua / (1 - 2.0 ** (-width_us / fibre.chronaxie_us))
    return round(exact * factor_permille / 1000)


def strength_permille(
    pulse: Felt, fibre: Excitability, law: Law = Law.WEISS, factor_permille: int = 1000
) -> int:
    """Return how strong a pulse is for a fibre: 1000 is the threshold.

    The phase that excites most counts; a phase counts by its mean current; both directions excite
    alike (D).
    """
    return max(
        (
            phase.charge_pc
            * 1000
            // (phase.width_us * threshold_ua(fibre, phase.width_us, law, factor_permille))
            for phase in pulse.phases
        ),
        default=0,
    )
