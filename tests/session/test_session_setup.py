"""Nothing is armed before the record holds everything that decides what the device will do."""

from __future__ import annotations

import pytest

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan
from stimctl.session.states import State
from tests.support.gate_world import checked as checked_in_percent
from tests.support.gate_world import gate_plan
from tests.support.session_world import BY_HAND, BY_SCRIPT, MS, SECOND, checked, plan_of

pytestmark = pytest.mark.hazard("H37")
WITH_TRIP = EngineConfig(attended_by_prompt=False)


def identified(config: EngineConfig) -> Bench:
    bench = Bench(config, family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    return bench


@pytest.mark.parametrize("config", [BY_HAND, BY_SCRIPT, WITH_TRIP])
def test_nothing_is_armed_before_the_setup_is_on_the_disk(config: EngineConfig) -> None:
    bench = identified(config)
    bench.journal.delay_ns = 10 * SECOND
    bench.command(LoadPlan(plan_of()))
    bench.run_for(4 * SECOND)
    if config is not WITH_TRIP:
        assert bench.engine.state is State.IDENTIFIED
    with pytest.raises(StateError):
        bench.command(Arm())
    bench.run_for(7 * SECOND)
    assert bench.engine.state is State.CHECKED
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    setup = bench.told(Kind.SETUP)[0]
    armed = next(one for one in bench.told(Kind.STATE) if one.data["state"] == "armed")
    assert setup.durable
    assert setup.seq < armed.seq


def test_another_plan_is_another_setup_that_is_waited_for() -> None:
    bench = checked(plan_of())
    bench.journal.delay_ns = 500 * MS
    bench.command(LoadPlan(plan_of("tens-conventional", 3_000)))
    assert bench.engine.state is State.IDENTIFIED
    with pytest.raises(StateError):
        bench.command(Arm())
    assert bench.run_to_state(State.CHECKED, within_ns=SECOND)
    cleared = [one.data["channels"][0]["cleared"] for one in bench.told(Kind.SETUP)]
    assert cleared == [5_000, 3_000]


def test_the_setup_holds_what_decides_the_output() -> None:
    plan = plan_of("nmes-tka", 9_000, 9_000)
    bench = checked(plan)
    (row,) = bench.told(Kind.SETUP)
    assert row.data["plan_digest"] == plan.digest()
    assert row.data["identity"]["serial"]
    for one, told in zip(plan.channels, row.data["channels"], strict=True):
        stimulus = told["stimulus"]
        assert stimulus["pulse"]["phase_width_us"] == one.stimulus.pulse.phase_width_us
        assert stimulus["pulse"]["shape"] == one.stimulus.pulse.shape.value
        assert stimulus["pulse"]["interphase_gap_us"] == one.stimulus.pulse.interphase_gap_us
        assert stimulus["frequency_mhz"] == one.stimulus.frequency_mhz
        assert stimulus["cycle"]["on_us"] == one.stimulus.cycle.on_us
        electrode = told["electrode"]
        assert (electrode["area_mm2"], electrode["contact_permille"]) == (5_000, 1_000)
        assert "site" in electrode
        assert told["cleared"] == 9_000


def test_it_is_the_same_in_percent() -> None:
    plan = gate_plan("gate-tens", 40)
    bench = checked_in_percent(plan)
    (row,) = bench.told(Kind.SETUP)
    (told,) = row.data["channels"]
    assert (told["cleared"], told["electrode"]["area_mm2"]) == (40, 5_000)
    assert row.data["plan_digest"] == plan.digest()
