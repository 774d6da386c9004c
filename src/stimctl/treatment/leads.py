"""Trains that begin anew with a hold, after a short pause: for a lead, or an offset.

Which pulse of a running train comes next is not known to the millisecond. So the train of the ramp
ends a little more than a period before the hold, and a new one begins with the hold: the pulse
that switches a channel on is the first one for certain. A lead is a group in its place; before the
next pulse is due, the form is changed back to the plain one. An offset is a later beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import count
from typing import NamedTuple

from stimctl.safety.device_bounds import SINGLE
from stimctl.stimulus import Cycle
from stimctl.stimulus.consistency import LEAD_SLACK_US, lead_pause_us
from stimctl.treatment.law_times import cycle_before
from stimctl.treatment.program import CurrentChannel


class Part(Enum):
    """What an on time is at."""

    PLAIN = "plain"
    PAUSE = "pause"
    LEAD = "lead"


class _Parts(NamedTuple):
    """From on: when the pause begins, when the train begins anew, and when its lead is over."""

    pause_us: int
    anew_us: int
    plain_us: int


def begins_anew(one: CurrentChannel) -> bool:
    """Whether the train of a channel begins anew with each hold."""
    return one.cycle is not None and (one.cleared.lead is not None or one.offset_us is not None)


def _parts(one: CurrentChannel, cycle: Cycle) -> _Parts:
    hold_us = cycle.ramp_up_us
    anew_us = hold_us + (one.offset_us or 0)
    plain_us = anew_us
    if one.cleared.lead is not None:
        pulse_us = one.stimulus.pulse.width_total_for(one.stimulus.widest_phase_us)
        span_us = (one.cleared.lead or SINGLE).span_us(pulse_us)
        rest_us = one.period_us - span_us
        # The host may be as late as W22 says, and the next pulse is plain all the same.
        plain_us += span_us + max(0, min(rest_us // 4, rest_us - LEAD_SLACK_US))
    return _Parts(max(0, hold_us - lead_pause_us(one.period_us)), anew_us, plain_us)


def part_of(one: CurrentChannel, since_on_us: int) -> Part:
    """What an on time of the channel is at, so long after its beginning."""
    if one.cycle is None or not begins_anew(one):
        return Part.PLAIN
    pause_us, lead_us, plain_us = _parts(one, one.cycle)
    if pause_us <= since_on_us < lead_us:
        return Part.PAUSE
    return Part.LEAD if lead_us <= since_on_us < plain_us else Part.PLAIN


def part_times(one: CurrentChannel, cycle: Cycle, from_us: int) -> Iterator[int]:
    """The times at which that changes, in order, without end."""
    parts = sorted(set(_parts(one, cycle)))
    for number in count(cycle_before(cycle, one.start_after_us, from_us)):
        start_us = one.start_after_us + number * cycle.period_us
        yield from (start_us + part_us for part_us in parts)
