"""A second dose calculator, from physics alone, that imports nothing of stimctl.

A `Course` says what goes out: pulse, rates, laws, modulation, on/off cycle, slow pulses in the off
time. It becomes a list of every
pulse, then of every phase with its current. Charge and heat are integrated over every second that
begins or ends with a phase; one of these is the worst, since the current is constant in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SECOND_US = 1e6
LOAD_OHM = 500.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wave:
    """A value that goes from `start` to `end` and back in `period_s`, in one of three shapes."""

    start: float
    end: float
    period_s: float
    shape: str
    since_on = False

    @property
    def lowest(self) -> float:
        return min(self.start, self.end)

    @property
    def round_s(self) -> float:
        return self.period_s

    def at(self, t_us: Floats | float) -> Floats:
        part = np.mod(np.asarray(t_us) / SECOND_US / self.period_s, 1.0)
        if self.shape == "step":
            way = np.where(part < 0.5, 0.0, 1.0)
        elif self.shape == "sine":
            way = (1 - np.cos(2 * np.pi * part)) / 2
        else:
            way = 1 - np.abs(1 - 2 * part)
        return self.start + (self.end - self.start) * way


@dataclass(frozen=True)
class Steps:
    """Values one after the other, each for its time: again and again, or the last one stays.

    `since_on`: their time begins anew with each on time."""

    values: tuple[float, ...]
    dwells_s: tuple[float, ...]
    once: bool = False
    since_on: bool = False

    @property
    def lowest(self) -> float:
        return min(self.values)

    @property
    def round_s(self) -> float:
        return sum(self.dwells_s)

    def at(self, t_us: Floats | float) -> Floats:
        ends, t = np.cumsum(self.dwells_s), np.asarray(t_us) / SECOND_US
        place = np.searchsorted(ends, t if self.once else np.mod(t, ends[-1]), side="right")
        found: Floats = np.asarray(self.values)[np.minimum(place, len(self.values) - 1)]
        return found


Law = Wave | Steps


@dataclass(frozen=True)
class Slow:
    """Slow pulses in the off time of a cycle, at a part of the peak, with a ramp at both ends."""

    rate_hz: float
    width_us: float
    part: float
    ramp_s: float = 0.5


@dataclass(frozen=True)
class Course:
    """What goes out. Currents in mA, widths in us, rates in Hz, other times in s.

    `period_grid_us`: the device makes periods of whole steps, rounded up; None is exact time.
    `second_ratio`: the second phase is that much longer and lower; None has no second phase.
    """

    peak_ma: float
    width_us: float
    gap_us: float
    rate_hz: float
    second_ratio: int | None = 1
    burst: tuple[int, float] | None = None  # pulses, bursts per s
    rate_sweep: Law | None = None
    width_sweep: Law | None = None
    level: Law | None = None  # part of the peak, 0 to 1
    cycle: tuple[float, float, float, float] | None = None  # on, off, ramp up, ramp down
    period_grid_us: int | None = None
    interval_us: int | None = None
    """Of bursts that a device gives as groups: from one pulse to the next, whatever the grid."""
    lead: tuple[int, int, float] | None = None
    """The first pulse of each hold is so many, so many us apart; before it the train is off for so
    many us."""
    slow: Slow | None = None

    @property
    def slowest_hz(self) -> float:
        """The lowest rate in it, of bursts where there are any."""
        rates = [self.rate_hz]
        if self.rate_sweep is not None:
            rates.append(self.rate_sweep.lowest)
        if self.burst is not None:
            rates.append(self.burst[1])
        if self.slow is not None:
            rates.append(self.slow.rate_hz)
        return min(rates)

    @property
    def length_us(self) -> float:
        """So long is looked at: 4 s, or what shows a round of every law and two cycles."""
        laws = (self.rate_sweep, self.width_sweep, self.level)
        rounds = [law.round_s for law in laws if isinstance(law, Steps)]
        if self.slow is not None and self.cycle is not None:
            rounds.append(2 * sum(self.cycle[:2]))
        return SECOND_US * max([4.0, *(min(12.0, one + 1.0) for one in rounds)])


@dataclass(frozen=True)
class Worst:
    """The worst second, and the strongest pulse; in the units of the names."""

    rms_ma: float
    ac_rms_ma: float
    dc_ma: float
    rectified_ma: float
    peak_ma: float
    charge_uc: float
    energy_mj: float

    @property
    def power_w(self) -> float:
        return LOAD_OHM * (self.rms_ma / 1e3) ** 2


def period_us(course: Course, rate_hz: float) -> float:
    exact = SECOND_US / rate_hz
    grid = course.period_grid_us
    return exact if grid is None else math.ceil(math.ceil(exact - 1e-9) / grid) * grid


def train(course: Course, from_us: float, until_us: float) -> Floats:
    """When pulses start in [from, until): the first at `from`, as if nothing had been before."""
    length_us = until_us - from_us
    if course.burst is not None:
        pulses, bursts_hz = course.burst
        starts = np.arange(math.ceil(length_us / SECOND_US * bursts_hz)) * SECOND_US / bursts_hz
        inside_us = period_us(course, course.rate_hz)
        if course.interval_us is not None:
            inside_us = float(course.interval_us)
            starts = np.arange(starts.size) * period_us(course, bursts_hz)
        elif course.period_grid_us is not None:
            starts = np.ceil(starts - 1e-9)
        inside = np.arange(pulses) * inside_us
        found = np.add.outer(starts, inside).ravel()
    elif course.rate_sweep is None:
        each_us = period_us(course, course.rate_hz)
        found = np.arange(math.ceil(length_us / each_us)) * each_us
    else:
        listed, at_us = [], 0.0
        while at_us < length_us:
            listed.append(at_us)
            since_us = at_us if course.rate_sweep.since_on else from_us + at_us
            rate_hz = float(course.rate_sweep.at(since_us))
            at_us += period_us(course, rate_hz)
        found = np.array(listed)
    found = found[found < length_us]
    return np.sort(found) + from_us


def starts_of(course: Course, length_us: float) -> Floats:
    """When every pulse starts; a train begins anew with each on time, and where output returns."""
    spans = [(0.0, length_us)]
    if course.cycle is not None:
        on_us, off_us = course.cycle[0] * SECOND_US, course.cycle[1] * SECOND_US
        begins = np.arange(0.0, length_us, on_us + off_us)
        spans = [(float(at_us), float(at_us) + on_us) for at_us in begins]
    level = course.level
    dark = isinstance(level, Wave) and level.shape == "step" and level.end == 0
    if isinstance(level, Wave) and dark and course.burst is None:
        spans = [part for span in spans for part in _lit(span, level.period_s * SECOND_US)]
    if course.lead is not None and course.cycle is not None:
        return np.concatenate([_with_lead(course, *span) for span in spans])
    return np.concatenate([train(course, *span) for span in spans])


def _with_lead(course: Course, from_us: float, until_us: float) -> Floats:
    """One on time: the ramp's train, a pause, a group, and a train that begins with it."""
    assert course.lead is not None
    assert course.cycle is not None
    pulses, interval_us, pause_us = course.lead
    hold_us = from_us + course.cycle[2] * SECOND_US
    group = hold_us + np.arange(1, pulses) * float(interval_us)
    before = train(course, from_us, max(from_us, hold_us - pause_us))
    return np.sort(np.concatenate([before, train(course, hold_us, until_us), group]))


