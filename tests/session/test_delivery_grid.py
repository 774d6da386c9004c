"""The grid: whatever `check` clears of it is delivered, on each device, in every contraction.

A seeded slice belongs to every test run; the whole, at least 500 cleared points a device, to the
soak, which prints the figures.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from stimctl.bench import ChannelReport, rehearse
from stimctl.treatment.plan import Plan
from tests.support.broad import broad
from tests.support.delivery_grid import (
    Point,
    gated_plan,
    gated_points,
    plan_for,
    points,
)
from tests.support.gated_delivery import (
    GateFigures,
    through_gate,
)

WHOLE = 500
SLICE = 10
GATED_SLICE = 5


@dataclass
class Figures:
    """What the grid showed of one device."""

    cleared: int = 0
    channels: int = 0
    contractions: int = 0
    most_percent: float = 0.0
    most_pulses: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def take(self, report: ChannelReport) -> None:
        planned = report.planned
        self.channels += 1
        self.contractions += len(report.contractions)
        apart = abs(report.pulses - planned.pulses)
        self.most_pulses = max(self.most_pulses, apart)
        if apart > max(1, len(report.contractions)):
            self.most_percent = max(self.most_percent, 100 * apart / planned.pulses)

    def told(self) -> str:
        return (
            f"{self.cleared} cleared points, {self.channels} channels, {self.contractions} "
            f"contractions, {self.refused.total()} refused; most pulses apart in a session "
            f"{self.most_pulses}, most beyond one a contraction {self.most_percent:.2f} %; "
            f"{len(self.failed)} failed"
        )


def cleared(device: str, seed: int) -> Iterator[tuple[Point, Plan | str]]:
    for point in points(seed):
        yield point, plan_for(point, device)


def go_through(device: str, seed: int, count: int) -> Figures:
    figures = Figures()
    for point, plan in cleared(device, seed):
        if isinstance(plan, str):
            rule = next((word for word in plan.split() if word[:1] in "WLEN" and ":" in word), plan)
            figures.refused[rule.rstrip(":")] += 1
            continue
        figures.cleared += 1
        rehearsal = rehearse(plan)
        found = list(rehearsal.problems)
        for report in rehearsal.report:
            figures.take(report)
            found += independent(report, plan.channel(report.channel).pulses_a_period)
        figures.failed += [f"{point}: {problem}" for problem in found]
        if figures.cleared >= count:
            break
    return figures


def independent(report: ChannelReport, at_once: int) -> Iterator[str]:
    """The claim itself, without the product's own verdict; `at_once`: pulses of one group."""
    planned = report.planned
    for one, other in ((report.pulses, planned.pulses), (report.charge_uc, planned.charge_uc)):
        of_one = 1 if one is report.pulses else planned.strongest_uc
        allowed = max(0.01 * other, max(1, len(planned.contractions)) * of_one * at_once)
        if abs(one - other) > allowed * 1.000_001:
            yield f"{one} delivered, {other} planned"
    pairs = itertools.zip_longest(report.contractions, planned.contractions)
    for number, (got, asked) in enumerate(pairs, start=1):
        if asked and not got:
            yield f"contraction {number} has no output"


@pytest.mark.broad
@pytest.mark.parametrize("device", broad(["p24", "rehamove3", "rehastim2"]))
def test_a_slice_of_the_grid_is_delivered(
    device: str, record_property: Callable[[str, object], None]
) -> None:
    figures = go_through(device, seed=2_211, count=SLICE)
    record_property("grid", figures.told())
    assert figures.failed == []
    assert figures.cleared == SLICE


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("device", ["p24", "rehamove3", "rehastim2"])
def test_the_whole_grid_is_delivered(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    figures = go_through(device, seed=7, count=WHOLE)
    with capsys.disabled():
        print(f"\ngrid {device}: {figures.told()}; refused by {dict(figures.refused)}")
    assert figures.failed == []


# -- openEMSstim: how long each relay is closed, in percent


def through_gates(seed: int, count: int) -> GateFigures:
    figures = GateFigures()
    for point in gated_points(seed):
        plan = gated_plan(point)
        if isinstance(plan, str):
            figures.refused += 1
            continue
        figures.cleared += 1
        through_gate(point, plan, figures)
        if figures.cleared >= count:
            break
    return figures


@pytest.mark.broad
def test_a_slice_of_the_gated_grid_keeps_its_on_times(
    record_property: Callable[[str, object], None],
) -> None:
    figures = through_gates(3, GATED_SLICE)
    record_property("grid", figures.told())
    assert figures.failed == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_the_whole_gated_grid_keeps_its_on_times(capsys: pytest.CaptureFixture[str]) -> None:
    figures = through_gates(5, WHOLE)
    with capsys.disabled():
        print(f"\ngrid openemsstim: {figures.told()}")
    assert figures.failed == []
    assert figures.cleared == WHOLE
