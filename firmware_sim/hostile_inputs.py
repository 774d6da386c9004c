"""Sensors that fail: each takes the samples of a good one and spoils them. Deterministic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count, islice

from .virtual_inputs import Sample

Spoil = Callable[[Iterator[Sample]], Iterator[Sample]]


def chatter(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Every other sample says the opposite, or an event comes with each."""
    for number, one in enumerate(samples):
        if one.value is None:
            yield one._replace(beat=False)
        elif one.value in (0, 1):
            yield one._replace(value=number % 2)
        else:
            yield one._replace(value=max(0.0, one.value - 1.5 * (number % 2)))


def stuck(samples: Iterator[Sample]) -> Iterator[Sample]:
    """The same value for ever, fresh each time."""
    held: float | None = None
    for one in samples:
        held = one.value if held is None else held
        yield one._replace(value=held, beat=held is None)


def silent(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Nothing comes."""
    return islice(samples, 0)


def gaps(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Half a second is missing in every second and a half."""
    return (one for one in samples if one.at_us % 1_500_000 < 1_000_000)


def jump(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Now and then the value is a third of the range away."""
    for number, one in enumerate(samples):
        far = one.value is not None and number % 40 > 30
        yield one._replace(value=((one.value or 0.0) + 33) % 100) if far else one


def reverse(samples: Iterator[Sample]) -> Iterator[Sample]:
    """It goes backwards."""
    first: Sample | None = None
    for one in samples:
        first = first or one
        if one.value is None or first.value is None:
            yield one
        else:
            yield one._replace(value=(2 * first.value - one.value) % 100)


def flood(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Each sample a hundred times, within a tenth of its time."""
    for one in samples:
        for number in range(100):
            yield one._replace(at_us=one.at_us + number * 10)


def nonsense(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Values that are none."""
    bad = (math.nan, math.inf, -math.inf, -1.0, 1e300, 361.0, -0.5)
    for number, one in zip(count(), samples, strict=False):
        yield one._replace(value=bad[number % len(bad)], beat=False)


SPOILED: dict[str, Spoil] = {
    "chatter": chatter,
    "stuck": stuck,
    "silent": silent,
    "gaps": gaps,
    "jump": jump,
    "reverse": reverse,
    "flood": flood,
    "nonsense": nonsense,
}
