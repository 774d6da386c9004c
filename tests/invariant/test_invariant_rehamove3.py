"""The rules on a RehaMove3's line: read as ScienceMode 3, and its own test pulses aside."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.invariant import BARE, STRICT, Rules, fitted
from tests.support.shadow_world import MS, READY_US, SECOND, World, points, row, update

KEEP_ALIVE = encode(1, Command.ML_GET_CURRENT_DATA, b"\2")
TEST = {"before_us": 230, "points": [[15, 15_000], [15, -15_000]]}


def world(rules: Rules = BARE, *, licensed: bool = False) -> World:
    return World(fitted(rules, "rehamove3"), licensed=licensed)


def behind_test(kind: str, start_us: int, peak_ua: int, **more: Any) -> dict[str, Any]:
    return row(kind, start_us, peak_ua, test=TEST, **more)


def told_error(world: World, at_us: int, bits: int = 0x11) -> None:
    data = encode(1, Command.ML_GET_CURRENT_DATA + 1, bytes((0, 2, bits)))
    world.tell.row({"kind": "tx", "at_us": at_us, "hex": data.hex()})


def test_it_has_four_channels() -> None:
    assert fitted(STRICT, "rehamove3").channels == 4
    one = world()
    one.tell.to_device(READY_US, update({4: 10_000}))
    assert one.pulse(READY_US, 10_000, channel=4).violation is None
    assert one.pulse(READY_US + MS, 10_000, channel=5).rule == "device limits"


def test_a_test_pulse_is_no_output_that_nobody_asked_for() -> None:
    one = world()
    one.tell.to_device(READY_US, update({1: 5_000}))
    one.tell.row(behind_test("pulse", READY_US + 230, 5_000))
    assert one.violation is None
    one.tell.row(behind_test("pulse", READY_US + 20 * MS, 5_500))
    assert one.rule == "output that no command asked for"


@pytest.mark.parametrize(
    ("lowered_us", "rule"),
    [(-1, "output that no command asked for"), (1, None), (120, None), (229, None)],
)
def test_an_order_between_a_test_pulse_and_its_pulse_is_too_late_for_that_pulse(
    lowered_us: int, rule: str | None
) -> None:
    begun_us = READY_US + 100 * MS
    for open_train in (False, True):
        one = world()
        one.tell.to_device(READY_US, update({1: 5_000}))
        one.tell.to_device(begun_us + lowered_us, update({1: 4_000}))
        if open_train:
            about = {"id": 7, "period_us": 10 * MS}
            one.tell.row(behind_test("train_open", begun_us + 230, 5_000, **about))
            one.tell.row(behind_test("train", begun_us + 230, 5_000, count=1, **about))
        else:
            one.tell.row(behind_test("pulse", begun_us + 230, 5_000))
        assert one.rule == rule
        one.tell.row(behind_test("pulse", begun_us + 20 * MS, 5_000))
        assert one.rule == "output that no command asked for"


def test_the_fifth_channel_bit_is_softstart_and_moves_no_channel() -> None:
    one = world()
    frame = encode(1, Command.ML_UPDATE, b"\x11\x10" + (40 << 1).to_bytes(2, "big"))
    frame = encode(
        1, Command.ML_UPDATE, b"\x11\x10" + (40 << 1).to_bytes(2, "big") + points(5_000, 200)
    )
    one.tell.to_device(READY_US, frame)
    assert one.pulse(READY_US, 5_000).violation is None


@pytest.mark.parametrize("mask", [0, 1, 2, 3, 255])
def test_any_mask_of_the_keep_alive_feeds_the_dead_man(mask: int) -> None:
    one = world()
    one.tell.to_device(READY_US, update({1: 5_000}))
    for at_us in range(READY_US + SECOND, 5 * SECOND, SECOND):
        one.tell.to_device(at_us, encode(1, Command.ML_GET_CURRENT_DATA, bytes((mask,))))
        one.tell.row(behind_test("pulse", at_us + MS, 5_000))
    assert one.violation is None
    one.tell.row(behind_test("pulse", 7 * SECOND, 5_000))
    assert one.rule == "dead-man"


def test_a_channel_that_failed_its_test_may_go_on_by_itself_until_it_was_told() -> None:
    for told in (False, True):
        one = World(fitted(STRICT, "rehamove3"))
        at_us = one.raise_to(5_000)
        one.tell.row({"kind": "log", "at_us": at_us + MS, "event": "channel error", "channel": 1})
        if told:
            told_error(one, at_us + 2 * MS)
            one.tell.advance(at_us + 300 * MS)
        back_us = at_us + 400 * MS
        one.tell.sent(back_us, KEEP_ALIVE)
        one.tell.to_device(back_us, KEEP_ALIVE)
        one.tell.row(behind_test("pulse", back_us + MS, 5_000))
        assert one.violation is None  # the device gave it; the host has not ordered it again
        one.order(back_us + 2 * MS, 5_000)
        assert one.rule == ("return after an interruption" if told else None)


@pytest.mark.parametrize(
    "data", [b"\0\2\x10", b"\0\1", b"\0\1\x11", b"\2\2\x11", b"\0\2", b"\0", b""]
)
def test_what_tells_no_electrode_error_is_none(data: bytes) -> None:
    one = World(fitted(STRICT, "rehamove3"))
    at_us = one.raise_to(5_000)
    one.tell.row({"kind": "log", "at_us": at_us + MS, "event": "channel error", "channel": 1})
    frame = encode(1, Command.ML_GET_CURRENT_DATA + 1, data)
    one.tell.row({"kind": "tx", "at_us": at_us + 2 * MS, "hex": frame.hex()})
    one.tell.advance(at_us + 300 * MS)
    one.order(at_us + 400 * MS, 5_000)
    assert one.violation is None


def test_nothing_is_obeyed_during_a_reset() -> None:
    one = world()
    one.tell.to_device(READY_US, update({1: 5_000}))
    one.tell.to_device(READY_US + MS, encode(1, Command.RESET, b""))
    one.tell.to_device(READY_US + SECOND, encode(1, Command.ML_INIT, b"\0"))
    one.tell.to_device(READY_US + 2 * SECOND, update({1: 5_000}))
    one.tell.advance(READY_US + 2 * SECOND + MS)
    assert one.pulse(READY_US + 2 * SECOND + 2 * MS, 5_000).violation is not None


def test_power_that_is_gone_leaves_nothing() -> None:
    one = world()
    one.tell.to_device(READY_US, update({1: 5_000}))
    one.tell.row({"kind": "log", "at_us": READY_US + MS, "event": "power off"})
    assert one.pulse(READY_US + 2 * MS, 5_000).rule == "output that no command asked for"
