"""When the twin answers, and when it gives up, by virtual time."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.p24 import WAITING_LENGTH, P24Twin
from firmware_sim.firmware.p24_commands import Command, State
from tests.support.frame_host import MS
from tests.support.twin_host import Host, biphasic, point, pulse, train, update

TRAIN = update(c1=train(biphasic(10)))


@pytest.mark.parametrize("turnaround_us", [0, 1000, 7000])
def test_an_ordinary_answer_takes_the_turnaround(turnaround_us: int) -> None:
    host = Host(P24Twin(turnaround_us=turnaround_us))
    host.run_until(123)
    assert host.ask(Command.GET_STIM_STATUS).at_us == 123 + turnaround_us


def test_switching_the_high_voltage_takes_40_or_80_ms() -> None:
    host = Host()
    for command, data, time_us in [
        (Command.LL_INIT, b"\0", 40 * MS),
        (Command.LL_STOP, b"", 40 * MS),
        (Command.ML_INIT, b"\0", 80 * MS),
        (Command.ML_INIT, b"\1", 80 * MS),
        (Command.ML_STOP, b"", 40 * MS),
    ]:
        start = host.now_us
        assert host.ask(command, data).at_us - start == time_us


def test_an_answer_is_not_released_a_nanosecond_early() -> None:
    host = Host()
    host.send(Command.ML_INIT, b"\0")
    assert host.twin.deadline() == 80_000_000
    host.twin.advance(79_999_999)
    assert host.twin.transmit() == b""
    host.twin.advance(80_000_000)
    assert host.twin.transmit() != b""
    assert host.twin.deadline() is None


def test_commands_wait_while_the_high_voltage_switches_and_keep_their_order() -> None:
    host = Host()
    host.send(Command.ML_INIT, b"\0")
    host.run_for(10 * MS)
    host.send(Command.GET_STIM_STATUS)
    host.send(Command.ML_UPDATE, TRAIN)
    host.send(Command.ML_STOP)
    host.send(Command.GET_STIM_STATUS)
    host.run_for(200 * MS)
    assert [(heard.command, heard.at_us) for heard in host.heard] == [
        (31, 80 * MS), (63, 81 * MS), (33, 81 * MS), (35, 120 * MS), (63, 121 * MS),
    ]  # fmt: skip
    assert host.heard[1].data[1] == State.MID_LEVEL
    assert host.heard[-1].data[1] == State.NOTHING


def test_what_waits_is_bounded_and_what_is_too_much_is_answered_busy() -> None:
    host = Host()
    host.send(Command.ML_INIT, b"\0")
    for _ in range(WAITING_LENGTH):
        host.send(Command.GET_STIM_STATUS)
    host.send(Command.GET_DEVICE_ID)
    host.send(99)
    host.send_bytes(b"\xf0\x0f")
    host.run_for(100 * MS)
    assert len(host.heard) == WAITING_LENGTH + 2
    assert [heard.data[0] for heard in host.heard if heard.command == 53] == [21]


def test_output_ends_when_the_stop_arrives_not_when_it_is_answered() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    start = host.now_us - MS
    host.run_until(start + 1000 * MS)
    assert host.ask(Command.ML_STOP).at_us == start + 1040 * MS
    assert host.ledger().last_output_us == start + 980 * MS + 500
    assert host.ledger().channels[1].pulses == 50


@pytest.mark.parametrize("refresh", [Command.ML_UPDATE, Command.ML_GET_CURRENT_DATA])
def test_the_keep_alive_holds_the_train_for_2_s_after_the_last_refresh(refresh: Command) -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    host.run_for(1_500 * MS)
    last = host.now_us
    host.send(refresh, TRAIN if refresh is Command.ML_UPDATE else b"\4")
    host.run_until(last + 1_999_999)
    assert host.twin.state is State.RUNNING
    host.run_until(last + 2_000_000)
    assert host.twin.state is State.MID_LEVEL
    host.run_for(5_000 * MS)
    ledger = host.ledger()
    assert ledger.current_after(last + 2_000_000) == 0
    assert ledger.current_after(last + 1_975_000) == 10_000
    logs = [row for row in host.twin.records() if row.get("event") == "keep-alive expired"]
    assert [row["at_us"] for row in logs if row["kind"] == "log"] == [last + 2_000_000]
    assert host.ask(Command.ML_GET_CURRENT_DATA, b"\4").data.hex() == "00040000000000"


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (Command.GET_STIM_STATUS, b""),
        (Command.ML_GET_CURRENT_DATA, b"\7"),
        (Command.ML_GET_CURRENT_DATA, b""),
        (Command.ML_UPDATE, update(c1=train(point(100, 131)))),
        (Command.LL_STOP, b""),
    ],
)
def test_nothing_else_keeps_the_train_alive(command: Command, data: bytes) -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    start = host.now_us - MS
    for _ in range(19):
        host.run_for(100 * MS)
        host.send(command, data)
    host.run_until(start + 2_000 * MS)
    assert host.twin.state is State.MID_LEVEL


def test_the_train_is_resumed_by_an_update_without_a_new_init() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    host.run_for(3_000 * MS)
    assert host.twin.state is State.MID_LEVEL
    assert host.ask(Command.ML_UPDATE, TRAIN).data == b"\0"
    assert host.twin.state is State.RUNNING


def test_an_empty_mask_leaves_nothing_to_keep_alive() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    host.ask(Command.ML_UPDATE, b"\0")
    assert host.twin.state is State.MID_LEVEL
    assert host.twin.deadline() is None
    assert not host.twin.stimulating


def test_a_late_caller_finds_what_happened_at_its_own_time() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, TRAIN)
    start = host.now_us - MS
    host.now_us = start + 60_000 * MS
    assert host.status() == State.MID_LEVEL
    assert host.ledger().last_output_us == start + 1_980 * MS + 500


def test_a_clock_that_goes_back_is_held() -> None:
    twin = P24Twin()
    twin.advance(5_000_000)
    twin.advance(1_000_000)
    assert twin.now_us == 5_000


def test_a_pulse_is_acknowledged_when_it_is_over() -> None:
    host = Host().low_level()
    start = host.now_us
    answer = host.ask(Command.LL_CHANNEL_CONFIG, pulse(point(4000, 10) + point(4000, -10), 6))
    assert answer.at_us == start + 8_000
    assert answer.data == bytes((0, 0x11, 0))


def test_ten_pulses_are_queued_and_the_eleventh_is_busy() -> None:
    host = Host().low_level()
    start = host.now_us
    numbers = [
        host.send(Command.LL_CHANNEL_CONFIG, pulse(point(1000, 10) + point(1000, -10)))
        for _ in range(11)
    ]
    host.run_for(100 * MS)
    acks = {heard.number: heard for heard in host.heard if heard.command == 3}
    assert [acks[number].data[0] for number in numbers] == [0] * 10 + [21]
    assert [acks[number].at_us - start for number in numbers[:10]] == [
        2_000 + n * 2_060 for n in range(10)
    ]
    assert host.ledger().channels[1].pulses == 10


def test_general_commands_do_not_wait_for_pulses() -> None:
    host = Host().low_level()
    for _ in range(5):
        host.send(Command.LL_CHANNEL_CONFIG, pulse(point(4000, 10)))
    start = host.now_us
    assert host.ask(Command.GET_STIM_STATUS).at_us == start + MS


def test_ll_stop_cuts_the_pulse_and_refuses_those_that_wait() -> None:
    host = Host().low_level()
    first = host.send(Command.LL_CHANNEL_CONFIG, pulse(point(2000, 10) + point(2000, -10)))
    second = host.send(Command.LL_CHANNEL_CONFIG, pulse(point(2000, 10), 2))
    host.run_for(2_500)
    assert host.twin.stimulating
    stop = host.send(Command.LL_STOP)
    host.run_for(100 * MS)
    assert not host.twin.stimulating
    answers = [(heard.number, heard.command, heard.data) for heard in host.heard[1:]]
    assert answers == [(first, 3, b"\7\0\0"), (second, 3, b"\7\1\0"), (stop, 5, b"\0")]
    row = next(row for row in host.twin.records() if row["kind"] == "pulse")
    assert row["cut"]
    assert row["points"] == [[2000, 10_000], [500, -10_000]]
    assert set(host.ledger().channels) == {1}


def test_a_pulse_stopped_before_its_turn_leaves_no_trace() -> None:
    host = Host().low_level()
    host.ask(Command.LL_CHANNEL_CONFIG, pulse(point(2000, 10)))
    host.send(Command.LL_CHANNEL_CONFIG, pulse(point(2000, 10)))  # in the 60 us of recovery
    host.ask(Command.LL_STOP)
    assert host.ledger().channels[1].pulses == 1


@pytest.mark.parametrize("data", [b"\x61", b"\x62" + bytes(12)])
def test_a_config_that_does_not_stimulate_is_answered_and_nothing_more(data: bytes) -> None:
    host = Host().low_level()
    start = host.now_us
    answer = host.ask(Command.LL_CHANNEL_CONFIG, data)
    assert (answer.at_us, answer.data) == (start + MS, b"\0\3\0")
    assert host.ledger().channels == {}
