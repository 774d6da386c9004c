"""stimctl's dose against a second calculator that integrates the current over every second.

stimctl may be stricter, never laxer; nothing that is cleared exceeds a limit by the other's count.
"""

from __future__ import annotations

import ast
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from stimctl.safety import Cleared, Profile, clear
from stimctl.stimulus import Cycle, Pulse, PulseShape, Stimulus, dose_of
from stimctl.stimulus.modulation import Lead
from tests.support import independent_dose
from tests.support.dose_courses import (
    ACKNOWLEDGED,
    DEVICES,
    KINDS,
    LAWS,
    Case,
    random_case,
    random_law_case,
)
from tests.support.independent_dose import Course, Slow, Steps, Worst, worst_second

BELOW = 1e-3  # what stimctl may be below the other
EXACT = 1e-9  # rounding of floats


@dataclass
class Tally:
    """What a campaign found."""

    cases: int = 0
    cleared: int = 0
    below: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    lowest: float = math.inf
    highest: dict[str, float] = field(default_factory=dict)
    tightest: float = 0.0

    def __str__(self) -> str:
        rms = ", ".join(f"{kind} {most:.3f}" for kind, most in sorted(self.highest.items()))
        return (
            f"{self.cases} stimuli, {self.cleared} cleared ({dict(sorted(self.kinds.items()))}), "
            f"{len(self.over)} of them above a limit, {len(self.below)} judged too low; "
            f"stimctl / independent: lowest {self.lowest:.6f}, highest r.m.s. by kind: {rms}; "
            f"tightest cleared use of a limit {self.tightest:.6f}"
        )


def used_of_each_limit(worst: Worst, case: Case) -> dict[str, float]:
    """How much of each limit is used, by the independent count; 1 is all of it.

    [G] GOST 30324.10-95 = IEC 601-2-10, clause 51.104, table 1, into 500 ohm: DC 80 mA; AC r.m.s.
    50 mA to 400 Hz, 80 mA to 1500 Hz, 100 mA above, by the lowest frequency of the pattern; 300 mJ
    a pulse. RehaStim2 manual p. 9: 2 mA/cm2, 0.1 W/cm2. FDA 1999: below 0.25 W/cm2. Iontophoresis:
    0.5 mA/cm2 DC. FDA 2010 draft for home: 20 uC + 28 uC per ms, 10 mA average.
    """
    stimulus, electrode = case.stimulus, case.envelope.electrode
    cm2 = max(1, electrode.area_mm2 * electrode.contact_permille // 1000) / 100
    slowest_hz = case.course.slowest_hz
    ac_ma = 50 if slowest_hz <= 400 else 80 if slowest_hz <= 1500 else 100
    used = {
        "DC": worst.dc_ma / 80,
        "AC": worst.ac_rms_ma / ac_ma,
        "energy": worst.energy_mj / 300,
        "current density": worst.rms_ma / cm2 / 2,
        "power density": worst.power_w / cm2 / 0.1,
        "DC density": worst.dc_ma / cm2 / 0.5,
        "device": worst.peak_ma / (case.envelope.device.amplitude_max_ua / 1e3),
        "peak": worst.peak_ma / 130,
    }
    if case.envelope.profile is Profile.HOME:
        used["charge"] = worst.charge_uc / (20 + 28 * stimulus.widest_phase_us / 1e3)
        used["average"] = worst.rectified_ma / 10
    return used


def judge(case: Case, tally: Tally) -> None:
    worst = worst_second(case.course)
    dose = dose_of(case.stimulus, case.envelope.electrode.effective_area_mm2)
    tally.cases += 1
    pairs = {
        "rms": (dose.rms_ma, worst.rms_ma),
        "rectified": (dose.rectified_average_ma, worst.rectified_ma),
        "DC": (dose.dc_ma, worst.dc_ma),
        "power": (dose.power_w, worst.power_w),
        "charge": (dose.charge_per_phase_uc, worst.charge_uc),
        "energy": (dose.energy_per_pulse_mj, worst.energy_mj),
    }
    for name, (ours, theirs) in pairs.items():
        if theirs > 1e-9:
            tally.lowest = min(tally.lowest, ours / theirs)
        if ours < theirs * (1 - BELOW) - 1e-9:
            tally.below.append(f"{name} {ours:.6g} < {theirs:.6g}: {case}")
    if worst.rms_ma > 0:
        most = tally.highest.get(case.kind, 0.0)
        tally.highest[case.kind] = max(most, dose.rms_ma / worst.rms_ma)
    if isinstance(clear(case.stimulus, case.envelope, acknowledged=ACKNOWLEDGED), Cleared):
        tally.cleared += 1
        tally.kinds[case.kind] += 1
        for name, used in used_of_each_limit(worst, case).items():
            tally.tightest = max(tally.tightest, used)
            if used > 1 + EXACT:
                tally.over.append(f"{name} {used:.6f} of its limit: {case}")


def campaign(count: int, seed: int, case: Callable[[random.Random], Case] = random_case) -> Tally:
    chance, tally = random.Random(seed), Tally()
    for _ in range(count):
        judge(case(chance), tally)
    return tally


@pytest.mark.hazard("H49")
def test_nothing_is_judged_too_low_and_nothing_cleared_exceeds_a_limit() -> None:
    tally = campaign(800, 20)
    assert tally.below == []
    assert tally.over == []
    assert tally.cleared > 600
    assert set(tally.kinds) == set(KINDS)  # each of them was cleared at times
    assert tally.tightest > 0.999  # and right up to a limit


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.hazard("H49")
def test_soak_twenty_five_thousand_stimuli_by_a_second_calculator() -> None:
    tally = campaign(25_000, 4_711)
    print(f"\nsoak: dose by a second calculator: {tally}")
    assert tally.below == []
    assert tally.over == []
    assert tally.cleared > 20_000


@pytest.mark.hazard("H49", "H79")
def test_no_law_and_no_active_rest_is_judged_too_low_nor_cleared_above_a_limit() -> None:
    tally = campaign(300, 21, random_law_case)
    assert tally.below == []
    assert tally.over == []
    assert tally.cleared > 150
    assert set(tally.kinds) == set(LAWS)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.hazard("H49", "H79")
def test_soak_ten_thousand_stimuli_with_laws_by_a_second_calculator() -> None:
    tally = campaign(10_000, 4_712, random_law_case)
    print(f"\nsoak: dose of laws and active rest by a second calculator: {tally}")
    assert tally.below == []
    assert tally.over == []
    assert tally.cleared > 5_000


def test_the_second_calculator_knows_nothing_of_stimctl() -> None:
    tree = ast.parse(Path(independent_dose.__file__).read_text(encoding="utf-8"))
    names = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import)
                     else [node.module or ""])
    }  # fmt: skip
    assert names <= {"__future__", "math", "dataclasses", "numpy"}
    assert len(DEVICES) >= 3


