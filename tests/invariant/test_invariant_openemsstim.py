"""What may not come through an openEMSstim: each rule broken alone is found, a session is clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.openemsstim_fields import wiper
from firmware_sim.invariant import (
    BARE,
    STRICT,
    GateInvariant,
    Invariant,
    InvariantBrokenError,
    Rule,
    check_record,
    fitted,
    judge_by,
)
from firmware_sim.invariant.gate_orders import AnswerReader, Message, Reader, read_line
from firmware_sim.invariant.gate_relays import percent_of
from stimctl.bench import Bench
from stimctl.devices.openemsstim.driver import OpenEmsStimDriver
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.session.config import MS as MS_NS
from stimctl.session.config import SECOND as SECOND_NS
from stimctl.session.intents import (
    Arm,
    Connect,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    Stop,
)
from stimctl.stimulus.level import PERCENT, Level
from stimctl.testing.watched import rules_for, watch_bench
from tests.support.gate_judged import (
    BURST_MS,
    EFFECT_US,
    MS,
    READY_US,
    SECOND,
    STOP,
    WEAKEST,
    GateWorld,
    hexed,
    says,
)
from tests.support.gate_world import gate_plan

END_US = 2 * 50_100 + 2_000
"""From the end of an on-time to the open relay, at most."""

# -- the wire


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"Connection End", Message(stops=True)),
        (b" Connection End\r", Message(stops=True)),
        (b"WV,0018,47.", Message(stops=True)),
        (b"G", Message(stops=True)),
        (b"C9G", Message(stops=True)),
        (says(1, 100, 1_000)[:-1], Message(1, 100, 1_000)),
        (b"C1 I50 T100 G", Message(2, 50, 100)),
        (b"C0I50T200GC1I60T300G", Message(1, 50, 200)),
        (b"C0I1T5000G", Message(1, 1, 5_000)),
        (b"x", None),
        (b"", None),
        (b"WV,", None),
        (b"WV47.", Message(stops=True)),
        (b"WV,c835.", None),
        (b"C0I50\0T100G", None),
        (b"c0i50t100g", None),
        (b"OCT[0,1]", None),
    ],
)
def test_a_line_is_read_as_the_board_reads_it(line: bytes, message: Message | None) -> None:
    assert read_line(line) == message


@pytest.mark.parametrize(
    "line",
    [
        b"C0I0T100G", b"C0I101T100G", b"C0I126T100G", b"C0T100G", b"C0IT100G", b"C0I50G",
        b"C0I50T49G", b"C0I50T5001G", b"C0I50T40000G", b"C0I50TG", b"T50G", b"C2I50T100G",
        b"OMA[0,80]", b"OMI[1,200]", b"1", b"2", b"q", b"a", b"w", b"s",
        b"18,x", b"quiet", b" 2", b"18,4330493530543130304", b"wV,0018,47.", b"OMAzz[0x,80]",
    ],
)  # fmt: skip
def test_what_no_host_may_say_is_known(line: bytes) -> None:
    message = read_line(line)
    assert message is not None
    assert message.wrong


def test_a_message_ends_with_its_line_or_with_50_ms_of_silence() -> None:
    reader = Reader()
    whole = b"C0I50T100G"
    assert list(reader.feed(0, whole[:4])) == []
    assert list(reader.feed(40 * MS, whole[4:] + b"\nC1")) == [(40 * MS, Message(1, 50, 100))]
    assert list(reader.feed(60 * MS, b"I3T60G")) == []
    assert list(reader.settle(112 * MS)) == []
    assert list(reader.settle(120 * MS)) == [(113_124, Message(2, 3, 60))]
    assert list(reader.settle(200 * MS)) == []


def test_a_banner_is_noticed_byte_by_byte_and_so_is_its_end() -> None:
    answer_reader = AnswerReader()
    told = [answer_reader.feed(bytes((byte,))) for byte in b"\nSETUP:\r\n\tBT"]
    assert [one for one in told if one] == [[{1, 2}]]
    assert not answer_reader.ready
    for byte in b"\tEMS: STARTED\r\nSETUP DONE (LED":
        assert answer_reader.feed(bytes((byte,))) == []
    assert answer_reader.ready
    assert answer_reader.feed(b"echo\r\n\nSETUP:\r\n") == [{1, 2}]
    assert not answer_reader.ready


def test_a_potentiometer_counts_as_the_least_percent_that_lets_so_much_through() -> None:
    assert [percent_of(wiper(percent)) for percent in range(1, 101)] == list(range(1, 101))
    assert percent_of(WEAKEST) == percent_of(201) == 1  # a closed relay is never nothing
    assert percent_of(wiper(50) - 1) == 51
    assert percent_of(wiper(100) - 1) == percent_of(0) == 101


def test_the_judge_is_chosen_by_the_family_and_counts_in_percent() -> None:
    rules = rules_for(STRICT, OPENEMSSTIM_SHEET)
    assert rules == fitted(STRICT, "openemsstim")  # the sheet and the house rule agree
    assert (rules.unit, rules.ceiling, rules.step, rules.dead_man_us) == ("%", 100, 1, SECOND)
    assert isinstance(judge_by(rules), GateInvariant)
    assert isinstance(judge_by(fitted(STRICT, "p24")), Invariant)


# -- a healthy world


def test_bursts_that_are_raised_held_and_ended_break_nothing() -> None:
    world = GateWorld(raised=5)
    world.hold(5, world.now_us + 5 * SECOND)
    last_us = world.now_us - 400 * MS + EFFECT_US
    world.off(last_us + BURST_MS * MS + 1_000 + 50_100)
    world.judge.advance(world.now_us + 10 * SECOND)
    assert world.violation is None
    assert world.judge.spans_judged > 15


def test_a_message_that_ends_a_channel_is_no_order_of_1_percent() -> None:
    world = GateWorld(raised=3)
    at_us = world.now_us
    world.judge.plateau(at_us, 1, 0)
    world.burst(at_us + MS, 1, on_ms=50)
    world.off(at_us + EFFECT_US + 52 * MS)
    assert world.violation is None


def test_a_message_that_ends_a_channel_which_is_off_opens_it() -> None:
    world = GateWorld()
    world.judge.plateau(READY_US, 1, 1)
    world.judge.plateau(READY_US + 1, 1, 0)
    assert world.send(READY_US + 2, says(1, 1, 50)).rule == Rule.RISE
    late = GateWorld(raised=1)  # on by its host's belief, and off since a moment ago
    late.off(late.now_us)
    late.judge.plateau(late.now_us + 60 * MS, 1, 0)
    late.send(late.now_us + 320 * MS, says(1, 1, 50))
    late.turn(late.now_us + 400 * MS, wiper(1))
    assert late.rule is None
    assert late.relay(late.now_us + 400 * MS, on=True).rule == Rule.RISE


def test_a_start_after_a_restart_makes_all_new() -> None:
    world = GateWorld(replace(BARE, needs_start=True), heard=False)
    world.log(READY_US, "reset")
    world.judge.ended(READY_US, "a fault")
    at_us = READY_US + 5 * SECOND
    world.judge.armed(at_us)
    world.judge.started(at_us)
    world.row("rx", at_us, hex=says(1, 1).hex())
    world.turn(at_us + EFFECT_US, wiper(1)).relay(at_us + EFFECT_US, on=True)
    assert world.rule is None


def test_what_another_host_says_while_a_board_starts_is_obeyed_when_it_has_started() -> None:
    world = GateWorld(BARE, licensed=False, heard=False)
    world.log(READY_US, "reset")
    world.tx(READY_US + 5 * MS, b"\nSETUP:\r\n")
    world.row("rx", READY_US + SECOND, hex=says(1, 1).hex())
    at_us = READY_US + 11 * SECOND
    world.tx(at_us, b"SETUP DONE (LED")
    world.turn(at_us + EFFECT_US, wiper(1)).relay(at_us + EFFECT_US, on=True)
    assert world.rule is None


def test_a_record_with_relays_is_never_taken_for_that_of_a_source_of_current() -> None:
    judge = Invariant(fitted(BARE, "p24"), raising=False)
    judge.row({"kind": "relay", "at_us": 1, "channel": 1, "on": True})
    assert judge.violation is not None
    assert judge.violation.rule is Rule.DEVICE


# -- each rule, broken alone


def test_a_relay_outside_the_plan() -> None:
    """By its own hand: nobody has ordered it."""
    world = GateWorld(raised=2).turn(READY_US + SECOND, wiper(1), 2)
    assert world.violation is None  # a potentiometer alone lets nothing through
    world.relay(READY_US + SECOND, on=True, channel=2)
    assert world.rule == Rule.CEILING
    assert world.violation is not None
    assert world.violation.channel == 2


def test_an_order_outside_the_plan() -> None:
    assert GateWorld().send(READY_US, says(2, 1)).rule == Rule.CEILING


def test_an_order_above_the_ceiling_of_the_plan() -> None:
    world = GateWorld(replace(STRICT, limits_rise=False))
    assert world.send(READY_US, says(1, 60)).rule is None
    assert world.send(READY_US + MS, says(1, 61)).rule == Rule.CEILING


def test_an_order_above_the_scale() -> None:
    world = GateWorld(replace(STRICT, limits_rise=False))
    world.judge.unlimit()
    assert world.send(READY_US, says(1, 101)).rule == Rule.DEVICE


def test_a_relay_that_closes_with_more_than_the_ceiling_lets_through() -> None:
    world = GateWorld(replace(STRICT, limits_rise=False))
    world.send(READY_US, says(1, 60))
    world.turn(READY_US + EFFECT_US, wiper(61))
    assert world.rule is None
    assert world.relay(READY_US + EFFECT_US, on=True).rule == Rule.CEILING


def test_an_order_without_arming_and_start() -> None:
    assert GateWorld(licensed=False).send(READY_US, says(1, 1)).rule == Rule.START
    ended = GateWorld(raised=2)
    ended.judge.ended(ended.now_us, "a stop")
    assert ended.send(ended.now_us + 1, says(1, 1)).rule == Rule.START
    assert ended.violation is not None
    assert ended.violation.at_us == ended.now_us + 1


def test_a_start_without_arming() -> None:
    world = GateWorld(licensed=False)
    world.judge.started(READY_US)
    assert world.rule == Rule.START


def test_a_relay_that_closes_without_arming_and_start() -> None:
    """Nothing was heard of the host: its bytes came from nowhere."""
    world = GateWorld(licensed=False)
    world.row("rx", READY_US, hex=says(1, 1).hex())
    world.turn(READY_US + EFFECT_US, wiper(1))
    assert world.rule is None
    assert world.relay(READY_US + EFFECT_US, on=True).rule == Rule.START


def test_a_raise_without_a_start() -> None:
    world = GateWorld(licensed=False)
    world.judge.plateau(READY_US, 1, 1)
    assert world.rule == Rule.START


@pytest.mark.parametrize("on_ms", [BURST_MS, 100])
def test_a_relay_that_is_closed_longer_than_its_message_allows(on_ms: int) -> None:
    world = GateWorld(raised=1)
    world.now_us += 100 * MS
    done_us = world.burst(world.now_us, 1, on_ms=on_ms)
    allowed_us = done_us + on_ms * MS + END_US
    if on_ms < BURST_MS:
        allowed_us += 172 * MS  # its own bytes came so late
    world.judge.advance(allowed_us)
    assert world.rule is None
    world.judge.advance(allowed_us + 10)
    assert world.rule == Rule.ASKED
    assert world.violation is not None
    assert world.violation.at_us == allowed_us + 1


def test_what_is_said_at_the_end_of_an_on_time_may_delay_it() -> None:
    world = GateWorld()
    world.judge.plateau(READY_US, 1, 1)
    end_us = world.burst(READY_US, 1, on_ms=500) + 500 * MS
    world.send(end_us, b"x\n")
    world.judge.advance(end_us + END_US + 172 * MS)
    assert world.rule is None
    world.judge.advance(end_us + END_US + 172 * MS + 10)
    assert world.rule == Rule.ASKED


def test_a_new_message_replaces_the_end_of_the_one_before_even_by_an_earlier_one() -> None:
    world = GateWorld(raised=1)
    done_us = world.burst(READY_US + 400 * MS, 1, on_ms=50)
    world.judge.advance(done_us + 50 * MS + END_US + 172 * MS + 10)
    assert world.rule == Rule.ASKED


def test_a_host_of_ours_asks_for_no_more_than_the_dead_man_allows() -> None:
    world = GateWorld()
    world.judge.plateau(READY_US, 1, 1)
    world.burst(READY_US, 1, on_ms=2_000)
    world.judge.advance(READY_US + SECOND + 50 * MS)
    assert world.rule is None
    world.judge.advance(READY_US + SECOND + 60 * MS)
    assert world.rule == Rule.DEAD_MAN
    other = GateWorld(BARE, licensed=False)  # another host may, and is told by its on-time
    other.burst(READY_US, 1, on_ms=2_000)
    other.judge.advance(READY_US + 2_180 * MS)
    assert other.rule is None


def test_a_host_that_is_lost_leaves_nothing_beyond_the_dead_man() -> None:
    world = GateWorld(raised=1)
    world.judge.lost(world.now_us, "its line")
    world.hold(1, world.now_us + 2 * SECOND)
    assert world.rule == Rule.DEAD_MAN


def test_a_face_that_falls_silent_ends_the_output() -> None:
    world = GateWorld(raised=1)
    world.judge.sign(READY_US, "face")
    world.hold(1, READY_US + 3 * SECOND)
    assert world.rule == Rule.LIFE


def test_output_that_goes_on_after_a_stop() -> None:
    world = GateWorld(replace(STRICT, line=False))
    world.turn(READY_US, wiper(1)).relay(READY_US, on=True)
    world.judge.ended(READY_US + SECOND, "a stop")
    world.judge.advance(READY_US + 2_300 * MS)
    assert world.rule is None
    world.judge.advance(READY_US + 2_301 * MS)
    assert world.rule == Rule.START


# -- how fast it may rise


def test_two_steps_at_once() -> None:
    world = GateWorld(raised=1)
    world.judge.plateau(world.now_us, 1, 3)
    assert world.rule == Rule.RISE


def test_two_steps_within_250_ms() -> None:
    world = GateWorld()
    world.judge.plateau(READY_US, 1, 1)
    world.judge.plateau(READY_US + 249 * MS, 1, 2)
    assert world.rule == Rule.RISE


def test_an_order_above_the_plateau_that_was_raised() -> None:
    world = GateWorld(raised=3)
    assert world.send(world.now_us, says(1, 4)).rule == Rule.RISE


def test_an_order_that_forgets_a_lowering() -> None:
    world = GateWorld(raised=3)
    world.judge.plateau(world.now_us, 1, 2)
    assert world.send(world.now_us + 1, says(1, 3)).rule == Rule.RISE


def test_a_return_to_the_plateau_that_is_no_ramp() -> None:
    """An off time of a cycle, and then all of it at once."""
    world = GateWorld(raised=10)
    world.send(world.now_us, STOP).off(world.now_us + 10 * MS)
    assert world.send(world.now_us + 200 * MS, says(1, 10)).rule == Rule.RISE
    at_us = world.now_us + 2 * SECOND
    ramp = GateWorld(raised=10)
    ramp.send(ramp.now_us, STOP).off(ramp.now_us + 10 * MS)
    for percent in (2, 4, 6, 8, 10):
        ramp.burst(at_us, percent)
        at_us += 200 * MS
    assert ramp.rule is None


def test_a_burst_that_was_left_to_end_is_no_longer_on() -> None:
    world = GateWorld(raised=10)
    last_us = world.now_us - 300 * MS
    world.off(last_us + EFFECT_US + BURST_MS * MS)
    assert world.send(last_us + BURST_MS * MS + 1, says(1, 10)).rule == Rule.RISE


def test_a_message_that_comes_too_late_closes_the_relay_at_all_of_it() -> None:
    """It left in time, and the line kept it back."""
    world = GateWorld(raised=10)
    end_us = world.now_us - 300 * MS + EFFECT_US + BURST_MS * MS
    world.judge.sent(end_us - 200 * MS, says(1, 10))
    world.off(end_us)
    world.row("rx", end_us + 60 * MS, hex=says(1, 10).hex())
    world.turn(end_us + 140 * MS, wiper(10))
    assert world.rule is None
    assert world.relay(end_us + 140 * MS, on=True).rule == Rule.RISE


def test_a_return_from_a_pause_is_slow() -> None:
    world = GateWorld(raised=20)
    world.send(world.now_us, STOP).off(world.now_us + 10 * MS)
    world.judge.paused(world.now_us)
    at_us = world.now_us + 10 * SECOND
    world.judge.resumed(at_us)
    world.burst(at_us + SECOND, 5)
    assert world.rule is None
    assert world.send(at_us + 1_300 * MS, says(1, 8)).rule == Rule.RETURN


# -- what comes back


def test_after_a_long_pause_everything_is_raised_afresh() -> None:
    world = GateWorld(raised=2)
    world.send(world.now_us, STOP).off(world.now_us + 10 * MS)
    world.judge.paused(world.now_us)
    world.judge.resumed(world.now_us + 61 * SECOND)
    assert world.send(world.now_us + 61 * SECOND, says(1, 1)).rule == Rule.RETURN


def test_after_a_stop_and_a_new_start_everything_is_raised_afresh() -> None:
    world = GateWorld(raised=2)
    world.send(world.now_us, STOP).off(world.now_us + 10 * MS)
    world.judge.ended(world.now_us, "a fault")
    world.judge.armed(world.now_us + SECOND)
    world.judge.started(world.now_us + SECOND)
    assert world.send(world.now_us + SECOND, says(1, 1)).rule == Rule.RETURN


@pytest.mark.parametrize(
    ("event", "told", "known_us"),
    [
        ("reset", True, 251 * MS),
        ("reset", False, 1_501 * MS),
        ("power off", False, 1_501 * MS),
        ("crashed", False, 1_501 * MS),
    ],
)
def test_a_host_that_must_know_that_the_board_restarted_orders_nothing_of_before(
    event: str, *, told: bool, known_us: int
) -> None:
    for late in (False, True):
        world = GateWorld(raised=2)
        at_us = world.now_us
        world.log(at_us, event).relay(at_us, on=False)
        if told:
            world.tx(at_us, b"\nSETUP:\r\n")
        # What is on by its host's belief is renewed.
        while world.now_us < at_us + known_us - 10 * MS:
            world.judge.sent(world.now_us, says(1, 2))
            world.now_us += 100 * MS
        assert world.rule is None
        if late:
            world.judge.sent(at_us + known_us, says(1, 2))
            assert world.rule == Rule.RETURN


@pytest.mark.parametrize(("sent_ms", "rule"), [(250, None), (260, Rule.RETURN)])
def test_a_relay_that_closes_after_a_restart_without_a_start(
    sent_ms: int, rule: Rule | None
) -> None:
    """By the bytes of a host that cannot be heard otherwise, with the marks of its journal."""
    world = GateWorld(replace(BARE, needs_start=True), heard=False)
    world.log(READY_US, "reset")
    world.tx(READY_US + 5 * MS, b"\nSETUP:\r\n")
    world.row("rx", READY_US + sent_ms * MS, hex=says(1, 1).hex())
    world.tx(READY_US + 300 * MS, b"SETUP DONE (LED")
    world.turn(READY_US + 400 * MS, wiper(1)).relay(READY_US + 400 * MS, on=True)
    assert world.rule == rule


def test_a_message_that_waits_while_a_board_starts_is_obeyed_too_late() -> None:
    world = GateWorld(raised=1)
    at_us = world.now_us
    world.log(at_us, "reset").relay(at_us, on=False)
    world.send(at_us + MS, says(1, 1))
    world.tx(at_us + 5 * MS, b"\nSETUP:\r\n")
    world.tx(at_us + 11 * SECOND, b"SETUP DONE (LED")
    world.turn(at_us + 11 * SECOND, wiper(1))
    assert world.rule is None
    assert world.relay(at_us + 11 * SECOND, on=True).rule == Rule.DEAD_MAN


# -- what nobody asked for


def test_a_relay_that_closes_for_no_message() -> None:
    world = GateWorld(raised=1)
    world.off(world.now_us)
    world.turn(world.now_us + 400 * MS, wiper(1))
    assert world.relay(world.now_us + 400 * MS, on=True).rule == Rule.ASKED


def test_a_message_from_before_a_restart_is_no_message() -> None:
    world = GateWorld(BARE, licensed=False)
    world.send(READY_US, says(1, 1))
    world.log(READY_US + MS, "reset")
    world.turn(READY_US + EFFECT_US, wiper(1))
    assert world.relay(READY_US + EFFECT_US, on=True).rule == Rule.ASKED


def test_a_relay_that_closes_for_a_message_of_long_ago() -> None:
    world = GateWorld(BARE, licensed=False)
    world.send(READY_US, says(1, 1))
    world.turn(READY_US + 1_001 * MS, wiper(1))
    assert world.relay(READY_US + 1_001 * MS, on=True).rule == Rule.ASKED


def test_a_relay_that_closes_for_a_message_of_the_other_channel() -> None:
    world = GateWorld(BARE, licensed=False)
    world.judge.limit(2, 60)
    world.send(READY_US, says(1, 1))
    world.turn(READY_US + EFFECT_US, wiper(1), 2)
    assert world.relay(READY_US + EFFECT_US, on=True, channel=2).rule == Rule.ASKED


def test_more_than_the_message_asked_for() -> None:
    world = GateWorld(BARE, licensed=False)
    world.send(READY_US, says(1, 10))
    world.turn(READY_US + EFFECT_US, wiper(11))
    assert world.relay(READY_US + EFFECT_US, on=True).rule == Rule.ASKED


def test_a_potentiometer_that_is_turned_up_by_no_message() -> None:
    world = GateWorld(raised=2)
    assert world.turn(world.now_us, wiper(3)).rule == Rule.ASKED


# -- what no host may say

WRONG: dict[str, Callable[[GateWorld], Any]] = {
    "I0": lambda world: world.burst(READY_US, 0),
    "T49": lambda world: world.burst(READY_US, 1, on_ms=49),
    "T5001": lambda world: world.burst(READY_US, 1, on_ms=5_001),
    "T40000": lambda world: world.burst(READY_US, 1, on_ms=40_000),
    "no I": lambda world: world.send(READY_US, hexed("C0T100G")).relay(
        READY_US + EFFECT_US, on=True
    ),
    "no T": lambda world: (
        world.send(READY_US, hexed("C0I1G")).turn(READY_US + MS, wiper(1)),
        world.relay(READY_US + MS, on=True),
    ),
    "toggle": lambda world: world.send(READY_US, b"1\n").relay(READY_US + MS, on=True),
    "a line that begins with a toggle": lambda world: (
        world.send(READY_US, b"18,x\n"), world.relay(READY_US + MS, on=True),
    ),
    "option": lambda world: (world.send(READY_US, b"OMA[0,80]\n"), world.burst(READY_US + MS, 1)),
    "crash": lambda world: (world.burst(READY_US, 1), world.send(READY_US + SECOND // 2, b"T50G\n"),
                            world.judge.advance(READY_US + SECOND * 6 // 10)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_relay_that_is_closed_after_what_no_host_may_say(name: str) -> None:
    world = GateWorld(BARE, licensed=False)
    WRONG[name](world)
    assert world.rule == Rule.DEVICE


@pytest.mark.parametrize("line", [b"1\n", b"18,x\n", b"2junk\n"])
def test_a_toggle_that_only_the_line_has_made_must_be_ended_by_its_host_in_time(
    line: bytes,
) -> None:
    for after_us, rule in ((SECOND, None), (SECOND + 60 * MS, Rule.DEVICE)):
        world = GateWorld(BARE, licensed=False)
        world.judge.sent(READY_US, says(1, 1))
        world.row("rx", READY_US, hex=line.hex())
        world.relay(READY_US + MS, on=True)
        world.judge.advance(READY_US + after_us)
        assert world.rule == rule
        if rule is None:  # ended, and the next one is judged anew
            world.relay(READY_US + after_us, on=False)
            world.judge.advance(READY_US + 20 * SECOND)
            assert world.rule is None


def test_a_percent_above_the_scale_at_the_electrodes() -> None:
    world = GateWorld(BARE, licensed=False)
    world.judge.unlimit()
    world.row("rx", READY_US, hex=says(1, 100).hex())
    world.turn(READY_US + EFFECT_US, wiper(100) - 1)
    assert world.relay(READY_US + EFFECT_US, on=True).rule == Rule.DEVICE


# -- records without bytes


def test_the_relays_alone_are_judged_by_the_longest_on_time_there_is() -> None:
    for more_us, rule in ((0, None), (10, Rule.ASKED)):
        world = GateWorld(replace(BARE, line=False), licensed=False)
        world.turn(READY_US, wiper(5)).relay(READY_US, on=True)
        world.turn(READY_US + 3 * SECOND, wiper(5))  # renewed
        world.judge.advance(READY_US + 8 * SECOND + END_US + more_us)
        assert world.rule == rule


# -- whole sessions


class Trace(list[dict[str, Any]]):
    """A record, too long to be shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


