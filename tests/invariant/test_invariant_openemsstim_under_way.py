"""Output is ended while a message is under way: it may still close the relay, and no other may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware_sim.firmware.openemsstim_fields import wiper
from firmware_sim.invariant import STRICT, Rule
from stimctl.bench import Bench
from stimctl.session.config import SECOND as SECOND_NS
from stimctl.session.intents import (
    Intent,
    Lower,
    Pause,
    Raise,
    Resume,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from tests.support.gate_judged import EFFECT_US, MS, SECOND, STOP, GateWorld, says
from tests.support.gate_world import gate_plan, raised, relay_rows, running

LINE_US = 3 * MS
"""A message of 27 bytes at 115200 baud takes 2.4 ms."""

# -- the judge


def off_with_a_message_sent(percent: int = 1, *, raised: int = 1, on_ms: int = 750) -> GateWorld:
    """The relay is open, and the host has sent a message that the board has not yet got."""
    world = GateWorld(raised=raised)
    last_us = world.now_us - 300 * MS + EFFECT_US
    world.off(last_us + 750 * MS)
    world.now_us = last_us + SECOND
    world.judge.sent(world.now_us, says(1, percent, on_ms))
    return world


def arrives(world: GateWorld, at_us: int, percent: int = 1, channel: int = 1) -> GateWorld:
    """The board gets a message, and obeys it."""
    world.row("rx", at_us, hex=says(channel, percent).hex())
    world.turn(at_us + EFFECT_US, wiper(percent), channel)
    return world.relay(at_us + EFFECT_US, on=True, channel=channel)


ENDINGS: dict[str, Callable[[GateWorld], object]] = {
    "a stop": lambda world: world.judge.ended(world.now_us, "a stop"),
    "lowered to zero, and a stop": lambda world: (
        world.judge.plateau(world.now_us, 1, 0),
        world.judge.ended(world.now_us, "a stop"),
    ),
    "a pause, lowered to zero in it, and a stop": lambda world: (
        world.judge.paused(world.now_us),
        world.judge.sent(world.now_us, STOP),
        world.judge.plateau(world.now_us, 1, 0),
        world.judge.ended(world.now_us, "a stop"),
    ),
    "a fault, when its last bytes are on the line": lambda world: world.judge.ended(
        world.now_us + 2 * MS, "a fault"
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_left_before_the_end_may_close_a_relay_until_the_stop_behind_it(ending: str) -> None:
    world = off_with_a_message_sent()
    ENDINGS[ending](world)
    arrives(world, world.now_us + LINE_US)
    assert world.rule is None
    world.send(world.now_us + EFFECT_US + 2 * LINE_US, STOP)
    world.off(world.now_us + EFFECT_US + 60 * MS)
    world.judge.advance(world.now_us + 10 * SECOND)
    assert world.rule is None


def test_it_may_close_it_with_no_more_than_a_ramp_begins_with() -> None:
    """The host believed the channel on at 20 %, and renewed that."""
    for percent, rule in ((6, None), (7, Rule.RISE)):
        world = GateWorld(raised=20)
        world.off(world.now_us - 100 * MS)
        world.judge.sent(world.now_us, says(1, percent))
        world.judge.ended(world.now_us, "a stop")
        assert world.rule is None
        arrives(world, world.now_us + LINE_US, percent)
        assert world.rule == rule


def test_one_that_was_sent_after_the_end_is_found_where_its_host_sends_it() -> None:
    world = off_with_a_message_sent()
    world.judge.ended(world.now_us, "a stop")
    world.judge.sent(world.now_us + 1, says(1, 1))
    assert world.rule == Rule.START


def test_one_that_arrives_behind_the_stop_may_not_close_it() -> None:
    world = off_with_a_message_sent()
    world.judge.ended(world.now_us, "a stop")
    world.send(world.now_us + LINE_US, STOP)
    arrives(world, world.now_us + 2 * LINE_US)
    assert world.rule == Rule.RISE


def test_one_message_closes_it_once() -> None:
    world = off_with_a_message_sent()
    world.judge.ended(world.now_us, "a stop")
    arrives(world, world.now_us + LINE_US)
    assert world.rule is None
    world.off(world.now_us + EFFECT_US + 10 * MS)
    arrives(world, world.now_us + EFFECT_US + 70 * MS)
    assert world.rule == Rule.RISE


@pytest.mark.parametrize(("late_us", "rule"), [(0, None), (1, Rule.RISE)])
def test_one_that_the_line_keeps_back_for_longer_than_it_may_closes_nothing(
    late_us: int, rule: Rule | None
) -> None:
    world = off_with_a_message_sent()
    world.judge.ended(world.now_us, "a stop")
    arrives(world, world.now_us + world.judge.rules.line_us + late_us)
    assert world.rule == rule


def test_the_message_of_one_channel_closes_no_other() -> None:
    world = GateWorld(replace(STRICT, ceiling=100), licensed=True, raised=1)
    world.judge.limit(2, 60)
    world.off(world.now_us - 100 * MS)
    world.judge.sent(world.now_us, says(1, 1))
    world.judge.ended(world.now_us, "a stop")
    arrives(world, world.now_us + LINE_US, channel=2)
    assert world.rule == Rule.RISE


def test_after_the_end_nothing_closes_a_relay_where_nothing_was_under_way() -> None:
    world = GateWorld(raised=1)
    world.off(world.now_us - 100 * MS)
    world.judge.ended(world.now_us, "a stop")
    arrives(world, world.now_us + LINE_US)
    assert world.rule == Rule.RISE


def test_a_message_that_ends_a_channel_is_never_one_that_may_open_it() -> None:
    world = GateWorld(raised=1)
    world.off(world.now_us - 100 * MS)
    world.judge.sent(world.now_us, says(1, 1, 50))
    world.judge.ended(world.now_us, "a stop")
    world.row("rx", world.now_us + LINE_US, hex=says(1, 1, 50).hex())
    world.turn(world.now_us + EFFECT_US, wiper(1)).relay(world.now_us + EFFECT_US, on=True)
    assert world.rule == Rule.RISE


# -- the whole of it: engine, driver, line and board


def until_it_is_on_the_line(bench: Bench) -> None:
    """Time passes until a message that closes a relay has left the host and not arrived."""
    closed = len(relay_rows(bench))
    assert bench.run_until(
        lambda: any(data.startswith(b"WV") for _, data in bench.to_device._under_way),
        bench.now_ns + 20 * SECOND_NS,
    )
    assert len(relay_rows(bench)) == closed


def first_raise(bench: Bench) -> None:
    bench.command(Raise(1, Level(PERCENT, 1)))
    until_it_is_on_the_line(bench)


def next_contraction(bench: Bench) -> None:
    """The first message of the next on phase, whose ramp begins."""
    raised(bench, 3)
    assert bench.run_until(
        lambda: not bench.twin.channels[0].on,  # type: ignore[attr-defined]
        bench.now_ns + 20 * SECOND_NS,
    )
    until_it_is_on_the_line(bench)


def return_from_a_pause(bench: Bench) -> None:
    raised(bench, 3)
    bench.command(Pause())
    bench.run_for(2 * SECOND_NS)
    bench.command(Resume())
    until_it_is_on_the_line(bench)


OPENINGS = [first_raise, next_contraction, return_from_a_pause]
DEEDS: dict[str, Callable[[Bench], None]] = {
    "stop": lambda bench: give(bench, Stop()),
    "pause, lower, stop": lambda bench: give(bench, Pause(), Lower(1, Level(PERCENT, 0)), Stop()),
    "lower, stop": lambda bench: give(bench, Lower(1, Level(PERCENT, 0)), Stop()),
    "the journal fails": lambda bench: bench.fail_journal(),
}


def give(bench: Bench, *intents: Intent) -> None:
    """All at once."""
    for intent in intents:
        bench.command(intent)


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_stop_while_the_message_is_on_the_line_breaks_no_rule(
    opening: Callable[[Bench], None], deed: str
) -> None:
    bench = running(gate_plan("gate-ems", 20))
    bench.run_for(2 * SECOND_NS)  # at the plateau, which is 0 %
    opening(bench)
    before, at_us = len(relay_rows(bench)), bench.now_ns // 1_000
    DEEDS[deed](bench)
    bench.run_for(3 * SECOND_NS)
    after = relay_rows(bench)[before:]
    assert [on for _, _, on in after] == [True, False]
    assert after[-1][0] - at_us < 300 * MS
    assert bench.state not in (State.RUNNING, State.PAUSED)
