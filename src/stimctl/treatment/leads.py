"""The lead of each hold: a group in the place of its first pulse, after a short pause.

Which pulse of a running train comes next is not known to the millisecond. So the train of the ramp
ends a little more than a period before the hold, and a new one begins with the hold: the pulse
that switches a channel on is the first one for certain. Before the next is due, the form is changed
back to the plain one.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import count

from stimctl.safety.device_bounds import Group
from stimctl.stimulus import Cycle, Stimulus
from stimctl.stimulus.consistency import lead_pause_us
from stimctl.treatment.law_times import cycle_before


class Part(Enum):
    """What an on time is at."""

    PLAIN = "plain"
    PAUSE = "pause"
    LEAD = "lead"


def _parts_us(stimulus: Stimulus, cycle: Cycle, group: Group, period_us: int) -> tuple[int, ...]:
    """From on: when the pause begins, when the lead, and when the plain pulses come back."""
    span_us = group.span_us(stimulus.pulse.width_total_for(stimulus.widest_phase_us))
    begins_us = cycle.ramp_up_us
    plain_us = begins_us + span_us + (period_us - span_us) // 4
    return max(0, begins_us - lead_pause_us(period_us)), begins_us, plain_us


def lead_part(
    stimulus: Stimulus, cycle: Cycle, group: Group, period_us: int, since_on_us: int
) -> Part:
    """What an on time is at, so long after its beginning."""
    pause_us, lead_us, plain_us = _parts_us(stimulus, cycle, group, period_us)
    if pause_us <= since_on_us < lead_us:
        return Part.PAUSE
    return Part.LEAD if lead_us <= since_on_us < plain_us else Part.PLAIN


def lead_times(
    stimulus: Stimulus, cycle: Cycle, group: Group, period_us: int, start_after_us: int,
    from_us: int,
) -> Iterator[int]:  # fmt: skip
    """The times at which that changes, in order, without end."""
    parts_us = _parts_us(stimulus, cycle, group, period_us)
    for number in count(cycle_before(cycle, start_after_us, from_us)):
        start_us = start_after_us + number * cycle.period_us
        yield from (start_us + part_us for part_us in parts_us)
