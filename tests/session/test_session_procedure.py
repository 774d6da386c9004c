"""Procedures: the ladder, the rules on it, the answers, and what becomes of every event."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from stimctl.codes import Code
from stimctl.devices.registry import FAMILIES
from stimctl.errors import StateError, StimctlError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Answer,
    Felt,
    Lower,
    MarkThreshold,
    NextStage,
    Pause,
    Pulse,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.session.ladder import Ladder
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.procedures import (
    FELT,
    LADDER,
    STAIRS,
    TOO_MUCH,
    answered,
    at_electrodes,
    begun,
    climb,
    curve,
    example_plan,
    feels,
    levels,
    nobody,
    procedure,
    result,
    ruled,
)
from tests.support.session_world import BY_SCRIPT, checked, codes

STEP_UA = 1_000
RANDOM = curve('every = "1 s", jitter = "300 ms", levels = { from = "20 %", to = "100 %", '
               'steps = 9 }, repeats = 2, order = "random"', "1 min")  # fmt: skip


def on_curve(to_ua: int = 4_000, *stages: str) -> Any:
    """A session in its events stage, at a plateau found by hand."""
    bench = begun(procedure(LADDER, *(stages or (RANDOM,))))
    climb(bench, to_ua)
    bench.run_for(2 * SECOND)
    bench.command(NextStage())
    return bench


# -- the ladder (A16) ---------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_a_step_of_the_ladder_waits_until_the_step_before_it_was_given() -> None:
    bench = begun(procedure(LADDER, RANDOM))
    bench.command(Raise(1, Level(CURRENT, STEP_UA)))
    bench.run_for(300 * MS)
    bench.command(Raise(1, Level(CURRENT, 2 * STEP_UA)))
    assert codes(bench)[-1] == Code.STEP_NOT_GIVEN
    assert bench.engine.plateau(1) == STEP_UA
    bench.run_until(lambda: bool(bench.told(Kind.PULSE_ACKED)), bench.now_ns + 3 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 2 * STEP_UA)))
    assert codes(bench)[-1] == Code.TOO_EARLY  # 250 ms after the acknowledgement
    bench.run_for(260 * MS)
    bench.command(Raise(1, Level(CURRENT, 2 * STEP_UA)))
    bench.run_for(10 * MS)
    assert bench.engine.plateau(1) == 2 * STEP_UA


def test_no_level_is_skipped_on_the_way_up() -> None:
    bench = begun(procedure(LADDER, RANDOM))
    climb(bench, 5_000)
    bench.run_for(2 * SECOND)
    given = at_electrodes(bench)
    assert sorted(set(given)) == [1_000, 2_000, 3_000, 4_000, 5_000]
    assert all(later - earlier <= STEP_UA for earlier, later in pairwise(given))


@pytest.mark.hazard("H81")
def test_lowering_takes_the_reach_along() -> None:
    ladder = Ladder()
    ladder.given(1, 8_000)
    ladder.follow({1: 3_000})
    assert ladder.reach(1) == 3_000
    ladder.follow({1: 8_000})
    assert ladder.reach(1) == 3_000


@pytest.mark.hazard("H81")
def test_the_levels_of_a_list_come_in_the_order_of_the_plan_and_stay_below_the_plateau() -> None:
    bench = on_curve()
    bench.run_for(60 * SECOND)
    assert bench.state is State.STOPPED
    plan = procedure(LADDER, RANDOM)
    assert plan.stages[1].events is not None
    shares = plan.stages[1].events.levels
    wanted = [share * 4_000 // 1000 // 500 * 500 for share in shares]
    curve_rows = [one.data for one in bench.told(Kind.EVENT) if one.data["stage"] == "curve"]
    assert [row["level"] for row in curve_rows] == wanted
    assert max(at_electrodes(bench)) == 4_000
    assert sorted(shares) == sorted(2 * [100 * n for n in range(2, 11)])


# -- the record ---------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_every_event_has_its_pulse_on_the_disk_before_it_and_one_row_of_what_became_of_it() -> None:
    bench = on_curve()
    bench.run_for(60 * SECOND)
    by_seq = {one.seq: one for one in bench.events}
    events = bench.told(Kind.EVENT)
    for one in events:
        if one.data["outcome"] != "given":
            continue
        row = by_seq[one.data["pulse"]]
        assert row.durable
        assert row.kind is Kind.PULSE
        assert row.at_ns <= one.data["sent_ns"] <= one.data["acked_ns"]
        assert one.data["planned_ns"] <= one.data["sent_ns"]
    assert Counter(one.data["outcome"] for one in events)["given"] == len(at_electrodes(bench))


@pytest.mark.hazard("H81")
def test_an_event_whose_row_is_late_is_skipped_and_nothing_is_queued() -> None:
    bench = on_curve()
    bench.run_for(5 * SECOND)
    before = len(at_electrodes(bench))
    bench.journal.delay_ns = 350 * MS
    bench.run_for(4 * SECOND)
    assert len(at_electrodes(bench)) <= before + 1
    skipped = [one.data for one in bench.told(Kind.EVENT) if one.data["outcome"] == "refused"]
    assert {row["code"] for row in skipped} == {Code.EVENT_LATE}
    bench.journal.delay_ns = 0
    bench.run_for(60 * SECOND)
    found = result(bench)
    assert found["given"] + found["refused"] == found["events"] == 18


def test_a_stage_of_a_list_tells_how_many_of_its_events_were_given() -> None:
    bench = on_curve()
    bench.run_for(60 * SECOND)
    found = result(bench)
    assert (found["stage"], found["how"], found["mark"]) == ("curve", "levels", "")
    assert (found["events"], found["given"], found["refused"]) == (18, 18, 0)
    assert found["value"] is None


def test_a_stop_in_the_middle_records_what_was_found_by_then() -> None:
    bench = on_curve()
    bench.run_for(5 * SECOND)
    bench.command(Stop())
    bench.run_for(SECOND)
    found = result(bench)
    assert 0 < found["given"] < 18
    assert "stop" in found["why"] or "operator" in found["why"]


# -- rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold_ua", [700, 2_300, 6_100])
def test_a_staircase_finds_the_threshold_of_a_person_within_a_step(threshold_ua: int) -> None:
    bench = answered(begun(procedure(ruled())), feels(threshold_ua))
    assert bench.state is State.STOPPED
    found = result(bench)
    assert (found["mark"], found["how"], found["valid"]) == ("sensory-threshold", "staircase", True)
    assert abs(found["value"] - threshold_ua) <= 500
    assert len(found["reversals"]) == 6


def test_a_rule_never_goes_more_than_a_step_above_what_was_given() -> None:
    bench = answered(begun(procedure(ruled())), feels(9_000))
    reach = 0
    for level in at_electrodes(bench):
        assert level <= reach + 2_000
        reach = max(reach, level)


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("wanted", [10**9, -5, 0])
def test_what_a_hostile_rule_wants_is_recorded_and_only_a_step_is_given(
    wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.treatment.rules.Staircase.wants", lambda _self: wanted)
    bench = answered(begun(procedure(ruled(duration="30 s"))), nobody)
    given = at_electrodes(bench)
    expected = [2_000, 4_000, 6_000, 8_000, 10_000, 10_000]
    assert given == (expected if wanted > 0 else [])
    assert {one.data["wanted"] for one in bench.told(Kind.EVENT)} == {wanted}
    if wanted > 0:
        assert "not reached" in result(bench)["why"]


@pytest.mark.hazard("H81")
def test_a_threshold_above_the_ceiling_is_not_reached_and_has_no_value() -> None:
    bench = answered(begun(procedure(ruled(), most_ua=3_000)), nobody)
    assert max(at_electrodes(bench)) == 3_000
    found = result(bench)
    assert "not reached" in found["why"]
    assert found["value"] is None


@pytest.mark.hazard("H81")
def test_answers_to_events_without_a_pulse_end_the_search_as_invalid() -> None:
    blanks = STAIRS.replace("gives =", 'blanks = "30 %", gives =')
    bench = begun(procedure(ruled(blanks)))
    end_ns = bench.now_ns + 200 * SECOND
    while bench.state is State.RUNNING and bench.now_ns < end_ns:
        bench.run_for(100 * MS)
        with suppress(StateError):
            bench.command(Answer(FELT))
    found = result(bench)
    assert not found["valid"]
    assert found["value"] is None
    assert found["false_alarms"] > 0


def test_a_rule_is_not_told_of_an_event_that_was_cut_short() -> None:
    bench = begun(procedure(ruled()))
    bench.run_until(lambda: bool(bench.told(Kind.PULSE_ACKED)), bench.now_ns + 3 * SECOND)
    bench.command(Pause())
    bench.run_for(SECOND)
    assert bench.told(Kind.EVENT)[-1].data["outcome"] == "given"
    bench.command(Resume())
    bench.run_for(2 * SECOND)
    assert levels(bench)[:2] == [2_000, 2_000]


# -- too much (A17) -----------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_too_much_ends_a_search_and_lowers_the_ceiling_for_the_rest_of_the_session() -> None:
    says = {4_000: TOO_MUCH}
    bench = answered(begun(procedure(ruled())), says.get)
    assert bench.state is State.STOPPED
    assert result(bench)["code"] == Code.TOO_MUCH
    from stimctl.session.intents import Arm, StartFrom

    bench.command(Arm())
    bench.run_to_state(State.ARMED, within_ns=5 * SECOND)
    bench.command(Start(StartFrom.BEGINNING))
    answered(bench, nobody)
    assert max(at_electrodes(bench)) == 4_000
    again = levels(bench)[2:]
    assert max(again) == 3_500


@pytest.mark.hazard("H81")
def test_too_much_on_the_ladder_lowers_at_once_and_no_hand_goes_back() -> None:
    bench = begun(procedure(LADDER, RANDOM))
    climb(bench, 3_000)
    bench.run_for(2 * SECOND)
    bench.command(Answer(TOO_MUCH))
    bench.run_for(10 * MS)
    assert bench.engine.plateau(1) == 2_500
    bench.run_for(2 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 3_000)))
    bench.run_for(300 * MS)
    assert bench.engine.plateau(1) == 2_500
    assert bench.told(Kind.LIMIT)[-1].data["allowed"] == 2_500


# -- who may do what ----------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_no_hand_raises_where_a_rule_or_a_list_finds_the_level() -> None:
    bench = on_curve()
    bench.run_for(4 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 5_000)))
    bench.run_for(SECOND)
    assert codes(bench)[-1] == Code.RULE_RAISES
    assert bench.engine.plateau(1) == 4_000


def test_lowering_is_free_in_every_stage_and_the_events_follow() -> None:
    bench = on_curve()
    bench.run_for(6 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    before = len(at_electrodes(bench))
    bench.run_for(60 * SECOND)
    assert max(at_electrodes(bench)[before:]) <= 1_000


def test_a_command_gives_no_pulse_in_a_procedure() -> None:
    bench = begun(procedure(LADDER, RANDOM))
    climb(bench, 1_000)
    point = procedure(LADDER, RANDOM).channels[0].cleared.point(500)
    with pytest.raises(StateError, match="the plan says when"):
        bench.command(Pulse(1, point))


@pytest.mark.hazard("H81")
def test_a_procedure_is_refused_where_a_script_raises() -> None:
    bench = checked(example_plan("v2-sensory-staircase", 5_000))
    assert bench.state is State.CHECKED
    with pytest.raises(StimctlError, match="asks a person"):
        checked(example_plan("v2-sensory-staircase", 5_000), BY_SCRIPT)


@pytest.mark.hazard("H81")
def test_a_pause_of_more_than_a_minute_takes_the_ladder_away() -> None:
    bench = on_curve()
    bench.run_for(5 * SECOND)
    bench.command(Pause())
    bench.run_for(61 * SECOND)
    before = len(at_electrodes(bench))
    bench.command(Resume())
    bench.run_for(10 * SECOND)
    assert at_electrodes(bench)[before:] == []
    assert bench.told(Kind.EVENT)[-1].data["code"] == Code.EVENT_BLANK


# -- marks and answers --------------------------------------------------------------------------


def test_marks_come_in_order_and_only_for_a_level_that_was_given() -> None:
    bench = begun(example_plan("v2-recruitment-curve", 20_000))
    with pytest.raises(StateError) as caught:
        bench.command(MarkThreshold())
    assert caught.value.code == Code.STEP_NOT_GIVEN
    climb(bench, 2_000)
    bench.run_for(5 * SECOND)
    bench.command(MarkThreshold())
    assert (result(bench)["mark"], result(bench)["value"]) == ("motor-threshold", 2_000)
    bench.command(MarkThreshold("highest-tolerable"))
    assert (result(bench)["mark"], result(bench)["how"]) == ("highest-tolerable", "hand")
    with pytest.raises(StateError) as caught:
        bench.command(MarkThreshold())
    assert caught.value.code == Code.NOTHING_TO_MARK


def test_an_answer_without_an_event_is_refused_and_felt_in_another_way_is_one() -> None:
    bench = begun(procedure(ruled()))
    with pytest.raises(StateError, match="no event waits"):
        bench.command(Answer(FELT))
    bench.run_until(lambda: bool(bench.told(Kind.PULSE_ACKED)), bench.now_ns + 3 * SECOND)
    bench.command(Felt(1))
    bench.run_for(10 * MS)
    assert bench.told(Kind.EVENT)[-1].data["answer"] == "felt"


def test_a_procedure_has_no_contractions_and_no_trains() -> None:
    bench = on_curve()
    bench.run_for(60 * SECOND)
    assert not bench.told(Kind.CONTRACTION)
    assert all(run.count == 1 for run in bench.ledger()[1].runs)


@pytest.mark.parametrize("family", ["p24", "rehastim2", "rehamove3"])
def test_every_device_that_makes_pulses_and_has_a_watchdog_gives_a_procedure(family: str) -> None:
    from tests.support.procedures import SKIN, procedure_text
    from tests.support.staged_samples import staged_plan

    step = "2 mA" if family == "rehastim2" else "1 mA"
    rule = ruled(STAIRS.replace('["2 mA", "1 mA", "0.5 mA"]', f'["{step}"]'))
    text = procedure_text(rule, channels=SKIN)
    plan = staged_plan(text, 10_000, sheet=FAMILIES[family].sheet)
    bench = _on(family, plan)
    answered(bench, feels(5_100))
    assert bench.state is State.STOPPED, bench.events[-5:]
    assert abs(result(bench)["value"] - 5_100) <= 2_000
    assert len(at_electrodes(bench)) == result(bench)["given"]


def _on(family: str, plan: Any) -> Any:
    from stimctl.bench import Bench
    from stimctl.session.intents import Arm, Connect, LoadPlan
    from tests.support.session_world import BY_HAND

    bench = Bench(BY_HAND, family=family)
    for intent, state in (
        (Connect(), State.IDENTIFIED), (LoadPlan(plan), State.CHECKED),
        (Arm(), State.ARMED), (Start(), State.RUNNING),
    ):  # fmt: skip
        bench.command(intent)
        assert bench.run_to_state(state, within_ns=30 * SECOND), bench.events[-3:]
    return bench


def test_every_event_asked_for_is_given_or_refused() -> None:
    busy = curve('every = "100 ms", count = 300', "1 min")
    bench = begun(procedure(LADDER.replace("700 ms", "100 ms"), busy))
    climb(bench, 1_000)
    bench.run_for(SECOND)
    bench.command(NextStage())
    bench.run_for(60 * SECOND)
    found = result(bench)
    assert found["events"] == 300 == found["given"] + found["refused"]
    assert found["given"] >= 295
