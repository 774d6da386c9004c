"""When what changes in a plan: levels, pauses, widths, periods, and the scripted raise; all lazy.

The same for every scale; a plan in percent has no widths, no periods and no scripted raise.

The timeline gives the shape of a programme without its amplitude. A channel's state at any time
is a pure function of that time; the moments are the times at which it changes. Sampled ramps are
never above the straight line they follow, and never last less than it does.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, groupby
from operator import itemgetter

from stimctl.stimulus import Burst, Cycle
from stimctl.stimulus.jitter import Jitter
from stimctl.stimulus.laws import LevelLaw, RateLaw
from stimctl.stimulus.modulation import Rest
from stimctl.treatment.active_rest import rest_level_at, rest_times
from stimctl.treatment.law_times import cycle_before, law_times, laws_of
from stimctl.treatment.leads import Part, begins_anew, part_of, part_times
from stimctl.treatment.program import (
    AnyPlan,
    CurrentChannel,
    Plan,
    PlanChannel,
    Stage,
)
from stimctl.treatment.ramps import RAMP_TICK_US, falling, rising

AnyStage = Stage[PlanChannel]

# N1: the end of a continuous programme is a down ramp, here of 2 s [D].
END_RAMP_US = 2_000_000
# A carried plateau comes back in 5 s, as after a pause [D].
CARRIED_RAMP_US = 5_000_000
MHZ_US = 1_000_000_000  # a frequency of 1 mHz has a period of 10^9 us


@dataclass(frozen=True, slots=True)
class Drive:
    """What one channel is to do: its plateau times `level_permille`, if it `is_on`.

    `is_on` is False between bursts and in the off time. `may_raise`: the plateau may be raised
    now (continuous programmes until the end ramp; on/off cycles during the hold, A8). Width and
    period are 0 where they are those of another unit. `rests`: these are the slow pulses of an off
    time (W19). `leads`: this is the group that a hold begins with (W22).
    """

    channel: int
    level_permille: int
    is_on: bool
    may_raise: bool
    phase_width_us: int = 0
    period_us: int = 0
    rests: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """The whole state of every plan channel from `at_us` until the next moment."""

    at_us: int
    drives: tuple[Drive, ...]


def moments(plan: AnyPlan | AnyStage, from_us: int = 0) -> Iterator[Moment]:
    """The moments of a plan or of one stage, in order; the first at `from_us` (of a stage not
    before it begins), the last at the end with every level 0."""
    for stage in _stages_of(plan):
        if stage.end_us > from_us:
            yield from _moments_in(stage, max(from_us, stage.start_us))
    last = _stages_of(plan)[-1]
    yield Moment(last.end_us, tuple(_silent(each) for each in _drives(last, last.end_us)))


def _stages_of(plan: AnyPlan | AnyStage) -> tuple[AnyStage, ...]:
    return plan.stages if isinstance(plan, Plan) else (plan,)


def _moments_in(stage: AnyStage, from_us: int) -> Iterator[Moment]:
    if stage.switching is not None:  # inputs decide, and nobody knows when
        yield Moment(from_us, tuple(_silent(each) for each in _drives(stage, from_us)))
        return
    streams = [_tagged(index, one, stage, from_us) for index, one in enumerate(stage.channels)]
    places = [stage.every_channel.index(one.channel) for one in stage.channels]
    drives = list(_drives(stage, from_us))
    yield Moment(from_us, tuple(drives))
    for at_us, group in groupby(heapq.merge(*streams), key=itemgetter(0)):
        changed = False
        for _, index in group:
            drive, place = _drive_of(stage, stage.channels[index], at_us), places[index]
            changed = changed or drive != drives[place]
            drives[place] = drive
        if changed:
            yield Moment(at_us, tuple(drives))


def _drives(stage: AnyStage, t_us: int) -> Iterator[Drive]:
    for number in stage.every_channel:
        one = stage.channel(number)
        yield Drive(number, 0, False, False) if one is None else _drive_of(stage, one, t_us)


def drive_at(plan: AnyPlan, one: PlanChannel, t_us: int) -> Drive:
    """The state of device channel `one` at `t_us` after the start (0 <= t_us < duration)."""
    stage = plan.stage_at(t_us)
    here = stage.channel(one.channel)
    return Drive(one.channel, 0, False, False) if here is None else _drive_of(stage, here, t_us)


def _drive_of(stage: AnyStage, one: PlanChannel, t_us: int) -> Drive:
    """The state of channel `one` of a stage at plan time `t_us`."""
    if stage.switching is not None:
        return off_drive(one)
    into_us = t_us - stage.output_from_us
    lasts_us = stage.duration_us - stage.zero_us
    level, may_raise, since_on_us = 0, False, None
    if into_us >= 0:
        level, may_raise, since_on_us = envelope_at(
            one.cycle, one.start_after_us, lasts_us, into_us, fade_in_us(stage, one)
        )
    drive = Drive(one.channel, level, since_on_us is not None, may_raise)
    if isinstance(one, CurrentChannel):
        return _with_pulses(stage, one, drive, into_us, since_on_us)
    return drive


def off_drive(one: PlanChannel) -> Drive:
    """The channel off, in the rhythm in which it would begin."""
    if not isinstance(one, CurrentChannel):
        return Drive(one.channel, 0, False, False)
    return Drive(one.channel, 0, False, False, one.stimulus.pulse.phase_width_us, one.period_us)


def fade_in_us(stage: AnyStage, one: PlanChannel) -> int:
    """How long a continuous output takes to come back to the plateau of an earlier stage; in a
    cycle its own ramp does that."""
    return CARRIED_RAMP_US if one.cycle is None and one.channel in stage.carried else 0


def _with_pulses(
    stage: AnyStage, one: CurrentChannel, drive: Drive, t_us: int, since_on_us: int | None
) -> Drive:
    """The same with what is known of the pulses: modulations, and the pauses of bursts."""
    if one.stimulus.rest is not None and one.cycle is not None and since_on_us is None:
        lasts_us = stage.duration_us - stage.zero_us
        level = rest_level_at(one.stimulus.rest, one.cycle, one.start_after_us, lasts_us, t_us)
        if level is not None:
            return _resting(stage, one, one.stimulus.rest, level)
    stimulus, bounds, level = one.stimulus, stage.sheet.bounds, drive.level_permille
    times = (max(0, t_us), since_on_us or 0)
    if stimulus.amplitude_modulation is not None:
        level = level * _held(stimulus.amplitude_modulation, times) // 1000
    width_us, period_us = stimulus.pulse.phase_width_us, one.period_us
    if stimulus.width_sweep is not None:
        width_us = _held(stimulus.width_sweep, times)
        width_us -= width_us % one.width_step_us
    if isinstance(stimulus.frequency_sweep, Jitter):
        interval_us = stimulus.frequency_sweep.interval_at(times[0])
        period_us = -(-interval_us // bounds.period_step_us) * bounds.period_step_us
    elif stimulus.frequency_sweep is not None:
        period_us = bounds.quantise_period_up_us(_held(stimulus.frequency_sweep, times))
    is_on = since_on_us is not None and burst_open(one.host_burst, period_us, since_on_us)
    part = Part.PLAIN if since_on_us is None else part_of(one, since_on_us)
    pauses, leads = part is Part.PAUSE, part is Part.LEAD
    is_on, may_raise = is_on and not pauses, drive.may_raise and not pauses
    return Drive(one.channel, level, is_on, may_raise, width_us, period_us, leads=leads)


def _resting(stage: AnyStage, one: CurrentChannel, rest: Rest, level_permille: int) -> Drive:
    period_us = stage.sheet.bounds.quantise_period_up_us(rest.frequency_mhz)
    width_us = rest.phase_width_us
    return Drive(one.channel, level_permille, True, False, width_us, period_us, rests=True)


def _held(law: LevelLaw | RateLaw, times: tuple[int, int]) -> int:
    """What a law has in force; `times`: since the stage began, and since the output came on."""
    return law.held_at(times[law.since_on])


def contraction_starts(stage: AnyStage, one: PlanChannel) -> range:
    """The plan times at which the on times of a channel begin; of a continuous one none (W14)."""
    if one.cycle is None:
        return range(0)
    first_us = stage.output_from_us + one.start_after_us
    return range(first_us, stage.end_us - one.cycle.on_us + 1, one.cycle.period_us)


def contractions_before(plan: AnyPlan, channel: int, at_us: int) -> int:
    """How many contractions of a channel begin before this plan time."""
    found = ((stage, stage.channel(channel)) for stage in plan.stages)
    starts = (contraction_starts(stage, one) for stage, one in found if one is not None)
    return sum(len(each) - len([at for at in each if at >= at_us]) for each in starts)


def amplitude_of(plateau_ua: int, level_permille: int, step_ua: int) -> int:
    """What goes out, in uA: the plateau at that level, down to the device's grid."""
    amplitude_ua = plateau_ua * level_permille // 1000
    return amplitude_ua - amplitude_ua % step_ua


