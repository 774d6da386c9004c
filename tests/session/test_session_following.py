"""Rules A21, A22: a target of a program moves a plateau a little, slowly, with fresh data only."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.bench import Bench
from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Arm,
    Follow,
    Hold,
    Link,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.session.plateaus import FOLLOW
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, AnyLevel, Level
from stimctl.treatment.program import AnyPlan
from tests.support.session_world import (
    BY_HAND,
    STEP_UA,
    checked,
    forged,
    on_electrodes_ua,
    plan_of,
    raised,
    rises,
)
from tests.support.staged_samples import stage, staged_plan, staged_text

FOLLOWING = replace(BY_HAND, follow=True, requires_hold=True)
HELD_US = 60_000_000
TURN = 20 * MS


def following(
    level_ua: int = 5_000,
    *,
    config: EngineConfig = FOLLOWING,
    most_ua: int = 8_000,
    plan: AnyPlan | None = None,
) -> Bench:
    """A session in RUNNING whose first channel a hand has brought to a level."""
    bench = checked(plan or plan_of("tens-conventional", most_ua, most_ua), config)
    bench.command(Hold(HELD_US))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    bench.run_for(200 * MS)
    return raised(bench, level_ua)


def target(bench: Bench, level_ua: int, *, age_ns: int = 0, channel: int = 1) -> str:
    """Ask for it; the code of the refusal, or nothing."""
    level: AnyLevel = Level(CURRENT, level_ua) if level_ua >= 0 else forged(level_ua)
    try:
        bench.command(Follow(channel, level, bench.now_ns - age_ns))
    except StateError as refused:
        return str(refused.code)
    return ""


def kept_up(bench: Bench, level_ua: int, for_ns: int) -> None:
    """The same target with fresh data, fifty times a second."""
    end_ns = bench.now_ns + for_ns
    while bench.now_ns < end_ns:
        assert target(bench, level_ua) == ""
        bench.run_for(TURN)


def phases(bench: Bench) -> list[str]:
    return [str(event.data["phase"]) for event in bench.told(Kind.FOLLOWED)]


@pytest.mark.hazard("H80")
def test_a_target_is_reached_by_single_steps_and_at_most_1_ma_a_second() -> None:
    bench = following(5_000)
    since_us = bench.now_ns // 1_000
    kept_up(bench, 6_000, 3 * SECOND)
    assert phases(bench) == ["follows"]
    assert on_electrodes_ua(bench, 60 * MS) == 6_000
    (first, up), (second, more) = [one for one in rises(bench) if one[0] >= since_us]
    assert (up, more) == (500, 500)
    assert second - first >= 490_000
    assert bench.told(Kind.RAISE)[-1].data["by"] == "follow"


@pytest.mark.hazard("H80")
def test_a_target_above_a_fifth_over_the_hands_level_or_above_the_plan_is_refused() -> None:
    bench = following(5_000)
    assert target(bench, 6_500) == "follow-above"
    assert target(bench, 80_000) == "follow-above"
    bench = following(5_000, most_ua=5_500)
    assert target(bench, 6_000) == "follow-above"
    assert target(bench, 5_500) == ""
    assert target(bench, 5_250, age_ns=-1) == "off-step"
    assert bench.told(Kind.REFUSED) == []  # an answer, and no row: targets come many times a second


def test_what_a_target_lowers_is_lowered_at_once_and_without_end() -> None:
    bench = following(5_000)
    target(bench, 4_000)
    assert bench.engine.plateau(1) == 4_000
    bench.run_for(TURN)
    assert target(bench, 5_000) == ""  # inside the fifth it may come back
    bench.run_for(TURN)
    target(bench, 2_200)
    assert bench.engine.plateau(1) == 2_000
    bench.run_for(TURN)
    assert target(bench, 3_000) == "follow-above"  # from there a hand leads
    target(bench, 0)
    assert bench.engine.plateau(1) == 0
    assert phases(bench)[-1] == "ended"
    bench.run_for(TURN)
    assert target(bench, 500) == "follow-by-hand"


@pytest.mark.hazard("H80")
def test_without_fresh_data_the_lower_value_is_kept_for_2_s_and_then_it_ramps_to_zero() -> None:
    bench = following(5_000)
    kept_up(bench, 6_000, 2 * SECOND)
    newest_ns = bench.now_ns - TURN
    bench.run_for(100 * MS)
    assert bench.engine.plateau(1) == 5_000  # what the hand had reached is lower
    bench.run_for(newest_ns + 2_090 * MS - bench.now_ns)
    assert bench.engine.plateau(1) == 5_000
    bench.run_for(500 * MS)
    assert 0 < bench.engine.plateau(1) < 5_000
    bench.run_for(600 * MS)
    assert bench.engine.plateau(1) == 0
    assert on_electrodes_ua(bench) == 0
    assert bench.state is State.RUNNING
    assert phases(bench) == ["follows", "keeps", "falls", "ended"]
    runs = bench.ledger()[1].runs
    assert max(run.end_us for run in runs) * 1_000 < newest_ns + 3_150 * MS


def test_data_that_come_again_in_time_go_on_and_those_that_come_too_late_do_not() -> None:
    bench = following(5_000)
    kept_up(bench, 5_500, SECOND)
    bench.run_for(SECOND)
    kept_up(bench, 5_500, SECOND)
    assert bench.engine.plateau(1) == 5_500
    assert phases(bench) == ["follows", "keeps", "follows"]
    bench.run_for(2_200 * MS)
    assert target(bench, 5_500) == "follow-lapsed"
    bench.run_for(SECOND)
    assert target(bench, 500) == "follow-by-hand"
    raised(bench, 1_000)
    assert target(bench, 1_000) == ""


@pytest.mark.hazard("H80")
@pytest.mark.parametrize(
    ("age_ns", "code"),
    [(101 * MS, "follow-old"), (SECOND, "follow-old"), (-21 * MS, "follow-ahead"), (99 * MS, "")],
)
def test_data_that_are_old_or_of_the_future_are_none(age_ns: int, code: str) -> None:
    assert target(following(), 5_500, age_ns=age_ns) == code


def test_data_that_come_a_second_time_are_none() -> None:
    bench = following()
    assert target(bench, 5_500) == ""
    assert target(bench, 5_500) == "follow-old"
    assert target(bench, 4_500, age_ns=10 * MS) == "follow-old"


@pytest.mark.hazard("H80")
@pytest.mark.parametrize(
    "config",
    [
        BY_HAND,
        replace(BY_HAND, follow=True),
        replace(FOLLOWING, follow=False),
    ],
)
def test_a_session_that_was_not_opened_for_it_follows_nothing(config: EngineConfig) -> None:
    assert target(following(config=config), 5_500) == "follow-off"


def test_nothing_is_followed_before_a_hand_has_reached_a_level_or_on_a_linked_channel() -> None:
    bench = following()
    assert target(bench, 500, channel=2) == "follow-by-hand"
    assert target(bench, 500, channel=3) == "not-in-plan"
    raised(bench, 1_000, channel=2)
    bench.command(Link((1, 2)))
    assert target(bench, 5_000) == "follow-linked"
    with pytest.raises(StateError, match="not opened for it"):
        bench.command(Follow(1, Level(PERCENT, 5), bench.now_ns))


def test_a_pause_and_a_stop_end_it_and_a_hand_leads_on() -> None:
    bench = following()
    kept_up(bench, 5_500, SECOND)
    bench.command(Pause())
    bench.run_for(SECOND)
    assert phases(bench)[-1] == "ended"
    with pytest.raises(StateError, match="follow refused"):
        bench.command(Follow(1, Level(CURRENT, 5_000), bench.now_ns))
    bench.command(Resume())
    bench.run_for(6 * SECOND)
    assert target(bench, 5_500) == ""  # a soft return is none from zero
    bench.command(Stop())
    bench.run_for(SECOND)
    assert phases(bench)[-1] == "ended"
    assert bench.state is State.STOPPED


@pytest.mark.hazard("H80")
def test_a_step_that_waits_for_its_row_is_dropped_where_the_target_falls_below_it() -> None:
    bench = following(5_000)
    kept_up(bench, 5_000, 300 * MS)
    bench.journal.delay_ns = 60 * MS
    target(bench, 5_500)
    bench.run_for(TURN)
    assert bench.told(Kind.RAISE)[-1].data["by"] == "follow"
    kept_up(bench, 5_000, 400 * MS)
    assert max(int(event.data["level"]) for event in bench.told(Kind.SET)) == 5_000
    kept_up(bench, 5_500, 700 * MS)
    assert bench.engine.plateau(1) == 5_500


def test_a_target_that_jumps_up_and_down_fills_no_record() -> None:
    bench = following(5_000)
    kept_up(bench, 5_000, 300 * MS)
    bench.journal.delay_ns = 60 * MS
    before = len(bench.events)
    for _ in range(50):
        kept_up(bench, 5_500, TURN)
        kept_up(bench, 5_000, TURN)
    assert bench.engine.plateau(1) == 5_000
    risen = [event for event in bench.told(Kind.RAISE) if event.data["by"] == "follow"]
    assert 2 <= len(risen) <= 5  # in 2 s
    assert len(bench.events) - before < 30


@pytest.mark.hazard("H80")
def test_a_link_ends_it_and_the_channel_rises_with_its_links_only() -> None:
    bench = following(5_000)
    raised(bench, 1_500, channel=2)
    kept_up(bench, 6_000, 100 * MS)  # a step is on its way
    bench.command(Link((1, 2)))
    bench.run_for(TURN)
    ended = bench.told(Kind.FOLLOWED)[-1].data
    assert (ended["phase"], ended["code"]) == ("ended", "follow-linked")
    before = bench.engine.plateau(1)
    bench.run_for(4 * SECOND)
    assert (bench.engine.plateau(1), bench.engine.plateau(2)) == (before, 1_500)


@pytest.mark.hazard("H80")
def test_a_link_in_the_fall_to_zero_ends_it_at_zero() -> None:
    bench = following(5_000)
    target(bench, 5_000)
    bench.run_for(2_250 * MS)
    bench.command(Link((1, 2)))
    bench.run_for(TURN)
    assert phases(bench)[-1] == "ended"
    assert bench.engine.plateau(1) == 0
    assert on_electrodes_ua(bench, 60 * MS) == 0


@pytest.mark.hazard("H80")
def test_no_rule_raises_a_linked_channel_alone() -> None:
    bench = following(5_000)
    bench.command(Link((1, 2)))
    run = bench.engine._core.run
    assert run is not None
    for by in ("rule", FOLLOW):
        reason = run.raising.by_rule(bench.now_ns, 1, 5_500, by)
        assert reason is not None
        assert reason.code is Code.FOLLOW_LINKED
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 5_000


def paused_and_resumed(bench: Bench) -> None:
    bench.command(Pause())
    bench.run_for(SECOND)
    bench.command(Resume())
    bench.run_for(6 * SECOND)
    assert bench.state is State.RUNNING


@pytest.mark.hazard("H80")
def test_a_pause_in_the_fall_to_zero_ends_it_at_zero() -> None:
    bench = following(5_000)
    target(bench, 5_000)
    bench.run_for(2_250 * MS)
    assert phases(bench)[-1] == "falls"
    assert 4_000 <= bench.engine.plateau(1) < 5_000
    paused_and_resumed(bench)
    assert bench.engine.plateau(1) == 0
    assert on_electrodes_ua(bench) == 0
    assert target(bench, 500) == "follow-by-hand"
    raised(bench, 1_000)
    assert target(bench, 1_000) == ""


@pytest.mark.hazard("H80")
def test_after_a_pause_no_level_is_above_the_one_that_a_hand_has_reached() -> None:
    bench = following(5_000)
    kept_up(bench, 6_000, 3 * SECOND)
    assert bench.engine.plateau(1) == 6_000
    paused_and_resumed(bench)
    assert bench.engine.plateau(1) == 5_000
    assert on_electrodes_ua(bench, 60 * MS) == 5_000
    assert target(bench, 6_000) == ""  # fresh data raise it again, by single steps
    bench.run_for(TURN)
    assert bench.engine.plateau(1) <= 5_500


@pytest.mark.hazard("H80")
def test_no_later_stage_carries_what_a_target_has_added() -> None:
    stages = stage("first", "12 s") + stage("second", "12 s", 'plateau = "first"')
    text = staged_text(stages, session='shortest = "24 s", longest = "24 s"')
    bench = following(5_000, plan=staged_plan(text, 8_000))
    while not bench.told(Kind.STAGE):
        assert bench.now_ns < 20 * SECOND
        kept_up(bench, 6_000, TURN)
    was = [int(event.data["level"]) for event in bench.told(Kind.SET)]
    assert max(was) == 6_000
    assert bench.engine.plateau(1) == 5_000


@pytest.mark.hazard("H80")
def test_after_a_pause_without_data_only_a_hand_lets_it_follow_again() -> None:
    bench = following(5_000)
    target(bench, 5_000)
    bench.run_for(SECOND)
    assert phases(bench)[-1] == "keeps"
    paused_and_resumed(bench)
    assert bench.engine.plateau(1) == 5_000
    assert target(bench, 5_000) == "follow-by-hand"
    raised(bench, 5_500)
    assert target(bench, 5_000) == ""


def test_a_hand_lowers_at_once_and_moves_what_may_be_followed() -> None:
    bench = following(5_000)
    kept_up(bench, 6_000, 2 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 3_000)))
    assert bench.engine.plateau(1) == 3_000
    bench.run_for(TURN)
    assert bench.engine.plateau(1) == 3_000  # no target of before brings it back
    assert target(bench, 6_000) == "follow-above"
    assert target(bench, 3_500) == ""


def _hostile(seed: int, turns: int) -> None:
    """A sender that does what it likes: jumps, floods, stalls, repeats and lies about time."""
    chance = Random(seed)
    level_ua = chance.choice([1_000, 3_000, 5_000])
    bench = following(level_ua)
    hand_ua = level_ua
    for _ in range(turns):
        pause_ns = chance.choice([0, 100_000, 5 * MS, 20 * MS, 150 * MS, 700 * MS])
        bench.command(Hold(HELD_US)) if chance.random() < 0.5 else None
        for _ in range(chance.choice([1, 1, 1, 50])):
            wanted = chance.choice(
                [
                    -1,
                    0,
                    250,
                    500,
                    level_ua - 500,
                    level_ua,
                    level_ua + 500,
                    level_ua * 6 // 5,
                    10**9,
                ]
            )
            age_ns = chance.choice([0, 0, 0, -MS, 50 * MS, 99 * MS, 200 * MS, -SECOND, 10**15])
            before = bench.engine.plateau(1)
            target(bench, wanted, age_ns=age_ns)
            assert bench.engine.plateau(1) <= before + STEP_UA  # one that was due meanwhile
        if chance.random() < 0.02 and bench.engine.plateau(1) == 0:
            bench.run_for(300 * MS)
            bench.command(Raise(1, Level(CURRENT, 500)))
            hand_ua = max(hand_ua, 500)
        bench.run_for(pause_ns)
        assert bench.engine.plateau(1) <= hand_ua * 6 // 5
    bench.run_for(3_200 * MS)  # it is silent at last
    assert bench.engine.plateau(1) == 0 or phases(bench)[-1:] in ([], ["ended"])
    risen = [event for event in bench.told(Kind.RAISE) if event.data["by"] == "follow"]
    for first, second in itertools.pairwise(risen):
        assert second.at_ns - first.at_ns >= 500 * MS
    assert all(up <= 500 for _, up in rises(bench))


@pytest.mark.hazard("H80")
@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**9))
def test_whatever_a_sender_does_the_channel_stays_in_its_bounds_and_falls_to_zero(
    seed: int,
) -> None:
    _hostile(seed, 60)


@pytest.mark.soak
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_a_million_targets_of_a_hostile_sender_stay_in_their_bounds(seed: int) -> None:
    _hostile(seed, 1_300)


def test_a_hand_that_changes_the_channel_takes_it_over() -> None:
    bench = following(5_000)
    kept_up(bench, 5_000, 100 * MS)
    bench.command(Raise(1, Level(CURRENT, 5_500)))
    bench.run_for(5 * SECOND)
    assert bench.engine.plateau(1) == 5_500
    assert phases(bench) == ["follows", "ended"]
    kept_up(bench, 6_500, 3 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 6_500)))
    bench.run_for(TURN)
    assert target(bench, 7_000) == "follow-above"  # a lowering widens nothing
    kept_up(bench, 5_500, 100 * MS)
    bench.command(Lower(1, Level(CURRENT, 5_500)))
    bench.run_for(5 * SECOND)
    assert bench.engine.plateau(1) == 5_500
