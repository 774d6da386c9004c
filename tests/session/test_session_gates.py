"""Output depends on heartbeats: a face, a journal, a hold, somebody watching (K2, N1, M2)."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest

from stimctl.bench import Bench, BenchJournal
from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.engine import Engine
from stimctl.session.events import Kind
from stimctl.session.facts import (
    FaceAlive,
    JournalDurable,
    PersonPresent,
    PresenceRequired,
    StopFaceLost,
    StopFaceTested,
    SuspendGap,
)
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Close,
    Felt,
    Hold,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    alarms,
    checked,
    codes,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    running,
)

ML_UPDATE = 32
KEEP_ALIVE = 36


def commands_sent(bench: Bench) -> list[tuple[int, int]]:
    """A live list of (ns, command) of the host's frames."""
    sent: list[tuple[int, int]] = []

    def tap(now_ns: int, data: bytes) -> bytes:
        for frame in data.split(b"\x0f\xf0"):
            body = frame.lstrip(b"\x0f\xf0")
            if len(body) > 9:
                sent.append((now_ns, body[9]))
        return data

    bench.to_device.hook = tap
    return sent


# -- the face


@pytest.mark.hazard("H02")
def test_a_silent_face_is_stopped_within_half_a_second() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.beating = False
    silent_us = bench.now_ns // 1_000
    bench.run_for(2 * SECOND)
    assert bench.state is State.STOPPED
    assert bench.ledger().current_after(silent_us + 550_000) == 0
    assert codes(bench, Kind.ALARM) == [Code.FACE_SILENT]


@pytest.mark.hazard("H02")
def test_a_face_that_comes_back_too_late_changes_nothing() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.beating = False
    # As if this program had been busy: the next thing it hears is the face, too late.
    bench.now_ns += 700 * MS
    bench.notify(FaceAlive())
    bench.run_for(200 * MS)
    assert bench.state is State.STOPPED


def test_the_keep_alive_is_sent_every_half_second_while_all_is_well() -> None:
    bench = raised(running(plan_of()), 2_000)
    sent = commands_sent(bench)
    bench.run_for(10 * SECOND)
    times = [at_ns for at_ns, command in sent if command == KEEP_ALIVE]
    assert len(times) == 20
    assert max(b - a for a, b in itertools.pairwise(times)) <= 500 * MS


@pytest.mark.hazard("H02")
@pytest.mark.parametrize("gate", ["face", "journal", "hold"])
def test_a_closed_gate_withholds_the_keep_alive(gate: str) -> None:
    config = EngineConfig(watchdog_test=False, attended_by_prompt=False, requires_hold=True)
    bench = checked(plan_of(), config)
    bench.command(Arm())
    bench.command(Hold(60_000_000))
    bench.command(Start())
    bench.run_for(300 * MS)
    raised(bench, 2_000)
    sent = commands_sent(bench)
    match gate:
        case "face":
            bench.beating = False
        case "journal":
            bench.journal.delay_ns = None
        case "hold":
            bench.command(Hold(0))
    bench.run_for(2_100 * MS)
    closed_ns = bench.now_ns
    bench.run_for(5 * SECOND)
    assert not [one for one in sent if one[1] == KEEP_ALIVE and one[0] >= closed_ns]
    assert not bench.twin.stimulating


@pytest.mark.hazard("H02")
def test_the_keep_alive_is_withheld_even_if_nothing_else_stopped_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = raised(running(plan_of()), 2_000)
    monkeypatch.setattr(Engine, "_watched", lambda _self: False)  # the active stop has failed
    sent = commands_sent(bench)
    bench.beating = False
    bench.run_for(600 * MS)
    silent_ns = bench.now_ns
    bench.run_for(5 * SECOND)
    assert not [one for one in sent if one[1] == KEEP_ALIVE and one[0] >= silent_ns]
    assert not bench.twin.stimulating


def test_an_armed_session_without_a_face_is_disarmed() -> None:
    bench = checked(plan_of())
    bench.command(Arm())
    bench.beating = False
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED


# -- the journal


def test_nothing_that_starts_output_leaves_before_its_row_is_durable() -> None:
    bench = checked(plan_of())
    bench.command(Arm())
    bench.journal.delay_ns = None
    sent = commands_sent(bench)
    bench.command(Start())
    bench.run_for(200 * MS)
    assert bench.state is State.ARMED
    assert sent == []


@pytest.mark.hazard("H36")
def test_a_raise_leaves_only_after_its_row_is_durable() -> None:
    bench = running(plan_of())
    bench.journal.delay_ns = 120 * MS
    bench.run_for(500 * MS)
    sent = commands_sent(bench)
    bench.command(Raise(1, Level(CURRENT, 500)))
    row = bench.told(Kind.RAISE)[-1]
    assert row.durable
    for _ in range(17):  # however often the engine is woken meanwhile
        bench.run_for(7 * MS)
        bench.command(Attend())
    assert ML_UPDATE not in [command for _, command in sent]
    bench.run_for(3 * MS)
    assert ML_UPDATE in [command for _, command in sent]
    assert bench.engine.plateau(1) == 500


