"""When what changes in a gated plan: levels and gates; a pure function of plan time, and lazy."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from stimctl.treatment.gate_program import GateChannel, GatePlan
from stimctl.treatment.timeline import envelope_at, envelope_times


@dataclass(frozen=True, slots=True)
class GateDrive:
    """What one channel is to do: its raised intensity times `level_permille`, if the gate is open.

    `may_raise`: it may be raised now.
    """

    channel: int
    level_permille: int
    gate_open: bool
    may_raise: bool


@dataclass(frozen=True, slots=True)
class GateMoment:
    """The whole state of every channel from `at_us` until the next moment."""

    at_us: int
    drives: tuple[GateDrive, ...]


def gate_moments(plan: GatePlan, from_us: int = 0) -> Iterator[GateMoment]:
    """The moments of `plan` in order; the first at `from_us`, the last at its end with every level
    0."""
    streams = [_tagged(index, one, plan, from_us) for index, one in enumerate(plan.channels)]
    drives = [gate_drive_at(plan, one, from_us) for one in plan.channels]
    yield GateMoment(from_us, tuple(drives))
    for at_us, group in groupby(heapq.merge(*streams), key=itemgetter(0)):
        changed = False
        for _, index in group:
            drive = gate_drive_at(plan, plan.channels[index], at_us)
            changed = changed or drive != drives[index]
            drives[index] = drive
        if changed:
            yield GateMoment(at_us, tuple(drives))
    silent = tuple(GateDrive(drive.channel, 0, False, False) for drive in drives)
    yield GateMoment(plan.duration_us, silent)


def gate_drive_at(plan: GatePlan, one: GateChannel, t_us: int) -> GateDrive:
    """The state of channel `one` at `t_us` after the start (0 <= t_us < duration)."""
    level, may_raise, since_on_us = envelope_at(
        one.cycle, one.start_after_us, plan.duration_us, t_us
    )
    return GateDrive(one.channel, level, since_on_us is not None, may_raise)


def _tagged(
    index: int, one: GateChannel, plan: GatePlan, from_us: int
) -> Iterator[tuple[int, int]]:
    for at_us in envelope_times(one.cycle, one.start_after_us, plan.duration_us, from_us):
        if at_us >= plan.duration_us:
            return
        if at_us > from_us:
            yield at_us, index
