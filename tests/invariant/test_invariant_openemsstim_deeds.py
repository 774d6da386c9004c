"""Whatever an operator, the board or its line does, an openEMSstim's bench keeps every rule."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.faults import Fault, FaultyTwin, usable
from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from stimctl.bench import Bench
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import (
    Arm,
    Connect,
    Link,
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
from stimctl.stimulus.level import PERCENT, Level
from stimctl.testing.watched import watch_bench
from tests.support.examples import examples
from tests.support.gate_world import gate_plan

PLANS = [
    gate_plan("gate-tens", 30, 20, duration_s=120),
    gate_plan("gate-ems", 30, duration_s=60),
    gate_plan("gate-ems", 30, 20, duration_s=60),
]
REAL_BOOT_US = 11_240_000
ON_LINE = sorted(usable("openemsstim"))
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
            Link((1, 2)),
        ]
    ),
    st.builds(Lower, st.integers(1, 2), st.builds(Level, st.just(PERCENT), st.integers(0, 4))),
    st.tuples(st.just("raise"), st.integers(1, 2), st.integers(1, 12)),
    st.just(("reset",)),
    st.sampled_from([60, 130, 300, 2_000, 12_000, 61_000]).map(lambda ms: ms * MS),
)


def do(bench: Bench, deed: Any) -> None:
    match deed:
        case int():
            bench.run_for(deed)
        case ("raise", channel, times):
            for _ in range(times):
                level = bench.engine.plateau(channel) + 1
                bench.command(Raise(channel, Level(PERCENT, level)))
                bench.run_for(260 * MS)
        case ("reset",):
            bench._reset_twin()  # by its button; the bench hears of it
        case _:
            bench.command(deed)


def live(plan: Any, deeds: list[Any], faults: list[tuple[str, int]], boot_us: int) -> None:
    if "baud-mismatch" in dict(faults):
        # Every byte is made another one, stops too. What keeps the relays open is that the host
        # restarts the board again before it is ready; a board that starts at once would not be.
        boot_us = REAL_BOOT_US
    device = OpenEmsStimTwin(boot_us=boot_us)
    twin = FaultyTwin([Fault(name, at_s * 1_000_000) for name, at_s in faults], device=device)
    bench = Bench(twin=twin, driver=OpenEmsStimDriver())
    judge = watch_bench(bench)
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=15 * SECOND)
    for deed in [LoadPlan(plan), Arm(), SECOND, Start(), *deeds, 3 * SECOND]:
        with suppress(StateError):
            do(bench, deed)
    judge.advance(bench.now_ns // 1_000)
    judge.check()


FAULTS = st.lists(st.tuples(st.sampled_from(ON_LINE), st.integers(1, 60)), max_size=2)
BOOTS = st.sampled_from([300_000, REAL_BOOT_US])


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(PLANS), st.lists(DEEDS, max_size=25), FAULTS, BOOTS)
def test_whatever_happens_an_openemsstim_keeps_every_rule(
    plan: Any, deeds: list[Any], faults: list[tuple[str, int]], boot_us: int
) -> None:
    live(plan, deeds, faults, boot_us)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@settings(max_examples=examples(2_000), deadline=None)
@given(st.sampled_from(PLANS), st.lists(DEEDS, max_size=40), FAULTS, BOOTS)
def test_whatever_happens_for_long_an_openemsstim_keeps_every_rule(
    plan: Any, deeds: list[Any], faults: list[tuple[str, int]], boot_us: int
) -> None:
    live(plan, deeds, faults, boot_us)