@pytest.mark.hazard("H09")
def test_a_raise_that_waits_longer_than_250_ms_for_the_journal_is_dropped() -> None:
    bench = running(plan_of())
    bench.journal.delay_ns = 300 * MS
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(1_500 * MS)
    assert bench.engine.plateau(1) == 0
    assert any("journal took longer" in reason for reason in reasons(bench))
    assert on_electrodes_ua(bench) == 0


def test_a_start_that_waits_longer_than_250_ms_is_dropped() -> None:
    bench = checked(plan_of(), journal=BenchJournal())
    bench.command(Arm())
    bench.journal.delay_ns = 300 * MS
    bench.command(Start())
    bench.run_for(SECOND)
    assert bench.state is State.ARMED


def test_durability_that_was_never_given_out_is_not_believed() -> None:
    bench = checked(plan_of())
    bench.command(Arm())
    bench.journal.delay_ns = None
    bench.command(Start())
    bench.notify(JournalDurable(1_000_000))
    assert bench.state is State.ARMED


@pytest.mark.hazard("H36")
def test_a_journal_more_than_two_seconds_behind_stops_the_session() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.journal.delay_ns = None
    stuck_us = bench.now_ns // 1_000
    bench.run_for(4 * SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger().current_after(stuck_us + 2_050_000) == 0


def test_a_durable_row_is_written_each_second_of_output() -> None:
    bench = raised(running(plan_of()), 2_000)
    before = len(bench.told(Kind.TELEMETRY))
    bench.run_for(30 * SECOND)
    rows = bench.told(Kind.TELEMETRY)[before:]
    assert len(rows) == 30
    assert all(row.durable for row in rows)


@pytest.mark.hazard("H36")
def test_a_failed_journal_stops_alarms_and_ends_the_session_for_good() -> None:
    bench = raised(running(plan_of()), 2_000)
    failed_us = bench.now_ns // 1_000
    bench.fail_journal()
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger().current_after(failed_us + 2_000) == 0
    assert any("journal" in what for what in alarms(bench))
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"
    bench.command(Acknowledge("looked at"))
    with pytest.raises(StateError, match=r"the journal cannot be written.*begin a new session"):
        bench.command(Arm())


def test_a_session_whose_journal_fails_before_it_connects_can_be_closed() -> None:
    bench = Bench(BY_HAND, family="p24")
    bench.fail_journal()
    assert bench.state is State.FAULT
    bench.command(Close())
    assert bench.state is State.CLOSED


def test_a_motor_contraction_has_its_durable_row_before_its_ramp() -> None:
    bench = running(plan_of("nmes-tka", 5_000, duration_s=240), BY_SCRIPT)
    bench.run_to_state(State.STOPPED, within_ns=300 * SECOND)
    rows = bench.told(Kind.CONTRACTION)
    # The start row stands for the first.
    assert [row.data["number"] for row in rows] == [2, 3, 4]
    assert all(row.durable for row in rows)
    began_ns = bench.told(Kind.START)[0].at_ns
    starts = [run.start_us * 1_000 - began_ns for run in bench.ledger()[1].runs]
    for row, period in zip(rows, (60, 120, 180), strict=True):
        first = min(at_ns for at_ns in starts if at_ns > (period - 10) * SECOND)
        assert row.at_ns - began_ns < first


def test_a_contraction_whose_row_is_not_on_the_disk_is_left_out() -> None:
    bench = running(plan_of("nmes-tka", 5_000, duration_s=240), BY_SCRIPT)
    bench.run_for(58 * SECOND)
    bench.journal.delay_ns = 900 * MS
    bench.run_for(20 * SECOND)
    assert any("left out" in reason for reason in reasons(bench))
    from_us = bench.now_ns // 1_000 - 18_000_000
    assert bench.ledger().peak_between_ua(from_us, bench.now_ns // 1_000) == 0
    bench.journal.delay_ns = 0
    bench.run_for(60 * SECOND)
    assert bench.ledger().peak_between_ua(bench.now_ns // 1_000 - 59_000_000, 10**12) > 0


def in_a_contraction_left_out(config: EngineConfig, plateau_ua: int) -> Bench:
    bench = running(plan_of("nmes-tka", plateau_ua, duration_s=240), config)
    bench.run_for(4 * SECOND)
    while config is BY_HAND and bench.engine.plateau(1) < 2_000:
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 500)))
        bench.run_for(600 * MS)
    bench.run_for(58 * SECOND - bench.now_ns)
    bench.journal.delay_ns = 900 * MS
    bench.run_for(5 * SECOND)
    bench.journal.delay_ns = 0
    assert any("left out" in reason for reason in reasons(bench))
    return bench


