"""Single pulses: bounded by a plateau that was raised, each on the record before it goes out."""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from stimctl.bench import Bench
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.errors import LimitRefusedError, StateError
from stimctl.safety import Electrode
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Connect, LoadPlan, Pulse, Raise, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from tests.support.session_world import ROOT, checked, plan_of, raised, reasons, running

SINGLE = EngineConfig(watchdog_test=False, attended_by_prompt=False, single_pulses=True)
PLAN = plan_of("tens-conventional", 3_000)


def ready(plateau_ua: int = 2_000) -> Bench:
    return raised(running(PLAN, SINGLE), plateau_ua)


def pulse(amplitude_ua: int) -> Pulse:
    return Pulse(1, PLAN.channels[0].cleared.point(amplitude_ua))


def test_a_pulse_is_one_pulse() -> None:
    bench = ready()
    bench.command(pulse(2_000))
    bench.run_for(SECOND)
    assert [(run.count, run.peak_ua) for run in bench.ledger()[1].runs] == [(1, 2_000)]
    assert bench.told(Kind.PULSE)[-1].durable


def test_raising_alone_drives_nothing() -> None:
    bench = ready(3_000)
    bench.run_for(5 * SECOND)
    assert bench.ledger().channels == {}


def test_a_pulse_above_the_plateau_is_refused() -> None:
    bench = ready(1_000)
    bench.command(pulse(1_500))
    bench.run_for(SECOND)
    assert reasons(bench) == ["above the plateau raised for this channel"]
    assert bench.ledger().channels == {}


def test_a_set_point_of_nobody_is_refused() -> None:
    bench = ready()
    bench.command(Pulse(1, (None, 2_000)))  # type: ignore[arg-type]
    assert "safety model" in reasons(bench)[-1]


def test_a_pulse_waits_for_its_row_and_goes_stale() -> None:
    bench = ready()
    bench.journal.delay_ns = 300 * MS
    bench.command(pulse(2_000))
    bench.run_for(SECOND)
    assert any("journal took longer" in one for one in reasons(bench))
    assert bench.ledger().channels == {}


def test_a_stop_drops_a_pulse_that_waits() -> None:
    bench = ready()
    bench.journal.delay_ns = 100 * MS
    bench.command(pulse(2_000))
    bench.command(Stop())
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    assert bench.ledger().channels == {}


def test_a_session_with_trains_takes_no_single_pulse() -> None:
    bench = running(PLAN)
    with pytest.raises(StateError):
        bench.command(pulse(500))


def given(bench: Bench) -> int:
    return sum(run.count for run in bench.ledger()[1].runs)


@pytest.mark.parametrize("latency_ms", [0.2, 3, 12])
def test_every_pulse_on_record_as_acknowledged_was_given_and_none_is_lost(
    latency_ms: float,
) -> None:
    bench = raised(running(PLAN, SINGLE, latency_ns=int(latency_ms * MS)), 2_000)
    rng = Random(7)
    for _ in range(200):
        bench.command(pulse(2_000))
        bench.run_for(rng.randint(55, 85) * MS)
    assert reasons(bench) == []
    assert len(bench.told(Kind.PULSE)) == len(bench.told(Kind.PULSE_ACKED)) == given(bench) == 200


def test_a_pulse_waits_for_the_answer_to_a_keep_alive() -> None:
    bench = raised(running(PLAN, SINGLE, latency_ns=10 * MS), 2_000)
    bench.command(pulse(2_000))
    bench.run_for(SECOND)
    while not bench.driver._link.flight:  # type: ignore[attr-defined]
        bench.run_for(MS)
    bench.command(pulse(2_000))
    bench.run_for(100 * MS)
    rows = [row.data for row in bench.told(Kind.PULSE_ACKED)]
    assert len(rows) == given(bench) == 2
    assert rows[1]["asked_ns"] < rows[1]["sent_ns"] < rows[1]["acked_ns"]
    pulse_us = bench.ledger()[1].runs[-1].start_us
    assert rows[1]["sent_ns"] <= pulse_us * 1_000 <= rows[1]["acked_ns"]
    assert rows[1]["pulse"] == bench.told(Kind.PULSE)[1].seq


def test_pulses_on_two_channels_at_once_follow_one_another() -> None:
    plan = plan_of("tens-conventional", 3_000, 3_000)
    bench = raised(raised(running(plan, SINGLE, latency_ns=4 * MS), 2_000), 2_000, 2)
    for one in plan.channels:
        bench.command(Pulse(one.channel, one.cleared.point(2_000)))
    bench.run_for(200 * MS)
    assert [row.data["channel"] for row in bench.told(Kind.PULSE_ACKED)] == [1, 2]


@pytest.mark.hazard("H08")
def test_a_pulse_that_nobody_acknowledged_is_on_record_as_such() -> None:
    bench = raised(running(PLAN, SINGLE), 2_000)
    bench.command(pulse(2_000))
    bench.run_for(200 * MS)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(pulse(2_000))
    bench.run_for(3 * SECOND)
    assert len(bench.told(Kind.PULSE_ACKED)) == 1
    assert "it may have been given" in reasons(bench)[-1]
    assert given(bench) == 2


def test_a_pulse_behind_one_that_is_not_answered_is_refused_after_100_ms() -> None:
    bench = raised(running(PLAN, SINGLE), 2_000)
    bench.command(pulse(2_000))
    bench.run_for(200 * MS)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(pulse(2_000))
    bench.run_for(MS)
    bench.command(pulse(2_000))
    bench.run_for(300 * MS)
    assert "within 100 ms" in reasons(bench)[0]
    assert given(bench) == 2


def test_a_pulse_that_waits_when_the_session_stops_has_its_row() -> None:
    bench = ready()
    bench.journal.delay_ns = 100 * MS
    bench.command(pulse(2_000))
    bench.command(Stop())
    bench.run_for(SECOND)
    assert "the pulse was not sent" in reasons(bench)[-1]


def test_single_pulses_on_a_rehastim2_are_acknowledged_too() -> None:
    name = "tens-conventional"
    protocol = load_protocol((ROOT / "protocols" / f"{name}.toml").read_text("utf-8"), name)
    setup = ChannelSetup(1, Level(CURRENT, 4_000), Electrode(area_mm2=5_000))
    plan = compile_plan(protocol, REHASTIM2_SHEET, [setup], duration_us=60_000_000)
    assert isinstance(plan, Plan), plan
    bench = running(plan, SINGLE, twin=RehaStim2Twin(), driver=RehaStim2Driver(), latency_ns=5 * MS)
    bench.command(Raise(1, Level(CURRENT, 2_000)))
    bench.run_for(300 * MS)
    for _ in range(50):
        bench.command(Pulse(1, plan.channels[0].cleared.point(2_000)))
        bench.run_for(73 * MS)
    assert reasons(bench) == []
    assert len(bench.told(Kind.PULSE_ACKED)) == given(bench) == 50


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("tens-burst", "bursts"),
        ("nmes-tka", "on/off cycles"),
        ("nmes-endurance", "on/off cycles"),
        ("nmes-wrist-ext", "on/off cycles"),
    ],
)
def test_a_plan_cleared_for_pauses_is_refused_for_single_pulses(name: str, what: str) -> None:
    plan = plan_of(name, 3_000)
    bench = Bench(SINGLE, family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    with pytest.raises(LimitRefusedError, match=what):
        bench.command(LoadPlan(plan))
    assert bench.told(Kind.PLAN) == []
    assert checked(plan).state is State.CHECKED  # with trains it is a plan like any other
