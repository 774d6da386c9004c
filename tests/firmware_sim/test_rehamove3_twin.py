"""The RehaMove3 twin keeps its specification, above all where it differs from a P24."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from firmware_sim.firmware.p24_commands import Command, State
from firmware_sim.firmware.rehamove3 import BATTERY_LIFE_US, RESET_US, RehaMove3Twin
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, check, encode
from firmware_sim.ledger import Ledger
from tests.support.frame_host import MS
from tests.support.paths import DATA
from tests.support.rehamove3_host import KEEP_ALIVE, SECOND, events, host, rows
from tests.support.twin_host import Host, biphasic, point, pulse, train, update

VECTORS = json.loads((DATA / "sciencemode3_vectors.json").read_text("utf-8"))
# Identity and general layer


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (Command.GET_VERSION_MAIN, bytes((0, 2, 1, 16, 3, 2, 4))),
        (Command.GET_VERSION_STIM, bytes((0, 2, 1, 0, 3, 2, 4))),
        (Command.GET_DEVICE_ID, b"\x00990000007\x00"),
        (Command.GET_MAIN_STATUS, b"\0\0"),
        (Command.GET_STIM_STATUS, b"\0\0\1"),
        (Command.GET_BATTERY_STATUS, b"\0\x64" + (8_220).to_bytes(2, "big")),
    ],
)
def test_it_tells_what_the_published_firmware_tells(command: Command, data: bytes) -> None:
    heard = Host(RehaMove3Twin(7)).ask(command)
    assert (heard.command, heard.data) == (command + 1, data)


@pytest.mark.parametrize("command", [56, 68, 18, 80, 100, 120, 140, 160, 1023, 66, 3])
def test_what_belongs_to_sibling_products_is_unknown(command: int) -> None:
    heard = host().ask(command, bytes(8))
    assert (heard.command, heard.data) == (67, b"\x0b")


def test_packet_numbers_need_not_advance() -> None:
    told = host()
    for _ in range(3):
        told.send_bytes(encode(42, Command.GET_STIM_STATUS, b""))
        told.run_for(5 * MS)
    assert [heard.number for heard in told.heard] == [42] * 3


# Every vector that a host sends


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row["name"])
        for row in VECTORS
        if row["kind"] == "frame" and row["direction"] == "host->device"
    ],
)
def test_it_takes_and_refuses_what_the_makers_library_does(row: dict) -> None:
    """`expect` is the verdict of the library's validity check."""
    told = host()
    if row["cmd"] in (Command.ML_UPDATE, Command.ML_STOP, Command.ML_GET_CURRENT_DATA):
        told.mid_level()
    elif row["cmd"] in (Command.LL_CHANNEL_CONFIG, Command.LL_STOP):
        told.low_level()
    told.send_bytes(bytes.fromhex(row["hex"]))
    told.run_for(200 * MS)
    if row["cmd"] == Command.RESET:
        assert not told.heard
        return
    heard = told.heard[-1]
    assert (heard.number, heard.command) == (row["fields"]["packet_number"], row["cmd"] + 1)
    assert heard.data[0] == (0 if row["expect"] == "ok" else 2)


def test_answers_have_the_length_that_the_makers_library_needs() -> None:
    told = host()
    lengths = {1: 13, 3: 14, 37: 15, 63: 15, 65: 14, 51: 19, 53: 23, 55: 16, 31: 13, 33: 13}
    told.low_level()
    told.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(10)))
    told.ask(Command.LL_STOP)
    told.mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE)
    for command in (50, 52, 54, 62, 64):
        told.ask(command)
    for heard in told.heard:
        least = 12 + len(heard.data)
        assert least >= lengths.get(heard.command, 13) - 1 or heard.command == 65
        assert least == lengths.get(heard.command, 13)


# The test pulse


# Low level


def test_ten_pulses_wait_and_the_eleventh_is_refused() -> None:
    told = host().low_level()
    for _ in range(11):
        told.send(Command.LL_CHANNEL_CONFIG, pulse(biphasic(10)))
    told.run_for(50 * MS)
    assert sorted(heard.data for heard in told.heard[-11:]) == [b"\0\0"] * 10 + [b"\x15\0"]
    starts = [row["start_us"] for row in rows(told, "pulse")]
    # 500 us of pulse, 100 us of reserve and 230 us for the next test.
    assert {after - before for before, after in pairwise(starts)} == {830}


