"""Raises, ramps, patterns and returns: the least too fast fails, the fastest allowed does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.invariant import Rule
from tests.support.shadow_world import (
    KEEP_ALIVE,
    LL_INIT,
    ML_INIT,
    ML_STOP,
    MS,
    READY_US,
    SECOND,
    STRICT,
    World,
    pulse,
    update,
)

EVERY_US = 250 * MS


def broken(rule: Rule | None) -> str | None:
    return rule and rule.value


@pytest.mark.parametrize(("early_us", "rule"), [(0, None), (1, Rule.RISE)])
def test_a_plateau_is_raised_one_step_each_250_ms(early_us: int, rule: Rule | None) -> None:
    world = World().order(READY_US, 500).order(READY_US + EVERY_US - early_us, 1_000)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("level_ua", "rule"), [(1_000, None), (1_500, None), (2_000, Rule.RISE)])
def test_a_rise_is_one_device_step_or_1_ma(level_ua: int, rule: Rule | None) -> None:
    world = World().order(READY_US, 500).order(READY_US + EVERY_US, level_ua)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("early_us", "rule"), [(0, None), (1, Rule.RISE)])
def test_a_coarse_step_takes_as_long_as_4_ma_a_second(early_us: int, rule: Rule | None) -> None:
    world = World(replace(STRICT, step=2_000)).order(READY_US, 2_000)
    assert world.order(READY_US + 500 * MS - early_us, 4_000).rule == broken(rule)


def test_raises_are_not_saved_up() -> None:
    world = World().order(READY_US, 500).order(9 * SECOND, 1_000)
    assert world.order(9 * SECOND + EVERY_US - 1, 1_500).rule == Rule.RISE.value


def test_lowering_is_never_limited_and_gives_no_raise_for_free() -> None:
    world = World()
    at_us = world.raise_to(3_000)
    assert world.order(at_us + 1, 500).order(at_us + 2, 0).rule is None
    world = World()
    at_us = world.raise_to(3_000)
    world.order(at_us + 1, 2_500)
    assert world.order(at_us + EVERY_US - 1, 3_500).rule == Rule.RISE.value


@pytest.mark.parametrize(("early_us", "rule"), [(250 * MS, None), (250 * MS + 1, Rule.RISE)])
def test_on_the_side_of_the_device_a_late_line_is_allowed_for(
    early_us: int, rule: Rule | None
) -> None:
    world = World()
    world.tell.to_device(READY_US, update({1: 500}))
    world.tell.to_device(READY_US + EVERY_US, update({1: 1_000}))
    at_us = READY_US + 2 * EVERY_US + EVERY_US - early_us
    world.tell.to_device(READY_US + 2 * EVERY_US - MS, update({1: 1_500}))
    world.tell.to_device(at_us, update({1: 2_000}))
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("early_us", "rule"), [(0, None), (1, Rule.RISE)])
def test_declared_plateaus_are_held_to_the_same_rule(early_us: int, rule: Rule | None) -> None:
    world = World()
    world.tell.plateau(READY_US, 1, 500)
    world.tell.plateau(READY_US + EVERY_US - early_us, 1, 1_000)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("level_ua", "rule"), [(500, None), (1_000, Rule.RISE)])
def test_nothing_is_ordered_above_a_declared_plateau(level_ua: int, rule: Rule | None) -> None:
    world = World()
    world.tell.plateau(READY_US, 1, 500)
    world.tell.sent(READY_US, update({1: level_ua}))
    assert world.rule == broken(rule)


def test_a_plateau_is_not_raised_without_a_start() -> None:
    world = World(licensed=False)
    world.tell.plateau(READY_US, 1, 500)
    assert world.rule == Rule.START.value


# -- ramps of an on/off cycle: back to 10 mA from an off time


def cycled(*levels: tuple[int, int]) -> World:
    """Raised to 10 mA, off for 5 s, then these (us after, uA)."""
    world = World()
    at_us = world.raise_to(10_000)
    world.order(at_us + SECOND, 0)
    for after_us, level_ua in levels:
        world.order(at_us + 6 * SECOND + after_us, level_ua)
    return world


@pytest.mark.parametrize(("level_ua", "rule"), [(2_500, None), (3_000, Rule.RISE)])
def test_a_ramp_begins_with_two_ticks_and_a_step_at_most(level_ua: int, rule: Rule | None) -> None:
    assert cycled((0, level_ua)).rule == broken(rule)


@pytest.mark.parametrize(("after_ms", "rule"), [(375, None), (374, Rule.RISE)])
def test_a_ramp_to_the_plateau_takes_half_a_second(after_ms: int, rule: Rule | None) -> None:
    # The first order was two ticks and a step ahead: 125 ms of the 500.
    ticks = [(n * 100 * MS, 2_500 + n * 2_000) for n in range(4)]
    assert cycled(*ticks, (after_ms * MS, 10_000)).rule == broken(rule)


def test_the_slowest_jump_back_is_too_fast_and_a_ramp_by_ticks_is_not() -> None:
    assert cycled((0, 10_000)).rule == Rule.RISE.value
    assert cycled(*((n * 50 * MS, n * 1_000) for n in range(1, 11))).rule is None


def test_going_down_and_up_again_does_not_make_a_ramp_faster() -> None:
    world = cycled((0, 2_500), (1 * MS, 0), (2 * MS, 2_500), (3 * MS, 0), (4 * MS, 5_000))
    assert world.rule == Rule.RISE.value


@pytest.mark.parametrize(("ramp", "rule"), [(15, None), (14, None), (12, Rule.RISE)])
def test_a_ramp_by_the_device_takes_as_long(ramp: int, rule: Rule | None) -> None:
    world = World()
    at_us = world.raise_to(10_000)
    world.order(at_us + SECOND, 0)
    world.pattern(fastest_us=1)
    world.order(at_us + 6 * SECOND, 10_000, ramp=ramp, period_us=27 * MS + 500)
    # 27.5 ms x 14 = 385 ms, 27.5 ms x 12 = 330 ms; 375 ms are the least
    assert world.rule == broken(rule)


# -- raises in the off time of a cycle


@pytest.mark.parametrize(
    ("off_ms", "level_ua", "rule"),
    [
        (500, 12_000, None),
        (499, 12_000, Rule.RISE),
        (250, 11_000, None),
        (9_000, 12_500, Rule.RISE),
    ],
)
def test_raises_in_an_off_time_add_up_to_2_ma_as_fast_as_by_hand(
    off_ms: int, level_ua: int, rule: Rule | None
) -> None:
    world = World()
    for number in range(1, 11):
        world.tell.plateau(READY_US + number * EVERY_US, 1, number * 1_000)
    world.order(3 * SECOND, 9_000).order(9 * SECOND, 0)
    world.tell.to_device(9 * SECOND, KEEP_ALIVE)
    world.tell.plateau(9 * SECOND + off_ms * MS, 1, level_ua)
    assert world.rule == broken(rule)


def test_what_has_added_up_counts_once_and_not_without_output_before() -> None:
    world = World()
    world.tell.plateau(9 * SECOND, 1, 1_500)
    assert world.rule == Rule.RISE.value
    world = World()
    world.tell.plateau(READY_US, 1, 1_000)
    world.order(READY_US, 1_000).order(SECOND, 0)
    world.tell.plateau(2 * SECOND, 1, 3_000)
    assert world.rule is None
    world.tell.plateau(2 * SECOND + 400 * MS, 1, 5_000)
    assert world.rule == Rule.RISE.value


# -- patterns


@pytest.mark.parametrize(("shut_us", "rule"), [(400 * MS, None), (400 * MS + 1, Rule.RISE)])
def test_the_gate_of_a_burst_may_open_at_once(shut_us: int, rule: Rule | None) -> None:
    world = World().pattern(gap_us=400 * MS)
    at_us = world.raise_to(10_000)
    world.order(at_us + SECOND, 0).order(at_us + SECOND + shut_us, 10_000)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("low_ua", "rule"), [(5_000, None), (4_500, Rule.RISE)])
def test_inside_a_modulation_the_level_may_jump(low_ua: int, rule: Rule | None) -> None:
    world = World().pattern(modulated_from_permille=501)  # 5 mA is it, on the device's grid
    at_us = world.raise_to(10_000)
    world.order(at_us + SECOND, low_ua).order(at_us + 2 * SECOND, 10_000)
    assert world.rule == broken(rule)


def test_inside_a_modulation_the_level_may_jump_to_a_plateau_raised_since() -> None:
    world = World().pattern(modulated_from_permille=580, gap_us=500 * MS)
    for number in range(1, 38):
        world.tell.plateau(READY_US + number * EVERY_US, 1, number * 500)
        world.order(READY_US + number * EVERY_US, number * 500)
    at_us = READY_US + 38 * EVERY_US
    for later_us in (0, SECOND):
        world.order(at_us + later_us, 10_500)  # 58 % of 18.5 mA, on the device's grid
    world.order(at_us + SECOND + MS, 0)
    world.tell.plateau(at_us + SECOND + 300 * MS, 1, 19_000)
    assert world.order(at_us + SECOND + 450 * MS, 19_000).rule is None


@pytest.mark.parametrize(("width_us", "rule"), [(200, None), (201, Rule.RISE)])
def test_wider_pulses_are_a_rise(width_us: int, rule: Rule | None) -> None:
    world = World().order(READY_US, 500).order(SECOND, 500, width_us=width_us)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("period_us", "rule"), [(20_000, None), (19_500, Rule.RISE)])
def test_faster_pulses_are_a_rise(period_us: int, rule: Rule | None) -> None:
    world = World().order(READY_US, 500).order(SECOND, 500, period_us=period_us)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(
    ("width_us", "period_us", "rule"),
    [(300, 10_000, None), (301, 10_000, Rule.RISE), (300, 9_500, Rule.RISE)],
)
def test_sweeps_stay_inside_what_was_declared(
    width_us: int, period_us: int, rule: Rule | None
) -> None:
    world = World().pattern(widest_us=300, fastest_us=10_000).order(READY_US, 500)
    world.order(SECOND, 500, width_us=width_us, period_us=period_us)
    assert world.rule == broken(rule)


# -- returns


@pytest.mark.parametrize(("level_ua", "rule"), [(500, None), (1_000, None), (1_500, Rule.RETURN)])
def test_after_a_stop_everything_is_raised_afresh(level_ua: int, rule: Rule | None) -> None:
    world = World()
    at_us = world.raise_to(3_000)
    for tell in (world.tell.sent, world.tell.to_device):
        tell(at_us + SECOND, ML_STOP)
        tell(at_us + 2 * SECOND, ML_INIT)
    assert world.order(at_us + 3 * SECOND, level_ua).rule == broken(rule)
    if rule is not None:
        assert f"after a stop at {at_us + SECOND} us" in str(world.violation)


@pytest.mark.parametrize(("after_us", "rule"), [(1_500 * MS - 1, None), (1_500 * MS, Rule.RETURN)])
def test_output_that_the_device_ended_does_not_come_back(after_us: int, rule: Rule | None) -> None:
    world = World()
    at_us = world.raise_to(2_000)
    event = {"kind": "log", "at_us": at_us, "event": "channel error", "channel": 1, "error": 1}
    world.tell.row(event)
    assert world.order(at_us + after_us, 2_000).rule == broken(rule)


def test_the_host_may_have_ended_it_before_the_device_did() -> None:
    world = World()
    at_us = world.raise_to(2_000)
    world.tell.row({"kind": "log", "at_us": at_us, "event": "channel error", "channel": 1})
    world.tell.sent(at_us + 10 * MS, ML_STOP)
    world.tell.sent(at_us + 20 * MS, ML_INIT)
    world.raise_to(3_500, at_us + 300 * MS)  # afresh, while the host's time to notice runs out
    assert world.rule is None


def test_what_broke_down_before_the_start_does_not_count() -> None:
    world = World(licensed=False)
    world.tell.row({"kind": "log", "at_us": READY_US, "event": "power off"})
    world.tell.to_device(READY_US, ML_INIT)
    world.tell.armed(200 * MS)
    world.tell.started(200 * MS)
    world.raise_to(7_000, 300 * MS)
    assert world.rule is None


def paused(for_us: int) -> tuple[World, int]:
    """Raised to 10 mA, paused and resumed; and when."""
    world = World()
    at_us = world.raise_to(10_000)
    world.tell.paused(at_us + SECOND)
    for tell in (world.tell.sent, world.tell.to_device):
        tell(at_us + SECOND, ML_STOP)
    resumed_us = at_us + SECOND + for_us
    world.tell.resumed(resumed_us)
    for tell in (world.tell.sent, world.tell.to_device):
        tell(resumed_us, ML_INIT)
    return world, resumed_us


@pytest.mark.parametrize(
    ("pause_us", "rule"), [(60 * SECOND, None), (60 * SECOND + 1, Rule.RETURN)]
)
def test_a_long_pause_leaves_nothing_of_what_was_raised(pause_us: int, rule: Rule | None) -> None:
    world, at_us = paused(pause_us)
    world.order(at_us + 2_400 * MS, 1_500)
    assert world.rule == broken(rule)


@pytest.mark.parametrize(("level_ua", "rule"), [(5_500, None), (6_000, Rule.RETURN)])
def test_after_a_short_pause_the_return_takes_five_seconds(
    level_ua: int, rule: Rule | None
) -> None:
    world, at_us = paused(SECOND)
    for n in range(1, 50):
        world.order(at_us + n * 50 * MS, n * 100 // 500 * 500)
    # 2.5 s after: half of the plateau, two ticks and a step on top
    assert world.order(at_us + 2_500 * MS, level_ua).rule == broken(rule)


def test_nothing_is_ordered_during_a_pause() -> None:
    world = World()
    at_us = world.raise_to(1_000)
    world.tell.paused(at_us + SECOND)
    assert world.order(at_us + SECOND, 500).rule == Rule.START.value


@pytest.mark.parametrize("when_us", [-1, SECOND])
def test_in_a_pause_the_device_has_nothing_to_end(when_us: int) -> None:
    world = World()
    at_us = world.raise_to(1_000)
    power_off = {"kind": "log", "at_us": at_us + SECOND + when_us, "event": "power off"}
    if when_us < 0:
        world.tell.row(power_off)
    world.tell.paused(at_us + SECOND)
    if when_us > 0:
        world.tell.row(power_off)
    world.tell.resumed(at_us + 10 * SECOND)
    for n in range(1, 100):
        world.order(at_us + 10 * SECOND + n * 50 * MS, n * 10 // 500 * 500)
    assert world.rule is None


def test_a_resume_needs_a_pause() -> None:
    world = World()
    world.tell.resumed(SECOND)
    assert world.rule == Rule.START.value


def test_a_new_start_begins_at_zero() -> None:
    world = World()
    at_us = world.raise_to(3_000)
    world.tell.ended(at_us + SECOND)
    world.tell.armed(at_us + 2 * SECOND)
    world.tell.started(at_us + 2 * SECOND)
    assert world.order(at_us + 3 * SECOND, 1_500).rule == Rule.RETURN.value


@pytest.mark.parametrize(("level_ua", "rule"), [(2_000, None), (2_500, Rule.RISE)])
def test_single_pulses_are_bounded_by_the_declared_plateau(
    level_ua: int, rule: Rule | None
) -> None:
    world = World()
    world.tell.to_device(READY_US, ML_STOP)
    for n in range(1, 5):
        world.tell.plateau(READY_US + n * EVERY_US, 1, n * 500)
    for tell in (world.tell.sent, world.tell.to_device):
        tell(2 * SECOND, LL_INIT)
        tell(3 * SECOND, pulse(1, level_ua))
    assert world.rule == broken(rule)


# -- what the device does by a fault of its own


def test_a_fault_excuses_its_own_rules_until_the_device_begins_anew() -> None:
    late = World().order(READY_US, 500)
    fault = {"kind": "fault", "at_us": SECOND, "fault": "dead-man-late", "event": "begins"}
    late.tell.row(fault)
    late.pulse(READY_US + 3 * SECOND, 500)
    assert late.rule is None
    assert late.tell.excused == ["dead-man-late"]
    assert late.pulse(READY_US + 3 * SECOND, 130_500).rule == Rule.DEVICE.value

    over = World().order(READY_US, 500)
    over.tell.row(fault)
    over.tell.row({**fault, "at_us": 2 * SECOND, "event": "ends"})
    over.tell.to_device(2 * SECOND, ML_INIT)
    over.order(3 * SECOND, 500)
    assert over.pulse(6 * SECOND, 500).rule == Rule.DEAD_MAN.value


def test_a_fault_that_ends_leaves_the_excuse_of_an_overlapping_one_of_its_name() -> None:
    world = World().order(READY_US, 500)
    fault = {"kind": "fault", "at_us": SECOND, "fault": "dead-man-late", "event": "begins"}
    for event in ("begins", "begins", "ends"):
        world.tell.row({**fault, "event": event})
    world.tell.to_device(2 * SECOND, ML_INIT)
    world.order(3 * SECOND, 500)
    assert world.pulse(6 * SECOND, 500).rule is None
    world.tell.row({**fault, "at_us": 7 * SECOND, "event": "ends"})
    world.tell.to_device(7 * SECOND, ML_INIT)
    world.order(8 * SECOND, 500)
    assert world.pulse(11 * SECOND, 500).rule == Rule.DEAD_MAN.value


def test_a_fault_of_the_line_does_not_excuse_the_device() -> None:
    world = World().order(READY_US, 500)
    world.tell.row({"kind": "fault", "at_us": SECOND, "fault": "hang", "event": "begins"})
    assert world.pulse(READY_US + 2_051 * MS, 500).rule == Rule.DEAD_MAN.value


def test_two_faults_of_one_name_excuse_until_both_are_over() -> None:
    world = World()
    fault = {"kind": "fault", "at_us": SECOND, "fault": "wrong-channel", "event": "begins"}
    world.tell.row(fault)
    world.tell.row(fault)
    world.tell.row({**fault, "event": "ends"})
    world.tell.to_device(2 * SECOND, ML_INIT)
    world.order(3 * SECOND, 500).pulse(3 * SECOND, 500, channel=2)
    assert world.rule is None
    world.tell.row({**fault, "at_us": 4 * SECOND, "event": "ends"})
    world.tell.to_device(4 * SECOND, ML_INIT)
    world.order(5 * SECOND, 500)
    assert world.pulse(5 * SECOND, 500, channel=2).rule is not None


def test_a_device_that_hides_its_end_by_a_fault_does_not_interrupt() -> None:
    world = World()
    at_us = world.raise_to(2_000)
    fault = {"kind": "fault", "at_us": at_us, "fault": "reset-keeps-output", "event": "begins"}
    world.tell.row(fault)
    world.tell.row({"kind": "log", "at_us": at_us, "event": "power off"})
    world.tell.advance(at_us + 2 * SECOND)
    world.tell.to_device(at_us + 2 * SECOND, ML_INIT)
    assert world.order(at_us + 3 * SECOND, 2_000).rule is None


def test_what_a_device_found_before_it_was_told_anew_nobody_can_know() -> None:
    world = World()
    at_us = world.raise_to(2_000)
    world.tell.row({"kind": "log", "at_us": at_us, "event": "channel error", "channel": 1})
    world.order(at_us + 10 * MS, 1_500)
    assert world.order(at_us + 1_600 * MS, 1_500).rule is None


def test_what_broke_down_on_the_way_back_from_a_pause_had_no_output_to_end() -> None:
    world, resumed_us = paused(SECOND)
    world.tell.row({"kind": "log", "at_us": resumed_us + MS, "event": "power off"})
    world.tell.to_device(resumed_us + 400 * MS, ML_INIT)
    assert world.order(resumed_us + 2 * SECOND, 500).rule is None


def test_a_modulation_may_jump_over_what_was_raised_while_it_was_off() -> None:
    world = World().pattern(gap_us=500 * MS, modulated_from_permille=700)
    at_us = READY_US
    for level_ua in range(500, 7_001, 500):
        at_us += EVERY_US
        world.tell.plateau(at_us, 1, level_ua)
        world.order(at_us, level_ua)
    world.order(at_us + 20 * MS, 4_500).order(at_us + 40 * MS, 0)
    for level_ua in (7_500, 8_000):
        at_us += EVERY_US
        world.tell.plateau(at_us, 1, level_ua)
    assert world.order(at_us, 8_000).rule is None


def test_rules_can_be_others() -> None:
    world = World(replace(STRICT, raise_every_us=100 * MS, raise_per_s=20_000, step=2_000))
    assert world.order(READY_US, 2_000).order(READY_US + 100 * MS, 4_000).rule is None
    world.tell.to_device(SECOND, KEEP_ALIVE)
    assert world.order(SECOND, 6_500).rule == Rule.RISE.value


@pytest.mark.parametrize(("after_us", "rule"), [(250 * MS - 1, None), (250 * MS, Rule.RETURN)])
def test_what_the_device_tells_the_host_knows_at_once(after_us: int, rule: Rule | None) -> None:
    world = World()
    at_us = world.raise_to(2_000)
    world.tell.row({"kind": "log", "at_us": at_us, "event": "channel error", "channel": 1})
    told = encode(1, Command.ML_GET_CURRENT_DATA + 1, b"\0\4\0\1\0\0\0")
    world.tell.row({"kind": "tx", "at_us": at_us + MS, "hex": told.hex()})
    assert world.order(at_us + MS + after_us, 2_000).rule == broken(rule)


@pytest.mark.parametrize(("taken_ua", "rule"), [(3_000, None), (1_500, None), (3_500, Rule.RISE)])
def test_another_part_takes_what_was_raised_and_nothing_above_it(
    taken_ua: int, rule: Rule | None
) -> None:
    world = World()
    for n in range(1, 7):
        world.tell.plateau(READY_US + n * EVERY_US, 1, n * 500)
    at_us = READY_US + 2 * SECOND
    world.tell.take_again(at_us, 1, 0)  # a part in which the channel is off
    world.tell.take_again(at_us + SECOND, 1, taken_ua)
    assert world.rule == broken(rule)


def test_what_is_taken_is_reached_by_a_ramp() -> None:
    world = World()
    for n in range(1, 21):
        world.tell.plateau(READY_US + n * EVERY_US, 1, n * 500)
        world.order(READY_US + n * EVERY_US, n * 500)
    at_us = READY_US + 10 * SECOND
    world.order(at_us, 0)
    world.tell.take_again(at_us, 1, 0)
    world.tell.take_again(at_us + SECOND, 1, 10_000)
    assert world.order(at_us + SECOND + 10 * MS, 10_000).rule == Rule.RISE.value


def test_after_a_new_start_nothing_is_there_to_be_taken() -> None:
    world = World()
    for n in range(1, 7):
        world.tell.plateau(READY_US + n * EVERY_US, 1, n * 500)
    world.tell.ended(READY_US + 3 * SECOND)
    world.tell.armed(READY_US + 4 * SECOND)
    world.tell.started(READY_US + 4 * SECOND)
    world.tell.take_again(READY_US + 5 * SECOND, 1, 500)
    assert world.rule == Rule.RISE.value
