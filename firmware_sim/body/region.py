"""What lies under one pair of pads, carried through time from train to train in closed form.

Time is settled at train boundaries and at whole seconds only, never at the moment one happens to
look, so that the outcome does not depend on how often that is.
"""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass
from typing import Any

from .chance import Chance, happens
from .comfort import Comfort
from .ding import DingMuscle
from .load import Points
from .muscle import Muscle, TwoCompartments, fusion, recruitment
from .nerve import Felt, felt
from .person import Person, Site
from .sensation import Sense, Threshold, Word
from .skin import NO_LOAD, Skin, SkinLoad
from .systemic import STRONG_SHARE, Duty

GRID_US = 1_000_000
#: A single pulse counts as one of a train at the rate of its distance to the one before; alone it
#: stands for this long [D].
ALONE_US = 1_000_000
REFERENCE_WIDTH_US = 200
#: A word is taken back when nothing was felt for so long, so that bursts are one sensation [D].
FADES_US = 500_000


@dataclass(frozen=True, slots=True)
class BodyEvent:
    """Something that happened in or to the body; channel is where it was worn then."""

    at_us: int
    channel: int
    kind: str
    data: tuple[tuple[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the event as a row for a record."""
        return {
            "kind": "body",
            "at_us": self.at_us,
            "channel": self.channel,
            "event": self.kind,
            **dict(self.data),
        }


@dataclass(slots=True)
class Exposure:
    """A train as the body meets it: what it got of each pulse, over which area, until when.

    end_us None: still going on. energy_nj: of one pulse, as the device spends it.
    """

    start_us: int
    period_us: int
    points: Points
    area_mm2: int
    spot_factor: int
    energy_nj: int
    channel: int
    end_us: int | None = None
    begun: bool = False

    @property
    def rate_mhz(self) -> int:
        """Pulses per 1000 s."""
        return 1_000_000_000 // self.period_us

    @property
    def power_mw(self) -> float:
        """Mean power into the load."""
        return self.energy_nj / self.period_us


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an exposure does as long as it lasts."""

    word: Word
    recruited: float
    rate_mhz: int
    strong: bool
    skin: SkinLoad
    power_mw: float


_REST = _Effect(Word.NOTHING, 0.0, 0, False, NO_LOAD, 0.0)


class Region:
    """Nerves, muscle and skin of one site. `evaluations` counts the closed forms evaluated."""

    def __init__(self, site: Site, person: Person, chance: Chance) -> None:
        self._person = person
        self._chance = chance
        self.sense = Sense(person, site)
        fresh = person.fitness_permille / 1000
        self.muscle: Muscle = (
            DingMuscle() if site.ding else TwoCompartments(site.force_n, fitness=fresh)
        )
        self.skin = Skin()
        self.duty = Duty()
        self.word = Word.NOTHING
        self.energy_nj = 0.0
        self.evaluations = 0
        self._comfort = Comfort()
        self._exposures: deque[Exposure] = deque()
        self._effect = _REST
        self._at = 0
        self._silent_from = 0
        self._channel = 0
        self._last_single_us: int | None = None
        self._events: list[BodyEvent] = []
        self.touched = False
        """Whether it has met any current at all; until then it need not be settled in time."""

    def meet(self, exposure: Exposure) -> None:
        """Take an exposure; it takes the place of the one before when it begins."""
        self.touched = True
        self._exposures.append(exposure)

    def meet_single(self, exposure: Exposure) -> None:
        """Take a single pulse; its period is the distance to the pulse before."""
        before, self._last_single_us = self._last_single_us, exposure.start_us
        distance = ALONE_US if before is None else min(exposure.start_us - before, ALONE_US)
        exposure.period_us = max(1, distance)
        exposure.end_us = exposure.start_us + exposure.period_us
        self.meet(exposure)

    def settle(self, until_us: int) -> None:
        """Let everything happen whose end is known to be no later than until_us."""
        while True:
            self._drop_ended()
            head = self._head()
            if head is not None and not head.begun and head.start_us < until_us:
                self._begin(head)
            end_us = self._end_of(head)
            if end_us > until_us:
                return
            self._run(end_us)

    def finish(self, at_us: int) -> None:
        """Settle everything up to a moment after which nobody asks any more."""
        self.settle(at_us)
        if self._at < at_us:
            self._run(at_us)

    def force_n(self, at_us: int) -> float:
        """Return the force at a moment not before the last boundary, in N."""
        muscle = copy(self.muscle)
        muscle.run(max(0, at_us - self._at), self._effect.recruited, self._effect.rate_mhz)
        return muscle.force_n

    def events(self) -> list[BodyEvent]:
        """Return what happened since the last call."""
        events, self._events = self._events, []
        return events

    def _head(self) -> Exposure | None:
        """Return the exposure in force; None is rest."""
        queue = self._exposures
        return queue[0] if queue and queue[0].start_us <= self._at else None

    def _end_of(self, head: Exposure | None) -> int:
        """Return when what is in force now ends, or the next whole second."""
        grid_us = self._at - self._at % GRID_US + GRID_US
        if head is None:
            return min(grid_us, self._exposures[0].start_us) if self._exposures else grid_us
        next_us = self._exposures[1].start_us if len(self._exposures) > 1 else grid_us
        return min(grid_us, next_us, grid_us if head.end_us is None else head.end_us)

    def _drop_ended(self) -> None:
        """Forget exposures that have ended or been replaced."""
        queue = self._exposures
        while queue:
            end_us = queue[0].end_us
            if len(queue) > 1 and queue[1].start_us <= self._at:
                queue.popleft()
            elif end_us is not None and end_us <= self._at:
                self._rest(queue.popleft())
            else:
                return

    def _rest(self, exposure: Exposure) -> None:
        if not exposure.begun:
            return
        last_us = max(exposure.start_us, self._at - exposure.period_us)
        self._comfort.level(last_us + sum(time for time, _ in exposure.points), 0, 1)
        self._effect = _REST
        self._silent_from = self._at

    def _begin(self, exposure: Exposure) -> None:
        exposure.begun = True
        self._channel = exposure.channel
        self.evaluations += 1
        pulse = felt(exposure.points)
        self._effect = self._effect_of(exposure, pulse)
        self._startle(exposure, pulse)
        if self._effect.word is Word.STOP and not self.sense.exposed:
            self.sense.expose(self._chance)
        if self._effect.word is not Word.NOTHING:
            self._say(exposure.start_us, self._effect.word)

    def _effect_of(self, exposure: Exposure, pulse: Felt) -> _Effect:
        rate = exposure.rate_mhz
        recruited = recruitment(self.sense.strength(pulse, self.sense.motor_fibre))
        area_cm2 = exposure.area_mm2 / 100
        rms_ma = (pulse.square / exposure.period_us) ** 0.5 / 1000
        dc_ma = pulse.net_pc / exposure.period_us / 1000
        skin = SkinLoad(
            rms_ma / area_cm2 * exposure.spot_factor,
            dc_ma / area_cm2 * exposure.spot_factor,
            exposure.power_mw / 1000 / area_cm2,
        )
        strong = recruited * fusion(rate) > STRONG_SHARE
        word = self.sense.word(pulse, rate)
        return _Effect(word, recruited, rate, strong, skin, exposure.power_mw)

    def _startle(self, exposure: Exposure, pulse: Felt) -> None:
        width = pulse.phases[0].width_us if pulse.phases else REFERENCE_WIDTH_US
        threshold = self.sense.threshold_ua(Threshold.ST, width)
        rise_ua = self._comfort.level(exposure.start_us, pulse.peak_ua, threshold)
        if rise_ua is None or not self._person.sensate:
            return
        if happens(self._chance, self._person.startle_permille):
            self._tell(exposure.start_us, "startle", ("rise_ua", rise_ua))

    def _run(self, until_us: int) -> None:
        time_us, self._at = until_us - self._at, until_us
        if time_us <= 0:
            return
        effect = self._effect
        self.evaluations += 1
        self.muscle.run(time_us, effect.recruited, effect.rate_mhz)
        score, blister = self.skin.score, self.skin.blister
        self.skin.run(time_us, effect.skin)
        self.duty.run(time_us, strong=effect.strong)
        self.energy_nj += effect.power_mw * time_us
        if effect.word is not Word.NOTHING:
            self.sense.stimulated_us += time_us
            self._silent_from = until_us
        if self.skin.score > score:
            self._tell(until_us, "redness", ("score", self.skin.score))
        if self.skin.blister and not blister:
            self._tell(until_us, "blister")
        if effect.word is Word.NOTHING and until_us - self._silent_from >= FADES_US:
            self._say(until_us, Word.NOTHING)

    def _say(self, at_us: int, word: Word) -> None:
        if word is not self.word:
            self.word = word
            self._tell(at_us, "response", ("word", word.text))

    def _tell(self, at_us: int, kind: str, *data: tuple[str, Any]) -> None:
        self._events.append(BodyEvent(at_us, self._channel, kind, data))
