"""After a stop a plan goes on with what is left, or begins anew: asked, and on record."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Connect,
    LoadPlan,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from tests.support.gate_world import gate_plan
from tests.support.gate_world import running as gate_running
from tests.support.session_world import BY_SCRIPT, on_electrodes_ua, plan_of, raised, running

LEFT, BEGINNING = StartFrom.WHAT_IS_LEFT, StartFrom.BEGINNING


def stopped(bench: Bench) -> Bench:
    bench.command(Stop("a break"))
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    return bench


def armed(bench: Bench) -> Bench:
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=2 * SECOND)
    return bench


def started(bench: Bench, start_from: StartFrom | None = None) -> Bench:
    bench.command(Start(start_from))
    assert bench.run_to_state(State.RUNNING, within_ns=2 * SECOND)
    bench.run_for(200 * MS)
    return bench


def row(bench: Bench, kind: Kind) -> Any:
    return bench.told(kind)[-1].data


def tens_stopped_after_20_s() -> Bench:
    bench = raised(running(plan_of("tens-conventional", 2_000, duration_s=60)), 1_000)
    bench.run_for(20 * SECOND)
    return stopped(bench)


@pytest.mark.hazard("H39")
def test_a_start_after_a_stop_in_the_middle_must_be_told_from_where() -> None:
    bench = armed(tens_stopped_after_20_s())
    with pytest.raises(StateError, match="have been delivered") as refused:
        bench.command(Start())
    assert "from the beginning or with what is left" in str(refused.value)
    bench.run_for(SECOND)
    assert bench.state is State.ARMED
    assert on_electrodes_ua(bench, SECOND) == 0


@pytest.mark.hazard("H24", "H39")
def test_what_is_left_is_never_longer_than_the_plan_and_begins_at_zero() -> None:
    bench = tens_stopped_after_20_s()
    left_us = row(bench, Kind.ENDED)["left_us"]
    assert 38_000_000 < left_us < 40_000_000
    began_ns = started(armed(bench), LEFT).now_ns
    start = row(bench, Kind.START)
    assert (start["start_from"], start["from_us"]) == ("what-is-left", 60_000_000 - left_us)
    assert bench.engine.plateau(1) == 0
    assert on_electrodes_ua(bench, SECOND) == 0
    raised(bench, 1_000)
    assert bench.run_to_state(State.STOPPED, within_ns=60 * SECOND)
    assert row(bench, Kind.ENDED)["outcome"] == "completed"
    assert row(bench, Kind.ENDED)["left_us"] == 0
    assert bench.now_ns - began_ns <= left_us * 1_000 + SECOND


def test_from_the_beginning_the_whole_plan_is_run() -> None:
    bench = started(armed(tens_stopped_after_20_s()), BEGINNING)
    assert row(bench, Kind.START)["from_us"] == 0
    began_ns = bench.now_ns
    assert bench.run_to_state(State.STOPPED, within_ns=70 * SECOND)
    assert bench.now_ns - began_ns > 59 * SECOND


def test_several_stops_leave_less_each_time() -> None:
    bench = tens_stopped_after_20_s()
    lefts = [row(bench, Kind.ENDED)["left_us"]]
    for _ in range(2):
        raised(started(armed(bench), LEFT), 500)
        bench.run_for(10 * SECOND)
        stopped(bench)
        lefts.append(row(bench, Kind.ENDED)["left_us"])
    assert all(9_500_000 < a - b < 11_000_000 for a, b in pairwise(lefts))


def test_the_clock_of_what_was_delivered_starts_at_the_first_output() -> None:
    bench = running(plan_of("tens-conventional", 2_000, duration_s=60))
    bench.run_for(15 * SECOND)  # nobody raises
    stopped(bench)
    assert row(bench, Kind.ENDED)["left_us"] == 0
    started(armed(bench))  # nothing was delivered: nothing to ask
    bench.run_for(12 * SECOND)
    raised(bench, 500)
    bench.run_for(10 * SECOND)
    stopped(bench)
    assert row(bench, Kind.ENDED)["left_us"] == pytest.approx(49_500_000, abs=1_000_000)


def test_contractions_go_on_with_the_next_and_keep_their_numbers() -> None:
    bench = running(plan_of("nmes-tka", 4_000, duration_s=240))
    bench.run_for(4 * SECOND)
    raised(bench, 2_000)
    bench.run_for(65 * SECOND)  # in the ramp or hold of the second
    stopped(bench)
    assert row(bench, Kind.ENDED)["left_us"] == 120_000_000
    started(armed(bench), LEFT)
    began_ns = bench.now_ns
    bench.run_for(4 * SECOND)
    raised(bench, 1_000)
    assert bench.run_to_state(State.STOPPED, within_ns=130 * SECOND)
    numbers = [event.data["number"] for event in bench.told(Kind.CONTRACTED)]
    assert numbers == [1, 3, 4]
    assert bench.now_ns - began_ns <= 121 * SECOND


def test_pauses_do_not_count() -> None:
    bench = raised(running(plan_of("tens-conventional", 2_000, duration_s=60)), 1_000)
    bench.command(Pause())
    bench.run_for(30 * SECOND)
    bench.command(Resume())
    bench.run_for(10 * SECOND)
    stopped(bench)
    assert 46_000_000 < row(bench, Kind.ENDED)["left_us"] < 50_000_000


@pytest.mark.parametrize("way", ["loaded anew", "connected anew", "after a fault"])
def test_what_was_delivered_is_not_forgotten(way: str) -> None:
    plan = plan_of("tens-conventional", 2_000, duration_s=60)
    bench = raised(running(plan), 1_000)
    bench.run_for(20 * SECOND)
    if way == "after a fault":
        bench.to_device.hook = lambda _now, _data: b""
        bench.run_for(3 * SECOND)
        bench.to_device.hook = None
        assert bench.run_to_state(State.FAULT, within_ns=2 * SECOND)
        bench.command(Acknowledge("a cable"))
        assert bench.state is State.STOPPED
    else:
        stopped(bench)
    if way != "loaded anew":
        bench.command(Connect())
        assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(plan))
    assert bench.run_to_state(State.CHECKED, within_ns=5 * SECOND)
    with pytest.raises(StateError, match="have been delivered"):
        started(armed(bench))
    started(bench, LEFT)


def test_a_completed_plan_begins_anew_without_a_question() -> None:
    bench = raised(running(plan_of("tens-conventional", 2_000, duration_s=20)), 500)
    assert bench.run_to_state(State.STOPPED, within_ns=30 * SECOND)
    started(armed(bench))
    assert row(bench, Kind.START)["start_from"] == "beginning"


@pytest.mark.parametrize("why", ["nothing delivered", "completed", "scripted"])
def test_what_is_not_left_cannot_be_started(why: str) -> None:
    config = {"config": BY_SCRIPT} if why == "scripted" else {}
    bench = running(plan_of("tens-conventional", 2_000, duration_s=20), **config)
    if why == "completed":
        raised(bench, 500)
    bench.run_for((30 if why == "completed" else 5) * SECOND)
    if why != "completed":
        stopped(bench)
    with pytest.raises(StateError, match="start refused"):
        armed(bench).command(Start(LEFT))


def test_a_few_seconds_that_are_left_are_not_worth_a_start() -> None:
    bench = raised(running(plan_of("tens-conventional", 2_000, duration_s=20)), 500)
    bench.run_for(17 * SECOND)
    stopped(bench)
    assert row(bench, Kind.ENDED)["left_us"] == 0


def test_a_session_in_percent_goes_on_with_what_is_left_too() -> None:
    bench = gate_running(gate_plan("gate-ems", 30, duration_s=100))
    bench.run_for(3 * SECOND)
    bench.command(Raise(1, Level(PERCENT, 1)))
    bench.run_for(22 * SECOND)
    bench.command(Attend())
    stopped(bench)
    assert row(bench, Kind.ENDED)["left_us"] == 60_000_000
    started(armed(bench), LEFT)
    began_ns = bench.now_ns
    assert bench.run_to_state(State.STOPPED, within_ns=70 * SECOND)
    assert bench.now_ns - began_ns <= 61 * SECOND + 500 * MS
