"""Active rest: slow pulses in the off time of a cycle, with a ramp at both ends (W19).

It follows a contraction and comes before another one, so that nothing goes on when the last
contraction of a stage is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from stimctl.stimulus import Cycle
from stimctl.stimulus.modulation import Rest
from stimctl.treatment.law_times import cycle_before
from stimctl.treatment.ramps import RAMP_TICK_US, falling, rising

REST_RAMP_US = 500_000
"""Each of the two ramps (A3)."""


def rest_level_at(
    rest: Rest, cycle: Cycle, start_after_us: int, lasts_us: int, t_us: int
) -> int | None:
    """The level in permille `t_us` into the output of a stage that lasts so long; None: no rest."""
    if t_us < start_after_us:
        return None
    since_on_us = (t_us - start_after_us) % cycle.period_us
    into_us = since_on_us - cycle.on_us
    ends_us = t_us - since_on_us + cycle.period_us
    if into_us < 0 or ends_us + cycle.on_us > lasts_us:
        return None
    into_fall_us = into_us - (cycle.off_us - REST_RAMP_US)
    ramp = rising(into_us, REST_RAMP_US)
    if into_fall_us >= 0:
        ramp = falling(into_fall_us, REST_RAMP_US)
    return rest.level_permille * ramp // 1000


def rest_times(cycle: Cycle, start_after_us: int, from_us: int) -> Iterator[int]:
    """The times at which that may change, in order, without end."""
    falls_us = cycle.period_us - REST_RAMP_US
    for number in count(cycle_before(cycle, start_after_us, from_us)):
        start_us = start_after_us + number * cycle.period_us
        up_us = start_us + cycle.on_us
        yield from range(up_us, up_us + REST_RAMP_US + 1, RAMP_TICK_US)
        yield from range(start_us + falls_us, start_us + cycle.period_us, RAMP_TICK_US)
