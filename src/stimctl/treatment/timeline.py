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
from stimctl.treatment.program import AnyPlan, CurrentChannel, CurrentPlan, PlanChannel

# Ramps of an on/off cycle, and the end ramp, in steps of 50 ms; sweeps in steps of 250 ms [D].
RAMP_TICK_US = 50_000
SWEEP_TICK_US = 250_000
# N1: the end of a continuous programme is a down ramp, here of 2 s [D].
END_RAMP_US = 2_000_000
# A3: one step per 250 ms, and scripted raises at most 2 mA/s [D].
RAISE_INTERVAL_US = 250_000
_RAISE_US_PER_UA = 500
# The script raises no sooner after the last step of a ramp, and no later before the next: in that
# time the device has confirmed the one, and the row of the raise is on the disk [D].
RAISE_MARGIN_US = 50_000
_RAISE_AFTER_BURST_US = 20_000
_MHZ_US = 1_000_000_000  # a frequency of 1 mHz has a period of 10^9 us


@dataclass(frozen=True, slots=True)
class Drive:
    """What one channel is to do: its plateau times `level_permille`, if it `is_on`.

    `is_on` is False between bursts and in the off time. `may_raise`: the plateau may be raised
    now (continuous programmes until the end ramp; on/off cycles during the hold, A8). Width and
    period are 0 where they are those of another unit.
    """

    channel: int
    level_permille: int
    is_on: bool
    may_raise: bool
    phase_width_us: int = 0
    period_us: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """The whole state of every plan channel from `at_us` until the next moment."""

    at_us: int
    drives: tuple[Drive, ...]


@dataclass(frozen=True, slots=True)
class PlateauStep:
    """From `at_us` on, the plateau of `channel` is `plateau_ua`."""

    at_us: int
    channel: int
    plateau_ua: int


def moments(plan: AnyPlan, from_us: int = 0) -> Iterator[Moment]:
    """The moments of `plan` in order; the first at `from_us`, the last at its end with every level
    0."""
    streams = [_tagged(index, one, plan, from_us) for index, one in enumerate(plan.channels)]
    drives = [drive_at(plan, one, from_us) for one in plan.channels]
    yield Moment(from_us, tuple(drives))
    for at_us, group in groupby(heapq.merge(*streams), key=itemgetter(0)):
        changed = False
        for _, index in group:
            drive = drive_at(plan, plan.channels[index], at_us)
            changed = changed or drive != drives[index]
            drives[index] = drive
        if changed:
            yield Moment(at_us, tuple(drives))
    yield Moment(plan.duration_us, tuple(_silent(drive) for drive in drives))


def drive_at(plan: AnyPlan, one: PlanChannel, t_us: int) -> Drive:
    """The state of channel `one` at `t_us` after the start (0 <= t_us < duration)."""
    level, may_raise, since_on_us = envelope_at(
        one.cycle, one.start_after_us, plan.duration_us, t_us
    )
    drive = Drive(one.channel, level, since_on_us is not None, may_raise)
    if isinstance(one, CurrentChannel):
        return _with_pulses(plan, one, drive, t_us, since_on_us)
    return drive


def _with_pulses(
    plan: AnyPlan, one: CurrentChannel, drive: Drive, t_us: int, since_on_us: int | None
) -> Drive:
    """The same with what is known of the pulses: modulations, and the pauses of bursts."""
    stimulus, bounds, level = one.stimulus, plan.sheet.bounds, drive.level_permille
    tick_us = t_us - t_us % SWEEP_TICK_US
    if stimulus.amplitude_modulation is not None:
        level = level * stimulus.amplitude_modulation.permille_at(tick_us) // 1000
    width_us, period_us = stimulus.pulse.phase_width_us, one.period_us
    if stimulus.width_sweep is not None:
        width_us = stimulus.width_sweep.value_at(tick_us)
        width_us -= width_us % one.width_step_us
    if stimulus.frequency_sweep is not None:
        period_us = bounds.quantise_period_up_us(stimulus.frequency_sweep.value_at(tick_us))
    is_on = since_on_us is not None and _burst_open(one.host_burst, period_us, since_on_us)
    return Drive(one.channel, level, is_on, drive.may_raise, width_us, period_us)