def _silent(drive: Drive) -> Drive:
    return Drive(drive.channel, 0, False, False, drive.phase_width_us, drive.period_us)


# -- the state at a time ------------------------------------------------------------------------


def envelope_at(
    cycle: Cycle | None, start_after_us: int, duration_us: int, t_us: int, fade_in_us: int = 0
) -> tuple[int, bool, int | None]:
    """Level, whether the plateau may be raised, and the time since the output came on.

    A contraction that would not be over in the time is not begun (W14). `fade_in_us`: how long a
    continuous output takes to its plateau.
    """
    if cycle is None:
        into_end_us = t_us - (duration_us - END_RAMP_US)
        if into_end_us >= 0:
            level = falling(into_end_us, END_RAMP_US)
            return min(level, rising(t_us, fade_in_us)), False, t_us
        return rising(t_us, fade_in_us), t_us >= fade_in_us, t_us
    if t_us < start_after_us:
        return 0, False, None
    since_on_us = (t_us - start_after_us) % cycle.period_us
    if since_on_us >= cycle.on_us or t_us - since_on_us + cycle.on_us > duration_us:
        return 0, False, None
    if since_on_us < cycle.ramp_up_us:
        return rising(since_on_us, cycle.ramp_up_us), False, since_on_us
    into_fall_us = since_on_us - cycle.ramp_up_us - cycle.hold_us
    if into_fall_us < 0:
        return 1000, True, since_on_us
    return falling(into_fall_us, cycle.ramp_down_us), False, since_on_us


