"""Sampled ramps: never above the straight line they follow."""

RAMP_TICK_US = 50_000
"""Ramps of an on/off cycle, and the end ramp, go in steps of 50 ms [D]."""


def rising(into_us: int, ramp_us: int) -> int:
    """A rising ramp takes each tick's lower end."""
    if into_us >= ramp_us:
        return 1000
    return into_us // RAMP_TICK_US * RAMP_TICK_US * 1000 // ramp_us


def falling(into_us: int, ramp_us: int) -> int:
    """A falling ramp takes each tick's lower end, so it is at 0 one tick before its time."""
    left_us = ramp_us - (into_us // RAMP_TICK_US + 1) * RAMP_TICK_US
    return max(0, left_us * 1000 // ramp_us)
