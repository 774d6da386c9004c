"""Traces of the virtual bench keep every rule, and the least change of one breaks it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.invariant import (
    BARE,
    InvariantBrokenError,
    Judge,
    Rule,
    check_record,
    fitted,
)
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
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
from tests.support.session_world import BY_HAND, BY_SCRIPT, STEP_UA, plan_of
from tests.support.shadow_world import louder

PLANS = [
    plan_of("tens-conventional", 3_000, 1_500, duration_s=40),
    plan_of("tens-modulated", 3_000, duration_s=40),
    plan_of("tens-burst", 3_000, duration_s=40),
    plan_of("nmes-tka", 5_000, duration_s=120),
]
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
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 8)),
    st.sampled_from([60, 300, 2_000, 12_000, 61_000]).map(lambda ms: ms * MS),
)


def begun(plan: Any, config: Any, **options: Any) -> tuple[Bench, Judge]:
    bench = Bench(config, **options, family="p24")
    invariant = watch_bench(bench)
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND)
    bench.command(LoadPlan(plan))
    bench.run_to_state(State.CHECKED, within_ns=5 * SECOND)
    bench.command(Arm())
    bench.command(Start())
    return bench, invariant


def do(bench: Bench, deed: Any) -> None:
    with suppress(StateError):
        if isinstance(deed, int):
            bench.run_for(deed)
        elif isinstance(deed, tuple):
            for _ in range(deed[2]):
                level_ua = bench.engine.plateau(deed[1]) + deed[0] * STEP_UA
                bench.command(Raise(deed[1], Level(CURRENT, level_ua)))
                bench.run_for(260 * MS)
        else:
            bench.command(deed)


@pytest.mark.broad
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLANS), st.booleans(), st.lists(DEEDS, max_size=25))
def test_whatever_an_operator_does_the_bench_keeps_every_rule(
    plan: Any, scripted: bool, deeds: list[Any]
) -> None:
    bench, invariant = begun(plan, BY_SCRIPT if scripted else BY_HAND)
    for deed in deeds:
        do(bench, deed)
    bench.run_for(3 * SECOND)
    invariant.advance(bench.now_ns // 1_000)
    invariant.check()
    check_record(bench.twin.records(), replace(fitted(BARE, "p24"), line=False))


@pytest.fixture(scope="module")
def trace() -> list[dict[str, Any]]:
    """The record of a whole session, with its bytes."""
    twin = faulty_twin("p24", wiretap=True)
    bench, _ = begun(plan_of("tens-conventional", 3_000, duration_s=40), BY_SCRIPT, twin=twin)
    bench.run_for(45 * SECOND)
    twin.power_off(bench.now_ns)
    rows: list[dict[str, Any]] = bench.twin.records()
    check_record(rows, fitted(BARE, "p24"))
    return rows


def test_a_record_says_the_same_as_watching_did(trace: list[dict[str, Any]]) -> None:
    client = replace(fitted(BARE, "p24"), limits_rise=True)
    assert check_record(trace, client).spans_judged > 50


@settings(max_examples=50, deadline=None)
@given(where=st.integers(0, 10**6), more_ua=st.integers(1, 5_000))
def test_any_train_that_is_stronger_than_ordered_is_found(
    trace: list[dict[str, Any]], where: int, more_ua: int
) -> None:
    rows, changed = louder(trace, where, more_ua)
    with pytest.raises(InvariantBrokenError) as caught:
        check_record(rows, fitted(BARE, "p24"))
    assert caught.value.violation.rule is Rule.ASKED
    # A pulse that begins at the very time of a lower order may still be of the order before.
    late_us = caught.value.violation.at_us - changed["start_us"]
    assert late_us in (0, changed["period_us"])


def test_a_train_that_goes_on_after_the_dead_man_is_found(trace: list[dict[str, Any]]) -> None:
    """The host falls silent in the middle, and the device does not notice."""
    opened = [row for row in trace if row["kind"] == "train_open" and row["points"][0][1]]
    last = trace.index(opened[-1])
    silent = [row for row in trace[: last + 1] if row["kind"] != "tx"]
    heard_us = max(row["at_us"] for row in silent if row["kind"] == "rx")
    with pytest.raises(InvariantBrokenError) as caught:
        check_record(silent, fitted(BARE, "p24"), until_us=heard_us + 10_000_000)
    late_us = caught.value.violation.at_us - heard_us - 2_050_000
    assert caught.value.violation.rule is Rule.DEAD_MAN
    assert 0 < late_us <= opened[-1]["period_us"]