def raise_schedule(plan: CurrentPlan) -> Iterator[PlateauStep]:
    """The scripted raise: from 0 to each channel's amplitude, one step at a time, in time order."""
    steps = [_raise_channel(plan, one) for one in plan.channels]
    return heapq.merge(*steps, key=lambda step: (step.at_us, step.channel))


def raise_interval_us(step_ua: int) -> int:
    """The time between two scripted raises of `step_ua`: 250 ms at least, 2 mA/s at most (A3)."""
    return max(RAISE_INTERVAL_US, step_ua * _RAISE_US_PER_UA)


def amplitude_of(plateau_ua: int, level_permille: int, step_ua: int) -> int:
    """What goes out, in uA: the plateau at that level, down to the device's grid."""
    amplitude_ua = plateau_ua * level_permille // 1000
    return amplitude_ua - amplitude_ua % step_ua


def _silent(drive: Drive) -> Drive:
    return Drive(drive.channel, 0, False, False, drive.phase_width_us, drive.period_us)


# -- the state at a time ------------------------------------------------------------------------


def envelope_at(
    cycle: Cycle | None, start_after_us: int, duration_us: int, t_us: int
) -> tuple[int, bool, int | None]:
    """Level, whether the plateau may be raised, and the time since the output came on."""
    if cycle is None:
        into_end_us = t_us - (duration_us - END_RAMP_US)
        if into_end_us < 0:
            return 1000, True, t_us
        return _falling(into_end_us, END_RAMP_US), False, t_us
    if t_us < start_after_us:
        return 0, False, None
    since_on_us = (t_us - start_after_us) % cycle.period_us
    if since_on_us >= cycle.on_us:
        return 0, False, None
    if since_on_us < cycle.ramp_up_us:
        ticks = since_on_us // RAMP_TICK_US
        return ticks * RAMP_TICK_US * 1000 // cycle.ramp_up_us, False, since_on_us
    into_fall_us = since_on_us - cycle.ramp_up_us - cycle.hold_us
    if into_fall_us < 0:
        return 1000, True, since_on_us
    return _falling(into_fall_us, cycle.ramp_down_us), False, since_on_us


