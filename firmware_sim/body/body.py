"""One person wearing up to eight pairs of pads: loads for a twin, and what its output does to them.

Feed it the twin's record rows and its time. What the person felt lags by 100 ms, the longest pulse
included, so that every row about a moment has arrived before the moment is settled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from firmware_sim.firmware.recorder import all_points, begins_us

from .battery import Battery
from .chance import Chance, Stream
from .events import LoadEvent, LoadEventKind, Step, changed, steps_of
from .interface import Contact
from .load import Points
from .pads import Lead, Pads
from .person import Person, Site
from .region import GRID_US, BodyEvent, Exposure, Region
from .systemic import FLAG_MMHG, HEADACHE_MMHG, pressure_rise_mmhg

CHANNELS = range(1, 9)
LAG_US = 100_000
#: What creeps (drying, warming) is looked at this often [D].
DRIFT_TICK_US = 30_000_000


class Body:
    """chance: one seeded generator; all that is random comes from it.

    sites: what the channels 1..8 are clipped to; the others hang in the air. contacts: how pads sit
    where they do not sit as fresh ones. drifting: whether gel dries and skin warms up.
    """

    def __init__(
        self,
        chance: Chance,
        sites: Mapping[int, Site],
        person: Person | None = None,
        *,
        contacts: Mapping[int, Contact] | None = None,
        events: Iterable[LoadEvent] = (),
        drifting: bool = True,
        battery: Battery | None = None,
    ) -> None:
        self.person = person or Person()
        self.battery = battery
        self._script = Stream(chance)
        contacts = contacts or {}
        self._regions: dict[Pads, Region] = {}
        self._leads = {channel: Lead(None) for channel in CHANNELS}
        for channel, site in sorted(sites.items()):
            pads = Pads(site, contacts.get(channel, Contact()))
            self._leads[channel].pads = pads
            self._regions[pads] = Region(site, self.person, Stream(chance))
        self._unclipped: set[int] = set()
        self._steps = deque(steps_of(events, self._script))
        self._before: dict[LoadEvent, Contact] = {}
        self._crossed: dict[int, tuple[int, int]] = {}
        self._tick_us: int | None = DRIFT_TICK_US if drifting and sites else None
        self._open: dict[int, list[tuple[Region, Exposure]]] = {}
        self._closed: dict[int, list[tuple[Region, Exposure]]] = {}
        self._second_us = 0
        self._told: list[BodyEvent] = []
        self._alarms: set[str] = set()

    # The electrodes

    def load(self, channel: int) -> Lead:
        """Return the load to put on a channel of a twin."""
        return self._leads[channel]

    def pads(self, channel: int) -> Pads | None:
        """Return the pads a channel is clipped to now."""
        return self._leads[channel].pads

    def clip(self, channel: int, *, on: bool) -> None:
        """Say whether a channel is clipped to this body, or to something else for a while."""
        (self._unclipped.discard if on else self._unclipped.add)(channel)

    def region(self, channel: int) -> Region:
        """Return what lies under a channel's pads now; KeyError where there are none."""
        pads = self._leads[channel].pads
        if pads is None:
            raise KeyError(f"channel {channel} is not clipped to anything")
        return self._regions[pads]

    def deadline_us(self) -> int | None:
        """Return when a load changes by itself."""
        times = [self._steps[0].at_us] if self._steps else []
        if self._tick_us is not None:
            times.append(self._tick_us)
        return min(times, default=None)

    def move(self, at_us: int) -> frozenset[int]:
        """Let the loads change that are due; return the channels that meet another load now."""
        moved: set[int] = set()
        while self._steps and self._steps[0].at_us <= at_us:
            moved |= self._step(self._steps.popleft())
        if self._tick_us is not None and self._tick_us <= at_us:
            age_us = at_us - at_us % DRIFT_TICK_US
            self._tick_us = age_us + DRIFT_TICK_US
            for channel, lead in self._leads.items():
                if lead.pads is not None and lead.pads.settle(lead.pads.base, age_us):
                    moved.add(channel)
        return frozenset(moved)

    def _step(self, step: Step) -> set[int]:
        event = step.event
        channel, other = event.channel, event.other
        if step.closing:
            self._tell(step.at_us, channel, event.kind.value)
        if other is not None and event.kind is LoadEventKind.SWAPPED:
            mine, theirs = self._leads[channel], self._leads[other]
            mine.pads, theirs.pads = theirs.pads, mine.pads
            return {channel, other}
        if other is not None:
            self._crossed[channel] = (other, event.amount)
            return {channel}  # no other load, but other people feel it: the train begins anew
        if event.kind is LoadEventKind.SEPARATED:
            self._crossed.pop(channel, None)
        pads = self._leads[channel].pads
        if pads is None:
            return set()
        before = self._before.setdefault(event, pads.base)
        age_us = 0 if self._tick_us is None else self._tick_us - DRIFT_TICK_US
        pads.settle(changed(pads.base, before, step), age_us)
        return {channel}

    # The current

    def observe(self, row: Mapping[str, Any]) -> None:
        """Take a row of a twin's record; other rows than those of pulses do not matter here."""
        kind = row["kind"]
        if kind == "train_open":
            self._open[row["id"]] = self._meet(row, row["period_us"])
        elif kind == "train":
            ends = begins_us(row) + row["count"] * row["period_us"]
            met = self._open.pop(row["id"], [])
            for _, exposure in met:
                exposure.end_us = ends
            self._closed[row["channel"]] = met
        elif kind == "pulse" and not self._cut_of(row):
            self._meet(row, None)

    def _cut_of(self, row: Mapping[str, Any]) -> bool:
        """Whether a pulse is the cut last one of a train; then the train lasted until there."""
        met = self._closed.get(row["channel"], [])
        if not row.get("cut") or not met or met[0][1].end_us != begins_us(row):
            return False
        for _, exposure in met:
            start_us, points = all_points(row)
            exposure.end_us = start_us + sum(time for time, _ in points)
        return True

    def _meet(self, row: Mapping[str, Any], period_us: int | None) -> list[tuple[Region, Exposure]]:
        channel = row["channel"]
        pads = self._leads[channel].pads
        if pads is None or channel in self._unclipped:
            return []
        start_us, all_of_it = all_points(row)
        solved = pads.received(tuple((time, current) for time, current in all_of_it))
        other, share = self._crossed.get(channel, (channel, 0))
        parts = [(channel, 1000 - share if share else 1000)]
        if share:
            parts.append((other, share))
        met: list[tuple[Region, Exposure]] = []
        for where, permille in parts:
            at = self._leads[where].pads
            if at is None:
                continue
            points: Points = tuple((time, i * permille // 1000) for time, i in solved.body)
            energy = solved.energy_nj if where == channel else 0
            spot = at.contact.spot_factor
            exposure = Exposure(
                start_us, period_us or 1, points, at.touching_mm2, spot, energy, where
            )
            region = self._regions[at]
            (region.meet if period_us else region.meet_single)(exposure)
            met.append((region, exposure))
        return met

    # The time

    def advance(self, now_us: int) -> None:
        """Let the person live until 100 ms ago; a site that never met current waits until it does.

        Left alone, such a site has nothing to tell, and later lives the same seconds in one go.
        """
        until_us = now_us - LAG_US
        touched = [region for region in self._regions.values() if region.touched]
        while self._second_us + GRID_US <= until_us:
            self._second_us += GRID_US
            for region in touched:
                region.settle(self._second_us)
            self._each_second()
        for region in touched:
            region.settle(until_us)

    def finish(self, at_us: int) -> None:
        """Let the person live until at_us, when the twin is off and nobody asks any more."""
        self.advance(at_us + LAG_US)
        for region in self._regions.values():
            region.finish(at_us)

    def events(self) -> list[BodyEvent]:
        """Return what happened since the last call, in the order of its time."""
        events, self._told = self._told, []
        for region in self._regions.values():
            if region.touched:
                events += region.events()
        return sorted(events, key=lambda event: (event.at_us, event.channel))

    @property
    def pressure_rise_mmhg(self) -> float:
        """How far the systolic pressure has risen; 0 for a person who is not dysreflexic."""
        if not self.person.dysreflexic:
            return 0.0
        below = [
            region.duty.share for pads, region in self._regions.items() if pads.site.below_lesion
        ]
        return pressure_rise_mmhg(max(below, default=0.0), self.person.pressure_mmhg_per_tenth)

    @property
    def evaluations(self) -> int:
        """How many closed forms and pulses were worked out so far."""
        inside = sum(region.evaluations for region in self._regions.values())
        return inside + sum(pads.solved for pads in self._regions)

    def _each_second(self) -> None:
        rise = self.pressure_rise_mmhg
        self._once(rise >= FLAG_MMHG, "dysreflexia")
        self._once(rise >= HEADACHE_MMHG, "headache")
        if self.battery is not None:
            used_nj = sum(region.energy_nj for region in self._regions.values())
            for region in self._regions.values():
                region.energy_nj = 0.0
            self.battery.run(GRID_US, used_nj / GRID_US)
            state = self.battery.state.value
            self._once(state != "good", f"battery-{state}")

    def _once(self, happens: bool, kind: str) -> None:
        if happens and kind not in self._alarms:
            self._alarms.add(kind)
            self._tell(self._second_us, 0, kind)

    def _tell(self, at_us: int, channel: int, kind: str) -> None:
        self._told.append(BodyEvent(at_us, channel, kind))