def _lit(span: tuple[float, float], each_us: float) -> list[tuple[float, float]]:
    """The parts of a span in which a level that is on for half of each period is on."""
    first = math.floor(span[0] / each_us)
    turns = range(first, math.ceil(span[1] / each_us))
    parts = [(max(span[0], n * each_us), min(span[1], (n + 0.5) * each_us)) for n in turns]
    return [part for part in parts if part[0] < part[1]]


def peaks_of(course: Course, starts_us: Floats) -> Floats:
    """The amplitude of every pulse in mA: ramps are straight lines, levels follow their wave."""
    peaks = np.full_like(starts_us, course.peak_ma)
    if course.cycle is not None:
        on, off, up, down = (part * SECOND_US for part in course.cycle)
        since = np.mod(starts_us, on + off)
        if up > 0:
            peaks *= np.clip(since / up, 0.0, 1.0)
        if down > 0:
            peaks *= np.clip((on - since) / down, 0.0, 1.0)
    if course.level is not None:
        peaks *= _law(course, course.level, starts_us)
    return peaks


def _law(course: Course, law: Law, starts_us: Floats) -> Floats:
    if law.since_on and course.cycle is not None:
        return law.at(np.mod(starts_us, sum(course.cycle[:2]) * SECOND_US))
    return law.at(starts_us)