def burst_open(burst: Burst | None, period_us: int, since_on_us: int) -> bool:
    """Whether a burst is under way."""
    if burst is None:
        return True
    number = since_on_us * burst.burst_frequency_mhz // MHZ_US
    return since_on_us - burst_start_us(burst, number) < _open_us(burst, period_us)


def burst_start_us(burst: Burst, number: int) -> int:
    """When a burst begins, after the output came on."""
    return -(-number * MHZ_US // burst.burst_frequency_mhz)


def _open_us(burst: Burst, period_us: int) -> int:
    """Closing half a period after the last pulse, a little late or early changes nothing."""
    return burst.pulses_per_burst * period_us - period_us // 2


# -- the times at which it changes --------------------------------------------------------------


def _tagged(
    index: int, one: PlanChannel, stage: AnyStage, from_us: int
) -> Iterator[tuple[int, int]]:
    """The plan times in (from_us, end) at which channel `one` of a stage may change, in order."""
    zero_us, lasts_us = stage.output_from_us, stage.duration_us - stage.zero_us
    into_us = max(0, from_us - zero_us)
    fade_us = fade_in_us(stage, one)
    streams = [envelope_times(one.cycle, one.start_after_us, lasts_us, into_us, fade_us)]
    if stage.zero_us:
        streams.append(iter((0,)))
    if isinstance(one, CurrentChannel):
        stimulus = one.stimulus
        if stimulus.rest is not None and one.cycle is not None:
            streams.append(rest_times(one.cycle, one.start_after_us, into_us))
        for law in laws_of(stimulus):
            streams.append(law_times(law, one.cycle, one.start_after_us, into_us))
        if one.cycle is not None and begins_anew(one):
            streams.append(part_times(one, one.cycle, into_us))
        if one.host_burst is not None:
            streams.append(_burst_times(one, one.host_burst, into_us))
    for at_us in heapq.merge(*streams):
        if at_us >= lasts_us:
            return
        if zero_us + at_us > from_us:
            yield zero_us + at_us, index


def envelope_times(
    cycle: Cycle | None,
    start_after_us: int,
    duration_us: int,
    from_us: int = 0,
    fade_in_us: int = 0,
) -> Iterator[int]:
    """The times at which `envelope_at` may change, in order; of a cycle without end, and from the
    cycle before `from_us` on."""
    if cycle is not None:
        return _cycle_times(cycle, start_after_us, from_us)
    end_us = max(1, duration_us - END_RAMP_US)
    fade = range(RAMP_TICK_US, min(fade_in_us, end_us) + 1, RAMP_TICK_US) if fade_in_us else ()
    return heapq.merge(fade, range(end_us, duration_us, RAMP_TICK_US))


def _cycle_times(cycle: Cycle, start_after_us: int, from_us: int) -> Iterator[int]:
    up_us, fall_us = cycle.ramp_up_us, cycle.ramp_up_us + cycle.hold_us
    for number in count(cycle_before(cycle, start_after_us, from_us)):
        start_us = start_after_us + number * cycle.period_us
        yield from range(start_us, start_us + up_us, RAMP_TICK_US)
        yield start_us + up_us
        yield from range(start_us + fall_us, start_us + cycle.on_us, RAMP_TICK_US)
        yield start_us + cycle.on_us


def _burst_times(one: CurrentChannel, burst: Burst, from_us: int) -> Iterator[int]:
    cycle = one.cycle
    open_us = _open_us(burst, one.period_us)
    first = 0 if cycle else from_us * burst.burst_frequency_mhz // MHZ_US
    for turn in count(cycle_before(cycle, one.start_after_us, from_us) if cycle else 0):
        start_us = one.start_after_us + turn * cycle.period_us if cycle else 0
        for number in count(first):
            since_us = burst_start_us(burst, number)
            if cycle is not None and since_us >= cycle.on_us:
                break
            yield start_us + since_us
            yield start_us + since_us + open_us
