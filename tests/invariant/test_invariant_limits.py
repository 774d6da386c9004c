"""Ceilings, permission for output, the dead-man: the least too much fails, the most does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim.invariant import Invariant, InvariantBrokenError, Rule, check_record, fitted
from tests.support.shadow_world import (
    BARE,
    KEEP_ALIVE,
    LL_INIT,
    ML_STOP,
    MS,
    PERIOD_US,
    READY_US,
    SECOND,
    STRICT,
    World,
    bare,
    pulse,
    row,
    update,
)

AFTER_US = 2_050 * MS


@pytest.mark.parametrize(("peak_ua", "broken"), [(130_000, None), (130_001, Rule.DEVICE)])
def test_the_device_limit_holds_whoever_talks_to_it(peak_ua: int, broken: Rule | None) -> None:
    world = bare()
    world.tell.to_device(READY_US, update({1: 130_000}))
    assert world.pulse(READY_US, peak_ua).rule == (broken and broken.value)


@pytest.mark.parametrize(("channel", "broken"), [(1, None), (8, None), (0, True), (9, True)])
def test_there_are_eight_channels(channel: int, broken: bool | None) -> None:
    world = World(replace(BARE, line=False), licensed=False)
    world.tell.row(row("train_open", 0, 500, channel=channel, period_us=1, id=1))
    assert (world.rule == Rule.DEVICE.value) is bool(broken)


@pytest.mark.parametrize(("peak_ua", "broken"), [(5_000, None), (5_001, Rule.CEILING)])
def test_a_ceiling_holds_at_the_electrodes(peak_ua: int, broken: Rule | None) -> None:
    world = bare()
    world.tell.limit(1, 5_000)
    world.tell.to_device(READY_US, update({1: 5_000}))
    assert world.pulse(READY_US, peak_ua).rule == (broken and broken.value)


@pytest.mark.parametrize(("level_ua", "broken"), [(500, None), (1_000, Rule.CEILING)])
def test_a_ceiling_holds_for_the_bytes_that_leave_the_host(
    level_ua: int, broken: Rule | None
) -> None:
    world = bare()
    world.tell.limit(1, 500)
    world.tell.sent(READY_US, update({1: level_ua}))
    assert world.rule == (broken and broken.value)


def test_a_channel_outside_the_plan_may_have_no_output() -> None:
    world = bare()
    world.tell.limit(1, 5_000)
    world.tell.limit_others()
    world.tell.sent(READY_US, update({2: 500}))
    assert world.rule == Rule.CEILING.value
    assert world.violation is not None
    assert world.violation.channel == 2


def test_nothing_may_be_ordered_or_put_out_without_arming_and_start() -> None:
    ordered = World(licensed=False)
    ordered.tell.plateau(READY_US, 1, 0)
    ordered.tell.sent(READY_US, update({1: 500}))
    assert ordered.rule == Rule.START.value
    armed = World(licensed=False)
    armed.tell.armed(READY_US)
    armed.tell.to_device(READY_US, update({1: 500}))
    assert armed.pulse(READY_US, 500).rule == Rule.START.value
    assert World().order(READY_US, 500).pulse(READY_US, 500).rule is None


def test_a_start_needs_arming_each_time() -> None:
    world = World()
    world.tell.ended(SECOND)
    world.tell.started(2 * SECOND)
    assert world.rule == Rule.START.value


def test_zero_amplitude_trains_are_no_output() -> None:
    world = World(licensed=False)
    world.tell.sent(READY_US, update({1: 0}))
    world.tell.to_device(READY_US, update({1: 0}))
    assert world.pulse(READY_US, 0).rule is None


@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.START)])
def test_output_is_gone_when_a_lost_stop_has_had_its_time(
    late_us: int, broken: Rule | None
) -> None:
    world = World().order(READY_US, 500)
    world.tell.ended(SECOND, "the operator stopped")
    last_us = SECOND + 250 * MS + AFTER_US
    world.tell.to_device(last_us - SECOND, KEEP_ALIVE)
    assert world.pulse(last_us + late_us, 500).rule == (broken and broken.value)


@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.DEAD_MAN)])
@pytest.mark.parametrize("keeps", [KEEP_ALIVE, update({1: 500})], ids=["status", "update"])
def test_output_ends_with_the_dead_man_of_the_device(
    late_us: int, broken: Rule | None, keeps: bytes
) -> None:
    world = bare()
    world.tell.to_device(READY_US, update({1: 500}))
    world.tell.to_device(SECOND, keeps)
    world.pulse(SECOND + AFTER_US + late_us, 500)
    assert world.rule == (broken and broken.value)


def test_an_open_train_is_caught_at_its_first_pulse_too_late() -> None:
    world = bare()
    world.tell.to_device(READY_US, update({1: 500}))
    world.tell.row(row("train_open", READY_US, 500, period_us=PERIOD_US, id=1))
    last_us = READY_US + AFTER_US // PERIOD_US * PERIOD_US
    world.tell.advance(last_us + PERIOD_US)
    assert world.rule is None
    world.tell.advance(last_us + PERIOD_US + 1)
    assert world.rule == Rule.DEAD_MAN.value
    assert world.violation is not None
    assert world.violation.at_us == last_us + PERIOD_US
    assert f"the last keep-alive was obeyed at {READY_US} us" in str(world.violation)


def test_what_a_device_refuses_keeps_nothing_alive() -> None:
    world = bare()
    world.tell.to_device(READY_US, update({1: 500}))
    world.tell.to_device(READY_US, update({1: 500}, period_us=250))  # over its time budget
    world.tell.to_device(SECOND, b"\xf0" + KEEP_ALIVE[1:-3] + b"\x0f")  # damaged
    assert world.pulse(READY_US + AFTER_US + 1, 500).rule == Rule.DEAD_MAN.value


def test_what_waits_while_the_high_voltage_switches_counts_from_when_it_is_obeyed() -> None:
    world = bare()
    world.tell.to_device(10 * MS, update({1: 500}))  # obeyed at 80 ms
    assert world.pulse(80 * MS + AFTER_US, 500).rule is None
    assert world.pulse(80 * MS + AFTER_US + 1, 500).rule == Rule.DEAD_MAN.value


@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.DEAD_MAN)])
def test_output_ends_after_a_loss_that_was_told(late_us: int, broken: Rule | None) -> None:
    world = World().order(READY_US, 500)
    world.tell.lost(SECOND, "the supervisor was killed")
    world.tell.to_device(2 * SECOND, KEEP_ALIVE)
    assert world.pulse(SECOND + AFTER_US + late_us, 500).rule == (broken and broken.value)


@pytest.mark.parametrize(("name", "limit_ms"), [("face", 500), ("journal", 2_000)])
@pytest.mark.parametrize(("late_us", "broken"), [(0, None), (1, Rule.LIFE)])
def test_output_ends_when_a_sign_of_life_has_ceased(
    name: str, limit_ms: int, late_us: int, broken: Rule | None
) -> None:
    world = World().order(READY_US, 500)
    world.tell.sign(READY_US, name)
    last_us = READY_US + limit_ms * MS + 250 * MS + AFTER_US
    world.tell.to_device(last_us - SECOND, KEEP_ALIVE)
    assert world.pulse(last_us + late_us, 500).rule == (broken and broken.value)


@pytest.mark.parametrize(("peak_ua", "broken"), [(500, None), (501, Rule.ASKED)])
def test_the_electrodes_get_no_more_than_was_ordered(peak_ua: int, broken: Rule | None) -> None:
    world = World().order(READY_US, 500)
    assert world.pulse(READY_US + 1, peak_ua).rule == (broken and broken.value)


def test_a_train_that_does_not_follow_the_order_is_caught_at_its_next_pulse() -> None:
    world = World().order(READY_US, 500).order(READY_US + 250 * MS, 1_000)
    world.tell.row(row("train_open", READY_US + 250 * MS, 1_000, period_us=PERIOD_US, id=1))
    world.order(READY_US + 300 * MS, 500)
    world.tell.advance(READY_US + 310 * MS)
    assert world.rule is None
    world.tell.advance(READY_US + 310 * MS + 1)
    assert world.rule == Rule.ASKED.value


def test_after_a_stop_was_obeyed_no_pulse_begins() -> None:
    world = World().order(READY_US, 500)
    world.tell.to_device(SECOND, ML_STOP)
    assert world.pulse(SECOND - 1, 500).rule is None  # it was under way, and is told late
    assert world.pulse(SECOND + 1, 500).rule == Rule.ASKED.value


def test_single_pulses_are_bounded_by_what_was_ordered() -> None:
    invariant = Invariant(fitted(BARE, "p24"), raising=False)
    invariant.to_device(0, LL_INIT)
    invariant.to_device(READY_US, pulse(5, 10_000) + pulse(5, 500))
    invariant.row(row("pulse", READY_US, 10_000, channel=5))
    invariant.row(row("pulse", READY_US + MS, 500, channel=5))
    assert invariant.violation is None
    invariant.row(row("pulse", READY_US + 2 * MS, 500, channel=6))
    assert invariant.violation is not None
    assert invariant.violation.rule is Rule.ASKED


def test_a_violation_is_raised_where_it_happens_and_said_in_words() -> None:
    invariant = Invariant(fitted(STRICT, "p24"))
    with pytest.raises(InvariantBrokenError) as caught:
        invariant.row(row("pulse", 1_500_000, 500, channel=3))
    assert str(caught.value) == (
        "[arming and start] at 1.500000 s, channel 3: 500 uA, but nothing was armed and started"
    )
    invariant.row(row("pulse", 3 * SECOND, 900_000))  # the first is the one that counts
    with pytest.raises(InvariantBrokenError, match=r"at 1\.500000 s"):
        invariant.check()


def test_a_record_without_bytes_is_judged_at_its_electrodes() -> None:
    rules = replace(STRICT, line=False, needs_start=False)
    rows = [
        row("train", READY_US + n * 250 * MS, (n + 1) * 500, id=n, period_us=25 * MS, count=10)
        for n in range(4)
    ]
    check_record(rows, rules)
    rows[3]["start_us"] -= 1
    with pytest.raises(InvariantBrokenError, match=r"\[rise\]"):
        check_record(rows, rules)
