"""A hundred scripts that loop, hurry, forget and lie: no more than was cleared, not for ever."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest

from stimctl.bench import Bench
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Connect,
    Felt,
    Hold,
    Intent,
    Link,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
    Unlink,
)
from stimctl.session.output_adapter import OutputAdapter
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.program import Plan
from tests.support.broad import broad
from tests.support.session_world import STEP_UA, forged, plan_of, raised, running

SCRIPTED = EngineConfig(watchdog_test=False, attended_by_prompt=False, requires_hold=True)
PLANS = (
    plan_of("tens-conventional", 4_000, 2_000, duration_s=60),
    plan_of("tens-burst", 3_000, duration_s=60),
    plan_of("nmes-tka", 5_000, 3_000, duration_s=120),
)
LONGEST_HOLD_US = SCRIPTED.longest_hold_us
Script = list[tuple[int, Intent]]
"""So many milliseconds later this intent."""

BEGIN: Script = [(0, Arm()), (300, Hold(LONGEST_HOLD_US)), (10, Start()), (400, Attend())]


def jump(plan: Plan) -> Script:
    """Everything at once, without sleeping."""
    return [*BEGIN, *[(0, Raise(1, Level(CURRENT, plan.channels[0].most)))] * 500]


def no_sleep(plan: Plan) -> Script:
    """Step by step, as fast as a loop runs."""
    top_ua = plan.channels[0].most
    return [
        *BEGIN,
        *[(1, Raise(1, Level(CURRENT, ua))) for ua in range(STEP_UA, 3 * top_ua, STEP_UA)] * 40,
    ]


def no_off(plan: Plan) -> Script:
    """Up, and the script ends."""
    return [*BEGIN, *[(260, Raise(1, Level(CURRENT, ua))) for ua in range(STEP_UA, 2_001, STEP_UA)]]


def wrong_order(plan: Plan) -> Script:
    """The way back first."""
    return [(50, one) for _, one in reversed(no_off(plan))] * 3


def above(plan: Plan) -> Script:
    """What was never cleared, and what is no amplitude."""
    wrong = (130_000, 10**9, -500, 1, 499, 0)
    return [
        *BEGIN,
        *[(260, Raise(channel, forged(ua))) for channel in (1, 2, 9, 0) for ua in wrong],
    ]


def hold_for_ever(plan: Plan) -> Script:
    """A hold beyond the longest, then up."""
    return [(0, Arm()), (300, Hold(10**12)), (0, Hold(-1)), (10, Start()), *no_off(plan)]


def restart(plan: Plan) -> Script:
    """Stop and start again, always from full."""
    return [*no_off(plan), (5_000, Stop()), (400, Acknowledge())] * 12


def pause_loop(plan: Plan) -> Script:
    """A pause is no way round anything."""
    around: Script = [(3_000, Pause()), (300, Hold(LONGEST_HOLD_US)), (50, Resume())]
    return [*no_off(plan), *around * 10]


def reload(plan: Plan) -> Script:
    """Another plan each time, so that each begins afresh."""
    return [one for other in (*PLANS, *PLANS) for one in [(500, LoadPlan(other)), *no_off(plan),
            (3_000, Stop()), (400, Connect())]]  # fmt: skip


def sawtooth(plan: Plan) -> Script:
    """Down and up for ever."""
    tooth: Script = [
        (300, Lower(1, Level(CURRENT, 0))),
        (260, Raise(1, Level(CURRENT, 500))),
        (260, Raise(1, Level(CURRENT, 1_000))),
    ]
    return [*no_off(plan), *tooth * 30]


def linked(plan: Plan) -> Script:
    """Several channels by one."""
    return [
        *BEGIN,
        (0, Link((1, 2))),
        *[(260, Raise(1, Level(CURRENT, 500 * n))) for n in range(1, 20)],
    ]


def silent_hold(plan: Plan) -> Script:
    """Holds and nothing else, for a while."""
    return [*no_off(plan), *[(20_000, Hold(LONGEST_HOLD_US))] * 6]


BY_HAND = (
    jump, no_sleep, no_off, wrong_order, above, hold_for_ever, restart, pause_loop, reload,
    sawtooth, linked, silent_hold,
)  # fmt: skip


def drawn(chance: Random, plan: Plan) -> Script:
    """Anything, in any order, mostly too fast."""
    menu = (
        lambda: Raise(chance.choice((1, 1, 2, 3)), forged(STEP_UA * chance.randint(-2, 14))),
        lambda: Raise(1, Level(CURRENT, chance.randint(0, 200_000))),
        lambda: Lower(chance.choice((1, 2)), forged(STEP_UA * chance.randint(-2, 10))),
        lambda: Hold(chance.choice((0, 1_000, 5_000_000, LONGEST_HOLD_US, 10**10))),
        lambda: chance.choice(
            (Arm(), Start(), Start(), Stop(), Pause(), Resume(), Resume(), Connect(), Felt(1),
             Acknowledge("x"), Link((1, 2)), Unlink(), LoadPlan(chance.choice(PLANS)))
        ),
    )  # fmt: skip
    waits_ms = chance.choice(((0, 1, 5), (10, 100, 260), (260, 300, 2_000)))
    script: Script = [(chance.choice(waits_ms), chance.choice(menu)()) for _ in range(120)]
    return [*BEGIN, *script] if chance.random() < 0.8 else script


def obeyed(script: Script, plan: Plan) -> Bench:
    """A session that obeyed the script as far as it may, until a hold would be over."""
    bench = Bench(SCRIPTED, family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(plan))
    for wait_ms, intent in script:
        bench.run_for(wait_ms * MS)
        with suppress(StateError, LimitRefusedError):
            bench.command(intent)
    bench.run_for(LONGEST_HOLD_US * 1_000 + SECOND)
    return bench


def given_uc(bench: Bench) -> float:
    """The charge of all first phases at the electrodes."""
    ledger = bench.ledger()
    return sum(
        run.count * run.first_phase_pc / 1e6
        for channel in range(1, 9)
        for run in ledger[channel].runs
    )


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("number", broad(range(100), every=2))
def test_a_hostile_script_gets_no_more_than_was_cleared_and_ends_at_zero(number: int) -> None:
    chance = Random(f"hostile/{number}")
    plan = PLANS[number % len(PLANS)]
    if number < 2 * len(BY_HAND):
        script = BY_HAND[number // 2](plan)
    else:
        script = drawn(chance, plan)
    bench = obeyed(script, plan)
    ended_us = bench.now_ns // 1_000
    bench.run_for(5 * SECOND)
    ledger = bench.ledger()
    assert ledger.peak_between_ua(ended_us, bench.now_ns // 1_000) == 0, "output for ever"
    assert bench.state is not State.RUNNING
    for channel in range(1, 9):
        cleared = (one for plan in PLANS for one in plan.channels if one.channel == channel)
        most_ua = max((one.most for one in cleared), default=0)
        assert ledger[channel].peak_ma * 1_000 <= most_ua, "of any plan that it may have loaded"
    # The plan in force and the rate of every rise are judged by the invariant on every bench.


@pytest.mark.hazard("H39")
def test_a_session_gives_no_more_charge_than_its_plan_however_often_it_is_started() -> None:
    plan = plan_of("tens-conventional", 2_000, duration_s=60)
    bench = running(plan, EngineConfig(watchdog_test=False, attended_by_prompt=False))
    raised(bench, 2_000)
    bench.run_for(50 * SECOND)
    for _ in range(3):
        bench.command(Stop())
        bench.run_for(SECOND)
        with suppress(StateError):
            bench.command(Arm())
            bench.run_for(300 * MS)
            bench.command(Start(StartFrom.BEGINNING))
            bench.run_for(300 * MS)
            raised(bench, 2_000)
        bench.run_for(40 * SECOND)
    reasons = [str(one.data["reason"]) for one in bench.told(Kind.ENDED)]
    assert reasons[-1] == "the charge budget of this session is used up"
    most_uc = OutputAdapter(plan, bench.driver).most() / 1e12
    assert most_uc * 0.98 < given_uc(bench) <= most_uc * 1.001
    with pytest.raises(StateError, match="begin a new session"):
        bench.command(Arm())


@pytest.mark.hazard("H39")
def test_a_whole_plan_at_its_full_amplitude_stays_within_the_budget() -> None:
    for plan in PLANS:
        config = EngineConfig(scripted_raise=True, watchdog_test=False, attended_by_prompt=False)
        bench = running(plan, config)
        bench.run_to_state(State.STOPPED, within_ns=200 * SECOND)
        assert bench.told(Kind.ENDED)[-1].data["outcome"] == "completed"
        assert given_uc(bench) <= OutputAdapter(plan, bench.driver).most() / 1e12
