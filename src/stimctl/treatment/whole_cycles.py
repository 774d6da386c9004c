"""Which durations are a whole number of on/off cycles (W8): the nearest ones, and their words."""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.quantity import format_duration


def whole_cycles(asked_us: int, period_us: int, least_us: int, longest_us: int) -> tuple[int, ...]:
    """The nearest durations of whole cycles below and above `asked_us` that are allowed, in us."""
    fewer_us = min(asked_us, longest_us) // period_us * period_us
    more_us = max(-(-asked_us // period_us), -(-least_us // period_us)) * period_us
    allowed = (us for us in (fewer_us, more_us) if max(least_us, 1) <= us <= longest_us)
    return tuple(sorted(set(allowed)))


def near_text(near: Sequence[int], period_us: int) -> str:
    """These durations in words, as they can be written, with the number of their cycles."""
    if not near:
        return "no whole number of them lies between the shortest and the longest session"
    each = [
        f"{format_duration(us)} ({us // period_us} cycle{'' if us == period_us else 's'})"
        for us in near
    ]
    return f"nearest: {' or '.join(each)}"
