"""The scripted raise: which plateau when, from zero to what the operator has said."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from stimctl.stimulus import Cycle
from stimctl.treatment.program import CurrentChannel, CurrentPlan, Plan, Stage
from stimctl.treatment.timeline import (
    END_RAMP_US,
    MHZ_US,
    burst_open,
    burst_start_us,
    contraction_starts,
)

# A3: one step per 250 ms, and scripted raises at most 2 mA/s [D].
RAISE_INTERVAL_US = 250_000
_RAISE_US_PER_UA = 500
# The script raises no sooner after the last step of a ramp, and no later before the next: in that
# time the device has confirmed the one, and the row of the raise is on the disk [D].
RAISE_MARGIN_US = 50_000
# A20: where a law changes much, a plateau rises by so much until every value of it was met.
SETTLED_UA = 2_000
SETTLING_MARGIN_US = 500_000
_RAISE_AFTER_BURST_US = 20_000


@dataclass(frozen=True, slots=True)
class PlateauStep:
    """From `at_us` on, the plateau of `channel` is `plateau_ua`."""

    at_us: int
    channel: int
    plateau_ua: int


def raise_schedule(plan: CurrentPlan | Stage[CurrentChannel]) -> Iterator[PlateauStep]:
    """The scripted raise: in each stage from 0 to each channel's amplitude, one step at a time, in
    time order. Where a plateau is carried, nothing is raised."""
    for stage in plan.stages if isinstance(plan, Plan) else (plan,):
        if stage.events is not None:
            continue  # a hand or a rule raises there (N8)
        steps = [
            _raise_channel(stage, one) for one in stage.channels if one.channel not in stage.carried
        ]
        yield from heapq.merge(*steps, key=lambda step: (step.at_us, step.channel))


def raise_interval_us(step_ua: int) -> int:
    """The time between two scripted raises of `step_ua`: 250 ms at least, 2 mA/s at most (A3)."""
    return max(RAISE_INTERVAL_US, step_ua * _RAISE_US_PER_UA)


def _raise_channel(stage: Stage[CurrentChannel], one: CurrentChannel) -> Iterator[PlateauStep]:
    plateau_ua, base_ua, next_us = 0, 0, stage.output_from_us
    windows = list(_raise_windows(stage, one)) if one.round_us else []
    interval_us = raise_interval_us(one.step)
    for from_us, until_us in _raise_windows(stage, one):
        next_us = max(next_us, from_us)
        while next_us < until_us:
            if plateau_ua >= one.most:
                return
            next_us += _clear_of_burst_us(one, next_us - stage.output_from_us)
            if next_us >= until_us:
                break
            plateau_ua = min(plateau_ua + one.step, one.most)
            yield PlateauStep(next_us, one.channel, plateau_ua)
            next_us += interval_us
            if one.round_us and plateau_ua + one.step > base_ua + SETTLED_UA:
                base_ua = plateau_ua
                next_us = _after_round(windows, next_us - interval_us, one.round_us)


def _after_round(windows: list[tuple[int, int]], since_us: int, round_us: int) -> int:
    """When a channel has been at its plateau for so long since then, and a little more."""
    left_us = round_us + SETTLING_MARGIN_US
    for from_us, until_us in windows:
        here_us = until_us - max(from_us, since_us) - 2 * RAISE_MARGIN_US
        if here_us >= left_us:
            return max(from_us, since_us) + left_us
        left_us -= max(0, here_us)
    return windows[-1][1]


def _clear_of_burst_us(one: CurrentChannel, at_us: int) -> int:
    """How much later a raise comes, so that it is never at the very beginning of a burst: whether
    that burst has it would be for the line to decide."""
    burst, cycle = one.host_burst, one.cycle
    if burst is None:
        return 0
    since_on_us = at_us if cycle is None else (at_us - one.start_after_us) % cycle.period_us
    number = since_on_us * burst.burst_frequency_mhz // MHZ_US
    start_us, next_us = burst_start_us(burst, number), burst_start_us(burst, number + 1)
    clear_us = min(_RAISE_AFTER_BURST_US, (next_us - start_us) // 2)
    if next_us - since_on_us <= clear_us // 2:
        start_us = next_us
    return max(0, start_us + clear_us - since_on_us)


def _raise_windows(stage: Stage[CurrentChannel], one: CurrentChannel) -> Iterator[tuple[int, int]]:
    cycle, begins_us = one.cycle, stage.output_from_us
    if cycle is None:
        yield begins_us, stage.end_us - END_RAMP_US
        return
    from_us = _at_plateau_us(one, cycle) + RAISE_MARGIN_US
    until_us = cycle.on_us - cycle.ramp_down_us - RAISE_MARGIN_US
    for start_us in contraction_starts(stage, one):
        yield start_us + from_us, start_us + until_us


def _at_plateau_us(one: CurrentChannel, cycle: Cycle) -> int:
    """When, in each on time, the device first puts out the plateau: between bursts not yet."""
    burst = one.host_burst
    if one.offset_us is not None:
        return cycle.ramp_up_us + one.offset_us
    if burst is None or burst_open(burst, one.period_us, cycle.ramp_up_us):
        return cycle.ramp_up_us
    return burst_start_us(burst, cycle.ramp_up_us * burst.burst_frequency_mhz // MHZ_US + 1)
