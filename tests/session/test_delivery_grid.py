"""The grid: whatever `check` clears of it is delivered, on each device, in every contraction.

A seeded slice belongs to every test run; the whole, at least 500 cleared points a device, to the
soak, which prints the figures.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from delivery_grid import GatedPoint, Point, gated_plan, gated_points, plan_for, points
from gate_world import ATTENDED_BY_HAND, bench_of

from stimctl.bench import Bench, ChannelReport, rehearse
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Close, Connect, LoadPlan, Raise, Start
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.plan import Plan
from stimctl.treatment.program import PercentPlan
from stimctl.treatment.timeline import moments

WHOLE = 500
SLICE = 10
GATED_SLICE = 5
_RELAY_LATE_US = 322_000
"""One message of the board: 200 ms at most until it may leave, 122 ms at most to its effect."""
_BEHIND_OTHER_US = 122_000
"""Where both channels change at once, the message for one is behind that for the other."""


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


@pytest.mark.parametrize("device", ["p24", "rehamove3", "rehastim2"])
def test_a_slice_of_the_grid_is_delivered(device, record_property):
    figures = go_through(device, seed=2_211, count=SLICE)
    record_property("grid", figures.told())
    assert figures.failed == []
    assert figures.cleared == SLICE


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("device", ["p24", "rehamove3", "rehastim2"])
def test_the_whole_grid_is_delivered(device, capsys):
    figures = go_through(device, seed=7, count=WHOLE)
    with capsys.disabled():
        print(f"\ngrid {device}: {figures.told()}; refused by {dict(figures.refused)}")
    assert figures.failed == []


# -- openEMSstim: how long each relay is closed, in percent


def relay_on_us(bench: Bench, channel: int, from_us: int, until_us: int) -> int:
    """For how long the relay of a channel was closed in that time."""
    closed_us, on_us = None, 0
    for row in bench.twin.records():
        if row["kind"] != "output" or row["channel"] != channel:
            continue
        if row["on"]:
            closed_us = row["at_us"]
        elif closed_us is not None:
            on_us += max(0, min(row["at_us"], until_us) - max(closed_us, from_us))
            closed_us = None
    if closed_us is not None:
        on_us += max(0, until_us - max(closed_us, from_us))
    return on_us


def planned_on_us(
    plan: PercentPlan, channel: int, percent: int, from_us: int, until_us: int
) -> int:
    """The same as the plan has it, once the channel is raised."""
    one = plan.channel(channel)
    on_us = 0
    for moment, following in itertools.pairwise(moments(plan)):
        level = next(d.level_permille for d in moment.drives if d.channel == channel)
        if percent * level // 1000 >= one.cleared.bounds.lowest_percent:
            on_us += max(0, min(following.at_us, until_us) - max(moment.at_us, from_us))
    return on_us


def gated_run(plan: PercentPlan) -> tuple[Bench, int, int]:
    """A run raised to a few percent in its first contractions; when it began, and was raised."""
    bench = bench_of(ATTENDED_BY_HAND)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=25 * SECOND)
    bench.command(LoadPlan(plan))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=5 * SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=2 * SECOND)
    began_us = bench.now_ns // 1_000
    raised_us = began_us
    while bench.state is State.RUNNING:
        for one in plan.channels:
            now = bench.engine.intensity_percent(one.channel)
            if now < one.cleared.percent and not bench.engine.stopping:
                bench.command(Raise(one.channel, Level(PERCENT, now + one.step)))
                raised_us = bench.now_ns // 1_000
        bench.run_for(200 * MS)
    bench.run_to_state(State.STOPPED, within_ns=10 * SECOND)
    bench.command(Close())
    return bench, began_us, raised_us


@dataclass
class GateFigures:
    """What the grid showed of a device that lets pulses through."""

    cleared: int = 0
    refused: int = 0
    contractions: int = 0
    most_late_us: int = 0
    most_percent: float = 0.0
    failed: list[str] = field(default_factory=list)

    def take(self, where: str, got_us: int, asked_us: int, channels: int) -> None:
        self.contractions += 1
        late_us = _RELAY_LATE_US + (channels - 1) * _BEHIND_OTHER_US
        apart_us = abs(got_us - asked_us)
        self.most_late_us = max(self.most_late_us, apart_us)
        if apart_us > late_us:
            self.most_percent = max(self.most_percent, 100 * apart_us / asked_us)
        if not got_us or apart_us > max(asked_us // 100, late_us):
            self.failed.append(f"{where}: relay closed {got_us} us, {asked_us} planned")

    def told(self) -> str:
        return (
            f"{self.cleared} cleared points, {self.contractions} contractions, {self.refused} "
            f"refused; an on time apart by {self.most_late_us // 1_000} ms at most, most beyond "
            f"that of the messages {self.most_percent:.2f} %; {len(self.failed)} failed"
        )


def on_times(plan: PercentPlan, channel: int, raised_us: int) -> Iterator[tuple[int, int, int]]:
    """Each on time that begins once the channel is raised, and where to look for its output."""
    one = plan.channel(channel)
    cycle = one.cycle
    if cycle is None:
        from_us = raised_us + SECOND // 1_000
        yield from_us, from_us, plan.duration_us + SECOND // 1_000
        return
    for start_us in range(one.start_after_us, plan.duration_us, cycle.period_us):
        if start_us >= raised_us:
            around_us = cycle.off_us // 2
            yield start_us, start_us - around_us, start_us + cycle.on_us + around_us


def through_gate(point: GatedPoint, plan: PercentPlan, figures: GateFigures) -> None:
    bench, began_us, raised_us = gated_run(plan)
    figures.failed += [f"{point}: {event.data['what']}" for event in bench.told(Kind.ALARM)]
    if not any(event.data["outcome"] == "completed" for event in bench.told(Kind.ENDED)):
        figures.failed.append(f"{point}: the run did not complete")
    before = figures.contractions
    for one in plan.channels:
        for start_us, from_us, until_us in on_times(plan, one.channel, raised_us - began_us):
            asked_us = planned_on_us(plan, one.channel, one.cleared.percent, start_us, until_us)
            got_us = relay_on_us(bench, one.channel, began_us + from_us, began_us + until_us)
            where = f"{point}: channel {one.channel}, {start_us}"
            figures.take(where, got_us, asked_us, len(plan.channels))
    if figures.contractions == before:
        figures.failed.append(f"{point}: no contraction at its intensity")


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


def test_a_slice_of_the_gated_grid_keeps_its_on_times(record_property):
    figures = through_gates(3, GATED_SLICE)
    record_property("grid", figures.told())
    assert figures.failed == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_the_whole_gated_grid_keeps_its_on_times(capsys):
    figures = through_gates(5, WHOLE)
    with capsys.disabled():
        print(f"\ngrid openemsstim: {figures.told()}")
    assert figures.failed == []
    assert figures.cleared == WHOLE