def test_the_demultiplexer_bit_is_no_connector() -> None:
    told = host().low_level()
    told.ask(Command.LL_CHANNEL_CONFIG, bytes((0x90 | 0x20 | 2,)) + biphasic(10))
    assert rows(told, "pulse")[0]["channel"] == 2


# Mid level


def test_four_channels_and_what_else_is_in_the_mask() -> None:
    told = host().mid_level()
    data = update(c1=train(biphasic(10)), c4=train(biphasic(10)))
    assert told.ask(Command.ML_UPDATE, bytes((data[0] | 0xF0,)) + data[1:]).data == b"\0"
    told.run_for(100 * MS)
    assert {row["channel"] for row in rows(told, "train_open")} == {1, 4}
    assert "softstart asked for" in events(told)


def test_the_lowest_bit_of_a_period_says_nothing() -> None:
    told = host().mid_level()
    data = bytearray(update(c1=train(biphasic(10))))
    data[3] |= 1
    told.ask(Command.ML_UPDATE, bytes(data))
    told.run_for(100 * MS)
    assert rows(told, "train_open")[0]["period_us"] == 20_000


@pytest.mark.parametrize("mask", [0, 1, 2, 3, 4, 7, 255])
def test_the_keep_alive_is_a_mask_and_keeps_alive_whatever_it_is(mask: int) -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    for _ in range(4):
        told.run_for(1_500 * MS)
        heard = told.ask(Command.ML_GET_CURRENT_DATA, bytes((mask,)))
        assert heard.data == bytes((0, mask)) + (b"\x10" if mask & 2 else b"")
    assert told.status() == State.RUNNING


def test_two_seconds_without_a_host_end_the_output_and_keep_the_level() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    fed_us = told.now_us - MS
    told.run_for(4 * SECOND)
    last = told.ledger().last_output_us
    assert last is not None
    assert fed_us + 1_970 * MS <= last <= fed_us + 2 * SECOND
    assert told.status() == State.MID_LEVEL
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data[2] == 0
    assert told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10)))).data == b"\0"
    assert told.status() == State.RUNNING


def test_an_error_on_one_channel_stops_no_other_whatever_ml_init_says() -> None:
    told = host().mid_level(stop_all=True)
    told.twin.set_load(1, None)
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    told.run_for(200 * MS)
    assert told.ledger()[2].pulses >= 10


def test_points_shorter_than_10_us_may_leave_a_channel_without_time() -> None:
    """Its pulses are left out, and there is no way to tell it [POLICY]."""
    told = host().mid_level()
    short = point(1, 5) * 16
    wants = {f"c{n}": train(short, 1_500) for n in range(1, 5)}
    assert told.ask(Command.ML_UPDATE, update(**wants)).data == b"\0"
    told.run_for(100 * MS)
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data == bytes((0, 2, 0x10))
    assert {row["channel"] for row in rows(told, "train_open") if row["points"]} == {1, 2, 3}


# States


def test_one_level_at_a_time() -> None:
    told = host().mid_level()
    assert told.ask(Command.LL_INIT, b"\0").data == b"\7"
    assert told.ask(Command.LL_STOP).data == b"\7"
    assert told.ask(Command.ML_STOP).data == b"\0"
    assert told.ask(Command.LL_INIT, b"\0").data == b"\0"  # right after the stop
    assert told.ask(Command.ML_UPDATE, b"\0").data == b"\7"
    assert told.ask(Command.ML_GET_CURRENT_DATA, b"\2").data == bytes((7, 2, 0))
    assert told.ask(Command.LL_STOP).data == b"\0"
    assert told.ask(Command.ML_INIT, b"\0").data == b"\0"
    assert told.status() == State.MID_LEVEL


@pytest.mark.parametrize(("command", "took_us"), [(0, 40_000), (30, 80_000)])
def test_switching_the_high_voltage_takes_its_time(command: int, took_us: int) -> None:
    told = host()
    told.ask(command, b"\0")
    assert told.now_us == took_us
    stop = Command.LL_STOP if command == 0 else Command.ML_STOP
    told.ask(stop)
    assert told.now_us == took_us + 40_000


