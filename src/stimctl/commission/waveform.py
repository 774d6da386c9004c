"""What a recording at a known resistor shows: pulses, their current, width, rate and balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from stimctl.commission.scope_csv import Samples

_NOISE_V: Final = 0.05
"""Less than this is no pulse (D: the offset and noise of an 8-bit oscilloscope at 1 V/div)."""
_OF_PEAK: Final = 0.05
_TEST_PULSE: Final = 0.4
"""Phases shorter than this share of the longest are a device's own test pulses (D; RehaMove3: 15 us
beside 100 us or more)."""
_ONE_PULSE_S: Final = 1.5e-3
"""Phases that are no further apart are of one pulse (D: gaps are 0.1 ms, periods 10 ms or more)."""
_LEAST_IN_PHASE: Final = 5


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: from and to where it crosses half its height (s), and its height in V, signed."""

    from_s: float
    to_s: float
    volt: float
    samples: int

    @property
    def width_s(self) -> float:
        """How long it is at half its height."""
        return self.to_s - self.from_s


@dataclass(frozen=True, slots=True)
class Pulse:
    """The phases of one pulse."""

    phases: tuple[Phase, ...]

    @property
    def at_s(self) -> float:
        """When it begins."""
        return self.phases[0].from_s

    @property
    def volt(self) -> float:
        """The height of its first phase, without its sign."""
        return abs(self.phases[0].volt)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured while output was on; None: not measured. Currents in uA, times in us.

    `imbalance_permille`: what is left of the first phase's charge after the second.
    """

    amplitude_ua: float | None = None
    width_us: float | None = None
    frequency_mhz: float | None = None
    imbalance_permille: float | None = None
    pulses: int = 0
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Train:
    """A train from its beginning to its end.

    `duration_us`: from the first pulse that is higher than half of the highest, to the last pulse.
    `ends_open`: output was still on when the recording ended.
    """

    duration_us: float
    period_us: float
    ends_open: bool = False
    file: str = ""
    sha256: str = ""


def pulses_of(samples: Samples) -> tuple[Pulse, ...]:
    """The pulses of a recording, without a device's own test pulses."""
    phases = _phases(samples)
    longest = max((one.width_s for one in phases), default=0.0)
    kept = [one for one in phases if one.width_s >= longest * _TEST_PULSE]
    pulses: list[list[Phase]] = []
    for one in kept:
        if pulses and one.from_s - pulses[-1][-1].to_s <= _ONE_PULSE_S:
            pulses[-1].append(one)
        else:
            pulses.append([one])
    return tuple(Pulse(tuple(phases)) for phases in pulses)


def reading_of(samples: Samples, ohm: int) -> Reading:
    """What a recording of a steady train shows; no pulses give a reading of 0 pulses.

    Pulses at the edges of the recording may be cut, and are left out.
    """
    every = pulses_of(samples)
    pulses = every[1:-1] if len(every) > 3 else every
    if not pulses or median(len(one.phases) for one in pulses) < 1:
        return Reading(pulses=0)
    firsts = [one.phases[0] for one in pulses]
    if min(one.samples for one in firsts) < _LEAST_IN_PHASE:
        return Reading(pulses=len(pulses))
    starts = [one.at_s for one in pulses]
    periods = [later - earlier for earlier, later in pairwise(starts)]
    return Reading(
        amplitude_ua=median(one.volt for one in pulses) * 1e6 / ohm,
        width_us=median(one.width_s for one in firsts) * 1e6,
        frequency_mhz=1e3 / median(periods) if periods else None,
        imbalance_permille=median(map(_imbalance, pulses)),
        pulses=len(pulses),
    )


def train_of(samples: Samples) -> Train | None:
    """What a recording of a whole train shows; None where there is none."""
    pulses = pulses_of(samples)
    if len(pulses) < 2:
        return None
    half = max(one.volt for one in pulses) / 2
    high = [one.at_s for one in pulses if one.volt > half]
    starts = [one.at_s for one in pulses]
    period_s = median(later - earlier for earlier, later in pairwise(starts))
    after_s = samples.times_s[-1] - high[-1]
    return Train((high[-1] - high[0]) * 1e6, period_s * 1e6, after_s < 2 * period_s)


def _imbalance(pulse: Pulse) -> float:
    first = pulse.phases[0].volt * pulse.phases[0].width_s
    net = sum(one.volt * one.width_s for one in pulse.phases)
    return abs(net / first) * 1000


def _phases(samples: Samples) -> list[Phase]:
    volts = samples.volts
    least = max(max(map(abs, volts)) * _OF_PEAK, _NOISE_V)
    found: list[Phase] = []
    begin: int | None = None
    for at, volt in enumerate((*volts, 0.0)):
        sign = 0 if abs(volt) <= least else 1 if volt > 0 else -1
        if begin is not None and (sign == 0 or (volts[begin] > 0) != (sign > 0)):
            found.append(_phase(samples, begin, at))
            begin = None
        if begin is None and sign:
            begin = at
    return found


def _phase(samples: Samples, begin: int, end: int) -> Phase:
    """The samples `begin` to `end` (not included) are of one sign."""
    inside = samples.volts[begin:end]
    trim = len(inside) // 4
    height = median(inside[trim : len(inside) - trim])
    half = height / 2
    return Phase(
        _crossing(samples, begin - 1, begin, half),
        _crossing(samples, end, end - 1, half),
        height,
        len(inside),
    )


def _crossing(samples: Samples, outside: int, inside: int, half: float) -> float:
    """When the line from a sample outside to one inside passes half the height."""
    times: Sequence[float] = samples.times_s
    if not 0 <= outside < len(times):
        return times[inside]
    out, within = samples.volts[outside], samples.volts[inside]
    if out == within:
        return times[inside]
    share = min(max((half - out) / (within - out), 0.0), 1.0)
    return times[outside] + (times[inside] - times[outside]) * share