# -- the second calculator itself, against numbers worked out by hand --------------------------


def test_the_second_calculator_integrates_what_it_should() -> None:
    plain = worst_second(Course(100, 250, 0, 500))
    assert (plain.rms_ma, plain.rectified_ma) == (pytest.approx(50), pytest.approx(25))
    one_sided = worst_second(Course(70, 100_000, 0, 1, second_ratio=None))
    assert (one_sided.rms_ma, one_sided.dc_ma) == (pytest.approx(22.136, rel=1e-4), 7)
    assert one_sided.energy_mj == pytest.approx(245)
    burst = worst_second(Course(75, 400, 0, 200, burst=(20, 1.1)))
    assert burst.rms_ma == pytest.approx(math.sqrt(39 * 2 * 400e-6) * 75)
    cut = worst_second(Course(10, 1_000, 0, 1.0005))  # 499.75 us of a second pulse's first phase
    left = 1e6 - 1e6 / 1.0005
    assert cut.rms_ma == pytest.approx(math.sqrt((2_000 + left) * 1e-6) * 10)


def test_the_second_calculator_knows_lists_and_slow_pulses() -> None:
    """By hand: 100 Hz for one second of three, or half of it; a value that stays; a ramp."""
    listed = worst_second(Course(10, 100, 0, 100, rate_sweep=Steps((100, 2, 4), (1, 1, 1))))
    assert listed.rms_ma == pytest.approx(math.sqrt(100 * 2 * 100e-6) * 10)
    halves = worst_second(Course(10, 100, 0, 100, rate_sweep=Steps((100, 2), (0.5, 0.5))))
    assert halves.rms_ma == pytest.approx(math.sqrt(51 * 2 * 100e-6) * 10, rel=1e-2)
    stays = Steps((100, 2), (1, 1), once=True)
    pulses = independent_dose.pulses_of(Course(10, 100, 0, 100, rate_sweep=stays), 4e6)[0]
    assert np.count_nonzero(pulses >= 1.5e6) == 5
    cycle = (2.0, 4.0, 0.0, 0.0)
    rests = Course(10, 100, 0, 50, cycle=cycle, slow=Slow(10, 80, 0.5))
    starts, peaks, widths = independent_dose.pulses_of(rests, 6e6)
    slow = starts >= 2e6
    assert (np.count_nonzero(~slow), np.count_nonzero(slow)) == (100, 40)
    assert set(widths[slow]) == {80}
    assert peaks[slow].max() == 5
    assert peaks[slow][2] == pytest.approx(5 * 0.2 / 0.5)  # 0.2 s into a ramp of 0.5 s


def test_the_second_calculator_agrees_with_a_sampled_current() -> None:
    course = Course(20, 300, 100, 37, second_ratio=3, burst=(3, 9.7), period_grid_us=250)
    starts = independent_dose.starts_of(course, 4e6)
    current = np.zeros(4_100_000)
    for at in starts.astype(int):
        current[at : at + 300] = 20
        current[at + 400 : at + 1_300] = 20 / 3
    total = np.concatenate([[0.0], np.cumsum(current**2)])
    sampled = (total[1_000_000:] - total[:-1_000_000]).max() / 1e6
    assert worst_second(course).rms_ma == pytest.approx(math.sqrt(sampled), rel=1e-9)


@pytest.mark.hazard("H39")
def test_the_leads_of_holds_are_counted() -> None:
    """Of a second with 25 pulses one is a group of four."""
    lead = Lead(pulses=4, interval_us=5_000)
    cycle = Cycle(on_us=3_000_000, off_us=500_000, ramp_up_us=1_000_000, ramp_down_us=500_000)
    pulse = Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=20_000, phase_width_us=200)
    stimulus = Stimulus(pulse=pulse, frequency_mhz=25_000, cycle=cycle, lead=lead)
    course = Course(
        20, 200, 0, 25, cycle=(3.0, 0.5, 1.0, 0.5), lead=(4, 5_000, 50_000), period_grid_us=250
    )
    worst = worst_second(course)
    assert worst.rms_ma == pytest.approx(math.sqrt(28 * 2 * 200e-6) * 20)
    assert dose_of(stimulus).rms_ma == pytest.approx(worst.rms_ma)