@pytest.fixture(scope="module")
def trace() -> Trace:
    """The record of a session with both channels in cycles, a lowering and a pause."""
    twin = OpenEmsStimTwin(boot_us=300_000, strict=True, wiretap=True)
    bench = Bench(twin=twin, driver=OpenEmsStimDriver())
    judge = watch_bench(bench)
    for intent, wait_s in (
        (Connect(), 2),
        (LoadPlan(gate_plan("gate-ems", 20, 15, duration_s=90)), 1),
        (Arm(), 1),
        (Start(), 1),
    ):
        bench.command(intent)
        bench.run_for(wait_s * SECOND_NS)
    for _ in range(12):
        for channel in (1, 2):
            bench.command(Raise(channel, Level(PERCENT, bench.engine.plateau(channel) + 1)))
            bench.run_for(300 * MS_NS)
    then: tuple[Any, ...] = (
        Lower(1, Level(PERCENT, 2)),
        Pause(),
        Resume(),
        Lower(2, Level(PERCENT, 0)),
        Stop(),
    )
    for intent in then:
        bench.run_for(8 * SECOND_NS)
        bench.command(intent)
    bench.run_for(SECOND_NS)
    judge.advance(bench.now_ns // 1_000)
    judge.check()
    assert judge.spans_judged > 1_000
    return Trace(twin.records())


def test_a_record_says_the_same_as_watching_did(trace: Trace) -> None:
    closed = [row for row in trace if row["kind"] == "relay" and row["on"]]
    assert {row["channel"] for row in closed} == {1, 2}
    for rules in (BARE, replace(BARE, limits_rise=True)):
        assert check_record(trace, fitted(rules, "openemsstim")).spans_judged > 1_000
    alone = [row for row in trace if row["kind"] not in ("rx", "tx")]
    bare = replace(fitted(BARE, "openemsstim"), line=False)
    assert check_record(alone, bare).spans_judged > 50


def broken(rows: list[dict[str, Any]]) -> Rule:
    with pytest.raises(InvariantBrokenError) as caught:
        check_record(rows, fitted(BARE, "openemsstim"), until_us=rows[-1]["at_us"] + 10 * SECOND)
    return caught.value.violation.rule


@settings(max_examples=15, deadline=None)
@given(where=st.integers(0, 10**6), more=st.integers(1, 40))
def test_any_turn_that_lets_more_through_than_ordered_is_found(
    trace: Trace, where: int, more: int
) -> None:
    turns = [row for row in trace if row["kind"] == "wiper" and row["value"] < WEAKEST]
    turns = [row for row in turns if row["at_us"]]
    changed = turns[where % len(turns)]
    other = {**changed, "value": changed["value"] - more}
    assert broken([other if row is changed else row for row in trace]) is Rule.ASKED


@settings(max_examples=15, deadline=None)
@given(where=st.integers(0, 10**6))
def test_any_relay_that_stays_closed_is_found(trace: Trace, where: int) -> None:
    opened = [row for row in trace if row["kind"] == "relay" and not row["on"]]
    lost = opened[where % len(opened)]
    begun = trace.index(lost)
    # Nothing is heard of the channel any more.
    rows = [
        row
        for at, row in enumerate(trace)
        if at < begun or row["kind"] not in ("rx", "relay", "wiper")
    ]
    assert broken(rows) is Rule.ASKED


@settings(max_examples=15, deadline=None)
@given(where=st.integers(0, 10**6))
def test_any_relay_that_closes_for_a_message_that_never_came_is_found(
    trace: Trace, where: int
) -> None:
    opened = [row for row in trace if row["kind"] == "relay" and row["on"]]
    begun = trace.index(opened[where % len(opened)])
    heard = max(at for at in range(begun) if trace[at]["kind"] == "rx")
    assert broken(trace[:heard] + trace[heard + 1 :]) is Rule.ASKED


@pytest.mark.no_invariant("a relay is closed by hand, to see what is found")
def test_a_bench_is_judged_by_the_plan_that_was_loaded() -> None:
    twin = OpenEmsStimTwin(boot_us=300_000)
    bench = Bench(twin=twin, driver=OpenEmsStimDriver())
    watch_bench(bench)
    bench.command(Connect())
    bench.run_for(2 * SECOND_NS)
    bench.command(LoadPlan(gate_plan("gate-tens", 20)))
    bench.run_for(SECOND_NS)
    with pytest.raises(InvariantBrokenError, match=r"\[ceiling\].*channel 2: 1 % at the elec"):
        twin.channels[1].switch(twin.now_us, True)
