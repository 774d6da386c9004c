"""Sessions in percent on a board that knows no current: the same engine, the same rules."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from stimctl.codes import Code
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Close,
    Connect,
    Hold,
    Link,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.session.output_adapter import OutputAdapter
from stimctl.session.plateaus import PlanViolation
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from stimctl.treatment.program import Plan
from tests.support.gate_world import (
    alarms,
    bench_of,
    checked,
    gate_plan,
    open_channels,
    raised,
    reasons,
    relay_rows,
    running,
)
from tests.support.session_world import codes, plan_of

WIPERS = {1: 200, 2: 198, 3: 197, 10: 186}


def test_a_session_goes_from_connecting_to_verified_zero_in_percent() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 3)
    assert open_channels(bench) == {1: WIPERS[3]}
    rows = [dict(event.data) for event in bench.told(Kind.RAISE)]
    assert rows[-1] == {"channel": 1, "level": 3, "before": 2, "unit": "%", "by": "hand"}
    assert dict(bench.told(Kind.SET)[-1].data)["level"] == 3
    assert dict(bench.told(Kind.ACK)[-1].data) == {"channels": {"1": 3}, "unit": "%"}
    bench.run_for(1_100 * MS)
    telemetry = dict(bench.told(Kind.TELEMETRY)[-1].data)
    assert telemetry["set"] == telemetry["acked"] == {"1": 3}
    assert telemetry["levels"] == {"1": 3}
    assert telemetry["measured"] is None
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    assert open_channels(bench) == {}
    assert dict(bench.told(Kind.ZERO_VERIFIED)[-1].data)["after_us"] < 300_000
    bench.command(Close())
    assert bench.state is State.CLOSED
    assert bench.engine.plateau(1) == 0


def test_no_row_of_such_a_session_speaks_of_microampere() -> None:
    bench = raised(running(gate_plan("gate-tens", 5)), 2)
    bench.command(Raise(1, Level(PERCENT, 9)))
    bench.command(Lower(1, Level(PERCENT, 1)))
    bench.run_for(3 * SECOND)
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(Stop())
    bench.run_for(SECOND)
    for event in bench.events:
        assert not [key for key in event.data if key.endswith("_ua")], event


def test_a_raise_waits_for_its_row_and_a_lowering_for_nothing() -> None:
    bench = running(gate_plan("gate-tens", 60))
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(PERCENT, 1)))
    bench.run_for(90 * MS)
    assert open_channels(bench) == {}
    bench.run_for(250 * MS)
    assert open_channels(bench) == {1: WIPERS[1]}
    bench.run_for(SECOND)
    raised(bench, 3, every_ns=700 * MS)
    bench.run_for(300 * MS)
    bench.command(Lower(1, Level(PERCENT, 1)))
    bench.run_for(250 * MS)
    assert open_channels(bench) == {1: WIPERS[1]}
    bench.command(Lower(1, Level(PERCENT, 0)))
    bench.run_for(250 * MS)
    assert open_channels(bench) == {}


def test_a_raise_is_one_percent_at_most_every_250_ms_and_never_queued() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 1)
    bench.command(Raise(1, Level(PERCENT, 3)))
    assert reasons(bench)[-1] == "more than one increment at a time: 1 % at most"
    bench.command(Raise(1, Level(PERCENT, 2)))
    bench.command(Raise(1, Level(PERCENT, 3)))
    bench.run_for(100 * MS)
    bench.command(Raise(1, Level(PERCENT, 3)))
    assert "too soon" in reasons(bench)[-1] or "confirmed" in reasons(bench)[-1]
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2


def test_above_what_was_cleared_is_refused_and_the_limit_named() -> None:
    bench = raised(running(gate_plan("gate-tens", 2)), 2)
    bench.command(Raise(1, Level(PERCENT, 3)))
    assert dict(bench.told(Kind.LIMIT)[-1].data) == {
        "channel": 1, "asked": 3, "allowed": 2, "unit": "%", "limit": "cleared intensity",
        "code": "above-cleared",
    }  # fmt: skip
    assert bench.engine.plateau(1) == 2


def test_raises_lock_after_20_s_and_lowering_unlocks() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 2)
    bench.run_for(21 * SECOND)
    bench.command(Raise(1, Level(PERCENT, 3)))
    assert "locked after 20 s" in reasons(bench)[-1]
    bench.command(Lower(1, Level(PERCENT, 1)))
    bench.run_for(SECOND)
    raised(bench, 2)


@pytest.mark.hazard("H18")
def test_percent_and_milliampere_are_never_taken_for_each_other() -> None:
    bench = running(gate_plan("gate-tens", 60))
    for wrong in (Raise(1, Level(CURRENT, 1)), Lower(1, Level(CURRENT, 0))):
        with pytest.raises(StateError, match="counts in %"):
            bench.command(wrong)
    other = checked(gate_plan("gate-tens", 60))
    with pytest.raises(StateError, match="it is for p24"):
        other.command(LoadPlan(plan_of()))
    assert open_channels(bench) == {}


@pytest.mark.parametrize(
    "config",
    [
        EngineConfig(attended_by_prompt=False),
        EngineConfig(scripted_raise=True),
        EngineConfig(single_pulses=True),
    ],
)
@pytest.mark.hazard("H39")
def test_nothing_runs_unattended_or_by_a_script_on_a_device_without_a_watchdog(
    config: EngineConfig,
) -> None:
    bench = bench_of(config)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=20 * SECOND)
    with pytest.raises(StateError, match="no watchdog"):
        bench.command(LoadPlan(gate_plan()))


@pytest.mark.hazard("H02")
def test_a_face_that_falls_silent_ends_the_output_within_a_second() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 5)
    bench.beating = False
    silent_us = bench.now_ns // 1_000
    bench.run_for(2 * SECOND)
    assert open_channels(bench) == {}
    assert relay_rows(bench)[-1][0] - silent_us < 1_000_000
    assert bench.state is State.STOPPED


def test_a_hold_that_is_not_renewed_ends_the_output() -> None:
    bench = checked(gate_plan("gate-tens", 60), EngineConfig(requires_hold=True))
    bench.command(Arm())
    bench.run_for(SECOND)
    bench.command(Hold(5_000_000))
    bench.command(Start())
    bench.run_for(SECOND)
    raised(bench, 2)
    bench.run_for(5 * SECOND)
    assert bench.state is State.STOPPED
    assert Code.HOLD_EXPIRED in codes(bench, Kind.ALARM)


def test_a_journal_that_stalls_ends_the_output() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 2)
    bench.journal.delay_ns = None
    bench.run_for(4 * SECOND)
    assert bench.state is State.FAULT
    assert open_channels(bench) == {}


def test_after_a_pause_the_way_back_is_a_soft_ramp_or_begins_at_zero() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 20, every_ns=300 * MS)
    bench.command(Pause())
    bench.run_for(10 * SECOND)
    assert open_channels(bench) == {}
    bench.command(Resume())
    bench.run_for(SECOND)
    assert 186 < open_channels(bench)[1] <= 200  # on its way: below half of it
    bench.run_for(6 * SECOND)
    assert bench.engine.plateau(1) == 20
    last = open_channels(bench)[1]
    bench.command(Pause())
    bench.run_for(61 * SECOND)
    bench.command(Resume())
    bench.run_for(6 * SECOND)
    assert open_channels(bench) == {}
    assert bench.engine.plateau(1) == 0
    assert last == 170


def test_linked_channels_go_up_together_and_stop_at_the_first_ceiling() -> None:
    bench = running(gate_plan("gate-tens", 60, 2))
    bench.command(Link((1, 2)))
    raised(bench, 2)
    assert [bench.engine.plateau(channel) for channel in (1, 2)] == [2, 2]
    bench.command(Raise(1, Level(PERCENT, 3)))
    assert dict(bench.told(Kind.LIMIT)[-1].data)["limit"] == "cleared intensity of a linked channel"
    bench.command(Lower(1, Level(PERCENT, 0)))
    bench.run_for(300 * MS)
    assert open_channels(bench) == {}


def test_a_cycle_climbs_and_falls_and_its_contractions_are_on_the_record() -> None:
    bench = running(gate_plan("gate-ems", 40, duration_s=80))
    while bench.engine.plateau(1) < 10:
        bench.command(Raise(1, Level(PERCENT, bench.engine.plateau(1) + 1)))
        bench.run_for(300 * MS)
    assert bench.run_to_state(State.STOPPED, within_ns=90 * SECOND)
    assert len(bench.told(Kind.CONTRACTION)) == 3  # the start row stands for the first
    wipers = [row for row in bench.twin.records() if row["kind"] == "wiper" and row["at_us"]]
    climbs = [
        (b["at_us"] - a["at_us"], a["value"] - b["value"])
        for a, b in itertools.pairwise(wipers)
        if b["value"] < a["value"]
    ]
    assert max(step for _, step in climbs if step < 50) <= 8  # no jump of more than some percents
    assert alarms(bench) == []
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "completed"


def test_the_plan_ends_by_a_down_ramp_and_then_zero() -> None:
    bench = raised(running(gate_plan("gate-tens", 60, duration_s=30)), 20, every_ns=300 * MS)
    assert bench.run_to_state(State.STOPPED, within_ns=40 * SECOND)
    told = [dict(one.data)["set"] for one in bench.told(Kind.TELEMETRY)]
    assert any(0 < one.get("1", 0) < 20 for one in told[-3:])
    assert open_channels(bench) == {}


@pytest.mark.hazard("H15")
@pytest.mark.parametrize("boot_us", [50_000, 300_000, 11_240_000])
def test_a_message_that_a_restarting_board_has_not_read_yet_is_never_obeyed(boot_us: int) -> None:
    """What comes while it starts waits in its buffer, and is read when it has started [FW]."""
    bench = running(gate_plan("gate-tens", 60), boot_us=boot_us)
    bench.run_for(3 * SECOND)
    bench.command(Raise(1, Level(PERCENT, 1)))
    bench.twin.reset(bench.now_ns)  # type: ignore[attr-defined]
    reset_us = bench.now_ns // 1_000
    bench.run_for(15 * SECOND)
    assert bench.state is State.FAULT
    assert not bench.engine.stopping
    closed = [row for row in bench.twin.records() if row["kind"] == "relay" and row["on"]]
    assert [row for row in closed if row["at_us"] > reset_us] == []


def test_a_board_that_restarts_is_a_fault_and_must_be_connected_anew() -> None:
    bench = raised(running(gate_plan("gate-tens", 60)), 3)
    bench.twin.reset(bench.now_ns)  # type: ignore[attr-defined]
    bench.run_for(100 * MS)
    assert bench.run_to_state(State.FAULT, within_ns=SECOND)
    assert "restarted" in str(bench.told(Kind.ALARM)[-1].data["what"])
    bench.run_for(SECOND)
    bench.command(Acknowledge("it was knocked"))
    with pytest.raises(StateError, match="never identified"):
        bench.command(Arm())
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)


def test_a_board_that_takes_11_s_to_start_is_waited_for() -> None:
    bench = bench_of(boot_us=11_240_000)
    bench.command(Connect())
    assert not bench.run_to_state(State.IDENTIFIED, within_ns=11 * SECOND)
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    identity = dict(bench.told(Kind.IDENTITY)[-1].data)
    assert (identity["family"], identity["protocol"]) == ("openemsstim", "hex-only")


def test_a_stop_while_it_starts_is_zero_at_once() -> None:
    bench = bench_of(boot_us=11_240_000)
    bench.command(Connect())
    bench.run_for(3 * SECOND)
    bench.command(Stop())
    bench.run_for(100 * MS)
    assert bench.told(Kind.ZERO_VERIFIED)
    with pytest.raises(StateError):
        bench.command(Arm())


def test_a_board_that_never_starts_is_told_with_how_long_was_waited() -> None:
    bench = bench_of(to_host=lambda now, data: b"")
    bench.command(Connect())
    bench.run_for(21 * SECOND)
    assert (
        bench.told(Kind.CONNECT_FAILED)[-1].data["reason"] == "the device did not answer for 20 s"
    )
    assert bench.state is State.DISCONNECTED


@pytest.mark.hazard("H08")
def test_a_damaged_echo_is_a_fault_at_verified_zero() -> None:
    broken = [False]

    def damage(now_ns: int, data: bytes) -> bytes:
        if broken[0] and b"G" in data:
            broken[0] = False
            return data.replace(b"G", b"F")
        return data

    bench = raised(running(gate_plan("gate-tens", 60), to_host=damage), 3)
    broken[0] = True
    bench.run_for(2 * SECOND)
    assert bench.state is State.FAULT
    assert "echo" in alarms(bench)[0]
    assert open_channels(bench) == {}


def test_a_dead_line_is_unknown_and_tells_what_to_do_at_the_unit() -> None:
    dead = [False]
    bench = raised(
        running(
            gate_plan("gate-tens", 60),
            to_device=lambda now, data: b"" if dead[0] else data,
            to_host=lambda now, data: b"" if dead[0] else data,
        ),
        3,
    )
    dead[0] = True
    # The board is restarted as the last resort, and its bootloader may say nothing for 1.4 s.
    bench.run_for(2_500 * MS)
    assert bench.state is State.UNKNOWN
    told = dict(bench.told(Kind.UNKNOWN)[-1].data)
    assert "switch off the TENS or EMS unit" in str(told["what_to_do"])
    assert open_channels(bench) == {}  # its burst has ended


def test_a_ramp_that_is_too_short_is_refused() -> None:
    plan = gate_plan("gate-ems", 20, duration_s=20)
    (one,) = plan.channels
    assert one.cycle is not None
    short = one.cycle.model_copy(update={"ramp_up_us": 100_000})
    object.__setattr__(one, "cycle", short)
    bench = bench_of()
    bench.command(Connect())
    bench.run_for(2 * SECOND)
    with pytest.raises(LimitRefusedError, match=r"0\.5 s"):
        bench.command(LoadPlan(plan))


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(
    ("plan", "driver"),
    [
        (gate_plan(), P24Driver()),
        (gate_plan("gate-ems", 30), RehaStim2Driver()),
        (plan_of("tens-conventional", 4_000), OpenEmsStimDriver()),
        (plan_of("nmes-tka", 4_000), OpenEmsStimDriver()),
    ],
)
def test_a_plan_on_one_scale_never_runs_on_a_driver_of_another(
    plan: Plan[Any], driver: Any
) -> None:
    with pytest.raises(PlanViolation, match="is not for a device such as"):
        OutputAdapter(plan, driver)