@pytest.mark.hazard("H12")
def test_nobody_raises_in_a_contraction_that_is_left_out() -> None:
    bench = in_a_contraction_left_out(BY_HAND, 9_000)
    bench.command(Lower(1, Level(CURRENT, 1_500)))
    for _ in range(4):
        bench.command(Raise(1, Level(CURRENT, 2_000)))
        bench.run_for(700 * MS)
    assert bench.engine.plateau(1) == 1_500
    assert "this contraction is left out, so a raise could not be felt" in reasons(bench)


@pytest.mark.hazard("H12")
def test_the_script_does_not_raise_in_a_contraction_that_is_left_out() -> None:
    bench = in_a_contraction_left_out(BY_SCRIPT, 30_000)
    before_ua = bench.engine.plateau(1)
    assert before_ua < 30_000
    bench.run_for(5 * SECOND)
    assert bench.engine.plateau(1) == before_ua
    bench.run_for(60 * SECOND)
    assert bench.engine.plateau(1) > before_ua


# -- the hold


def holding() -> Bench:
    config = EngineConfig(watchdog_test=False, attended_by_prompt=False, requires_hold=True)
    bench = checked(plan_of(), config)
    bench.command(Arm())
    return bench


@pytest.mark.hazard("H39")
def test_without_a_hold_output_does_not_start() -> None:
    bench = holding()
    with pytest.raises(StateError):
        bench.command(Start())


@pytest.mark.hazard("H39")
def test_an_expired_hold_stops_the_session() -> None:
    bench = holding()
    bench.command(Hold(3_000_000))
    bench.command(Start())
    bench.run_for(300 * MS)
    raised(bench, 1_000)
    bench.run_for(2 * SECOND)
    bench.run_for(600 * MS)
    assert bench.state is State.STOPPED
    assert on_electrodes_ua(bench) == 0


def test_a_renewed_hold_keeps_output_on() -> None:
    bench = holding()
    bench.command(Hold(2_000_000))
    bench.command(Start())
    bench.run_for(300 * MS)
    raised(bench, 1_000)
    for _ in range(10):
        bench.command(Hold(2_000_000))
        bench.run_for(1_500 * MS)
    assert bench.state is State.RUNNING


@pytest.mark.hazard("H39")
@pytest.mark.parametrize("duration_us", [-1, 60_000_001])
def test_a_hold_outside_its_range_is_refused(duration_us: int) -> None:
    with pytest.raises(StateError):
        holding().command(Hold(duration_us))


# -- somebody watching

ASKING = EngineConfig(watchdog_test=False)


@pytest.mark.hazard("H35")
def test_somebody_is_asked_every_five_minutes_and_may_answer() -> None:
    bench = raised(running(plan_of(), ASKING), 1_000)
    bench.run_for(310 * SECOND)
    assert bench.told(Kind.ATTENDANCE)[-1].data["prompt"] is True
    bench.command(Attend())
    bench.run_for(200 * SECOND)
    assert bench.state is State.RUNNING
    assert on_electrodes_ua(bench) == 1_000
    assert bench.told(Kind.ATTENDANCE)[-1].data["answered"] is True


@pytest.mark.hazard("H35")
def test_without_an_answer_output_ramps_to_zero_and_stops() -> None:
    bench = raised(running(plan_of(), ASKING), 5_000)
    bench.run_until(lambda: bool(bench.told(Kind.ATTENDANCE)), 10**12)
    prompted_us = bench.now_ns // 1_000
    bench.run_for(40 * SECOND)
    assert bench.state is State.STOPPED
    ledger = bench.ledger()
    assert ledger.peak_between_ua(prompted_us, prompted_us + 30_000_000) == 5_000
    assert 0 < ledger.peak_between_ua(prompted_us + 31_500_000, prompted_us + 32_900_000) < 5_000
    assert ledger.current_after(prompted_us + 33_100_000) == 0


def test_a_fade_is_not_taken_back() -> None:
    bench = raised(running(plan_of(), ASKING), 5_000)
    bench.run_until(lambda: bool(bench.told(Kind.ATTENDANCE)), 10**12)
    bench.run_for(31 * SECOND)
    bench.command(Attend())
    bench.command(Raise(1, Level(CURRENT, 5_000)))
    bench.run_for(5 * SECOND)
    assert bench.state is State.STOPPED


def prompted() -> Bench:
    """Output is on, only a person counts, and the attendance prompt is open."""
    bench = raised(running(plan_of(), ASKING), 5_000)
    bench.notify(PresenceRequired())
    bench.run_until(lambda: bool(bench.told(Kind.ATTENDANCE)), 10**12)
    return bench


