"""What frames make a P24 do, by the plainest reading: every pulse on its own, every second summed.

Written without a look at `output_check`: it knows when frames reach the device and what they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

WINDOW_US = 1_000_000


class Seen(NamedTuple):
    """One pulse: when it began (us), its square (uA^2 us) and its rectified charge (uA us)."""

    at_us: int
    square: int
    rectified: int


def pulses_of(rows: Iterable[Mapping[str, object]]) -> dict[int, list[Seen]]:
    """By channel, every pulse of a twin's record (finished: no train is open)."""
    found: dict[int, list[Seen]] = {}
    for row in rows:
        if row["kind"] not in ("train", "pulse"):
            continue
        for later_us, points in _pulses_in(row["points"]):  # type: ignore[arg-type]
            square = sum(us * ua * ua for us, ua in points)
            if not square:
                continue
            rectified = sum(us * abs(ua) for us, ua in points)
            for number in range(int(row.get("count", 1))):  # type: ignore[call-overload]
                at_us = row["start_us"] + number * row.get("period_us", 0)  # type: ignore[operator]
                found.setdefault(row["channel"], []).append(  # type: ignore[arg-type]
                    Seen(at_us + later_us, square, rectified)
                )
    return {channel: sorted(pulses) for channel, pulses in found.items()}


def _pulses_in(points: list[list[int]]) -> list[tuple[int, list[list[int]]]]:
    """The pulses of a form, each with its place in it: its first phases are those as the first."""
    first = next((ua for us, ua in points if us and ua), 0)
    found: list[tuple[int, list[list[int]]]] = []
    at_us, before = 0, 0
    for us, ua in points:
        if not found or (us and ua == first and before != first):
            found.append((at_us, []))
        found[-1][1].append([us, ua])
        at_us, before = at_us + us, ua if us else before
    return found


def worst(pulses: list[Seen]) -> tuple[int, int, int]:
    """The most pulses, square and rectified charge of any second: each as begun within it."""
    seconds = [
        [other for other in pulses if one.at_us <= other.at_us < one.at_us + WINDOW_US]
        for one in pulses
    ]
    return (
        max(map(len, seconds), default=0),
        max((sum(one.square for one in second) for second in seconds), default=0),
        max((sum(one.rectified for one in second) for second in seconds), default=0),
    )


def fits(found: tuple[int, int, int], most: tuple[int, int, int]) -> bool:
    """Whether each of the three is within what may be."""
    return all(have <= may for have, may in zip(found, most, strict=True))


def worst_integrals(rows: Iterable[Mapping[str, object]]) -> dict[int, tuple[int, int]]:
    """By channel, the most square and rectified charge of any second, cut pulses counted as cut.

    A second that begins with a phase, or ends with one, is the worst there is.
    """
    phases: dict[int, list[tuple[int, int, int]]] = {}
    for row in rows:
        if row["kind"] not in ("train", "pulse"):
            continue
        for number in range(int(row.get("count", 1))):  # type: ignore[call-overload]
            at_us = row["start_us"] + number * row.get("period_us", 0)  # type: ignore[operator]
            for us, ua in row["points"]:  # type: ignore[attr-defined]
                if us and ua:
                    of = phases.setdefault(row["channel"], [])  # type: ignore[arg-type]
                    of.append((at_us, at_us + us, abs(ua)))
                at_us += us
    return {channel: _integrals(sorted(found)) for channel, found in phases.items()}


def _integrals(phases: list[tuple[int, int, int]]) -> tuple[int, int]:
    begins = {begin for begin, _, _ in phases} | {end - WINDOW_US for _, end, _ in phases}
    square = rectified = 0
    for from_us in begins:
        until_us = from_us + WINDOW_US
        parts = [
            (min(end, until_us) - max(begin, from_us), ua)
            for begin, end, ua in phases
            if end > from_us and begin < until_us
        ]
        square = max(square, sum(us * ua * ua for us, ua in parts))
        rectified = max(rectified, sum(us * ua for us, ua in parts))
    return square, rectified
