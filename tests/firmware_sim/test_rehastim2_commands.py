"""What a RehaStim2 answers: every vector, every mode, errors, handshake and watchdog."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.rehastim2_commands import (
    RULES,
    SILENT,
    TRANSITIONS,
    Command,
    Event,
    Mode,
    Result,
    known,
)
from firmware_sim.firmware.sciencemode2_frames import encode
from tests.support.frame_host import MS
from tests.support.paths import ROOT
from tests.support.rehastim2_host import (
    BUSY,
    MOTOMED,
    OK,
    PARAMETER,
    TRANSFER,
    WRONG_MODE,
    RehaHost,
    pulse,
    setup,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (ROOT / "tests/data/sciencemode2_vectors.json").read_text("utf-8")
)
TO_DEVICE = [
    vector
    for vector in VECTORS
    if vector["direction"] == "host->device" and vector["kind"] == "frame"
]
ANSWERED = [vector for vector in TO_DEVICE if vector["cmd"] not in SILENT]


def active_mask(vector: dict[str, Any]) -> int:
    return int((1 << len(vector["fields"].get("channels", [0]))) - 1)


@pytest.mark.parametrize("vector", ANSWERED, ids=lambda vector: str(vector["name"]))
def test_a_vector_is_answered_with_its_own_number(vector: dict[str, Any]) -> None:
    host = RehaHost().connected()
    if vector["cmd"] == Command.START_CHANNEL_LIST:
        host.ask(Command.INIT_CHANNEL_LIST, setup(active_mask(vector)))
    before = len(host.heard)
    host.send_bytes(bytes.fromhex(vector["hex"]))
    host.run_for(20 * MS)
    (heard,) = host.heard[before:]
    assert heard.number == vector["fields"]["packet_number"]
    assert heard.command == vector["cmd"] + 1
    expected = {Command.GET_STIMULATION_MODE: b"\0\0", Command.GET_MOTOMED_MODE: b"\0\xff"}
    assert heard.data == expected.get(vector["cmd"], OK)


@pytest.mark.parametrize(
    "vector",
    [vector for vector in TO_DEVICE if vector["cmd"] == Command.WATCHDOG],
    ids=lambda vector: str(vector["name"]),
)
def test_a_watchdog_vector_is_not_answered_and_keeps_the_link(vector: dict[str, Any]) -> None:
    host = RehaHost().connected()
    before = len(host.heard)
    for _ in range(5):
        host.run_for(1_199 * MS)
        host.send_bytes(bytes.fromhex(vector["hex"]))
    assert len(host.heard) == before
    assert host.twin.connected
    assert host.twin.longest_gap_us == 1_199 * MS


@pytest.mark.parametrize("name", ["init_ack_accept", "init_ack_accept_pn240"])
def test_an_init_ack_vector_connects(name: str) -> None:
    vector = next(vector for vector in VECTORS if vector["name"] == name)
    host = RehaHost(RehaStim2Twin(seed=vector["fields"]["packet_number"]))
    host.run_for(100 * MS)
    assert host.heard[0].number == vector["fields"]["packet_number"]
    host.send_bytes(bytes.fromhex(vector["hex"]))
    assert host.twin.connected
    assert not host.events("InitAck of another Init")


@pytest.mark.parametrize(
    ("name", "command", "answer"),
    [
        ("bad_crc", 10, TRANSFER),
        ("bad_length", 10, TRANSFER),
        ("param_too_many_bytes", 34, PARAMETER),
        ("param_current_131", 36, PARAMETER),
    ],
)
def test_a_bad_vector_is_answered_with_its_error(name: str, command: int, answer: bytes) -> None:
    vector = next(vector for vector in VECTORS if vector["name"] == name)
    host = RehaHost().connected()
    before = len(host.heard)
    host.send_bytes(bytes.fromhex(vector["hex"]))
    host.run_for(20 * MS)
    (heard,) = host.heard[before:]
    assert (heard.number, heard.command, heard.data) == (1, command + 1, answer)


# Connection


def test_init_is_said_every_500_ms_until_it_is_accepted() -> None:
    host = RehaHost(RehaStim2Twin(seed=254))
    host.run_for(2_100 * MS)
    said = [(heard.at_us, heard.number, heard.command, heard.data) for heard in host.heard]
    assert said == [(500 * MS * i, (254 + i) % 256, 1, b"\1") for i in range(5)]
    host.connected()
    host.run_for(1_199 * MS)
    assert len(host.heard) == 5


def test_a_host_that_refuses_the_version_is_asked_again() -> None:
    host = RehaHost()
    host.run_for(100 * MS)
    host.send(Command.INIT_ACK, b"\xfb", 0)
    host.send(Command.INIT_ACK, b"", 0)
    host.run_for(1_000 * MS)
    assert len(host.heard) == 3
    assert not host.twin.connected
    assert len(host.events("InitAck refuses")) == 2


def test_an_acknowledge_of_another_init_is_accepted_and_noted() -> None:
    host = RehaHost()
    host.run_for(100 * MS)
    host.send(Command.INIT_ACK, OK, 77)
    assert host.twin.connected
    assert host.events("InitAck of another Init")[0]["number"] == 77
    host.run_for(1_000 * MS)
    host.send(Command.INIT_ACK, OK, 77)  # ignored, but a valid packet
    assert host.events("InitAck while connected")
    host.run_for(1_000 * MS)
    assert host.twin.connected


def test_before_the_connection_nothing_is_answered_or_done() -> None:
    host = RehaHost()
    host.run_for(MS)
    for command, data in ((10, b""), (30, setup()), (36, pulse(20)), (99, b""), (4, b"")):
        host.send(command, data)
    host.send_bytes(encode(1, 10)[:-2] + b"\0\x0f")
    host.run_for(400 * MS)
    assert [heard.command for heard in host.heard] == [1]
    assert len(host.events("command before connection")) == 5
    assert host.ledger().channels == {}


@pytest.mark.parametrize("silence_us", [1_200 * MS - 1, 1_200 * MS])
def test_the_link_is_lost_after_1200_ms_of_silence(silence_us: int) -> None:
    host = RehaHost().started(pulse(20), pulse(40), init=setup(3))
    since = host.now_us - 10 * MS  # when Start came
    host.run_until(since + silence_us)
    assert host.twin.connected == (silence_us < 1_200 * MS)
    if host.twin.connected:
        return
    assert host.heard[-1].command == 1
    assert host.heard[-1].at_us == since + 1_200 * MS
    assert host.twin.mode is Mode.START
    assert not host.twin.stimulating
    assert host.events("connection lost") == [
        {
            "kind": "log",
            "at_us": since + 1_200 * MS,
            "event": "connection lost",
            "gap_us": 1_200 * MS,
        }
    ]
    host.run_for(1_000 * MS)
    assert [heard.at_us - since for heard in host.heard[-3:]] == [
        1_200 * MS, 1_700 * MS, 2_200 * MS,
    ]  # fmt: skip
    last = host.ledger().last_output_us
    assert last is not None
    assert last <= since + 1_200 * MS
    assert host.connected().mode() == Mode.START


def test_what_was_pending_when_the_link_is_lost_is_not_answered() -> None:
    host = RehaHost(RehaStim2Twin(turnaround_us=1_300 * MS)).connected()
    host.send(Command.SINGLE_PULSE, pulse(20))
    host.run_for(2_000 * MS)
    assert {heard.command for heard in host.heard} == {1}
    assert host.ledger().channels == {}


@pytest.mark.parametrize(
    "wire", [encode(1, 10), encode(1, 99), encode(1, 1), encode(1, 50, b"x"), encode(1, 4, b"x")]
)
def test_any_valid_packet_keeps_the_link(wire: bytes) -> None:
    host = RehaHost().connected()
    for _ in range(3):
        host.run_for(1_199 * MS)
        host.send_bytes(wire)
    assert host.twin.connected


def test_a_damaged_packet_does_not_keep_the_link() -> None:
    host = RehaHost().connected()
    host.run_for(1_000 * MS)
    host.send_bytes(encode(1, 4)[:-2] + b"\5\x0f")
    host.run_for(200 * MS)
    assert not host.twin.connected


def test_a_half_frame_is_forgotten_after_silence_and_when_the_host_goes() -> None:
    host = RehaHost().connected()
    host.send_bytes(encode(1, 10)[:4])
    host.run_for(60 * MS)
    host.send_bytes(encode(1, 10)[4:])
    assert host.events("unfinished frame dropped")
    host.send_bytes(encode(1, 10)[:4])
    host.twin.line_lost()
    assert host.mode() == 0


# Commands


@pytest.mark.parametrize("number", [0, 1, 3, 5, 11, 33, 38, 58, 60, 89, 90, 99, 240])
def test_what_no_host_may_send_is_unknown(number: int) -> None:
    heard = RehaHost().connected().ask(number)
    assert (heard.command, heard.data) == (3, bytes((number,)))


@pytest.mark.parametrize("command", [c for c in Command if c >= 50])
def test_motomed_commands_are_recognised_and_there_is_none(command: Command) -> None:
    heard = RehaHost().connected().ask(command, b"\0\1")
    assert (heard.command, heard.data) == (command + 1, MOTOMED)


@pytest.mark.parametrize(
    "command", [c for c in Command if c not in SILENT], ids=lambda command: command.name
)
def test_a_damaged_command_is_answered_with_a_transfer_error(command: Command) -> None:
    host = RehaHost().connected()
    wire = bytearray(encode(77, command, b"\1\2"))
    wire[2] ^= 0x40
    before = len(host.heard)
    host.send_bytes(bytes(wire))
    host.run_for(20 * MS)
    (heard,) = host.heard[before:]
    assert (heard.number, heard.command, heard.data) == (77, command + 1, TRANSFER)
    assert host.events("damaged frame")[0]["error"] == "crc"


@pytest.mark.parametrize("command", [2, 4, 11, 99])
def test_damage_without_an_answer_of_its_own_is_not_answered(command: int) -> None:
    host = RehaHost().connected()
    before = len(host.heard)
    wire = bytearray(encode(77, command, b"\1"))
    wire[2] ^= 0x40
    host.send_bytes(bytes(wire) + b"\xf0\xf0\x0f")
    host.run_for(20 * MS)
    assert host.heard[before:] == []


IN_MODE = {
    Mode.START: lambda: RehaHost().connected(),
    Mode.INITIALISED: lambda: RehaHost().initialised(),
    Mode.STARTED: lambda: RehaHost().started(pulse(10)),
}
DATA = {
    Command.INIT_CHANNEL_LIST: setup(),
    Command.START_CHANNEL_LIST: pulse(20),
    Command.SINGLE_PULSE: pulse(20),
}


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.name)
@pytest.mark.parametrize("command", list(RULES), ids=lambda command: command.name)
def test_each_mode_obeys_what_the_table_allows(command: Command, mode: Mode) -> None:
    host = IN_MODE[mode]()
    answer = host.ask(command, DATA.get(command, b"")).data
    if mode in RULES[command].allowed:
        assert answer[0] == 0
        after = {
            Command.INIT_CHANNEL_LIST: Mode.INITIALISED,
            Command.START_CHANNEL_LIST: Mode.STARTED,
            Command.STOP_CHANNEL_LIST: Mode.START,
        }.get(command, mode)
    else:
        assert answer == WRONG_MODE
        after = mode
    assert host.mode() == after == host.twin.mode


def test_the_modes_are_total_and_every_result_fits_its_byte() -> None:
    assert set(TRANSITIONS) == set(Event)
    assert all(set(row) == set(Mode) for row in TRANSITIONS.values())
    assert [result.byte for result in Result] == [0, 255, 254, 253, 252, 251, 248]
    assert known(None) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        setup()[:-1],
        setup() + b"\0",
        b"\x08" + setup()[1:],
        setup()[:4] + b"\x08\x01\0",
        setup()[:-1] + b"\2",
    ],
)
def test_an_init_out_of_range_is_a_parameter_error(data: bytes) -> None:
    host = RehaHost().connected()
    assert host.ask(Command.INIT_CHANNEL_LIST, data).data == PARAMETER
    assert host.mode() == Mode.START


@pytest.mark.parametrize("data", [setup(0), setup(255, 1025, 129, 255, 7, 1), setup(1, 0)])
def test_the_edges_of_init_are_accepted(data: bytes) -> None:
    assert RehaHost().connected().ask(Command.INIT_CHANNEL_LIST, data).data == OK


@pytest.mark.parametrize(
    "data",
    [b"", pulse(20)[:3], pulse(20) * 2, pulse(131), pulse(20, 501), b"\3" + pulse(20)[1:]],
)
def test_a_start_out_of_range_is_a_parameter_error_and_changes_nothing(data: bytes) -> None:
    host = RehaHost().initialised()
    assert host.ask(Command.START_CHANNEL_LIST, data).data == PARAMETER
    assert host.mode() == Mode.INITIALISED
    assert host.ask(Command.START_CHANNEL_LIST, pulse(130, 500, 3)).data == OK
    assert host.ask(Command.START_CHANNEL_LIST, data).data == PARAMETER
    host.run_for(900 * MS)
    assert host.ledger()[1].peak_ma == 130


def test_a_list_without_channels_runs_without_output() -> None:
    host = RehaHost().started(init=setup(0))
    host.run_for(500 * MS)
    assert host.twin.stimulating
    assert host.ledger().channels == {}
    assert host.ask(Command.STOP_CHANNEL_LIST).data == OK
    assert not host.twin.stimulating


@pytest.mark.parametrize("data", [b"", pulse(20) + b"\0", b"\x08" + pulse(20)[1:], pulse(131)])
def test_a_single_pulse_out_of_range_is_a_parameter_error(data: bytes) -> None:
    host = RehaHost().connected()
    assert host.ask(Command.SINGLE_PULSE, data).data == PARAMETER
    assert host.ledger().channels == {}


def test_a_watchdog_with_data_is_noted() -> None:
    host = RehaHost().connected()
    host.send(Command.WATCHDOG, b"\1")
    assert host.events("Watchdog with data")


# Turnaround


def test_a_command_is_answered_when_it_is_executed() -> None:
    host = RehaHost(RehaStim2Twin(turnaround_us=24 * MS)).connected()
    asked = host.now_us
    assert host.ask(Command.SINGLE_PULSE, pulse(20)).at_us == asked + 24 * MS
    host.run_for(5 * MS)
    assert host.ledger()[1].first_output_us == asked + 24 * MS
    with pytest.raises(ValueError, match="negative"):
        RehaStim2Twin(turnaround_us=-1)


def test_a_command_that_comes_too_soon_is_busy() -> None:
    host = RehaHost().initialised()
    first = host.send(Command.START_CHANNEL_LIST, pulse(20))
    host.run_for(MS)
    second = host.send(Command.START_CHANNEL_LIST, pulse(40))
    third = host.send(99)
    host.send(Command.WATCHDOG)
    host.run_for(100 * MS)
    answers = {heard.number: heard.data for heard in host.heard if heard.command in (33, 3)}
    assert answers == {first: OK, second: BUSY, third: b"\x63"}
    assert host.ledger()[1].peak_ma == 20


def test_stop_is_never_busy_and_overtakes() -> None:
    host = RehaHost().started(pulse(20))
    host.run_for(100 * MS)
    start = host.send(Command.START_CHANNEL_LIST, pulse(40))
    host.run_for(MS)
    stop = host.send(Command.STOP_CHANNEL_LIST)
    stopped_us = host.now_us + 10 * MS
    host.run_for(MS)
    again = host.send(Command.STOP_CHANNEL_LIST)
    host.run_for(50 * MS)
    answers = {heard.number: heard.data for heard in host.heard[-3:]}
    assert answers == {start: WRONG_MODE, stop: OK, again: OK}
    assert host.ledger()[1].peak_ma == 20
    assert host.ledger().current_after(stopped_us) == 0


# Faults


def test_the_emergency_switch_ends_everything_and_says_so() -> None:
    host = RehaHost().started(pulse(20))
    host.run_for(100 * MS)
    host.twin.set_emergency(True)
    host.listen()
    assert (host.heard[-1].command, host.heard[-1].data) == (38, b"\xff")
    assert host.heard[-1].number == 1  # the device's own counter, after Init
    assert host.mode() == Mode.START
    pressed = host.events("emergency switch")[0]["at_us"]
    assert host.ledger().current_after(int(str(pressed))) == 0
    assert host.ask(Command.INIT_CHANNEL_LIST, setup()).data == OK
    assert host.ask(Command.START_CHANNEL_LIST, pulse(20)).data == OK
    assert host.mode() == Mode.START
    assert host.ask(Command.SINGLE_PULSE, pulse(20)).data == OK
    assert host.ask(Command.SINGLE_PULSE, pulse(131)).data == PARAMETER
    host.run_for(100 * MS)
    assert len(host.errors()) == 3
    assert host.ledger().current_after(int(str(pressed))) == 0
    host.twin.set_emergency(False)
    assert host.ask(Command.SINGLE_PULSE, pulse(20)).data == OK
    host.run_for(100 * MS)
    assert host.ledger().current_after(int(str(pressed))) == 20_000


def test_a_module_failure_ends_everything_and_says_so() -> None:
    host = RehaHost().started(pulse(20))
    host.twin.fail_module()
    host.run_for(10 * MS)
    assert host.errors()[0].data == b"\xfd"
    assert not host.twin.stimulating
    assert host.events("module failure")[0]["state"] == 0


def test_without_a_host_a_fault_is_not_reported() -> None:
    host = RehaHost()
    host.twin.set_emergency(True)
    host.run_for(10 * MS)
    assert host.errors() == []


def test_power_off_ends_everything_and_power_on_begins_again() -> None:
    host = RehaHost().started(pulse(20))
    host.run_for(100 * MS)
    host.send(Command.GET_STIMULATION_MODE)
    host.twin.power_off(host.now_us * 1000)
    assert host.twin.deadline() is None
    assert not host.twin.connected
    off = host.now_us
    host.send(Command.GET_STIMULATION_MODE)
    host.run_for(3_000 * MS)
    assert not host.ledger().running
    assert host.ledger().current_after(off) == 0
    assert host.heard[-1].at_us < off
    host.twin.power_on(host.now_us * 1000)
    assert host.connected().mode() == 0


def test_a_wiretap_has_both_directions() -> None:
    host = RehaHost(RehaStim2Twin(wiretap=True)).connected()
    host.mode()
    rows = host.twin.drain()
    assert [row["hex"] for row in rows if row["kind"] == "rx"][-1] == encode(2, 10).hex()
    assert [row["hex"] for row in rows if row["kind"] == "tx"][-1] == encode(2, 11, b"\0\0").hex()
    assert host.twin.records() == []
    assert host.twin.now_us == host.now_us
