"""The rules on a RehaStim2's line: the least too much fails, the most does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.rehastim2_commands import STIMULATION_ERROR, Command
from firmware_sim.invariant import (
    BARE,
    STRICT,
    InvariantBrokenError,
    Judge,
    Rule,
    check_record,
    fitted,
)
from stimctl.bench import Bench
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.session.config import SECOND as SECOND_NS
from stimctl.session.intents import Arm, Connect, LoadPlan, Pause, Resume, Start
from stimctl.session.states import State
from stimctl.testing.watched import rules_for, watch_bench
from tests.support.reha_world import (
    AFTER_US,
    ELECTRODE,
    INIT_ACK,
    MS,
    READY_US,
    STEP_UA,
    STOP,
    T1_US,
    WATCHDOG,
    WRONG_MODE,
    RehaWorld,
    frame,
    setup,
    single,
    start,
    want,
)
from tests.support.rehastim2_plans import SCRIPT, plan_of
from tests.support.shadow_world import SECOND, louder


def bare(init: bytes | None = None) -> RehaWorld:
    return RehaWorld(BARE, licensed=False, init=init)


def test_a_bench_reads_the_line_of_every_family_that_the_model_knows() -> None:
    rules = rules_for(STRICT, REHASTIM2_SHEET)
    assert (rules.line, rules.family) == (True, "rehastim2")
    assert (rules.step, rules.dead_man_us) == (2_000, 1_200_000)
    assert rules == fitted(STRICT, "rehastim2")  # the sheet and the specification agree
    assert rules_for(STRICT, P24_SHEET) == fitted(STRICT, "p24")
    assert not fitted(STRICT, "another").line


# -- limits and permission


@pytest.mark.parametrize(("peak_ua", "broken"), [(130_000, None), (130_001, Rule.DEVICE)])
def test_the_device_limit_holds(peak_ua: int, broken: Rule | None) -> None:
    world = bare().both(READY_US, start(want(130_000)))
    assert world.pulse(READY_US, peak_ua).rule == broken


@pytest.mark.parametrize("by", ["list", "pulse"])
@pytest.mark.parametrize(("level_ua", "broken"), [(4_000, None), (5_000, Rule.CEILING)])
def test_a_ceiling_holds_for_the_bytes_that_leave_the_host(
    level_ua: int, broken: Rule | None, by: str
) -> None:
    world = bare()
    world.tell.limit(1, 4_000)
    world.tell.sent(READY_US, start(want(level_ua)) if by == "list" else single(1, level_ua))
    assert world.rule == broken


def test_a_channel_outside_the_plan_may_get_nothing_in_its_list() -> None:
    world = bare(setup(mask=0b101))
    world.tell.limit(1, 10_000)
    world.tell.limit_others()
    world.both(READY_US, start(want(2_000), want(0)))
    assert world.rule is None
    world.tell.sent(READY_US, start(want(2_000), want(2_000)))
    assert world.rule == Rule.CEILING
    assert world.violation is not None
    assert world.violation.channel == 3


@pytest.mark.parametrize("data", [start(want(2_000)), single(1, 2_000)], ids=["list", "pulse"])
def test_nothing_may_be_ordered_without_arming_and_start(data: bytes) -> None:
    unarmed = RehaWorld(licensed=False)
    unarmed.tell.sent(READY_US, start(want(0)))
    assert unarmed.rule is None
    unarmed.tell.sent(READY_US, data)
    assert unarmed.rule == Rule.START
    unasked = RehaWorld(licensed=False)
    unasked.tell.to_device(READY_US, data)
    assert unasked.pulse(READY_US, 2_000).rule == Rule.START
    assert RehaWorld().both(READY_US, data).pulse(READY_US, 2_000).rule is None


@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.START)])
def test_output_is_gone_when_a_lost_stop_has_had_its_time(
    late_us: int, broken: Rule | None
) -> None:
    world = RehaWorld().starts(READY_US, STEP_UA)
    world.tell.ended(SECOND, "the operator stopped")
    last_us = SECOND + 250 * MS + AFTER_US
    world.tell.to_device(last_us - SECOND, WATCHDOG)
    assert world.pulse(last_us + late_us, STEP_UA).rule == broken


# -- the watchdog


@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.DEAD_MAN)])
@pytest.mark.parametrize(
    "keeps",
    [WATCHDOG, INIT_ACK, frame(Command.GET_STIMULATION_MODE), frame(99), start(want(2_000))],
    ids=["watchdog", "init-ack", "question", "unknown", "list"],
)
def test_every_intact_frame_keeps_output_alive_for_1200_ms(
    keeps: bytes, late_us: int, broken: Rule | None
) -> None:
    world = bare().starts(READY_US, STEP_UA)
    world.tell.to_device(SECOND, keeps)
    assert world.pulse(SECOND + AFTER_US + late_us, STEP_UA).rule == broken


def test_a_damaged_frame_keeps_nothing_alive() -> None:
    world = bare().starts(READY_US, STEP_UA)
    world.tell.to_device(SECOND, WATCHDOG[:2] + bytes((WATCHDOG[2] ^ 1,)) + WATCHDOG[3:])
    assert world.pulse(READY_US + AFTER_US, STEP_UA).rule is None
    assert world.pulse(READY_US + AFTER_US + 1, STEP_UA).rule == Rule.DEAD_MAN


@pytest.mark.parametrize(
    ("first", "broken"),
    [(INIT_ACK, None), (b"", Rule.DEAD_MAN), (frame(Command.INIT_ACK, b"\xfb"), Rule.DEAD_MAN)],
    ids=["accepts", "nothing", "refuses"],
)
def test_without_an_init_ack_nothing_is_obeyed(first: bytes, broken: Rule | None) -> None:
    world = bare().logged(SECOND, "connection lost")
    for data in (first, setup(), start(want(STEP_UA))):
        world.tell.to_device(2 * SECOND, data)
    assert world.pulse(2 * SECOND, STEP_UA).rule == broken


# -- rises and returns


@pytest.mark.parametrize(
    ("after_us", "level_ua", "broken"),
    [(500 * MS, 4_000, None), (499 * MS, 4_000, Rule.RISE), (500 * MS, 6_000, Rule.RISE)],
)
def test_a_plateau_rises_by_one_step_of_the_device_in_500_ms(
    after_us: int, level_ua: int, broken: Rule | None
) -> None:
    world = RehaWorld().starts(READY_US, STEP_UA)
    assert world.starts(READY_US + after_us, level_ua).rule == broken


def test_a_declared_plateau_bounds_what_is_ordered() -> None:
    world = RehaWorld()
    world.tell.plateau(READY_US, 1, 2_000)
    assert world.starts(READY_US, 2_000).rule is None
    assert world.starts(SECOND, 4_000).rule == Rule.RISE


@pytest.mark.parametrize(("width_us", "broken"), [(200, None), (201, Rule.RISE)])
def test_pulses_get_no_wider_than_they_were(width_us: int, broken: Rule | None) -> None:
    world = RehaWorld().starts(READY_US, STEP_UA)
    assert world.starts(SECOND, STEP_UA, width_us).rule == broken


@pytest.mark.parametrize(
    ("t1_us", "pulses", "broken"),
    [(T1_US, 1, None), (T1_US - 500, 1, Rule.RISE), (T1_US, 2, Rule.RISE), (2 * T1_US, 2, None)],
)
def test_a_list_gives_pulses_no_faster_than_the_pattern(
    t1_us: int, pulses: int, broken: Rule | None
) -> None:
    world = RehaWorld(init=setup(t1_us=t1_us))
    world.pattern(fastest_us=T1_US)
    assert world.both(READY_US, start(want(STEP_UA, pulses=pulses))).rule == broken


@pytest.mark.parametrize(("level_ua", "broken"), [(STEP_UA, None), (6_000, Rule.RETURN)])
def test_after_a_stop_everything_is_raised_afresh(level_ua: int, broken: Rule | None) -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000) + SECOND
    world.both(at_us, STOP).both(at_us, setup())
    assert world.starts(at_us, level_ua).rule == broken


@pytest.mark.parametrize(
    ("event", "more"),
    [
        ("connection lost", {}),
        ("power off", {}),
        ("stimulation error", {"error": -1}),
    ],
)
def test_the_host_must_know_in_time_what_the_device_ended(event: str, more: dict[str, int]) -> None:
    for after_us, broken in ((1_499 * MS, None), (1_500 * MS, Rule.RETURN)):
        world = RehaWorld()
        at_us = world.raised_to(6_000)
        world.logged(at_us, event, **more)
        world.tell.sent(at_us + after_us, start(want(6_000)))
        assert world.rule == broken


@pytest.mark.parametrize(("after_us", "broken"), [(249 * MS, None), (250 * MS, Rule.RETURN)])
def test_an_error_that_the_device_tells_is_known_soon(after_us: int, broken: Rule | None) -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000)
    world.logged(at_us, "skin test failed", channel=1).tell_error(at_us)
    world.tell.sent(at_us + after_us, start(want(6_000)))
    assert world.rule == broken


@pytest.mark.parametrize("after_us", [250 * MS, 1_500 * MS, 60 * SECOND])
def test_of_an_error_told_once_that_the_line_has_lost_the_host_knows_nothing(after_us: int) -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000)
    world.tell.heard(at_us, b"")
    world.logged(at_us, "skin test failed", channel=1).tell_error(at_us)
    world.tell.sent(at_us + after_us, start(want(6_000)))
    assert world.rule is None


def test_of_an_end_that_asking_tells_the_host_knows_though_the_line_has_lost_the_telling() -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000)
    world.tell.heard(at_us, b"")
    world.logged(at_us, "stimulation error", error=-1).tell_error(at_us)
    world.tell.sent(at_us + 1_500 * MS, start(want(6_000)))
    assert world.rule == Rule.RETURN


@pytest.mark.parametrize(("after_us", "broken"), [(249 * MS, None), (250 * MS, Rule.RETURN)])
def test_an_error_that_has_reached_the_host_is_known_soon(
    after_us: int, broken: Rule | None
) -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000)
    world.logged(at_us, "skin test failed", channel=1).tell_error(at_us)
    world.tell.heard(at_us, frame(STIMULATION_ERROR, ELECTRODE))
    world.tell.sent(at_us + after_us, start(want(6_000)))
    assert world.rule == broken


# -- what was asked for


@pytest.mark.parametrize(("peak_ua", "broken"), [(10_000, None), (10_001, Rule.ASKED)])
@pytest.mark.parametrize("by", ["list", "one-shot", "pulse"])
def test_nothing_is_stronger_than_ordered(by: str, peak_ua: int, broken: Rule | None) -> None:
    world = bare(setup(t1_us=0) if by == "one-shot" else None)
    world.both(READY_US, single(1, 10_000) if by == "pulse" else start(want(10_000)))
    assert world.pulse(READY_US, peak_ua).rule == broken


def test_a_channel_that_is_not_in_the_list_gets_nothing() -> None:
    world = bare().starts(READY_US, 10_000)
    assert world.pulse(READY_US + 20 * MS, 2_000, channel=2).rule == Rule.ASKED


def test_a_list_under_way_is_completed_and_no_more() -> None:
    world = bare().starts(READY_US, 10_000).starts(SECOND, 4_000)
    confirmed_us = SECOND + 10 * MS
    assert world.pulse(confirmed_us + T1_US, 10_000).rule is None
    assert world.pulse(confirmed_us + T1_US + 1, 10_000).rule == Rule.ASKED


def test_a_stop_counts_from_when_the_device_has_confirmed_it() -> None:
    world = bare().starts(READY_US, 10_000).both(SECOND, STOP)
    assert world.pulse(SECOND + 5 * MS, 10_000).rule is None  # it takes its time
    world.answer(SECOND + 10 * MS, Command.STOP_CHANNEL_LIST, 200)
    assert world.pulse(SECOND + 10 * MS + 1, 10_000).rule == Rule.ASKED


def test_an_init_that_the_device_obeys_while_trains_run_has_ended_them() -> None:
    """It obeys one in the start mode only, so that whatever goes on after it is a failure."""
    world = bare().starts(READY_US, 10_000).both(SECOND, setup(number=60))
    assert world.pulse(SECOND + 5 * MS, 10_000).rule is None  # it takes its time
    world.answer(SECOND + 10 * MS, Command.INIT_CHANNEL_LIST, 60)
    assert world.pulse(SECOND + 10 * MS, 10_000).rule is None
    assert world.pulse(SECOND + 10 * MS + 1, 10_000).rule == Rule.ASKED


def test_an_init_that_the_device_refuses_while_trains_run_ends_nothing() -> None:
    world = bare().starts(READY_US, 10_000).both(SECOND, setup(number=60))
    world.answer(SECOND + 10 * MS, Command.INIT_CHANNEL_LIST, 60, WRONG_MODE)
    assert world.pulse(SECOND + 500 * MS, 10_000).rule is None


@pytest.mark.parametrize(("level_ua", "broken"), [(STEP_UA, None), (6_000, Rule.RISE)])
def test_a_list_that_the_host_initialises_anew_begins_at_zero(
    level_ua: int, broken: Rule | None
) -> None:
    world = RehaWorld()
    at_us = world.raised_to(6_000) + SECOND
    assert world.both(at_us, setup()).starts(at_us + 20 * MS, level_ua).rule == broken


def test_a_lower_list_that_was_refused_changes_nothing() -> None:
    world = bare().starts(READY_US, 10_000)
    world.both(SECOND, start(want(2_000), number=9))
    world.answer(SECOND + 10 * MS, Command.START_CHANNEL_LIST, 9, WRONG_MODE)
    assert world.pulse(SECOND + 500 * MS, 10_000).rule is None


@pytest.mark.parametrize("event", ["connection lost", "power off", "stimulation error"])
def test_what_the_device_ended_is_not_asked_for_any_more(event: str) -> None:
    world = bare().starts(READY_US, 10_000)
    world.logged(SECOND, event, error=-1)
    assert world.pulse(SECOND, 10_000).rule is None
    assert world.pulse(SECOND + 1, 10_000).rule == Rule.ASKED


def test_of_two_lists_that_may_be_set_up_a_start_means_either_until_one_is_confirmed() -> None:
    world = bare(setup(mask=0b011))
    world.both(SECOND, setup(mask=0b110, number=50))
    world.both(SECOND, start(want(4_000), want(10_000), number=51))
    for channel, level_ua in ((1, 4_000), (2, 10_000), (3, 10_000)):
        assert world.pulse(SECOND, level_ua, channel=channel).rule is None
    world.answer(SECOND + MS, Command.INIT_CHANNEL_LIST, 50)
    world.answer(SECOND + MS, Command.START_CHANNEL_LIST, 51)
    world.both(2 * SECOND, start(want(4_000), want(10_000), number=52))
    world.answer(2 * SECOND, Command.START_CHANNEL_LIST, 52)
    assert world.pulse(3 * SECOND, 4_000, channel=2).rule is None
    assert world.pulse(3 * SECOND, 4_001, channel=2).rule == Rule.ASKED


# -- a whole session


def session(twin: RehaStim2Twin, for_s: int = 20) -> tuple[Bench, Judge]:
    bench = Bench(SCRIPT, twin=twin, driver=RehaStim2Driver())
    invariant = watch_bench(bench)
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=5 * SECOND_NS)
    bench.command(LoadPlan(plan_of("tens-conventional", 1, 2)))
    bench.command(Arm())
    bench.run_to_state(State.ARMED, within_ns=5 * SECOND_NS)
    bench.command(Start())
    bench.run_for(for_s * SECOND_NS)
    return bench, invariant


@pytest.fixture(scope="module")
def trace() -> list[dict[str, Any]]:
    """The record of a session with a pause, with its bytes."""
    bench, invariant = session(RehaStim2Twin(wiretap=True), 10)
    bench.command(Pause())
    bench.run_for(2 * SECOND_NS)
    bench.command(Resume())
    bench.run_for(10 * SECOND_NS)
    bench.twin.power_off(bench.now_ns)
    invariant.check()
    assert invariant.spans_judged > 50
    rows: list[dict[str, Any]] = bench.twin.records()
    assert check_record(rows, fitted(BARE, "rehastim2")).spans_judged > 50
    return rows


@settings(max_examples=20, deadline=None)
@given(where=st.integers(0, 10**6), more_ua=st.integers(1, 5_000))
def test_any_train_that_is_stronger_than_ordered_is_found(
    trace: list[dict[str, Any]], where: int, more_ua: int
) -> None:
    rows, _ = louder(trace, where, more_ua)
    with pytest.raises(InvariantBrokenError) as caught:
        check_record(rows, fitted(BARE, "rehastim2"))
    assert caught.value.violation.rule is Rule.ASKED


def test_trains_that_go_on_after_the_watchdog_are_found(trace: list[dict[str, Any]]) -> None:
    """The host falls silent in the middle, and the device does not notice."""
    opened = [row for row in trace if row["kind"] == "train_open" and row["points"][0][1]]
    silent = [row for row in trace[: trace.index(opened[-1]) + 1] if row["kind"] != "tx"]
    heard_us = max(row["at_us"] for row in silent if row["kind"] == "rx")
    with pytest.raises(InvariantBrokenError) as caught:
        check_record(silent, fitted(BARE, "rehastim2"), until_us=heard_us + 10 * SECOND)
    assert caught.value.violation.rule is Rule.DEAD_MAN
    assert 0 < caught.value.violation.at_us - heard_us - AFTER_US <= opened[-1]["period_us"]


@pytest.mark.no_invariant("something on the line orders what the engine did not")
@pytest.mark.parametrize(
    ("level_ua", "width_us", "rule"),
    [(12_000, 100, None), (14_000, 100, Rule.CEILING), (12_000, 101, Rule.RISE)],
)
def test_a_host_that_orders_more_than_was_cleared_is_found_by_its_bytes(
    level_ua: int, width_us: int, rule: Rule | None
) -> None:
    bench, invariant = session(RehaStim2Twin(), 15)
    bench.to_device.send(bench.now_ns, start(want(2_000, 100), want(level_ua, width_us)))
    if rule is None:
        bench.run_for(SECOND_NS)
        invariant.check()
        return
    with pytest.raises(InvariantBrokenError) as caught:
        bench.run_for(SECOND_NS)
    assert caught.value.violation.rule is rule
