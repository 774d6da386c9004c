"""From connection to verified zero: what leads to output, what ends it, and what never does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from firmware_sim.firmware import p24_mid_level
from firmware_sim.firmware.p24 import P24Twin
from stimctl.bench import Bench
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import LinkDown
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Close,
    Connect,
    Hold,
    LoadPlan,
    Lower,
    Pause,
    Pulse,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import TRANSITIONS, State, Trigger
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    checked,
    on_electrodes_ua,
    plan_of,
    raised,
    running,
)

WITH_TRIP = EngineConfig(attended_by_prompt=False)


def states(bench: Bench) -> list[str]:
    return [str(event.data["state"]) for event in bench.told(Kind.STATE)]


def in_state(state: State) -> Bench:
    """A bench whose session has been led to a state."""
    if state is State.DISCONNECTED:
        return Bench(BY_HAND, family="p24")
    if state is State.IDENTIFIED:
        bench = Bench(BY_HAND, family="p24")
        bench.command(Connect())
        bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
        return bench
    if state is State.CHECKED:
        return checked(plan_of())
    if state is State.ARMED:
        bench = checked(plan_of())
        bench.command(Arm())
        return bench
    bench = running(plan_of())
    match state:
        case State.PAUSED:
            bench.command(Pause())
        case State.STOPPED | State.CLOSED:
            bench.command(Stop())
        case State.FAULT:
            bench.fail_journal()
        case State.UNKNOWN:
            bench.to_device.hook = lambda _now, _data: b""
            bench.notify(LinkDown("unplugged"))
    if state is not State.UNKNOWN:
        bench.run_for(300 * MS)
    if state is State.CLOSED:
        bench.command(Close())
    assert bench.state is state
    return bench


def test_a_plan_runs_from_connection_to_verified_zero() -> None:
    bench = running(plan_of(duration_s=10), BY_SCRIPT)
    assert bench.run_to_state(State.STOPPED, within_ns=20 * SECOND)
    bench.command(Close())
    assert states(bench) == ["identified", "checked", "armed", "running", "stopped", "closed"]
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "completed"
    assert bench.told(Kind.ZERO_VERIFIED)[-1].at_ns <= bench.told(Kind.ENDED)[-1].at_ns
    assert not bench.twin.stimulating
    assert bench.ledger()[1].peak_ma == 5.0


def test_every_event_is_json_and_numbered_without_gaps() -> None:
    bench = running(plan_of(duration_s=10), BY_SCRIPT)
    bench.run_to_state(State.STOPPED, within_ns=20 * SECOND)
    for number, event in enumerate(bench.events, start=1):
        assert event.seq == number
        json.dumps(event.as_dict(), allow_nan=False)


@pytest.mark.hazard("H59")
def test_set_acknowledged_and_measured_are_told_apart() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.run_for(2 * SECOND)
    row = bench.told(Kind.TELEMETRY)[-1].data
    assert row["set"] == {"1": 1_000}
    assert row["acked"] == {"1": 1_000}
    assert row["measured"] is None


@pytest.mark.hazard("H10", "H59")
def test_what_is_set_is_not_shown_as_acknowledged_before_the_device_answers() -> None:
    bench = running(plan_of())
    bench.run_for(600 * MS)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(240 * MS)  # a row of telemetry falls into this
    assert bench.told(Kind.SET)[-1].data["level"] == 500
    assert bench.told(Kind.ACK) == []
    row = bench.told(Kind.TELEMETRY)[-1].data
    assert row["set"] == {"1": 500}
    assert row["acked"] == {}


@pytest.mark.hazard("H30")
def test_starting_takes_two_steps() -> None:
    bench = checked(plan_of())
    with pytest.raises(StateError):
        bench.command(Start())
    assert bench.state is State.CHECKED


@pytest.mark.hazard("H30", "H24")
def test_no_output_without_a_raise() -> None:
    bench = running(plan_of())
    bench.run_for(5 * SECOND)
    assert bench.ledger().channels == {}


@pytest.mark.hazard("H01")
def test_the_watchdog_test_is_seen_before_checked_and_carries_no_current() -> None:
    bench = checked(plan_of(), WITH_TRIP)
    assert [event.data["outcome"] for event in bench.told(Kind.DEAD_MAN)] == ["begun", "passed"]
    assert bench.ledger().channels == {}
    begun, passed = (event.at_ns for event in bench.told(Kind.DEAD_MAN))
    assert passed - begun > 2 * SECOND
    assert any(row.get("event") == "keep-alive expired" for row in bench.twin.records()), (
        "the device itself must have ended the train"
    )


@pytest.mark.hazard("H01")
def test_a_device_without_a_working_watchdog_is_never_armed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(p24_mid_level, "KEEP_ALIVE_US", 60_000_000)
    bench = Bench(WITH_TRIP, family="p24")
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(LoadPlan(plan_of()))
    assert bench.run_to_state(State.FAULT, within_ns=5 * SECOND)
    assert bench.told(Kind.DEAD_MAN)[-1].data["outcome"] == "failed"
    bench.run_for(SECOND)
    bench.command(Acknowledge())
    with pytest.raises(StateError):
        bench.command(Arm())


def test_a_stop_during_the_trip_ends_it_and_arming_still_needs_it() -> None:
    bench = Bench(WITH_TRIP, family="p24")
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(LoadPlan(plan_of()))
    bench.run_for(SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.run_for(3 * SECOND)
    with pytest.raises(StateError):
        bench.command(Arm())


@pytest.mark.hazard("H15", "H24")
def test_an_old_zero_is_verified_again_before_armed() -> None:
    bench = checked(plan_of())
    bench.run_for(30 * SECOND)
    bench.command(Arm())
    assert bench.state is State.CHECKED
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    assert bench.told(Kind.ZERO_VERIFIED)[-1].data["purpose"] == "arm"


@pytest.mark.hazard("H15")
def test_a_device_that_cannot_confirm_zero_is_not_armed() -> None:
    bench = checked(plan_of())
    bench.run_for(30 * SECOND)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(Arm())
    bench.run_for(2 * SECOND)
    assert bench.state is State.UNKNOWN


def test_arming_needs_a_face() -> None:
    bench = checked(plan_of(), beating=False)
    bench.run_for(SECOND)
    with pytest.raises(StateError):
        bench.command(Arm())


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("state", State)
def test_stop_is_obeyed_in_every_state(state: State) -> None:
    bench = in_state(state)
    bench.command(Stop("test"))
    bench.run_for(700 * MS)
    assert on_electrodes_ua(bench) == 0
    assert bench.state is not State.RUNNING


REFUSED_TRIGGERS = {
    Trigger.ARM: Arm(),
    Trigger.START: Start(),
    Trigger.RAISE: Raise(1, Level(CURRENT, 500)),
    Trigger.LOWER: Lower(1, Level(CURRENT, 0)),
    Trigger.PULSE: Pulse(1, None),
    Trigger.PAUSE: Pause(),
    Trigger.RESUME: Resume(),
    Trigger.HOLD: Hold(1_000_000),
    Trigger.ATTEND: Attend(),
    Trigger.ACKNOWLEDGE: Acknowledge(),
    Trigger.CLOSE: Close(),
    Trigger.CONNECT: Connect(),
}


@pytest.mark.parametrize("state", State)
def test_an_intent_the_table_refuses_changes_nothing(state: State) -> None:
    bench = in_state(state)
    intent: Any
    for trigger, intent in {**REFUSED_TRIGGERS, Trigger.LOAD_PLAN: LoadPlan(plan_of())}.items():
        if TRANSITIONS[state, trigger] is not None:
            continue
        told = len(bench.events)
        with pytest.raises(StateError) as caught:
            bench.engine.command(bench.now_ns, intent)
        assert caught.value.what_to_do
        assert bench.state is state
        assert len(bench.events) == told
        assert bench.engine.transmit() == []


def test_a_stop_is_urgent_goes_out_before_its_record_and_is_verified_in_time() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.engine.command(bench.now_ns, Stop())
    frames = bench.engine.transmit()
    assert frames[0].urgent
    assert frames[0].data.startswith(b"\x0f\x0f")
    assert bench.engine.events()[0].kind is Kind.STOPPING


@pytest.mark.hazard("H11", "H55")
def test_zero_is_verified_within_300_ms_of_a_stop() -> None:
    bench = raised(running(plan_of()), 2_000)
    stopped_ns = bench.now_ns
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=300 * MS)
    assert bench.ledger().current_after(stopped_ns // 1_000 + 2_000) == 0


@pytest.mark.hazard("H24")
@pytest.mark.parametrize("start_from", StartFrom)
def test_after_a_stop_every_plateau_is_zero_and_a_new_start_begins_there(
    start_from: StartFrom,
) -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.command(Stop())
    bench.run_to_state(State.STOPPED, within_ns=SECOND)
    assert bench.engine.plateau(1) == 0
    bench.command(Arm())
    bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start(start_from))
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert on_electrodes_ua(bench, SECOND) == 0


def test_stop_needs_no_journal() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.journal.delay_ns = None
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=300 * MS)


@pytest.mark.hazard("H07")
def test_another_device_than_the_first_is_refused_at_a_new_connection() -> None:
    bench = running(plan_of())
    bench.command(Stop())
    bench.run_to_state(State.STOPPED, within_ns=SECOND)
    bench.twin = P24Twin(seed=7)
    bench.command(Connect())
    bench.run_for(2 * SECOND)
    assert bench.state is State.DISCONNECTED
    assert "session began with" in str(bench.told(Kind.CONNECT_FAILED)[-1].data["reason"])


def test_a_silent_port_fails_the_connection_and_nothing_else() -> None:
    bench = Bench(BY_HAND, to_host=lambda _now, _data: b"", family="p24")
    bench.command(Connect())
    bench.run_for(5 * SECOND)
    assert bench.state is State.DISCONNECTED
    assert len(bench.told(Kind.CONNECT_FAILED)) == 1


def test_a_plan_with_a_ramp_under_half_a_second_is_refused() -> None:
    bench = in_state(State.IDENTIFIED)
    plan = plan_of("nmes-tka", 10_000, duration_s=60)
    one = plan.channels[0]
    cycle = one.stimulus.cycle
    steep = one.stimulus.model_validate(
        {
            **dict(one.stimulus),
            "cycle": cycle.model_validate({**dict(cycle), "ramp_up_us": 400_000}),
        }
    )
    with pytest.raises(LimitRefusedError):
        bench.command(
            LoadPlan(replace(plan, channels=(replace(one, stimulus=steep, cycle=steep.cycle),)))
        )
    assert bench.state is State.IDENTIFIED
