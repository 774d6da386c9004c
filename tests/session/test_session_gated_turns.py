"""Sessions in percent whose channels change at the same time: each keeps its own on times."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.bench import Bench
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Lower, Start
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.program import PercentPlan, Plan
from tests.support.delivery_grid import Cycle, GatedPoint, gated_plan
from tests.support.gate_world import (
    ATTENDED_BY_HAND,
    SHORT_BOOT_US,
    alarms,
    gate_plan,
    open_channels,
    raised,
)
from tests.support.gated_delivery import GateFigures, gated_run, through_gate

POINTS = {
    "opens in a ramp down": GatedPoint(
        1, (Cycle(6000, 6000, 1500, 1500), Cycle(7300, 4700, 500, 510, 4700)), (10, 10), 72_000
    ),
    "opens in a steep ramp down": GatedPoint(
        2, (Cycle(3000, 700, 650, 1200, 700), Cycle(2000, 1700, 777, 800, 1700)), (15, 2), 62_900
    ),
    "two end ramps": GatedPoint(3, (None, None), (3, 25), 32_500),
    "two ramps up": GatedPoint(
        4, (Cycle(8000, 4000, 650, 3000), Cycle(8000, 4000, 510, 500)), (2, 10), 72_000
    ),
    "opens in a ramp down of 5 s": GatedPoint(
        5, (Cycle(10_000, 4000, 500, 5000), Cycle(4000, 10_000, 500, 500, 7000)), (15, 4), 98_000
    ),
    "the second falls, the first opens": GatedPoint(
        6, (Cycle(4000, 8000, 600, 600, 6000), Cycle(8000, 4000, 500, 3000)), (3, 10), 96_000
    ),
    "both fall, one four times as fast": GatedPoint(
        7, (Cycle(6000, 4000, 1000, 2000), Cycle(6000, 4000, 1000, 500)), (10, 2), 70_000
    ),
    "opens in the end ramp of the other": GatedPoint(
        8, (None, Cycle(1500, 4500, 500, 500, 4500)), (15, 3), 54_000
    ),
    "up against down, both ways": GatedPoint(
        9, (Cycle(4000, 4000, 1500, 1500), Cycle(5000, 3000, 1500, 1500, 2500)), (7, 7), 80_000
    ),
}


@pytest.mark.broad
@pytest.mark.parametrize(
    "name",
    # Every second one; the soak has them all.
    [
        pytest.param(name, marks=[pytest.mark.soak] if number % 2 else [])
        for number, name in enumerate(POINTS)
    ],
)
def test_channels_that_change_at_once_keep_their_on_times(name: str) -> None:
    point = POINTS[name]
    plan = gated_plan(point)
    assert isinstance(plan, Plan), plan
    figures = GateFigures()
    through_gate(point, plan, figures)
    assert figures.failed == []


@pytest.mark.broad
def test_a_channel_reaches_its_intensity_while_the_other_one_ramps_down_for_5_s() -> None:
    """It does not stand at its first percent until the other ramp is over."""
    point = POINTS["opens in a ramp down of 5 s"]
    plan = gated_plan(point)
    assert isinstance(plan, Plan), plan
    bench, began_us, _ = gated_run(plan)
    begins_us = began_us + 7_000_000 + 5 * 14_000_000
    reached = [
        row["at_us"] - begins_us
        for row in bench.twin.records()
        if row["kind"] == "wiper"
        and row["channel"] == 2
        and row["at_us"] >= begins_us
        and row["value"] == wiper(4)
    ]
    assert reached[0] <= 1_300_000


class Watched(OpenEmsStimDriver):
    """A driver that keeps which decreases it was told to be the plan's own."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, dict[int, int], frozenset[int]]] = []

    def apply(self, now_ns: int, set_points: Any, planned: Any = frozenset()) -> Any:
        percents = {channel: point.percent for channel, point in set_points.items()}
        self.calls.append((now_ns, percents, frozenset(planned)))
        return super().apply(now_ns, set_points, planned)


def watched(plan: PercentPlan) -> tuple[Bench, Watched]:
    driver = Watched()
    twin = OpenEmsStimTwin(boot_us=SHORT_BOOT_US, strict=True)
    bench = Bench(ATTENDED_BY_HAND, twin=twin, driver=driver)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=20 * SECOND)
    bench.command(LoadPlan(plan))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    return bench, driver


@pytest.mark.hazard("H09")
def test_what_somebody_lowers_is_never_told_as_a_step_of_the_plan() -> None:
    bench, driver = watched(gate_plan("gate-tens", 60, 60, duration_s=600))
    raised(raised(bench, 5), 5, channel=2)
    for channel, percent in ((1, 4), (2, 4), (2, 1), (1, 0)):
        bench.command(Lower(channel, Level(PERCENT, percent)))
        _, told, planned = driver.calls[-1]
        assert told.get(channel, 0) == percent
        assert channel not in planned
        bench.run_for(400 * MS)


@pytest.mark.broad
def test_nobody_answering_ends_the_output_by_a_fade_that_is_no_step_of_the_plan() -> None:
    bench, driver = watched(gate_plan("gate-tens", 60, duration_s=900))
    raised(bench, 5)
    since = len(driver.calls)
    bench.run_for(336 * SECOND)
    falling = driver.calls[since:]
    assert bench.told(Kind.ATTENDANCE)
    assert [told.get(1, 0) for _, told, _ in falling] == [4, 3, 2, 1, 0]
    assert all(1 not in planned for _, _, planned in falling)
    assert bench.state is State.STOPPED
    assert "nobody answered" in alarms(bench)
    assert open_channels(bench) == {}


def test_the_ramps_of_the_plan_are_told_as_such() -> None:
    bench, driver = watched(gate_plan("gate-tens", 60, duration_s=30))
    raised(bench, 5)
    since = len(driver.calls)
    bench.run_for(30 * SECOND)
    assert [told.get(1, 0) for _, told, _ in driver.calls[since:]] == [4, 3, 2, 1, 0]
    assert all(1 in planned for _, _, planned in driver.calls[since:])
