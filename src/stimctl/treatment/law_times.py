"""When the laws of a train change what is in force."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from stimctl.stimulus import AmplitudeModulation, Cycle, Stimulus, Sweep
from stimctl.stimulus.laws import LevelLaw, RateLaw


def cycle_before(cycle: Cycle, start_after_us: int, at_us: int) -> int:
    """The number of the cycle that `at_us` is in; 0 before the first."""
    return max(0, at_us - start_after_us) // cycle.period_us


def laws_of(stimulus: Stimulus) -> list[LevelLaw | RateLaw]:
    """What changes in a train, each time of change once: sweeps all have the same ticks."""
    laws = (stimulus.frequency_sweep, stimulus.width_sweep, stimulus.amplitude_modulation)
    there = [law for law in laws if law is not None]
    ticked = [one for one in there if isinstance(one, (Sweep, AmplitudeModulation))]
    from_stage = [one for one in ticked if not one.since_on][:1]
    from_on = [one for one in ticked if one.since_on][:1]
    return from_stage + from_on + [one for one in there if one not in ticked]


def law_times(
    law: LevelLaw | RateLaw, cycle: Cycle | None, start_after_us: int, from_us: int
) -> Iterator[int]:
    """The times into the output of a stage at which a law may change, from about `from_us` on; of
    one that begins with each on time without end."""
    if cycle is None or not law.since_on:
        at_us = law.next_change_us(from_us)
        while at_us is not None:
            yield at_us
            at_us = law.next_change_us(at_us)
        return
    turn = cycle_before(cycle, start_after_us, from_us)
    begins_us = start_after_us + turn * cycle.period_us
    for start_us in count(begins_us, cycle.period_us):
        since_us = law.next_change_us(0)
        while since_us is not None and since_us < cycle.on_us:
            yield start_us + since_us
            since_us = law.next_change_us(since_us)