@pytest.mark.hazard("H69")
@pytest.mark.parametrize(
    "intent",
    [Attend(), Felt(1), Lower(1, Level(CURRENT, 4_500)), Raise(1, Level(CURRENT, 4_500))],
    ids=["attend", "felt", "lower", "raise"],
)
def test_where_a_person_is_required_no_command_answers_the_prompt(intent: Any) -> None:
    bench = prompted()
    for _ in range(40):
        with contextlib.suppress(StateError):
            bench.command(intent)
        bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    assert on_electrodes_ua(bench) == 0
    assert not [row for row in bench.told(Kind.ATTENDANCE) if row.data.get("answered")]


@pytest.mark.hazard("H69")
@pytest.mark.parametrize("begun_s", [0, 290])
def test_a_loop_of_pauses_is_no_person(begun_s: int) -> None:
    bench = raised(running(plan_of(), ASKING), 5_000)
    bench.notify(PresenceRequired())
    bench.run_for(begun_s * SECOND)
    for _ in range(400):
        with contextlib.suppress(StateError):
            bench.command(Pause())
        bench.run_for(SECOND)
        with contextlib.suppress(StateError):
            bench.command(Resume())
        bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    assert not [row for row in bench.told(Kind.ATTENDANCE) if row.data.get("answered")]


@pytest.mark.hazard("H69")
def test_where_a_person_is_required_it_is_asked_whatever_was_chosen() -> None:
    bench = raised(running(plan_of(), BY_HAND), 5_000)
    bench.notify(PresenceRequired())
    bench.run_for(340 * SECOND)
    assert bench.state is State.STOPPED


@pytest.mark.hazard("H69")
def test_a_person_at_the_machine_answers_and_the_record_says_how() -> None:
    bench = prompted()
    bench.notify(PersonPresent("pedal 05f3:00ff"))
    bench.run_for(200 * SECOND)
    assert bench.state is State.RUNNING
    answer = bench.told(Kind.ATTENDANCE)[-1].data
    assert answer == {"answered": True, "by": "pedal 05f3:00ff"}
    bench.command(Stop())


# -- a stop face beside the face


@pytest.mark.hazard("H72")
def test_a_stop_face_that_goes_ends_the_output_of_a_session_that_tested_it() -> None:
    bench = checked(plan_of(), BY_HAND)
    bench.notify(StopFaceTested("pedal"))
    bench.command(Arm())
    bench.run_for(SECOND)
    bench.command(Start())
    bench.run_for(SECOND)
    raised(bench, 2_000)
    bench.notify(StopFaceLost("another"))
    assert bench.state is State.RUNNING
    bench.notify(StopFaceLost("pedal"))
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert on_electrodes_ua(bench) == 0
    told = [row.data for row in bench.told(Kind.STOP_FACE)]
    assert told == [{"name": "pedal", "state": "tested"}, {"name": "pedal", "state": "lost"}]


@pytest.mark.hazard("H72")
def test_a_stop_face_that_is_lost_at_zero_is_no_longer_tested() -> None:
    bench = checked(plan_of(), BY_HAND)
    bench.notify(StopFaceTested("pedal"))
    assert bench.engine.stop_faces == {"pedal"}
    bench.notify(StopFaceLost("pedal"))
    assert bench.engine.stop_faces == frozenset()
    assert bench.state is State.CHECKED


# -- the host


@pytest.mark.hazard("H04")
def test_a_host_that_slept_is_a_lost_link() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.notify(SuspendGap(1_500_000))
    assert bench.state is State.UNKNOWN
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert on_electrodes_ua(bench) == 0


def test_a_short_gap_is_none() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.notify(SuspendGap(900_000))
    assert bench.state is State.RUNNING


@pytest.mark.hazard("H02", "H04")
def test_a_program_that_stood_still_for_a_second_does_not_go_on() -> None:
    bench = raised(running(plan_of(), BY_HAND), 2_000)
    bench.now_ns += 1_200 * MS
    bench.notify(FaceAlive())
    bench.engine.advance(bench.now_ns)
    assert bench.state is not State.RUNNING or bench.engine.stopping
    bench.run_for(SECOND)
    assert on_electrodes_ua(bench) == 0
    assert "this program stood still for more than 1 s" in bench.told(Kind.LINK)[0].data["reason"]


def test_a_pause_answers_the_prompt() -> None:
    bench = raised(running(plan_of(), ASKING), 1_000)
    bench.run_for(310 * SECOND)
    bench.command(Pause())
    assert bench.told(Kind.ATTENDANCE)[-1].data.get("answered") is True
    bench.command(Stop())
