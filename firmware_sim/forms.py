"""Which pulses a form of points holds: a device may repeat a whole group as one form."""

from __future__ import annotations

from collections.abc import Sequence

Points = Sequence[tuple[int, int]]


def pulses_of(points: Points) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """Each pulse of a form: how long after its beginning it begins (us), and its own points.

    A pulse begins where current begins in the direction of the first one. What comes before the
    first belongs to it, and a pause to the pulse before it.
    """
    sign, flows, at_us = 0, False, 0
    begins: list[tuple[int, int]] = []
    for index, (time_us, current_ua) in enumerate(points):
        first = sign == 0 and bool(current_ua and time_us)
        if first:
            sign = 1 if current_ua > 0 else -1
        along = bool(time_us) and current_ua * sign > 0
        if along and not flows:
            begins.append((index, at_us))
        if time_us:
            flows = along
        at_us += time_us
    if len(begins) < 2:
        return [(0, tuple((t, i) for t, i in points))]
    begins[0] = (0, 0)
    ends = [index for index, _ in begins[1:]] + [len(points)]
    return [
        (at_us, tuple((t, i) for t, i in points[index:end]))
        for (index, at_us), end in zip(begins, ends, strict=True)
    ]
