"""Who is at the electrodes, and where: drawn once from a seed, then fixed.

| number | value | certainty |
|---|---|---|
| spread between persons | lognormal, sigma 0.35 | D |
| from day to day | +-20 % | D |
| place: wrist to gluteal | 0.5 to 2.0 | D |
| prone to dysreflexia | 5 % | D |
| pressure | 2 mmHg per 10 % duty of strong contraction | D |
| force of a fresh muscle, at the shin | 300 N | D |

One factor holds for all fibres of a person, so that no draw can turn ST < SC < TOL around.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .chance import Chance, between, happens, lognormal_permille
from .nerve import FIBRES, Excitability, Fibre, Law

SPREAD = 0.35
DAY_PERMILLE = 200
DYSREFLEXIA_PERMILLE = 50
STARTLE_PERMILLE = 800
PRESSURE_MMHG_PER_TENTH = 2
ANATOMICAL_PERMILLE = (500, 2000)
FORCE_N = 300


@dataclass(frozen=True, slots=True)
class Person:
    """factor_permille multiplies every rheobase; startle_permille is a probability.

    sensate False: the person feels nothing there. fitness_permille: of all muscles at the start.
    """

    factor_permille: int = 1000
    day_permille: int = 1000
    sensate: bool = True
    dysreflexic: bool = False
    pressure_mmhg_per_tenth: int = PRESSURE_MMHG_PER_TENTH
    startle_permille: int = STARTLE_PERMILLE
    fitness_permille: int = 1000

    @property
    def rheobase_permille(self) -> int:
        """Return the factor of this person today."""
        return self.factor_permille * self.day_permille // 1000


def draw_person(chance: Chance, *, sensate: bool = True, dysreflexia: bool = True) -> Person:
    """Draw a person as of today; always three draws, whatever is configured."""
    factor = lognormal_permille(chance, SPREAD)
    day = between(chance, 1000 - DAY_PERMILLE, 1000 + DAY_PERMILLE)
    prone = happens(chance, DYSREFLEXIA_PERMILLE)
    return Person(factor, day, sensate=sensate, dysreflexic=prone and dysreflexia)


@dataclass(frozen=True, slots=True)
class Site:
    """One pair of pads and what lies under it.

    area_mm2: of the smaller pad. anatomical_permille: 500 (wrist) .. 2000 (gluteal, much fat).
    below_lesion: a strong contraction here can raise the pressure of a dysreflexic person.
    """

    area_mm2: int = 2_500
    anatomical_permille: int = 1000
    denervated: bool = False
    below_lesion: bool = True
    force_n: int = FORCE_N
    ding: bool = False
    law: Law = Law.WEISS
    fibres: Mapping[Fibre, Excitability] = field(default_factory=lambda: FIBRES)

    def __post_init__(self) -> None:
        lowest, highest = ANATOMICAL_PERMILLE
        if self.area_mm2 < 1 or not lowest <= self.anatomical_permille <= highest:
            raise ValueError(f"a site has an area, and a factor of {lowest} to {highest} permille")

    def factor_permille(self, person: Person) -> int:
        """Return the factor of every rheobase here."""
        return max(1, person.rheobase_permille * self.anatomical_permille // 1000)
