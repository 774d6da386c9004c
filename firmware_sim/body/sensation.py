"""What the person says: from the strength of a pulse to a word, and how that drifts.

| threshold | definition | certainty |
|---|---|---|
| ST | sensory fibres | D |
| MT | motor fibres | D |
| SC strong but comfortable | 0.75 x pain onset | D |
| TOL | 1.1 x pain onset | D |
| NX | 1.4 x pain onset | D |
| habituation | 1 %/min of stimulation: SC down, TOL and NX up, for at most 30 min | D |
| after something noxious | SC up by 0..25 % | that it rises R (Vance 2018), how much M? |
| contraction rather than twitches | from 10 Hz | D |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .chance import Chance, between
from .nerve import Felt, Fibre, strength_permille, threshold_ua
from .person import Person, Site

SC_PERMILLE, TOL_PERMILLE, NX_PERMILLE = 750, 1_100, 1_400
DRIFT_PERMILLE_PER_MIN = 10
DRIFT_ENDS_MIN = 30
EXPOSED_PERMILLE = 250
FUSING_FROM_MHZ = 10_000
MINUTE_US = 60_000_000


class Word(IntEnum):
    """What is said or seen, from nothing to the word that ends it."""

    NOTHING = 0
    TINGLING = 1
    TWITCH = 2
    CONTRACTION = 3
    STRONG = 4
    UNCOMFORTABLE = 5
    STOP = 6

    @property
    def text(self) -> str:
        """Return the word."""
        return self.name.lower()


class Threshold(StrEnum):
    """The thresholds a clinician notes."""

    ST = "ST"
    MT = "MT"
    SC = "SC"
    TOL = "TOL"
    NX = "NX"


@dataclass(frozen=True, slots=True)
class SitTest:
    """Currents in uA of the SIT test: sensory, strong, noxious, strong again."""

    st_ua: int
    sc1_ua: int
    noxious_ua: int
    sc2_ua: int


class Sense:
    """The nerves under one pair of pads, and what they got used to."""

    __slots__ = ("_exposed_permille", "_factor", "_person", "_site", "stimulated_us")

    def __init__(self, person: Person, site: Site) -> None:
        self._person = person
        self._site = site
        self._factor = site.factor_permille(person)
        self._exposed_permille = 0
        self.stimulated_us = 0

    @property
    def motor_fibre(self) -> Fibre:
        """What makes the muscle contract here."""
        return Fibre.DENERVATED if self._site.denervated else Fibre.MOTOR

    @property
    def exposed(self) -> bool:
        """Whether something noxious was felt before."""
        return self._exposed_permille > 0

    def expose(self, chance: Chance) -> None:
        """Feel something noxious: what is strong but comfortable lies higher afterwards."""
        self._exposed_permille = max(1, between(chance, 0, EXPOSED_PERMILLE))

    def threshold_ua(self, threshold: Threshold, width_us: int) -> int:
        """Return a threshold as it is now, in uA of a phase of width_us."""
        if threshold is Threshold.ST:
            return self._fibre_ua(Fibre.SENSORY, width_us)
        if threshold is Threshold.MT:
            return self._fibre_ua(self.motor_fibre, width_us)
        return self._fibre_ua(Fibre.PAIN, width_us) * self._pain_permille(threshold) // 1000

    def strength(self, pulse: Felt, fibre: Fibre) -> int:
        """Return the strength of a pulse for a fibre in permille of its threshold."""
        return strength_permille(pulse, self._site.fibres[fibre], self._site.law, self._factor)

    def word(self, pulse: Felt, rate_mhz: int) -> Word:
        """Return what pulses like this at that rate make the person say, or let one see."""
        pain = self.strength(pulse, Fibre.PAIN)
        if self._person.sensate:
            for threshold, word in (
                (Threshold.NX, Word.STOP),
                (Threshold.TOL, Word.UNCOMFORTABLE),
                (Threshold.SC, Word.STRONG),
            ):
                if pain >= self._pain_permille(threshold):
                    return word
        if self.strength(pulse, self.motor_fibre) >= 1000:
            return Word.CONTRACTION if rate_mhz >= FUSING_FROM_MHZ else Word.TWITCH
        felt_at_all = self._person.sensate and self.strength(pulse, Fibre.SENSORY) >= 1000
        return Word.TINGLING if felt_at_all else Word.NOTHING

    def _fibre_ua(self, fibre: Fibre, width_us: int) -> int:
        return threshold_ua(self._site.fibres[fibre], width_us, self._site.law, self._factor)

    def _pain_permille(self, threshold: Threshold) -> int:
        """Return SC, TOL or NX in permille of pain onset, as they are by now."""
        drift = min(
            DRIFT_PERMILLE_PER_MIN * self.stimulated_us // MINUTE_US,
            DRIFT_PERMILLE_PER_MIN * DRIFT_ENDS_MIN,
        )
        if threshold is Threshold.SC:
            return SC_PERMILLE * (1000 - drift) * (1000 + self._exposed_permille) // 1_000_000
        first = TOL_PERMILLE if threshold is Threshold.TOL else NX_PERMILLE
        return first * (1000 + drift) // 1000


def sit_test(sense: Sense, width_us: int, chance: Chance) -> SitTest:
    """Take the thresholds in the order of the SIT test; the noxious one leaves its mark."""
    st_ua = sense.threshold_ua(Threshold.ST, width_us)
    sc1_ua = sense.threshold_ua(Threshold.SC, width_us)
    noxious_ua = sense.threshold_ua(Threshold.NX, width_us)
    sense.expose(chance)
    return SitTest(st_ua, sc1_ua, noxious_ua, sense.threshold_ua(Threshold.SC, width_us))
