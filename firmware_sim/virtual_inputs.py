"""Made-up sensors: a crank, a shoe switch, a button, muscle activity. Pure functions of time.

A name says what and how fast: `crank@50rpm`, `gait@1Hz`, `heel@1Hz`, `button@0.2Hz`, `emg@0.1Hz`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

EVERY_US = 10_000
"""A sensor speaks so often."""
_NAME = re.compile(r"([a-z]+)@([0-9]+(?:\.[0-9]+)?)(rpm|Hz)")


class Sample(NamedTuple):
    """What a sensor says at a time: a value, an event (None), or only that it is there."""

    at_us: int
    value: float | None
    beat: bool = False


Rate = Callable[[int], float]
"""Turns (or times) a second, as a function of time in us."""


def phase(rate: Rate, turn: float, from_us: int = 0, start: float = 0.0) -> Iterator[Sample]:
    """Where something is that goes round; one turn counts `turn`."""
    place, at_us = start, from_us
    while True:
        yield Sample(at_us, round(place % 1.0 * turn, 3) % turn)
        place += rate(at_us) * EVERY_US / 1e6
        at_us += EVERY_US


def state(rate: Rate, on: float, from_us: int = 0) -> Iterator[Sample]:
    """A switch that is on for the first part of each turn."""
    for at_us, place, _ in phase(rate, 1.0, from_us):
        yield Sample(at_us, 1 if (place or 0.0) < on else 0)


def events(rate: Rate, from_us: int = 0) -> Iterator[Sample]:
    """One event in each turn, and a sign of life ten times a second."""
    before = 0.0
    for at_us, place, _ in phase(rate, 1.0, from_us):
        now = place or 0.0
        if now < before:
            yield Sample(at_us, None)
        elif (at_us - from_us) % 100_000 == 0:
            yield Sample(at_us, None, beat=True)
        before = now


def activity(rate: Rate, from_us: int = 0, highest: float = 80.0) -> Iterator[Sample]:
    """Muscle activity in percent: at rest, then an effort that rises, is held, and falls."""
    for at_us, place, _ in phase(rate, 1.0, from_us):
        into = (place or 0.0) * 4
        effort = min(1.0, into, max(0.0, 2.0 - into)) if into < 2 else 0.0
        ripple = (at_us // EVERY_US * 7919 % 13) / 13 * 4  # it is never quite still
        yield Sample(at_us, round(2 + effort * (highest - 6) + ripple, 2))


_KINDS: dict[str, Callable[[Rate, int], Iterator[Sample]]] = {
    "crank": lambda rate, from_us: phase(rate, 360.0, from_us),
    "gait": lambda rate, from_us: phase(rate, 100.0, from_us),
    "heel": lambda rate, from_us: state(rate, 0.6, from_us),
    "button": events,
    "emg": activity,
}
KINDS = tuple(_KINDS)


def named(name: str, from_us: int = 0) -> Iterator[Sample]:
    """The samples of a made-up sensor, without end. ValueError for a name that is none."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] not in _KINDS:
        raise ValueError(f"{name!r} is none of {', '.join(f'{one}@RATE' for one in _KINDS)}")
    per_s = float(found[2]) / (60 if found[3] == "rpm" else 1)
    if not 0 < per_s <= 10:
        raise ValueError(f"{name!r} is faster than 10 a second, or stands still")
    return _KINDS[found[1]](lambda _: per_s, from_us)
