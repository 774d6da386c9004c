"""What a plan will deliver: pulses, charge, r.m.s., peak; exactly, without simulating each pulse.

The rule shared with the engine and the device [POLICY]: settings of the same instant apply before
a pulse that is due then; a channel enabled from off pulses at once; a running train keeps its
phase, so that after a change the next pulse is due one *new* period after the last pulse (at once
if that is past); amplitude 0 or a pause of a burst is off. A burst that is off at any time of
it stays off until it is over: none is begun late.

A device whose channels share one list (`channels_first`) pulses in the rhythm of that list, which
runs from the start on: what is set has effect from the next time the list is begun.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter

from stimctl.safety.device_bounds import SINGLE
from stimctl.stimulus import PulseShape
from stimctl.stimulus.second import worst_second_pulses
from stimctl.treatment.event_dose import most_of_events
from stimctl.treatment.functional_bounds import AtMost, at_most
from stimctl.treatment.program import CurrentChannel, CurrentPlan, Stage, gives_events
from stimctl.treatment.scripted_raise import PlateauStep, raise_schedule
from stimctl.treatment.timeline import Drive, Moment, amplitude_of, contraction_starts, moments

_SECOND_US = 1_000_000
_PC_PER_UC = 1_000_000  # 1 uA x 1 us = 1 pC
_LIST_HEARD_US = 10_000
"""From a command to its execution: the shortest time that the maker states, 10 to 24 ms."""


@dataclass(frozen=True, slots=True)
class ChannelDose:
    """What one channel delivers in the whole session, raise and ramps included.

    `charge_uc` is the sum of the first phases (a device's own test pulses are in the r.m.s. values
    and energies, not in it); `rms_plateau_ma` the r.m.s. of the worst 1 s (of all
    seconds that begin with a pulse); `rms_session_ma` that of the whole session; `on_time_us` the
    time with the channel enabled; `peak_ua` the amplitude of the highest pulse, and `plateau_ua`
    where the raise ends in this session; `strongest_uc` and `strongest_ua2_us` are charge and
    energy of the strongest pulse; `contractions` holds the pulses of each on time, where there are
    on times.
    """

    channel: int
    pulses: int
    charge_uc: float
    rms_plateau_ma: float
    rms_session_ma: float
    on_time_us: int
    peak_ua: int
    plateau_ua: int
    strongest_uc: float
    strongest_ua2_us: int
    contractions: tuple[int, ...] = ()
    at_most: bool = False
    """Inputs decide in a part of it: pulses, charge, on time and r.m.s. are bounds (N6)."""


@dataclass(slots=True)
class _Train:
    """Equal pulses at equal distances, or equal groups of `group` pulses that are `gap_us` apart;
    `energy` is that of one pulse in uA2 us, `test` that of what the device gives before each
    group by itself."""

    first_us: int
    period_us: int
    groups: int
    energy: int
    test: int = 0
    group: int = 1
    gap_us: int = 0

    @property
    def pulses(self) -> int:
        """How many pulses."""
        return self.groups * self.group

    @property
    def each(self) -> int:
        """The energy of one group, test included."""
        return self.group * self.energy + self.test

    def before(self, t_us: int) -> int:
        """The energy of the pulses that start before `t_us`, and of their tests."""
        begun = [
            min(self.groups, max(0, -((self.first_us + later_us - t_us) // self.period_us)))
            for later_us in range(0, self.group * self.gap_us or 1, self.gap_us or 1)
        ]
        return sum(begun) * self.energy + begun[0] * self.test


def predict(plan: CurrentPlan) -> tuple[ChannelDose, ...]:
    """The dose of each plan channel, in the order of the plan; of a procedure at most (N6)."""
    if gives_events(plan):
        return most_of_events(plan)
    in_list = plan.sheet.channels_first
    test = plan.sheet.bounds.test_pulse
    own = 0 if test is None else test.energy_ua2_us
    tracks = {one.channel: _Track(one, in_list=in_list, test_energy=own) for one in plan.channels}
    found: list[dict[int, int]] = []
    for stage in plan.stages:
        for number, track in tracks.items():
            one, source = stage.channel(number), stage.carried.get(number)
            plateau_ua = 0
            if one is not None and source is not None:
                plateau_ua = source.plateau(found[source.stage][number], one.step)
            track.enter(one, plateau_ua)
        _play(stage, tracks)
        found.append({number: track.plateau_ua for number, track in tracks.items()})
    return tuple(track.dose(plan.duration_us) for track in tracks.values())


def _play(stage: Stage[CurrentChannel], tracks: Mapping[int, _Track]) -> None:
    """One stage from its beginning to its end."""
    events: Iterator[Moment | PlateauStep] = heapq.merge(
        moments(stage), raise_schedule(stage), key=attrgetter("at_us")
    )
    for event in events:
        if isinstance(event, Moment):
            for drive in event.drives:
                tracks[drive.channel].drive_from(event.at_us, drive)
        else:
            tracks[event.channel].plateau_from(event)
    for track in tracks.values():
        track.leave(stage)


@dataclass(slots=True)
class _Track:
    """One channel on its way through the plan."""

    one: CurrentChannel
    in_list: bool
    test_energy: int
    """Of the test pulse that the device gives before each pulse, in uA2 us."""
    plateau_ua: int = 0
    drive: Drive | None = None
    since_us: int = 0
    amplitude_ua: int = 0
    missed: bool = False
    last_pulse_us: int | None = None
    trains: list[_Train] = field(default_factory=list)
    pulses: int = 0
    charge_pc: int = 0
    on_time_us: int = 0
    peak_ua: int = 0
    highest_ua: int = 0
    strongest_pc: int = 0
    contractions: list[int] = field(default_factory=list)
    bounded: bool = False
    """A part of it is bounded only, at the cleared amplitude."""
    _more_energy: int = 0
    _worst_bound: int = 0
    _counted: int = 0
    """How many trains the stages before this one had."""

    def enter(self, one: CurrentChannel | None, plateau_ua: int) -> None:
        """A stage begins, in which the channel does this (None: nothing)."""
        self.one = one or self.one
        self.plateau_ua = plateau_ua
        self.drive = None
        self._set()

    def leave(self, stage: Stage[CurrentChannel]) -> None:
        """It is over."""
        self.close(stage.end_us)
        self.highest_ua = max(self.highest_ua, self.plateau_ua)
        one = stage.channel(self.one.channel)
        if one is not None:
            self.contractions += self._contractions(one, stage)
            self._bound(one, at_most(stage, one))
        self._counted = len(self.trains)

    def _bound(self, one: CurrentChannel, more: AtMost | None) -> None:
        """Count what inputs may cause in a stage."""
        if more is None:
            return
        self.bounded = True
        width_us = one.stimulus.widest_phase_us
        energy = _energy(one, one.most) * width_us + self.test_energy
        self.pulses += more.pulses
        self.on_time_us += more.on_us
        self.charge_pc += more.pulses * one.most * width_us
        self._more_energy += more.pulses * energy
        self._worst_bound = max(self._worst_bound, worst_second_pulses(one.stimulus) * energy)

    def drive_from(self, at_us: int, drive: Drive) -> None:
        """From `at_us` on, `drive` holds."""
        if drive != self.drive:
            self.close(at_us)
            self.drive = drive
            self._set()

    def plateau_from(self, step: PlateauStep) -> None:
        """From `step.at_us` on, the plateau is the step's."""
        self.close(step.at_us)
        self.plateau_ua = step.plateau_ua
        self._set()

    def _set(self) -> None:
        drive = self.drive
        is_open = drive is not None and drive.is_on
        if drive is None or not is_open or self.missed:
            self.amplitude_ua = 0
        else:
            self.amplitude_ua = amplitude_of(self.plateau_ua, drive.level_permille, self.one.step)
        in_burst = is_open and self.one.host_burst is not None
        self.missed = in_burst and self.amplitude_ua == 0

    def close(self, at_us: int) -> None:
        """Count what was delivered with the present setting until just before `at_us`."""
        from_us, self.since_us = self.since_us, at_us
        if at_us == from_us or self.drive is None:
            return
        if self.amplitude_ua == 0:
            self.last_pulse_us = None
            return
        self.on_time_us += at_us - from_us
        period_us = self.drive.period_us
        due_us, until_us = from_us, at_us
        if self.in_list:
            heard_us = from_us + _LIST_HEARD_US
            due_us, until_us = (
                heard_us - heard_us % period_us + period_us,
                at_us + _LIST_HEARD_US + 1,
            )
        elif self.last_pulse_us is not None:
            due_us = max(from_us, self.last_pulse_us + period_us)
        if due_us < until_us:
            self._pulses(due_us, period_us, (until_us - 1 - due_us) // period_us + 1)

    def _pulses(self, first_us: int, period_us: int, pulses: int) -> None:
        assert self.drive is not None
        width_us = self.drive.phase_width_us
        self.last_pulse_us = first_us + (pulses - 1) * period_us
        energy = _energy(self.one, self.amplitude_ua) * width_us
        cleared = self.one.cleared
        group = (cleared.lead if self.drive.leads else cleared.group) or SINGLE
        train = _Train(first_us, period_us, pulses, energy, self.test_energy, *group)
        self.trains.append(train)
        self.pulses += train.pulses
        self.peak_ua = max(self.peak_ua, self.amplitude_ua)
        self.charge_pc += train.pulses * self.amplitude_ua * width_us
        self.strongest_pc = max(self.strongest_pc, self.amplitude_ua * width_us)

    def dose(self, duration_us: int) -> ChannelDose:
        """What was counted."""
        total = sum(train.groups * train.each for train in self.trains) + self._more_energy
        worst = max(_worst_second(self.trains), self._worst_bound)
        return ChannelDose(
            channel=self.one.channel,
            pulses=self.pulses,
            charge_uc=self.charge_pc / _PC_PER_UC,
            rms_plateau_ma=math.sqrt(worst / _SECOND_US) / 1000,
            rms_session_ma=math.sqrt(total / duration_us) / 1000,
            on_time_us=self.on_time_us,
            peak_ua=self.peak_ua,
            plateau_ua=self.highest_ua,
            strongest_uc=self.strongest_pc / _PC_PER_UC,
            strongest_ua2_us=max((train.energy + train.test for train in self.trains), default=0),
            contractions=tuple(self.contractions),
            at_most=self.bounded,
        )

    def _contractions(self, one: CurrentChannel, stage: Stage[CurrentChannel]) -> Iterator[int]:
        cycle = one.cycle
        if cycle is None:
            return
        trains = islice(self.trains, self._counted, None)
        train = next(trains, None)
        for start_us in contraction_starts(stage, one):
            pulses = 0
            while train is not None and train.first_us < start_us + cycle.period_us:
                pulses += train.pulses
                train = next(trains, None)
            yield pulses


def _energy(one: CurrentChannel, amplitude_ua: int) -> int:
    """uA2 per us of first phase, for both phases: I1^2 (1 + 1/r); exact, as r divides I1."""
    pulse = one.stimulus.pulse
    first = amplitude_ua * amplitude_ua
    if pulse.shape is PulseShape.MONOPHASIC:
        return first
    return first + first // pulse.second_phase_ratio


def _worst_second(trains: list[_Train]) -> int:
    """The highest energy (uA2 us) of the pulses within a second that begins with a pulse.

    Each train's windows are bounded from above first, and only trains whose bound exceeds the
    best found so far are looked at pulse by pulse.
    """
    worst = 0
    for bound, index in sorted(_bounds(trains), reverse=True):
        if bound <= worst:
            break
        worst = max(worst, *_windows(trains, index))
    return worst


def _bounds(trains: list[_Train]) -> Iterator[tuple[int, int]]:
    """For each train, the energy from its first pulse to one second after its last."""
    energies = [train.groups * train.each for train in trains]
    total, end = 0, 0
    for index, train in enumerate(trains):
        last_us = train.first_us + (train.groups - 1) * train.period_us
        until_us = last_us + (train.group - 1) * train.gap_us + _SECOND_US
        while end < len(trains) and trains[end].first_us < until_us:
            total += energies[end]
            end += 1
        # A train longer than a second cannot put more than its rate allows into one.
        inside = min(train.groups, -(-_SECOND_US // train.period_us)) * train.each
        yield total - energies[index] + inside, index
        total -= energies[index]


def _windows(trains: list[_Train], index: int) -> Iterator[int]:
    """The energies of the seconds that begin with the pulses of one train."""
    train = trains[index]
    # While the second lies inside the train, all of them are equal: look at the first of these.
    first_short = max(0, train.groups - -(-_SECOND_US // train.period_us) - (train.group > 1))
    numbers = range(first_short, train.groups)
    for number in numbers if first_short == 0 else (0, *numbers):
        for place in range(train.group):
            from_us = train.first_us + number * train.period_us + place * train.gap_us
            until_us = from_us + _SECOND_US
            energy = train.before(until_us) - train.before(from_us)
            for later in islice(trains, index + 1, None):
                if later.first_us >= until_us:
                    break
                energy += later.before(until_us)
            yield energy