def _falling(into_us: int, ramp_us: int) -> int:
    """A falling ramp takes each tick's lower end, so it is at 0 one tick before its time."""
    left_us = ramp_us - (into_us // RAMP_TICK_US + 1) * RAMP_TICK_US
    return max(0, left_us * 1000 // ramp_us)


def _burst_open(burst: Burst | None, period_us: int, since_on_us: int) -> bool:
    if burst is None:
        return True
    number = since_on_us * burst.burst_frequency_mhz // _MHZ_US
    return since_on_us - _burst_start_us(burst, number) < _open_us(burst, period_us)


def _burst_start_us(burst: Burst, number: int) -> int:
    return -(-number * _MHZ_US // burst.burst_frequency_mhz)


def _open_us(burst: Burst, period_us: int) -> int:
    """Closing half a period after the last pulse, a little late or early changes nothing."""
    return burst.pulses_per_burst * period_us - period_us // 2


# -- the times at which it changes --------------------------------------------------------------


def _tagged(index: int, one: PlanChannel, plan: AnyPlan, from_us: int) -> Iterator[tuple[int, int]]:
    """The times in (from_us, duration) at which channel `one` may change, in order."""
    streams = [envelope_times(one.cycle, one.start_after_us, plan.duration_us, from_us)]
    if isinstance(one, CurrentChannel):
        stimulus = one.stimulus
        if stimulus.frequency_sweep or stimulus.width_sweep or stimulus.amplitude_modulation:
            first_us = from_us - from_us % SWEEP_TICK_US + SWEEP_TICK_US
            streams.append(iter(range(first_us, plan.duration_us, SWEEP_TICK_US)))
        if one.host_burst is not None:
            streams.append(_burst_times(one, one.host_burst, from_us))
    for at_us in heapq.merge(*streams):
        if at_us >= plan.duration_us:
            return
        if at_us > from_us:
            yield at_us, index


def envelope_times(
    cycle: Cycle | None, start_after_us: int, duration_us: int, from_us: int = 0
) -> Iterator[int]:
    """The times at which `envelope_at` may change, in order; of a cycle without end, and from the
    cycle before `from_us` on."""
    if cycle is not None:
        return _cycle_times(cycle, start_after_us, from_us)
    return iter(range(max(1, duration_us - END_RAMP_US), duration_us, RAMP_TICK_US))


def _cycle_before(cycle: Cycle, start_after_us: int, at_us: int) -> int:
    """The number of the cycle that `at_us` is in; 0 before the first."""
    return max(0, at_us - start_after_us) // cycle.period_us


def _cycle_times(cycle: Cycle, start_after_us: int, from_us: int) -> Iterator[int]:
    up_us, fall_us = cycle.ramp_up_us, cycle.ramp_up_us + cycle.hold_us
    for number in count(_cycle_before(cycle, start_after_us, from_us)):
        start_us = start_after_us + number * cycle.period_us
        yield from range(start_us, start_us + up_us, RAMP_TICK_US)
        yield start_us + up_us
        yield from range(start_us + fall_us, start_us + cycle.on_us, RAMP_TICK_US)
        yield start_us + cycle.on_us


def _burst_times(one: CurrentChannel, burst: Burst, from_us: int) -> Iterator[int]:
    cycle = one.cycle
    open_us = _open_us(burst, one.period_us)
    first = 0 if cycle else from_us * burst.burst_frequency_mhz // _MHZ_US
    for turn in count(_cycle_before(cycle, one.start_after_us, from_us) if cycle else 0):
        start_us = one.start_after_us + turn * cycle.period_us if cycle else 0
        for number in count(first):
            since_us = _burst_start_us(burst, number)
            if cycle is not None and since_us >= cycle.on_us:
                break
            yield start_us + since_us
            yield start_us + since_us + open_us


# -- the scripted raise -------------------------------------------------------------------------


def _raise_channel(plan: CurrentPlan, one: CurrentChannel) -> Iterator[PlateauStep]:
    plateau_ua, next_us = 0, 0
    interval_us = raise_interval_us(one.step)
    for from_us, until_us in _raise_windows(plan, one):
        next_us = max(next_us, from_us)
        while next_us < until_us:
            if plateau_ua >= one.most:
                return
            next_us += _clear_of_burst_us(one, next_us)
            if next_us >= until_us:
                break
            plateau_ua = min(plateau_ua + one.step, one.most)
            yield PlateauStep(next_us, one.channel, plateau_ua)
            next_us += interval_us


def _clear_of_burst_us(one: CurrentChannel, at_us: int) -> int:
    """How much later a raise comes, so that it is never at the very beginning of a burst: whether
    that burst has it would be for the line to decide."""
    burst, cycle = one.host_burst, one.cycle
    if burst is None:
        return 0
    since_on_us = at_us if cycle is None else (at_us - one.start_after_us) % cycle.period_us
    number = since_on_us * burst.burst_frequency_mhz // _MHZ_US
    start_us, next_us = _burst_start_us(burst, number), _burst_start_us(burst, number + 1)
    clear_us = min(_RAISE_AFTER_BURST_US, (next_us - start_us) // 2)
    if next_us - since_on_us <= clear_us // 2:
        start_us = next_us
    return max(0, start_us + clear_us - since_on_us)


def _raise_windows(plan: CurrentPlan, one: CurrentChannel) -> Iterator[tuple[int, int]]:
    cycle = one.cycle
    if cycle is None:
        yield 0, plan.duration_us - END_RAMP_US
        return
    from_us = _at_plateau_us(one, cycle) + RAISE_MARGIN_US
    until_us = cycle.on_us - cycle.ramp_down_us - RAISE_MARGIN_US
    for start_us in range(one.start_after_us, plan.duration_us, cycle.period_us):
        yield start_us + from_us, start_us + until_us


def _at_plateau_us(one: CurrentChannel, cycle: Cycle) -> int:
    """When, in each on time, the device first puts out the plateau: between bursts not yet."""
    burst = one.host_burst
    if burst is None or _burst_open(burst, one.period_us, cycle.ramp_up_us):
        return cycle.ramp_up_us
    return _burst_start_us(burst, cycle.ramp_up_us * burst.burst_frequency_mhz // _MHZ_US + 1)