def test_a_reset_is_not_answered_and_takes_12_s() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    heard = len(told.heard)
    reset = encode(9, Command.RESET, b"")
    told.send_bytes(reset + encode(10, Command.GET_STIM_STATUS, b""))
    at_us = told.now_us
    for _ in range(11):
        told.run_for(SECOND)
        told.send(Command.GET_STIM_STATUS)
    told.run_until(at_us + RESET_US - 1)
    told.send_bytes(reset[:5])  # half a frame, unheard
    told.run_until(at_us + RESET_US)
    assert len(told.heard) == heard
    assert told.ask(Command.GET_STIM_STATUS).data == b"\0\0\1"
    last = told.ledger().last_output_us
    assert last is not None
    assert last <= at_us


# Battery


def test_the_battery_falls_and_is_told() -> None:
    told = host(battery_percent=50)
    before = told.ask(Command.GET_BATTERY_STATUS).data
    told.run_for(BATTERY_LIFE_US // 4)
    after = told.ask(Command.GET_BATTERY_STATUS).data
    assert (before[1], after[1]) == (50, 25)
    assert int.from_bytes(after[2:], "big") < int.from_bytes(before[2:], "big")


def test_an_empty_battery_ends_everything_and_nothing_is_heard() -> None:
    told = host(battery_percent=1).mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    empty_us = BATTERY_LIFE_US // 100
    while told.now_us < empty_us + 3 * SECOND:
        told.run_for(SECOND)
        told.send(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE)
    last = told.ledger().last_output_us
    assert last is not None
    assert empty_us - 20 * MS <= last <= empty_us
    assert told.heard[-1].at_us <= empty_us + 2 * MS
    assert events(told)[-2:] == ["battery empty", "power off"]
    told.run_for(10 * SECOND)
    assert told.twin.deadline() is None
    for percent in (0, 101):
        with pytest.raises(ValueError, match="give 1 to 100"):
            RehaMove3Twin(battery_percent=percent)


# The line


def test_damaged_frames_are_answered_as_a_p24_answers_them() -> None:
    told = host()
    damaged = bytearray(encode(5, Command.GET_STIM_STATUS, b""))
    damaged[-2] ^= 1
    told.send_bytes(bytes(damaged))
    told.run_for(5 * MS)
    assert told.heard[-1].data[0] == 1
    told.send_bytes(b"\xf0\x0f")
    told.run_for(5 * MS)
    assert (told.heard[-1].command, told.heard[-1].data) == (66, b"\1")


@pytest.mark.parametrize("row", [row for row in VECTORS if row["direction"] == "device->host"][:70])
def test_its_own_frames_are_those_of_the_vectors(row: dict) -> None:
    if row["kind"] != "frame":
        return
    found = check(bytes.fromhex(row["hex"]))
    assert isinstance(found, Frame)
    assert encode(*found).hex() == row["hex"]


def test_the_sequence_of_a_published_client_works() -> None:
    """52, 54, 50, 60, 0, 62, 64 in this order, then 40 pulses."""
    told = host()
    for command in (52, 54, 50, 60):
        assert told.ask(command).data[0] == 0
    assert told.ask(0, bytes((4 << 1,))).data == b"\0"
    assert told.ask(62).data == bytes((0, 1, 4))
    assert told.ask(64).data == b"\0\0"
    for _ in range(40):
        assert told.ask(2, pulse(biphasic(10))).data == b"\0\0"
        told.run_for(20 * MS)
    assert told.ask(Command.LL_STOP).data == b"\0"
    assert told.ledger()[1].pulses == 40


@pytest.mark.pty
def test_it_is_served_by_name_with_its_battery(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    command = [sys.executable, "-m", "firmware_sim", "rehamove3", "--lock-step"]
    done = subprocess.run(
        [*command, "--battery", "40", "--record", str(record)],
        input=b"",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused = subprocess.run(
        [*command, "--battery", "0"], input=b"", capture_output=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert b"give 1 to 100 (percent)" in refused.stderr
    assert Ledger.from_file(record).channels == {}


def test_bytes_in_any_pieces_do_the_same() -> None:
    stream = encode(1, Command.ML_INIT, b"\0")
    whole, pieces = host(), host()
    whole.send_bytes(stream)
    for byte in stream:
        pieces.send_bytes(bytes((byte,)))
    whole.run_for(200 * MS)
    pieces.run_for(200 * MS)
    assert whole.heard == pieces.heard
    assert FrameDecoder().feed(stream)
