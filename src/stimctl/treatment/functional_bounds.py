"""What a functional stage gives at most: when it gives something, inputs decide (N6)."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.stimulus.modulation import Window
from stimctl.treatment.program import CurrentChannel, Stage

MINUTE_US = 60_000_000
_US_IN_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class AtMost:
    """Of one channel in one stage: on times, how long they take together, and their pulses."""

    starts: int
    on_us: int
    pulses: int


def at_most(stage: Stage[CurrentChannel], one: CurrentChannel) -> AtMost | None:
    """None where time decides, and the dose is known."""
    window = one.stimulus.window
    if stage.switching is None or window is None:
        return None
    return bounds_of(window, stage.duration_us - stage.zero_us, one.period_us, one.pulses_a_period)


def bounds_of(window: Window, lasts_us: int, period_us: int, pulses_a_period: int = 1) -> AtMost:
    """No 60 s hold more than the window allows; a begun minute counts as a whole one."""
    minutes = -(-lasts_us // MINUTE_US)
    starts = minutes * window.per_minute
    on_us = min(minutes * window.on_in_a_minute_us, starts * window.longest_us, lasts_us)
    # Each on time begins with a pulse.
    pulses = (on_us // period_us + starts) * pulses_a_period
    return AtMost(starts, on_us, pulses)
