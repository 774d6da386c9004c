"""Whatever happens to a session, its record says what the electrodes had: as a figure where every
answer came, between two bounds where one was lost. The twin's own record is the judge."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.records.delivered import Delivered, bounds_of, describe
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Close,
    Lower,
    Pause,
    Pulse,
    Resume,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.broad import broad
from tests.support.delivered import FIGURES, WHOLE, given, started
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.session_world import (
    STEP_UA,
    plan_of,
    raised,
    running,
)

SINGLE = EngineConfig(watchdog_test=False, attended_by_prompt=False, single_pulses=True)


def told_of(bench: Bench, until: int | None = None) -> dict[str, dict[str, Any]]:
    found = Delivered()
    for event in bench.events[:until]:
        found.take(event.kind.value, event.as_dict())
    return found.by_channel


def check_bounds(bench: Bench, until: int | None = None) -> dict[str, dict[str, Any]]:
    told = told_of(bench, until)
    assert told
    for channel, one in told.items():
        at_electrodes = given(bench, channel)
        for name in FIGURES:
            low, high = bounds_of(one, name)
            assert low <= one[name], (channel, name, one)
            assert high is None or one[name] <= high, (channel, name, one)
            assert low <= at_electrodes[name] + 1, (channel, name, one, at_electrodes)
            assert high is None or at_electrodes[name] <= high + 1, (channel, name, one)
    return told


def check_figures(bench: Bench) -> None:
    """Within 1 %, or one pulse a contraction; and the bounds hold it."""
    contractions = max(1, len(bench.told(Kind.CONTRACTION)))
    for channel, one in check_bounds(bench).items():
        at_electrodes = given(bench, channel)
        each_nc = at_electrodes["charge_nc"] / max(1, at_electrodes["pulses"])
        for name, more in (("pulses", 1.0), ("charge_nc", each_nc), ("peak_ua", 0)):
            near = max(at_electrodes[name] / 100, contractions * more)
            assert abs(one[name] - at_electrodes[name]) <= near, (channel, name, one, at_electrodes)


@pytest.mark.parametrize("name", broad(WHOLE, every=2))
def test_a_session_that_ran_to_its_end_tells_what_the_electrodes_had(name: str) -> None:
    plan, family = WHOLE[name]
    bench = started(plan, family=family)
    assert bench.run_to_state(State.STOPPED, within_ns=125 * SECOND)
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "completed"
    check_figures(bench)


@pytest.mark.parametrize("after_ms", broad([4_321, 17_003, 29_770], every=3))
@pytest.mark.parametrize("name", ["trains", "bursts", "doublets in cycles", "RehaStim2"])
def test_a_session_that_was_stopped_early_tells_what_it_gave(name: str, after_ms: int) -> None:
    plan, family = WHOLE[name]
    bench = started(plan, family=family)
    bench.run_for(after_ms * MS)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    check_figures(bench)


def test_lowered_paused_and_gone_on_with_it_is_still_what_the_electrodes_had() -> None:
    bench = raised(running(plan_of()), 4 * STEP_UA)
    bench.run_for(2 * SECOND)
    bench.command(Lower(1, Level(CURRENT, STEP_UA)))
    bench.run_for(2 * SECOND)
    bench.command(Pause())
    bench.run_for(3 * SECOND)
    bench.command(Resume())
    bench.run_for(9 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    check_figures(bench)


FAULTS = (
    "unplug@8s", "unplug@8s,for=1s", "unplug@8s,for=6s", "mute@8s", "mute@8s,for=700ms",
    "drop@8s,permille=300,for=6s", "drop@8s,permille=600,for=3s", "hang@8s,for=1500ms",
    "latency@8s,delay=150ms,for=4s", "jitter@8s,for=5s", "wrong-crc@8s", "half-frame@8s",
    "flip@8s,for=3s", "reset@8s", "duplicate@8s,for=4s",
)  # fmt: skip


@pytest.mark.parametrize(
    "name", broad(["trains", "bursts", "doublets in cycles", "RehaStim2"], every=2)
)
@pytest.mark.parametrize("fault", broad(FAULTS, every=3))
def test_where_answers_are_lost_two_bounds_hold_what_the_electrodes_had(
    name: str, fault: str
) -> None:
    plan, family = WHOLE[name]
    if fault.startswith("reset") and family != "p24":
        pytest.skip("its twin has no such fault")
    bench = started(plan, fault, family=family)
    bench.run_to_state(State.STOPPED, State.FAULT, State.UNKNOWN, within_ns=60 * SECOND)
    if bench.state is State.STOPPED:
        bench.command(Close())
    bench.run_for(10 * SECOND)
    check_bounds(bench)


def test_after_a_lost_link_the_bounds_are_said_and_lie_no_farther_apart_than_the_watchdog() -> None:
    bench = started(plan_of("tens-conventional", 6_000, duration_s=60), "unplug@20s")
    assert bench.run_to_state(State.UNKNOWN, within_ns=30 * SECOND)
    bench.run_for(5 * SECOND)
    told = check_bounds(bench)["1"]
    low, high = bounds_of(told, "pulses")
    assert 150 < high - low < 320  # 100 Hz: 2.1 s of it, and what no answer has confirmed
    assert f"(at least {low}, at most {high})" in describe(told)


def test_where_every_answer_came_only_the_figure_is_said() -> None:
    bench = started(plan_of("tens-conventional", 6_000, duration_s=60))
    bench.run_for(30 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    assert "at least" not in describe(told_of(bench)["1"])


@pytest.mark.parametrize("seconds", [0.05, 0.6, 3.2, 9.7, 20.0])
@pytest.mark.parametrize("name", ["trains", "doublets in cycles"])
def test_a_record_that_ends_anywhere_holds_what_the_device_gave_until_it_stopped(
    name: str, seconds: float
) -> None:
    bench = started(WHOLE[name][0])
    bench.run_for(int(seconds * SECOND))
    rows = len(bench.events)
    # Host dead: nothing is sent any more, and the device's watchdog ends the output.
    bench.to_device.hook = lambda _now, _data: b""
    bench.run_for(5 * SECOND)
    check_bounds(bench, rows)


def test_a_pulse_that_nobody_acknowledged_is_between_none_and_one() -> None:
    plan = plan_of("tens-conventional", 3_000)
    bench = raised(running(plan, SINGLE), 2_000)
    point = plan.channels[0].cleared.point(2_000)
    bench.command(Pulse(1, point))
    bench.run_for(SECOND)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(Pulse(1, point))
    bench.run_for(2 * SECOND)
    told = check_bounds(bench)["1"]
    assert (told["pulses"], told["bounds"]["pulses"]) == (1, [1, 2])
    assert given(bench, "1")["pulses"] == 2


def test_time_on_of_a_device_in_percent_has_bounds_too() -> None:
    bench = raised_percent(running_in_percent(gate_plan()), 3)
    bench.run_for(5 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=2 * SECOND)
    told = told_of(bench)["1"]
    low, high = bounds_of(told, "on_ms")
    assert 4_000 < low <= told["on_ms"] <= high < 9_000
    assert bounds_of(told, "pulses") is None


def test_bounds_of_runs_add_up_and_one_without_bounds_leaves_none() -> None:
    def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
        found = Delivered()
        for told in (first, second):
            found.take("start", {})
            found.take("ended", {"acknowledged": {"1": told}})
        return found.by_channel["1"]

    one = {"pulses": 5, "peak_ua": 500, "bounds": {"pulses": [4, 6], "peak_ua": [500, 500]}}
    other = {"pulses": 7, "peak_ua": 900, "bounds": {"pulses": [7, None], "peak_ua": [900, 950]}}
    assert two(one, one)["bounds"] == {"pulses": [8, 12], "peak_ua": [500, 500]}
    assert two(one, other)["bounds"] == {"pulses": [11, None], "peak_ua": [900, 950]}
    assert "not bounded" in describe(two(one, other))
    assert "bounds" not in two(one, {"pulses": 7, "peak_ua": 900})


def test_the_bounds_only_widen_while_a_run_goes_on() -> None:
    bench = started(plan_of("tens-burst", 6_000, duration_s=60))
    bench.run_for(20 * SECOND)
    rows = [one.data["acknowledged"]["1"]["bounds"] for one in bench.told(Kind.TELEMETRY)]
    for before, after in pairwise(rows):
        for name in FIGURES:
            assert all(low <= high for low, high in zip(before[name], after[name], strict=True))
