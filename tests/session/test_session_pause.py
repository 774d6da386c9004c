"""A pause is zero at once; what comes back comes back slowly, and only because somebody said so."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Attend, Lower, Pause, Raise, Resume, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import (
    STEP_UA,
    alarms,
    on_electrodes_ua,
    plan_of,
    raised,
    rises,
    running,
)


def paused(plateau_ua: int = 5_000, for_ns: int = 10 * SECOND) -> Bench:
    bench = raised(running(plan_of("tens-conventional", 10_000)), plateau_ua)
    bench.command(Pause())
    bench.run_for(for_ns)
    assert bench.state is State.PAUSED
    return bench


def test_a_pause_is_zero_at_once_and_verified() -> None:
    bench = raised(running(plan_of()), 5_000)
    paused_us = bench.now_ns // 1_000
    bench.command(Pause())
    assert bench.state is State.PAUSED
    bench.run_for(300 * MS)
    assert bench.ledger().current_after(paused_us + 1_000) == 0
    assert bench.told(Kind.ZERO_VERIFIED)[-1].data["purpose"] == "pause"


@pytest.mark.hazard("H24", "H57")
def test_nothing_resumes_by_itself() -> None:
    bench = paused(for_ns=600 * SECOND)
    assert on_electrodes_ua(bench, 100 * SECOND) == 0


def test_plan_time_stands_still_in_a_pause() -> None:
    bench = raised(running(plan_of("tens-conventional", 10_000, duration_s=10)), 1_000)
    bench.command(Pause())
    bench.run_for(50 * SECOND)
    bench.command(Resume())
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert bench.run_to_state(State.STOPPED, within_ns=9 * SECOND)


def test_a_short_pause_returns_softly_to_at_most_the_previous_plateau() -> None:
    bench = paused(5_000, for_ns=20 * SECOND)
    resumed_us = bench.now_ns // 1_000
    bench.command(Resume())
    bench.run_for(10 * SECOND)
    ledger = bench.ledger()
    assert ledger.peak_between_ua(resumed_us, bench.now_ns // 1_000) == 5_000
    assert ledger.peak_between_ua(resumed_us, resumed_us + 2_500_000) <= 2_500
    after = [(at_us, rise) for at_us, rise in rises(bench) if at_us > resumed_us]
    assert after[-1][0] - resumed_us >= 4_950_000
    assert all(rise <= STEP_UA for _, rise in after)


def test_raises_are_locked_while_the_soft_ramp_runs() -> None:
    bench = paused(5_000)
    bench.command(Resume())
    bench.run_for(2 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 5_500)))
    bench.run_for(500 * MS)
    assert bench.engine.plateau(1) == 5_000


@pytest.mark.parametrize("intent", [Pause(), Stop()])
def test_the_soft_ramp_can_be_aborted(intent: Any) -> None:
    bench = paused(5_000)
    bench.command(Resume())
    bench.run_for(2 * SECOND)
    bench.command(intent)
    bench.run_for(50 * MS)
    assert on_electrodes_ua(bench, 30 * SECOND) == 0


def test_lowering_in_the_soft_ramp_lowers_where_it_leads() -> None:
    bench = paused(5_000)
    bench.command(Resume())
    bench.run_for(2 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    bench.run_for(20 * MS)
    assert on_electrodes_ua(bench, 10 * SECOND) == 1_000


def test_lowering_in_a_pause_lowers_what_comes_back() -> None:
    bench = paused(5_000)
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    bench.command(Resume())
    bench.run_for(7 * SECOND)
    assert on_electrodes_ua(bench) == 2_000


@pytest.mark.hazard("H24")
def test_after_a_minute_every_plateau_is_zero() -> None:
    bench = paused(5_000, for_ns=61 * SECOND)
    bench.command(Resume())
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert on_electrodes_ua(bench, 10 * SECOND) == 0
    assert bench.engine.plateau(1) == 0


def test_nothing_is_raised_after_a_resume_before_the_device_is_ready_again() -> None:
    bench = paused(5_000, for_ns=61 * SECOND)
    bench.to_host.latency_ns = 90 * MS
    bench.command(Resume())
    assert bench.state is State.RUNNING
    bench.command(Raise(1, Level(CURRENT, STEP_UA)))
    reason = str(bench.told(Kind.REFUSED)[-1].data["reason"])
    assert reason == "the output is starting, the device is not ready yet: raise again in a moment"
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 0


def test_a_resume_whose_row_comes_late_is_dropped() -> None:
    bench = paused(5_000)
    bench.journal.delay_ns = 400 * MS
    bench.command(Resume())
    bench.run_for(5 * SECOND)
    assert bench.state is State.PAUSED
    assert on_electrodes_ua(bench) == 0


def test_a_pause_takes_back_a_resume_that_waits_for_its_row() -> None:
    bench = paused(5_000)
    bench.journal.delay_ns = 100 * MS
    bench.command(Resume())
    bench.command(Pause())
    bench.run_for(5 * SECOND)
    assert bench.state is State.PAUSED


def test_a_pause_that_cannot_be_verified_is_unknown_and_does_not_come_back() -> None:
    bench = raised(running(plan_of()), 5_000)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(Pause())
    bench.run_for(600 * MS)
    assert bench.state is State.UNKNOWN
    with pytest.raises(StateError):
        bench.command(Resume())
    bench.to_host.hook = None
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    assert bench.engine.plateau(1) == 0


def test_a_resume_before_zero_is_verified_is_refused() -> None:
    bench = raised(running(plan_of()), 5_000)
    bench.command(Pause())
    with pytest.raises(StateError):
        bench.command(Resume())


def test_a_motor_programme_resumed_in_its_off_time_contracts_at_its_next_ramp() -> None:
    bench = running(plan_of("nmes-tka", 10_000, duration_s=180))
    bench.run_for(4 * SECOND)
    raised(bench, 2_000)
    bench.run_for(20 * SECOND)
    bench.command(Pause())
    bench.run_for(10 * SECOND)
    bench.command(Resume())
    bench.command(Attend())
    bench.run_for(500 * MS)
    assert bench.state is State.RUNNING
    assert on_electrodes_ua(bench, 25 * SECOND) == 0
    assert on_electrodes_ua(bench, 25 * SECOND) == 2_000


def paused_with_its_first_answer_lost(plateau_ua: int) -> Bench:
    """The device answers the second round of the stop with "not initialized": perhaps a reset."""
    bench = raised(running(plan_of()), plateau_ua)
    bench.to_host.hook = lambda _now_ns, _data: b""
    bench.command(Pause())
    bench.run_for(49 * MS)
    bench.to_host.hook = None
    bench.run_for(100 * MS)
    assert bench.state is State.PAUSED
    return bench


@pytest.mark.hazard("H15", "H24")
def test_a_pause_of_a_device_that_may_have_been_reset_comes_back_from_zero() -> None:
    bench = paused_with_its_first_answer_lost(5_000)
    assert bench.engine.plateau(1) == 0
    assert "the stimulator may have restarted during the pause" in alarms(bench)
    bench.command(Resume())
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert bench.told(Kind.RESUME)[-1].data["from_zero"] is True
    assert on_electrodes_ua(bench, 10 * SECOND) == 0
    raised(bench, STEP_UA)


def test_the_pause_after_that_one_is_soft_again() -> None:
    bench = paused_with_its_first_answer_lost(1_000)
    bench.command(Resume())
    bench.run_for(SECOND)
    raised(bench, 1_000)
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(Resume())
    bench.run_for(6 * SECOND)
    assert on_electrodes_ua(bench) == 1_000


@pytest.mark.hazard("H15", "H24")
def test_a_pause_that_finds_the_device_reset_is_a_latched_fault() -> None:
    bench = raised(running(plan_of()), 5_000)
    bench.twin.power_off(bench.now_ns)
    bench.command(Pause())
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert any("it was reset" in alarm for alarm in alarms(bench))
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"
    with pytest.raises(StateError):
        bench.command(Resume())
    assert on_electrodes_ua(bench, 10 * SECOND) == 0
