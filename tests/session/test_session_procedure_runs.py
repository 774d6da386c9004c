"""Whole procedures: rehearsed as a face does it, and thousands of events of which none is lost."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from stimctl.bench import rehearse
from stimctl.bench.procedure_rehearsal import rehearse_procedure
from stimctl.session.config import SECOND
from stimctl.session.intents import NextStage
from stimctl.session.states import State
from stimctl.treatment.event_parts import AnswerWord
from tests.support.procedures import (
    FELT,
    LADDER,
    STAIRS,
    Says,
    answered,
    at_electrodes,
    begun,
    climb,
    curve,
    example_plan,
    levels,
    procedure,
    procedure_text,
    result,
    ruled,
)
from tests.support.staged_samples import staged_plan

SHORT = curve('every = "1 s", jitter = "300 ms", levels = ["25 %", "50 %", "100 %"], '
              'order = "random"', "10 s")  # fmt: skip


@pytest.mark.hazard("H81")
def test_a_procedure_is_rehearsed_answered_always_and_never() -> None:
    rehearsal = rehearse(procedure(LADDER, SHORT, most_ua=2_000))
    assert rehearsal.ok, rehearsal.problems
    (one,) = rehearsal.report
    assert one.peak_ua == 2_000
    assert one.pulses <= one.planned.pulses
    assert one.charge_uc <= one.planned.charge_uc


@pytest.mark.hazard("H81")
def test_a_rehearsal_finds_an_event_that_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = procedure(LADDER, SHORT, most_ua=1_000)
    monkeypatch.setattr("stimctl.session.procedure.EVENT_WAIT_NS", -SECOND)
    rehearsal = rehearse_procedure(plan)
    assert not rehearsal.ok
    assert any("was not given" in one for one in rehearsal.problems)


@pytest.mark.broad
@pytest.mark.parametrize(
    ("name", "most_ua"), [("v2-recruitment-curve", 20_000), ("v2-sensory-staircase", 5_000)]
)
def test_the_examples_are_given_as_planned(name: str, most_ua: int) -> None:
    rehearsal = rehearse(example_plan(name, most_ua))
    assert rehearsal.ok, rehearsal.problems


@pytest.mark.soak
def test_of_ten_thousand_events_each_is_given_or_refused() -> None:
    given = refused = 0
    for count in (5_000, 5_000):
        busy = curve(f'every = "100 ms", count = {count}', "12 min")
        bench = begun(procedure(LADDER.replace("700 ms", "100 ms"), busy))
        climb(bench, 1_000)
        bench.run_for(SECOND)
        bench.command(NextStage())
        bench.run_for(720 * SECOND)
        found = result(bench)
        assert found["events"] == count == found["given"] + found["refused"]
        given, refused = given + found["given"], refused + found["refused"]
        assert len(at_electrodes(bench)) >= found["given"]
    assert given + refused == 10_000
    assert given > 9_900


@pytest.mark.parametrize("seed", range(2))
def test_for_every_order_and_seed_no_level_is_above_the_plateau(seed: int) -> None:
    _orders(seed)


@pytest.mark.soak
def test_for_many_orders_and_seeds_no_level_is_above_the_plateau() -> None:
    for seed in range(2, 200):
        _orders(seed)


def _orders(seed: int) -> None:
    """A16, whatever is drawn: no level above what the hand had found, and none skipped before."""
    chance = Random(seed)
    order = chance.choice(["listed", "random", "ascending", "descending"])
    shares = ", ".join(f'"{chance.randrange(10, 101)} %"' for _ in range(chance.randrange(2, 7)))
    events = f'every = "1 s", jitter = "300 ms", levels = [{shares}], order = "{order}"'
    text = procedure_text(LADDER, curve(events, "30 s"), more=f"seed = {seed}")
    plan = staged_plan(text, 10_000)
    bench = begun(plan)
    top = chance.randrange(1, 7) * 1_000
    climb(bench, top)
    bench.run_for(2 * SECOND)
    ladder = at_electrodes(bench)
    assert all(later - earlier <= 1_000 for earlier, later in pairwise([0, *ladder]))
    bench.command(NextStage())
    bench.run_for(35 * SECOND)
    assert bench.state is State.STOPPED
    assert max(at_electrodes(bench)) <= top


def unsure(threshold_ua: int, chance: Random) -> Says:
    """A person whose threshold varies from event to event."""

    def says(level_ua: int) -> AnswerWord | None:
        return FELT if level_ua + chance.gauss(0, 100) >= threshold_ua else None

    return says


@pytest.mark.soak
def test_people_of_many_thresholds_are_found_within_a_step_through_engine_and_twin() -> None:
    found = 0
    for seed in range(60):
        chance = Random(seed)
        threshold = chance.randrange(600, 9_000)
        rule = STAIRS.replace("reversals = 6", "reversals = 8")
        bench = answered(begun(procedure(ruled(rule))), unsure(threshold, chance))
        value = result(bench)["value"]
        assert max(levels(bench)) <= 10_000
        found += value is not None and abs(value - threshold) <= 500
    assert found >= 57
