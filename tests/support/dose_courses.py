"""Random stimuli of every kind, each in the models of stimctl and as an independent `Course`."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from stimctl.devices.registry import FAMILIES
from stimctl.safety import DeviceBounds, Electrode, Envelope, Profile, ceiling_ua, envelope_for
from stimctl.stimulus import (
    AmplitudeModulation,
    Burst,
    Cycle,
    Pulse,
    PulseShape,
    Stimulus,
    Sweep,
    SweepShape,
)
from stimctl.stimulus.jitter import Jitter
from stimctl.stimulus.laws import Drawn, LevelLaw, Turns
from stimctl.stimulus.modulation import Lead, Rest
from tests.support.independent_dose import Course, Slow, Steps, Wave

SYM, ASYM, MONO = PulseShape.SYMMETRIC, PulseShape.ASYMMETRIC, PulseShape.MONOPHASIC
SHEETS = tuple(one.sheet.bounds for one in FAMILIES.values() if one.sheet.current is not None)
# A device of no maker, which can do more than any: coarse periods, wide pulses, one-sided ones.
ANYTHING = DeviceBounds(
    name="anything", channels=8, amplitude_max_ua=130_000, amplitude_step_ua=100,
    phase_width_min_us=10, phase_width_max_us=20_000, phase_width_step_us=1,
    interphase_gap_max_us=2_000, period_min_us=100, period_max_us=60_000_000, period_step_us=100,
    recovery_us=0, shapes=frozenset(PulseShape), multiplexed=False, compliance_mv=150_000,
)  # fmt: skip
DEVICES = (*SHEETS, ANYTHING)
KINDS = ("plain", "plain", "burst", "burst", "rate sweep", "width sweep", "level", "cycle",
         "burst in cycle", "everything", "group", "group in cycle",
         "lead in cycle")  # fmt: skip
LAWS = ("rate law", "width law", "level law", "laws", "laws in cycle", "active rest",
        "laws with active rest")  # fmt: skip
"""What files with stages can say besides: values in turn, by chance, falling; slow pulses in the
off time."""
ACKNOWLEDGED = frozenset({"L-DC-WARN"})


@dataclass(frozen=True)
class Case:
    kind: str
    stimulus: Stimulus
    envelope: Envelope
    course: Course


def some_rate_mhz(chance: random.Random, low: int, high: int) -> int:
    """A rate, even over the orders of magnitude; often whole, or a hair beside."""
    value: int = round(low * (high / low) ** chance.random())
    if chance.random() < 0.6:
        whole = max(1, round(value / 1_000)) * 1_000
        value = whole + chance.choice((0, 0, 0, 1, -1, 100, 500))
    return min(high, max(low, value))


def random_case(chance: random.Random) -> Case:
    kind, device = chance.choice(KINDS), chance.choice(DEVICES)
    if kind.startswith(("group", "lead")) and not device.makes_forms:
        kind = kind.replace("group", "burst").replace("lead", "burst")
    if device.fixed_rhythm and kind in ("burst", "burst in cycle", "rate sweep", "everything"):
        kind = chance.choice(("plain", "width sweep", "level", "cycle"))
    bursts = kind in ("burst", "burst in cycle") or (kind == "everything" and chance.random() < 0.5)
    pulse = _pulse(chance, device)
    fastest = 10**9 // max(device.period_min_us, pulse.width_total_us + device.recovery_us)
    mhz = some_rate_mhz(chance, 700, min(fastest - fastest // 500, 2_000_000))
    more: dict[str, Any] = {}
    if bursts:
        mhz = max(mhz, min(fastest, 5_000))
        period_us = device.quantise_period_up_us(mhz)
        more["burst"] = _burst(chance, 10**9 // period_us)
    if kind.startswith("group"):
        mhz, more["burst"] = _group(chance, pulse.width_total_us + device.recovery_us)
    if kind.startswith("lead"):
        mhz = min(mhz, 50_000)
        least_us = pulse.width_total_us + device.recovery_us
        more["lead"] = Lead(
            pulses=chance.randint(2, 4),
            interval_us=least_us + least_us // 100 + chance.choice((0, 500, 5_000)),
        )
    if kind in ("rate sweep", "everything") and not bursts:
        mhz = min(mhz, 400_000)
        more["frequency_sweep"] = _sweep(chance, max(500, mhz // chance.randint(2, 40)), mhz)
    if kind in ("width sweep", "everything"):
        low = max(device.phase_width_min_us, pulse.phase_width_us // chance.randint(2, 5))
        more["width_sweep"] = _sweep(chance, low, pulse.phase_width_us)
    if kind in ("level", "everything"):
        more["amplitude_modulation"] = AmplitudeModulation(
            lowest_permille=chance.choice((0, 0, 300, 700)),
            period_us=chance.choice((1_000_000, 1_500_000, 3_000_000)),
            shape=chance.choice(tuple(SweepShape)),
        )
    if kind in ("cycle", "burst in cycle", "group in cycle", "lead in cycle", "everything"):
        more["cycle"] = _cycle(chance)
    return _case(chance, kind, device, Stimulus(pulse=pulse, frequency_mhz=mhz, **more))


def _case(chance: random.Random, kind: str, device: DeviceBounds, stimulus: Stimulus) -> Case:
    """With an electrode, a profile, and often right at what is allowed."""
    area_mm2 = chance.choice((100, 300, 500, 1_000, 2_500, 5_000, 10_000, 20_000))
    envelope = envelope_for(
        device,
        Electrode(area_mm2, chance.choice((1000, 1000, 1000, 700, 250))),
        profile=chance.choice((Profile.CLINIC, Profile.CLINIC, Profile.HOME)),
        allow_monophasic=True,
    )
    if chance.random() < 0.7:  # right at what is allowed
        most_ua = ceiling_ua(stimulus, envelope, acknowledged=ACKNOWLEDGED)
        stimulus = stimulus.with_amplitude(most_ua)
    grid = device.period_step_us if chance.random() < 0.5 else None
    course = course_of(stimulus, grid, chance)
    if kind.startswith("group") and (group := device.group_of(stimulus)) is not None:
        course = replace(course, interval_us=group.gap_us)
    if (lead := stimulus.lead) is not None:
        pause_us = 10**9 / stimulus.frequency_mhz + 10_000
        course = replace(course, lead=(lead.pulses, lead.interval_us, pause_us))
    return Case(kind, stimulus, envelope, course)


def random_law_case(chance: random.Random) -> Case:
    """One of `LAWS`."""
    kind, device = chance.choice(LAWS), chance.choice(DEVICES)
    if device.fixed_rhythm:
        kind = chance.choice(("width law", "level law"))
    every, rests = kind.startswith("laws"), kind.endswith("active rest")
    pulse = _pulse(chance, device)
    fastest = 10**9 // max(device.period_min_us, pulse.width_total_us + device.recovery_us)
    mhz = some_rate_mhz(chance, 16_000 if rests else 2_000, min(fastest - fastest // 500, 400_000))
    since_on = "cycle" in kind and chance.random() < 0.5
    more: dict[str, Any] = {}
    if kind == "rate law" or every:
        low = max(500, mhz // chance.randint(2, 40))
        more["frequency_sweep"] = _law(chance, low, mhz, since_on=since_on)
    if kind == "width law" or every:
        low = max(device.phase_width_min_us, pulse.phase_width_us // chance.randint(2, 5))
        more["width_sweep"] = _law(chance, low, pulse.phase_width_us, since_on=since_on)
    if kind == "level law" or every:
        low = chance.choice((1, 300, 700))
        more["amplitude_modulation"] = _law(chance, low, 1_000, since_on=since_on)
    if kind == "laws in cycle":
        more["cycle"] = _cycle(chance)
    if rests:
        more["cycle"] = _long_cycle(chance)
        more["rest"] = Rest(
            frequency_mhz=some_rate_mhz(chance, 1_000, 14_999),
            phase_width_us=max(
                device.phase_width_min_us, pulse.phase_width_us // chance.choice((1, 1, 2))
            ),
            level_permille=chance.choice((1_000, 1_000, 600, 200)),
        )
    return _case(chance, kind, device, Stimulus(pulse=pulse, frequency_mhz=mhz, **more))


def _law(chance: random.Random, low: int, high: int, *, since_on: bool) -> Sweep | Turns | Drawn:
    low = min(low, high)
    which = chance.choice(("list", "list", "once", "drawn", "falling"))
    if which == "falling":
        shape, period_us = chance.choice(tuple(SweepShape)), chance.choice((1_000_000, 3_000_000))
        return Sweep(lowest=low, highest=high, period_us=period_us, shape=shape, falls=True)
    dwells = (250_000, 300_000, 500_000, 1_000_000, 2_000_000)
    if which == "drawn":
        dwell_us = chance.choice(dwells)
        return Drawn(lowest=low, highest=high, dwell_us=dwell_us, seed=chance.getrandbits(64),
                     since_on=since_on)  # fmt: skip
    values = [chance.randint(low, high) for _ in range(chance.randint(1, 6))]
    values.insert(chance.randint(0, len(values)), high)
    return Turns(
        values=tuple(values), dwells_us=tuple(chance.choice(dwells) for _ in values),
        once=which == "once", since_on=since_on,
    )  # fmt: skip


def _long_cycle(chance: random.Random) -> Cycle:
    """With off times that have room for slow pulses."""
    up, down = 500_000, chance.choice((0, 500_000))
    return Cycle(
        on_us=up + down + chance.choice((250_000, 600_000, 1_500_000)),
        off_us=chance.choice((2_000_000, 2_345_678, 3_000_000)),
        ramp_up_us=up,
        ramp_down_us=down,
    )


def _pulse(chance: random.Random, device: DeviceBounds) -> Pulse:
    shape = chance.choice(sorted(device.shapes))
    ratio = chance.choice((2, 3, 4, 8)) if shape is ASYM else 1
    widest = device.phase_width_max_us // ratio
    width = round(20 * (widest / 20) ** chance.random())
    step = device.amplitude_step_ua * ratio
    gap = device.interphase_gap_fixed_us
    return Pulse(
        shape=shape,
        amplitude_ua=step * chance.randint(1, device.amplitude_max_ua // step),
        phase_width_us=max(width, device.phase_width_min_us),
        interphase_gap_us=chance.choice((0, 0, 50, 100)) if gap is None else gap,
        second_phase_ratio=ratio,
    )


def _burst(chance: random.Random, mhz: int) -> Burst:
    bursts_mhz = some_rate_mhz(chance, 300, min(40_000, mhz))
    most = max(1, mhz // bursts_mhz)
    return Burst(
        pulses_per_burst=chance.randint(max(1, most // chance.choice((1, 1, 2, 5, 20))), most),
        burst_frequency_mhz=bursts_mhz,
    )


def _group(chance: random.Random, least_us: int) -> tuple[int, Burst]:
    """A group of pulses, perhaps one of the device's own, and the rate in it."""
    pulses = chance.randint(2, 4)
    interval_us = chance.choice((2_000, 5_000, 20_000, chance.randint(500, 25_000)))
    interval_us = max(interval_us, least_us + least_us // 100)
    inside_mhz = -(-(10**9) // interval_us)
    return inside_mhz, Burst(
        pulses_per_burst=pulses,
        burst_frequency_mhz=min(some_rate_mhz(chance, 300, 60_000), inside_mhz // (pulses + 1)),
        interval_us=interval_us,
    )


def _sweep(chance: random.Random, low: int, high: int) -> Sweep:
    return Sweep(
        lowest=min(low, high),
        highest=high,
        period_us=chance.choice((1_000_000, 1_300_000, 3_000_000, 8_000_000)),
        shape=chance.choice(tuple(SweepShape)),
    )


def _cycle(chance: random.Random) -> Cycle:
    up, down = 500_000, chance.choice((0, 500_000))
    return Cycle(
        on_us=up + down + chance.choice((250_000, 333_333, 600_000, 1_000_000, 2_345_678)),
        off_us=chance.choice((0, 1_000, 10_000, 130_000, 700_000, 1_000_000, 2_000_000)),
        ramp_up_us=up,
        ramp_down_us=down,
    )


def course_of(
    stimulus: Stimulus, period_grid_us: int | None, chance: random.Random | None = None
) -> Course:
    """The same in other words: mA, Hz and s. What is drawn by chance is drawn here by another
    `chance`, and meets its ends more often: no sequence may be judged too low."""
    pulse, burst, cycle = stimulus.pulse, stimulus.burst, stimulus.cycle
    level, rate, width = (
        stimulus.amplitude_modulation, stimulus.frequency_sweep, stimulus.width_sweep,
    )  # fmt: skip
    rest = stimulus.rest
    assert not isinstance(rate, Jitter)  # no course of this kind
    return Course(
        peak_ma=pulse.amplitude_ua / 1e3,
        width_us=pulse.phase_width_us,
        gap_us=pulse.interphase_gap_us,
        rate_hz=stimulus.frequency_mhz / 1e3,
        second_ratio=None if pulse.shape is MONO else pulse.second_phase_ratio,
        burst=(burst.pulses_per_burst, burst.burst_frequency_mhz / 1e3) if burst else None,
        rate_sweep=_said(rate, 1e3, chance),
        width_sweep=_said(width, 1.0, chance),
        level=_said(level, 1e3, chance),
        cycle=(cycle.on_us / 1e6, cycle.off_us / 1e6, cycle.ramp_up_us / 1e6,
               cycle.ramp_down_us / 1e6) if cycle else None,
        period_grid_us=period_grid_us,
        slow=Slow(rest.frequency_mhz / 1e3, rest.phase_width_us, rest.level_permille / 1e3)
        if rest else None,
    )  # fmt: skip


def _said(law: LevelLaw | None, scale: float, chance: random.Random | None) -> Wave | Steps | None:
    if law is None:
        return None
    if isinstance(law, Turns):
        values = tuple(value / scale for value in law.values)
        return Steps(values, tuple(one / 1e6 for one in law.dwells_us), law.once, law.since_on)
    ends = (law.lowest / scale, law.highest / scale)
    if isinstance(law, Drawn):
        chance = chance or random.Random(law.seed)
        values = tuple(
            chance.choice((ends[0], ends[1], ends[1], chance.uniform(*ends))) for _ in range(24)
        )
        return Steps(values, (law.dwell_us / 1e6,) * len(values), since_on=law.since_on)
    if isinstance(law, AmplitudeModulation) or law.falls:
        ends = (ends[1], ends[0])
    return Wave(*ends, law.period_us / 1e6, str(law.shape))
