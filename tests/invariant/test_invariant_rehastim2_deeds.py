"""Whatever an operator, a pad or the line does, a RehaStim2's bench keeps every rule."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.faults import SPECS, Fault, FaultyTwin
from firmware_sim.faults.model import Place
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from stimctl.bench import Bench
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import (
    Arm,
    Connect,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.testing.watched import watch_bench
from tests.support.rehastim2_plans import plan_of
from tests.support.session_world import BY_HAND, BY_SCRIPT

STEP_UA = 2_000
PLANS = [plan_of("tens-conventional", 1, 2), plan_of("nmes-tka", 1), plan_of("nmes-tka", 6)]
ON_LINE = sorted(s.name for s in SPECS.values() if s.place is Place.LINK and not s.inapplicable)
DEEDS = st.one_of(
    st.sampled_from(
        [
            Pause(),
            Resume(),
            Stop(),
            Arm(),
            Start(),
            Start(StartFrom.BEGINNING),
            Start(StartFrom.WHAT_IS_LEFT),
        ]
    ),
    st.builds(
        Lower, st.integers(1, 2), st.integers(0, 4).map(lambda n: Level(CURRENT, n * STEP_UA))
    ),
    st.tuples(st.just("raise"), st.integers(1, 2), st.integers(1, 8)),
    st.tuples(st.just("pad"), st.integers(1, 2), st.sampled_from([None, 500, 20_000])),
    st.sampled_from([("emergency",), ("module",)]),
    st.sampled_from([60, 300, 2_000, 12_000, 61_000]).map(lambda ms: ms * MS),
)


def do(bench: Bench, device: RehaStim2Twin, deed: Any) -> None:
    match deed:
        case int():
            bench.run_for(deed)
        case ("raise", channel, times):
            for _ in range(times):
                bench.command(
                    Raise(channel, Level(CURRENT, bench.engine.plateau(channel) + STEP_UA))
                )
                bench.run_for(260 * MS)
        case ("pad", channel, load):
            device.set_load(channel, load)
        case ("emergency",):
            device.set_emergency(True)
            bench.run_for(300 * MS)
            device.set_emergency(False)
        case ("module",):
            device.fail_module()
        case _:
            bench.command(deed)


@settings(max_examples=40, deadline=None)
@given(
    plan=st.sampled_from(PLANS),
    scripted=st.booleans(),
    deeds=st.lists(DEEDS, max_size=25),
    faults=st.lists(st.tuples(st.sampled_from(ON_LINE), st.integers(1, 60)), max_size=2),
)
def test_whatever_happens_a_rehastim2_keeps_every_rule(
    plan: Any, scripted: bool, deeds: list[Any], faults: list[tuple[str, int]]
) -> None:
    device = RehaStim2Twin()
    twin = FaultyTwin([Fault(name, at_s * 1_000_000) for name, at_s in faults], device=device)
    config = BY_SCRIPT if scripted else BY_HAND
    bench = Bench(config, twin=twin, driver=RehaStim2Driver())
    invariant = watch_bench(bench)
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    for deed in [LoadPlan(plan), Arm(), SECOND, Start(), *deeds, 3 * SECOND]:
        with suppress(StateError):
            do(bench, device, deed)
    invariant.advance(bench.now_ns // 1_000)
    invariant.check()
