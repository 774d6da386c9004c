"""Procedures at the worst moments: too much, a pause or the end of a stage while an event is on its
way."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stimctl.bench import Bench
from stimctl.codes import Code
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Answer,
    Arm,
    LoadPlan,
    NextStage,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.procedures import (
    FELT,
    LADDER,
    TOO_MUCH,
    at_electrodes,
    begun,
    climb,
    curve,
    levels,
    procedure,
    result,
    ruled,
)
from tests.support.session_world import on_electrodes_ua, plan_of, raised
from tests.support.staged_samples import stage


def until_on_its_way(bench: Bench, given: int) -> None:
    """So many pulses were given, and the row of the next one has just been asked for."""
    end_ns = bench.now_ns + 60 * SECOND
    assert bench.run_until(lambda: len(bench.told(Kind.PULSE_ACKED)) == given, end_ns)
    assert bench.run_until(lambda: len(bench.told(Kind.PULSE)) == given + 1, end_ns)


# -- too much (A17) -----------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_too_much_before_an_event_was_sent_is_said_of_the_one_before_it_and_ends_the_search() -> (
    None
):
    bench = begun(procedure(ruled()))
    until_on_its_way(bench, 2)
    assert at_electrodes(bench) == [2_000, 4_000]
    bench.run_for(20 * MS)
    bench.command(Answer(TOO_MUCH))
    bench.run_for(5 * SECOND)
    assert at_electrodes(bench) == [2_000, 4_000]
    assert bench.state is State.STOPPED
    assert result(bench)["code"] == Code.TOO_MUCH
    last = bench.told(Kind.EVENT)[-1].data
    assert (last["level"], last["outcome"], last["code"]) == (6_000, "refused", Code.TOO_MUCH)
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=5 * SECOND)
    bench.command(Start(StartFrom.BEGINNING))
    bench.run_for(7 * SECOND)
    assert max(at_electrodes(bench)[2:]) == 3_500


@pytest.mark.hazard("H81")
def test_too_much_on_the_ladder_counts_what_was_given_and_not_the_step_that_waits() -> None:
    bench = begun(procedure(LADDER, curve('every = "2 s", levels = ["50 %", "100 %"]', "1 min")))
    climb(bench, 4_000)
    given = len(bench.told(Kind.PULSE_ACKED))
    while at_electrodes(bench)[-1:] != [4_000]:
        bench.run_for(100 * MS)
    bench.run_for(260 * MS)
    bench.command(Raise(1, Level(CURRENT, 5_000)))
    until_on_its_way(bench, len(bench.told(Kind.PULSE_ACKED)))
    assert bench.engine.plateau(1) == 5_000
    bench.command(Answer(TOO_MUCH))
    assert bench.engine.plateau(1) == 3_500
    bench.run_for(3 * SECOND)
    assert max(at_electrodes(bench)) == 4_000
    assert len(at_electrodes(bench)) > given
    assert at_electrodes(bench)[-1] == 3_500  # a hand goes on, below


@pytest.mark.hazard("H81")
def test_too_much_ends_a_search_also_after_felt_of_the_same_event() -> None:
    bench = begun(procedure(ruled()))
    until_on_its_way(bench, 1)
    assert bench.run_until(lambda: len(at_electrodes(bench)) == 2, bench.now_ns + 60 * SECOND)
    bench.command(Answer(FELT))
    assert len(bench.told(Kind.PULSE_ACKED)) == 1
    bench.command(Answer(TOO_MUCH))
    bench.run_for(5 * SECOND)
    assert at_electrodes(bench) == levels(bench) == [2_000, 4_000]
    assert bench.state is State.STOPPED
    assert bench.told(Kind.EVENT)[-1].data["answer"] == "too-much"


# -- pauses -------------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("after_ns", [-100 * MS, 200 * MS])
def test_a_pause_in_the_last_event_of_a_list_ends_its_stage_when_output_goes_on(
    after_ns: int,
) -> None:
    bench = begun(procedure(LADDER, curve('every = "2 s", levels = ["50 %", "100 %"]', "1 min")))
    climb(bench, 2_000)
    bench.run_for(2 * SECOND)
    bench.command(NextStage())
    until_on_its_way(bench, len(bench.told(Kind.PULSE_ACKED)) + 1)
    bench.run_for(300 * MS + after_ns)
    bench.command(Pause())
    bench.run_for(SECOND)
    assert bench.state is State.PAUSED
    given = len(at_electrodes(bench))
    bench.command(Resume())
    bench.run_for(5 * SECOND)
    assert bench.state is State.STOPPED
    assert len(at_electrodes(bench)) == given
    found = result(bench)
    assert found["events"] == 2 == found["given"] + found["refused"]


@pytest.mark.hazard("H81")
def test_a_pause_adds_no_event_to_those_that_a_rule_may_have() -> None:
    bench = begun(procedure(ruled(events='every = "1 s", count = 2')))
    until_on_its_way(bench, 1)
    assert bench.run_until(
        lambda: len(bench.told(Kind.PULSE_ACKED)) == 2, bench.now_ns + 5 * SECOND
    )
    bench.command(Pause())
    bench.run_for(SECOND)
    assert bench.state is State.PAUSED
    bench.command(Resume())
    bench.run_for(10 * SECOND)
    assert len(at_electrodes(bench)) == 2
    assert bench.state is State.STOPPED


# -- the end of a stage -------------------------------------------------------------------------


def ladder_of(duration_ms: int) -> Bench:
    """Two milliampere on a ladder of this length, another stage after it."""
    words = 'kind = "tune"\nevents = { every = "4300 ms" }'
    bench = begun(
        procedure(
            stage("ladder", f"{duration_ms} ms", words),
            curve('every = "2 s", levels = ["50 %", "100 %"]', "1 min"),
        )
    )
    climb(bench, 2_000)
    return bench


def until_the_next_stage(bench: Bench) -> int:
    """When the second stage began."""
    changed = len(bench.told(Kind.STAGE))
    assert bench.run_until(
        lambda: len(bench.told(Kind.STAGE)) > changed, bench.now_ns + 60 * SECOND
    )
    return bench.told(Kind.STAGE)[-1].at_ns


def end_after_an_event(by_ms: int) -> int:
    """A length for which an event is planned so long before the end, by the record of a longer
    one."""
    bench = ladder_of(30_000)
    began_ns = until_the_next_stage(bench) - 30 * SECOND
    planned = [row.data["planned_ns"] for row in bench.told(Kind.EVENT)][:4]
    return int((planned[-1] - began_ns) // MS) + by_ms


@pytest.mark.hazard("H81")
def test_no_event_is_begun_that_its_stage_has_no_time_for() -> None:
    bench = ladder_of(end_after_an_event(-100))
    until_the_next_stage(bench)
    assert len(bench.told(Kind.EVENT)) == 3
    assert len(bench.told(Kind.PULSE)) == 3 == len(at_electrodes(bench))


@pytest.mark.hazard("H81")
def test_a_pulse_that_waits_at_the_end_of_a_stage_is_never_sent() -> None:
    bench = ladder_of(end_after_an_event(5))
    bench.run_until(lambda: len(bench.told(Kind.PULSE_ACKED)) == 3, bench.now_ns + 60 * SECOND)
    bench.journal.delay_ns = 310 * MS  # on the disk 10 ms after its time, 5 ms after the stage
    until_on_its_way(bench, 3)
    ended_ns = until_the_next_stage(bench)
    bench.run_for(SECOND)
    assert all(row.data["sent_ns"] < ended_ns for row in bench.told(Kind.PULSE_ACKED))
    assert len(at_electrodes(bench)) == len(levels(bench)) == 3
    assert bench.told(Kind.EVENT)[-1].data["outcome"] == "refused"


@pytest.mark.hazard("H81")
def test_a_pulse_that_was_sent_before_its_stage_ended_is_unconfirmed_and_not_refused() -> None:
    bench = ladder_of(end_after_an_event(1))
    until_the_next_stage(bench)
    bench.run_for(SECOND)
    assert len(at_electrodes(bench)) == 4
    last = bench.told(Kind.EVENT)[-1].data
    assert (last["outcome"], last["code"]) == ("unconfirmed", Code.PULSE_NOT_CONFIRMED)


# -- intervals ----------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_no_event_without_jitter_is_refused_for_a_part_of_a_microsecond() -> None:
    bench = begun(procedure(LADDER))
    for times in range(1, 3):  # raises come between two microseconds of the plan
        bench.run_for(100 * MS + 333)
        climb(bench, 1_000 * times)
        bench.run_for(SECOND + 777)
    bench.run_for(4 * SECOND)
    events = bench.told(Kind.EVENT)
    assert {row.data["outcome"] for row in events} == {"given"}
    assert len(events) > 8


# -- another plan ---------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_what_was_too_much_is_above_every_plan_of_the_session_trains_too() -> None:
    """A17: the person has said it of single events; a train at that current is no less."""
    bench = begun(procedure(LADDER))
    climb(bench, 3_000)
    bench.run_for(2 * SECOND)
    bench.command(Answer(TOO_MUCH))
    bench.run_for(10 * MS)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=5 * SECOND)
    for intent, state in (
        (LoadPlan(plan_of("tens-conventional", 5_000)), State.CHECKED),
        (Arm(), State.ARMED),
        (Start(), State.RUNNING),
    ):
        bench.command(intent)
        assert bench.run_to_state(state, within_ns=10 * SECOND)
    bench.run_for(200 * MS)
    raised(bench, 2_500)
    bench.run_for(SECOND)
    bench.command(Raise(1, Level(CURRENT, 3_000)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 2_500
    assert bench.told(Kind.LIMIT)[-1].data["allowed"] == 2_500
    assert on_electrodes_ua(bench, SECOND) == 2_500


# -- the next stage -------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
def test_a_pulse_that_waits_when_the_next_stage_is_asked_for_is_never_sent() -> None:
    bench = begun(procedure(LADDER, curve('every = "1 s", count = 3', "10 s")))
    climb(bench, 2_000)
    bench.run_for(3 * SECOND)
    given = len(bench.told(Kind.PULSE_ACKED))
    until_on_its_way(bench, given)
    bench.command(NextStage())
    bench.run_for(SECOND)
    assert len(bench.told(Kind.PULSE_ACKED)) == given == len(at_electrodes(bench))
    last = bench.told(Kind.EVENT)[-1].data
    assert (last["outcome"], last["code"]) == ("refused", Code.FADING)


@pytest.mark.hazard("H81")
def test_a_pulse_that_was_sent_when_the_next_stage_is_asked_for_is_on_record_as_given() -> None:
    bench = begun(procedure(LADDER, curve('every = "1 s", count = 3', "10 s")))
    climb(bench, 2_000)
    given = len(at_electrodes(bench))
    end_ns = bench.now_ns + 60 * SECOND
    assert bench.run_until(lambda: len(at_electrodes(bench)) > given, end_ns)
    bench.command(NextStage())
    bench.run_for(SECOND)
    assert len(at_electrodes(bench)) == given + 1
    outcomes = [row.data["outcome"] for row in bench.told(Kind.EVENT)]
    assert outcomes.count("given") == given + 1


# -- quick events ---------------------------------------------------------------------------------


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("every", ["150 ms", "250 ms"])
def test_a_hand_climbs_between_quick_events_and_no_quicker_than_its_steps_allow(every: str) -> None:
    ladder = stage("ladder", "2 min", f'kind = "tune"\nevents = {{ every = "{every}" }}')
    bench = begun(procedure(ladder))
    began_ns = bench.now_ns
    climb(bench, 4_000, within_ns=20 * SECOND)
    raises = [row.at_ns for row in bench.told(Kind.RAISE)]
    assert all(later - sooner >= 250 * MS for sooner, later in pairwise(raises))
    assert bench.now_ns - began_ns < 8 * SECOND


@pytest.mark.hazard("H81")
@pytest.mark.parametrize("every", ["100 ms", "300 ms"])
def test_quick_events_are_all_given_each_in_its_time(every: str) -> None:
    ladder = stage("ladder", "2 min", f'kind = "tune"\nevents = {{ every = "{every}" }}')
    bench = begun(procedure(ladder))
    climb(bench, 2_000)
    bench.run_for(3 * SECOND)
    found = [row.data for row in bench.told(Kind.EVENT)]
    assert len(found) >= 9
    assert {row["outcome"] for row in found} == {"given"}
    # Before the first one the device changes to single pulses, which takes it 40 ms.
    assert all(row["sent_ns"] - row["planned_ns"] <= 20 * MS for row in found[1:])
