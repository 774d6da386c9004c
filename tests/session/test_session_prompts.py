"""What is asked of the people at a session: skin checks, sensation, and that the end is near."""

from __future__ import annotations

import pytest

from stimctl.bench import Bench
from stimctl.session.config import SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Felt, Lower, Stop
from stimctl.session.prompts import TEXTS, Asked, Prompt, Prompts
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import BY_SCRIPT, plan_of, raised, running


def prompts(bench: Bench) -> list[str]:
    return [str(event.data["prompt"]) for event in bench.told(Kind.PROMPT)]


def test_every_prompt_has_its_words() -> None:
    assert set(TEXTS) == set(Prompt)


@pytest.mark.hazard("H34")
def test_the_skin_is_to_be_checked_after_two_minutes_and_at_the_end() -> None:
    bench = running(plan_of("tens-conventional", 1_000, duration_s=240), BY_SCRIPT)
    began_ns = bench.told(Kind.START)[0].at_ns
    bench.run_to_state(State.STOPPED, within_ns=300 * SECOND)
    assert prompts(bench) == ["skin_check", "end_near", "skin_check_at_end"]
    first = bench.told(Kind.PROMPT)[0]
    assert 120 * SECOND <= first.at_ns - began_ns <= 122 * SECOND
    assert first.durable


@pytest.mark.hazard("H34")
def test_a_session_that_is_stopped_early_asks_for_the_skin_too() -> None:
    bench = raised(running(plan_of()), 500)
    bench.command(Stop())
    bench.run_for(SECOND)
    assert prompts(bench) == ["skin_check_at_end"]


@pytest.mark.hazard("H34")
def test_plan_time_counts_so_a_pause_moves_the_prompt() -> None:
    one = Prompts(600_000_000)
    assert one.due(119_999_999, {}) == []
    assert one.due(120_000_000, {}) == [Asked(Prompt.SKIN_CHECK)]
    assert one.due(130_000_000, {}) == []
    assert one.due(540_000_000, {}) == [Asked(Prompt.END_NEAR)]


def test_a_session_of_under_a_minute_has_no_timed_prompts() -> None:
    assert Prompts(60_000_000).due(60_000_000, {}) == []


@pytest.mark.hazard("H14")
def test_after_15_mA_without_a_sensation_the_electrodes_are_to_be_checked() -> None:
    bench = raised(running(plan_of("tens-conventional", 20_000)), 14_500)
    bench.run_for(2 * SECOND)
    assert prompts(bench) == []
    raised(bench, 15_000)
    bench.run_for(2 * SECOND)
    assert prompts(bench) == ["no_sensation"]
    assert bench.told(Kind.PROMPT)[0].data["channel"] == 1


@pytest.mark.hazard("H14")
def test_a_sensation_that_was_told_moves_the_next_question_by_15_mA() -> None:
    bench = raised(running(plan_of("tens-conventional", 20_000)), 10_000)
    bench.command(Felt(1))
    raised(bench, 20_000)
    bench.run_for(2 * SECOND)
    assert prompts(bench) == []
    assert bench.told(Kind.FELT)[0].data["level"] == 10_000


@pytest.mark.hazard("H14")
def test_what_is_lowered_has_to_be_felt_anew() -> None:
    one = Prompts(600_000_000)
    one.felt(1, 20_000)
    assert one.due(0, {1: 20_000}) == []
    assert one.due(1, {1: 0}) == []
    assert one.due(2, {1: 15_000}) == [Asked(Prompt.NO_SENSATION, 1)]
    assert one.due(3, {1: 15_500}) == []


@pytest.mark.hazard("H14")
def test_lowering_is_not_asked_about() -> None:
    bench = raised(running(plan_of("tens-conventional", 20_000)), 14_000)
    bench.command(Lower(1, Level(CURRENT, 500)))
    bench.run_for(2 * SECOND)
    assert prompts(bench) == []
