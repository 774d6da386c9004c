"""A raise that was decided before a lowering, a pause, a stop or a new link goes on no more."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.session.config import EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Arm,
    Hold,
    Link,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
    Unlink,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.session_world import (
    MS,
    SECOND,
    STEP_UA,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    running,
)

pytestmark = pytest.mark.hazard("H39")


def newest(bench: Bench) -> int:
    return bench.events[-1].seq


def two_channels() -> Bench:
    bench = running(plan_of("tens-conventional", 5_000, 5_000))
    raised(bench, 2 * STEP_UA, channel=1)
    raised(bench, 2 * STEP_UA, channel=2)
    return bench


def goes_on(bench: Bench, since: int, channel: int = 1, times: int = 4) -> int:
    """Somebody who began to raise at event `since` goes on; gives the plateau that is reached."""
    for _ in range(times):
        plateau_ua = bench.engine.plateau(channel) + STEP_UA
        bench.command(Raise(channel, Level(CURRENT, plateau_ua), since))
        bench.run_for(300 * MS)
    return bench.engine.plateau(channel)


@pytest.mark.parametrize("to_ua", [0, STEP_UA, 2 * STEP_UA])
def test_a_lowering_ends_the_raise_that_is_under_way(to_ua: int) -> None:
    bench = two_channels()
    since = newest(bench)
    assert goes_on(bench, since, times=2) == 4 * STEP_UA
    bench.command(Lower(1, Level(CURRENT, to_ua)))
    assert goes_on(bench, since) == to_ua
    assert on_electrodes_ua(bench) <= max(to_ua, 2 * STEP_UA)
    assert set(reasons(bench)) == {"the channel was lowered. This raise was decided before that"}
    assert goes_on(bench, newest(bench), times=1) == to_ua + STEP_UA, "a new decision counts"


def test_a_raise_goes_on_where_only_another_channel_was_lowered() -> None:
    bench = two_channels()
    since = newest(bench)
    bench.command(Lower(2, Level(CURRENT, 0)))
    assert goes_on(bench, since, times=2) == 4 * STEP_UA
    assert not reasons(bench)


def test_lowering_a_linked_channel_ends_the_raise_of_the_other() -> None:
    bench = two_channels()
    bench.command(Link((1, 2)))
    since = newest(bench)
    assert goes_on(bench, since, times=1) == 3 * STEP_UA
    bench.command(Lower(2, Level(CURRENT, 0)))
    assert goes_on(bench, since) == 0
    assert goes_on(bench, since, channel=2) == 0


@pytest.mark.parametrize("change", [Link((1, 2)), Unlink()])
def test_a_change_of_links_ends_the_raise_of_every_channel_it_is_about(change: Any) -> None:
    bench = two_channels()
    if isinstance(change, Unlink):
        bench.command(Link((1, 2)))
    since = newest(bench)
    bench.command(change)
    assert goes_on(bench, since) == 2 * STEP_UA
    assert goes_on(bench, since, channel=2) == 2 * STEP_UA
    assert set(reasons(bench)) == {
        "the links of the channel were changed. This raise was decided before that"
    }


@pytest.mark.parametrize("pause_s", [1, 70])
def test_a_pause_ends_it_however_the_session_goes_on(pause_s: int) -> None:
    bench = two_channels()
    since = newest(bench)
    bench.command(Pause())
    assert bench.run_for(pause_s * SECOND) is None
    bench.command(Resume())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    before_ua = bench.engine.plateau(1)
    bench.run_for(6 * SECOND)
    assert goes_on(bench, since) == before_ua
    assert goes_on(bench, newest(bench), times=1) == before_ua + STEP_UA


@pytest.mark.parametrize("stop", [Stop("operator"), Hold(0)])
def test_a_stop_ends_it_also_for_the_run_after_it(stop: Any) -> None:
    config = EngineConfig(watchdog_test=False, attended_by_prompt=False, requires_hold=True)
    bench = Bench(config, family="p24")
    bench = _held(bench)
    raised(bench, STEP_UA)
    since = newest(bench)
    bench.command(stop)
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.command(Hold(60_000_000))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start(StartFrom.BEGINNING))
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(300 * MS)
    assert goes_on(bench, since) == 0
    assert goes_on(bench, newest(bench), times=1) == STEP_UA


def _held(bench: Bench) -> Bench:
    from stimctl.session.intents import Connect, LoadPlan

    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(plan_of("tens-conventional", 5_000)))
    assert bench.run_to_state(State.CHECKED, within_ns=5 * SECOND)
    bench.command(Hold(60_000_000))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    return bench


def test_two_who_raise_one_channel_are_both_ended_by_one_lowering() -> None:
    bench = two_channels()
    first = newest(bench)
    assert goes_on(bench, first, times=1) == 3 * STEP_UA
    second = newest(bench)
    assert goes_on(bench, second, times=1) == 4 * STEP_UA
    bench.command(Lower(1, Level(CURRENT, 0)))
    assert goes_on(bench, first) == goes_on(bench, second) == 0


def test_a_raise_that_waits_for_its_row_is_dropped_by_a_change_of_links() -> None:
    bench = two_channels()
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 3 * STEP_UA)))
    bench.command(Link((1, 2)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2 * STEP_UA
    assert reasons(bench) == ["the links of the channel were changed"]


def test_it_is_the_same_in_percent() -> None:
    bench = raised_percent(running_in_percent(gate_plan()), 3)
    since = newest(bench)
    bench.command(Lower(1, Level(PERCENT, 0)))
    for _ in range(4):
        bench.command(Raise(1, Level(PERCENT, bench.engine.plateau(1) + 1), since))
        bench.run_for(450 * MS)
    assert bench.engine.plateau(1) == 0
    assert len(bench.told(Kind.REFUSED)) == 4