def pulses_of(course: Course, length_us: float) -> tuple[Floats, Floats, Floats]:
    """Of every pulse, in order: when it starts, its amplitude, and the width of its first phase."""
    starts = starts_of(course, length_us)
    peaks = peaks_of(course, starts)
    first = np.full_like(starts, course.width_us)
    if course.width_sweep is not None:
        first = _law(course, course.width_sweep, starts)
    if course.slow is None or course.cycle is None:
        return starts, peaks, first
    slow, on_us, off_us = course.slow, *(part * SECOND_US for part in course.cycle[:2])
    spans = np.arange(on_us, length_us, on_us + off_us)
    each_us = period_us(course, slow.rate_hz)
    into = np.arange(0.0, off_us, each_us)
    ramp = np.minimum(into, off_us - into) / (slow.ramp_s * SECOND_US)
    rests = np.add.outer(spans, into).ravel()
    heights = np.tile(course.peak_ma * slow.part * np.clip(ramp, 0.0, 1.0), spans.size)
    every = np.concatenate([starts, rests])
    order = np.argsort(every, kind="stable")
    widths = np.concatenate([first, np.full_like(rests, slow.width_us)])
    return every[order], np.concatenate([peaks, heights])[order], widths[order]


def worst_second(course: Course, length_us: float | None = None) -> Worst:
    """Integrate everything that goes out within `length_us`."""
    starts, peaks, first = pulses_of(course, length_us or course.length_us)
    ratio = course.second_ratio
    second = np.zeros_like(starts) if ratio is None else first * ratio
    lower = np.zeros_like(starts) if ratio is None else peaks / ratio
    begins = np.concatenate([starts, starts + first + course.gap_us])
    lasts, currents = np.concatenate([first, second]), np.concatenate([peaks, lower])
    order = np.argsort(begins, kind="stable")
    begins, lasts, currents = begins[order], lasts[order], currents[order]
    heat = _most(begins, lasts, currents**2)
    net = _most_net(starts, peaks * first - lower * second)
    return Worst(
        rms_ma=math.sqrt(heat),
        ac_rms_ma=math.sqrt(max(0.0, heat - net**2)),
        dc_ma=net,
        rectified_ma=_most(begins, lasts, currents),
        peak_ma=float(peaks.max(initial=0.0)),
        charge_uc=float((peaks * first).max(initial=0.0)) / 1e3,
        energy_mj=float((peaks**2 * first + lower**2 * second).max(initial=0.0)) * LOAD_OHM / 1e9,
    )


def _most(begins: Floats, lasts: Floats, height: Floats) -> float:
    """The highest mean over any second of a value that is `height` in each of these spans."""
    if not begins.size:
        return 0.0
    ends = np.maximum.accumulate(begins + lasts)
    knots = np.column_stack([begins, ends]).ravel()
    total = np.cumsum(np.column_stack([np.zeros_like(height), height * lasts]).ravel())
    corners = np.concatenate([begins, ends - SECOND_US])
    inside = np.interp(corners + SECOND_US, knots, total) - np.interp(corners, knots, total)
    return float(inside.max()) / SECOND_US


def _most_net(starts: Floats, net: Floats) -> float:
    """The highest net charge of the pulses that start within a second, per second: mA of DC."""
    if not starts.size:
        return 0.0
    total = np.concatenate([[0.0], np.cumsum(net)])
    until = np.searchsorted(starts, starts + SECOND_US * (1 - 1e-12), side="left")
    return float((total[until] - total[:-1]).max()) / SECOND_US
