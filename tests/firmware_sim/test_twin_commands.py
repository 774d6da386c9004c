"""Which command is executed in which state, and with what answer."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import RULES, TRANSITIONS, Command, Event, State
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from tests.support.frame_host import MS
from tests.support.paths import DATA
from tests.support.twin_host import Host, biphasic, point, pulse, train, update

VECTORS: list[dict[str, Any]] = json.loads((DATA / "sciencemode4_vectors.json").read_text())
HOST_VECTORS = [v for v in VECTORS if v["direction"] == "host->device" and v["kind"] == "frame"]
VALID: dict[Command, bytes] = {
    Command.LL_INIT: b"\0",
    Command.LL_CHANNEL_CONFIG: pulse(biphasic(10)),
    Command.ML_INIT: b"\0",
    Command.ML_UPDATE: update(c1=train(biphasic(10))),
    Command.ML_GET_CURRENT_DATA: b"\4",
    Command.SET_POWER: bytes(8),
}
ACK_SIZES = {
    0: 1, 2: 3, 4: 1, 30: 1, 32: 1, 34: 1, 36: 7, 50: 7, 52: 11, 54: 4, 56: 1, 58: 1, 60: 7,
    62: 3, 64: 2, 68: 13,
}  # fmt: skip
OBEYED = {
    Command.LL_INIT: {State.NOTHING, State.LOW_LEVEL},
    Command.LL_CHANNEL_CONFIG: {State.LOW_LEVEL},
    Command.LL_STOP: {State.LOW_LEVEL},
    Command.ML_INIT: {State.NOTHING, State.MID_LEVEL, State.RUNNING},
    Command.ML_UPDATE: {State.MID_LEVEL, State.RUNNING},
    Command.ML_STOP: {State.MID_LEVEL, State.RUNNING},
    Command.ML_GET_CURRENT_DATA: {State.MID_LEVEL, State.RUNNING},
}


def host_in(state: State) -> Host:
    host = Host()
    if state is State.LOW_LEVEL:
        host.low_level()
    elif state is not State.NOTHING:
        host.mid_level()
    if state is State.RUNNING:
        host.ask(Command.ML_UPDATE, VALID[Command.ML_UPDATE])
    assert host.twin.state is state
    return host


def test_the_tables_are_total() -> None:
    assert set(RULES) == set(Command)
    assert set(TRANSITIONS) == set(Event)
    assert all(set(row) == set(State) for row in TRANSITIONS.values())


@pytest.mark.parametrize(
    ("command", "state"), list(itertools.product(Command, State)), ids=lambda value: value.name
)
def test_every_command_in_every_state_is_obeyed_or_refused_with_7(
    command: Command, state: State
) -> None:
    host = host_in(state)
    answer = host.ask(command, VALID.get(command, b""))
    obeyed = state in OBEYED.get(command, set(State))
    assert answer.command == command + 1
    assert answer.data[0] == (0 if obeyed else 7)
    assert len(answer.data) == ACK_SIZES[command]
    if not obeyed:
        assert host.twin.state is state


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (command, state)
        for command, states in OBEYED.items()
        for state in states
        if command in VALID
    ],
)
def test_too_few_data_are_a_parameter_error_that_changes_nothing(
    command: Command, state: State
) -> None:
    host = host_in(state)
    before = host.twin.records()
    answer = host.ask(command, b"")
    assert answer.data == b"\2".ljust(ACK_SIZES[command], b"\0")
    assert host.twin.records() == before
    assert host.twin.state is state


def test_set_power_without_its_data_is_a_parameter_error() -> None:
    assert Host().ask(Command.SET_POWER, bytes(7)).data == b"\2"


@pytest.mark.parametrize("command", Command, ids=lambda command: command.name)
def test_surplus_data_are_ignored(command: Command) -> None:
    state = max(OBEYED.get(command, {State.NOTHING}))
    answer = host_in(state).ask(command, VALID.get(command, b"") + b"\xf0\x0f\x81")
    assert answer.data[0] == 0


@pytest.mark.parametrize("vector", HOST_VECTORS, ids=lambda vector: vector["name"])
def test_every_host_vector_is_answered_as_specified(vector: dict[str, Any]) -> None:
    command = Command(vector["cmd"])
    host = host_in(max(OBEYED.get(command, {State.NOTHING})))
    host.send_bytes(bytes.fromhex(vector["hex"]))
    host.run_for(500 * MS)
    answer = host.heard[-1]
    assert (answer.command, answer.number) == (command + 1, vector["fields"]["packet_number"])
    if vector["expect"] == "parameter_error":
        assert answer.data[0] == 2
    elif command is Command.LL_CHANNEL_CONFIG:
        # Even 130 mA need only 65 V here.
        assert answer.data[0] == 0
        assert answer.data[1] == vector["fields"]["connector"] << 4 | vector["fields"]["channel"]
    else:
        assert answer.data[0] == 0


@pytest.mark.parametrize("number", [1, 3, 5, 6, 29, 37, 53, 66, 67, 99, 106, 171, 200, 1023])
def test_unknown_and_device_commands_get_unknown_cmd_with_their_number(number: int) -> None:
    host = Host()
    host.send_bytes(encode(41, number, b""))
    host.run_for(2 * MS)
    assert [heard[1:] for heard in host.heard] == [(41, 67, b"\x0b")]


@pytest.mark.parametrize("command", Command, ids=lambda command: command.name)
def test_a_damaged_frame_of_a_known_command_gets_a_full_size_transfer_error(
    command: Command,
) -> None:
    wire = bytearray(encode(33, command, VALID.get(command, b"")))
    wire[8] ^= 1
    host = Host()
    host.send_bytes(bytes(wire))
    host.run_for(2 * MS)
    expected = (33, command + 1, b"\1".ljust(ACK_SIZES[command], b"\0"))
    assert [heard[1:] for heard in host.heard] == [expected]
    assert host.twin.state is State.NOTHING


@pytest.mark.parametrize(
    "wire",
    ["f00f", "f000550059009f00ea143f0000010f", "f08155815a"],
    ids=["short", "header", "cut off by the next frame"],
)
def test_what_is_too_damaged_gets_a_general_error(wire: str) -> None:
    host = Host()
    host.send_bytes(bytes.fromhex(wire) + encode(5, Command.GET_STIM_STATUS, b""))
    host.run_for(2 * MS)
    assert [heard[1:3] for heard in host.heard] == [(0, 66), (5, 63)]
    assert host.heard[0].data == b"\1"


def test_damage_with_an_unknown_command_gets_a_general_error() -> None:
    wire = bytearray(encode(33, 99, b"a"))
    wire[-2] ^= 1
    host = Host()
    host.send_bytes(bytes(wire))
    host.run_for(2 * MS)
    assert [heard[1:] for heard in host.heard] == [(0, 66, b"\1")]


def test_a_corrupted_stop_byte_pair_before_a_stop_frame_does_no_harm() -> None:
    host = host_in(State.RUNNING)
    cut = encode(9, Command.ML_UPDATE, VALID[Command.ML_UPDATE])[:-6]
    host.send_bytes(cut + b"\x0f\x0f" + encode(10, Command.ML_STOP, b""))
    host.run_for(100 * MS)
    assert host.heard[-1][1:] == (10, 35, b"\0")
    assert host.twin.state is State.NOTHING


def test_half_a_frame_is_forgotten_after_50_ms_of_silence() -> None:
    host = Host()
    frame = encode(7, Command.GET_STIM_STATUS, b"")
    host.send_bytes(frame[:6])
    host.run_for(50 * MS)
    host.send_bytes(frame[6:])
    host.run_for(2 * MS)
    assert len(host.heard) == 1
    host.send_bytes(frame[:6])
    host.run_for(50 * MS + 1)
    host.send_bytes(frame[6:])
    host.run_for(2 * MS)
    assert len(host.heard) == 1
    assert any(row.get("event") == "unfinished frame dropped" for row in host.twin.records())


def test_half_a_frame_is_forgotten_with_its_line() -> None:
    host = Host()
    host.send_bytes(encode(7, Command.GET_STIM_STATUS, b"")[:6])
    host.twin.line_lost()
    assert host.status() == 0
    assert [heard.command for heard in host.heard] == [63]


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"\x00", 0), (b"\x0c", 0), (b"\x0e", 2), (b"\x30", 0), (b"\x40", 2), (b"\x70", 2),
        (b"\x81", 0),
    ],
)  # fmt: skip
def test_ll_init_checks_measurement_and_high_voltage(data: bytes, result: int) -> None:
    assert Host().ask(Command.LL_INIT, data).data[0] == result


GOOD = biphasic(20)


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"\x00", 0),
        (b"\x01", 2),
        (update(c1=train(GOOD))[:-1], 2),
        (update(c8=train(GOOD)), 0),
        (update(c1=train(point(200, 130) + point(200, -130))), 0),
        (update(c1=train(point(200, 130.5))), 2),
        (update(c1=train(point(200, -130.5))), 2),
        (update(c1=train(point(200, 20, 1))), 0),
        (update(c1=train(point(200, 20, 2))), 2),
        (update(c1=train(point(200, 20, 3))), 2),
        (update(c1=train(GOOD, period_us=0)), 2),
        (update(c1=train(point(10, 20), period_us=250)), 0),
        (update(c1=train(GOOD, period_us=16_383_000)), 0),
        (update(c1=train(GOOD, period_us=16_383_500)), 2),
        (update(c1=train(GOOD, period_us=8_191_750)), 0),
        # The budget: (940 + 60) / 1 ms = 1000 is full, 999 is not; and the sum is rounded up.
        (update(c1=train(point(940, 20), period_us=1000)), 2),
        (update(c1=train(point(939, 20), period_us=1000)), 0),
        (update(c1=train(point(938, 20), 1000), c2=train(point(940, 20), 1_000_000)), 0),
        (update(c1=train(point(938, 20), 1000), c2=train(point(941, 20), 1_000_000)), 2),
        # Exactly 999 ms in these three; in single precision the sums come out above it.
        (
            update(
                c1=train(point(790, 20), 3_500),
                c2=train(point(1_029, 20), 1_500),
                c3=train(point(151, 20), 7_000),
            ),
            2,
        ),
        (
            update(
                c1=train(point(1_672, 20), 3_500),
                c2=train(point(775, 20), 3_500),
                c3=train(point(266, 20), 3_500),
                c4=train(point(1_147, 20), 7_000),
            ),
            2,
        ),
        (
            update(
                c1=train(point(1_730, 20), 6_000),
                c2=train(point(657, 20), 3_000),
                c3=train(point(447, 20), 4_500),
                c4=train(point(2_019, 20), 11_000),
                c5=train(point(60, 20), 750),
            ),
            2,
        ),
        (update(**{f"c{n}": train(point(1189, 20), 10_000) for n in range(1, 9)}), 2),
        (update(**{f"c{n}": train(point(1188, 20), 10_000) for n in range(1, 9)}), 0),
    ],
)
def test_ml_update_is_judged_as_a_whole(data: bytes, result: int) -> None:
    host = Host().mid_level()
    assert host.ask(Command.ML_UPDATE, data).data == bytes((result,))
    if result:
        assert host.twin.state is State.MID_LEVEL
        assert not [row for row in host.twin.records() if row["kind"].startswith("train")]


def test_a_refused_update_leaves_the_train_and_the_keep_alive_alone() -> None:
    host = host_in(State.RUNNING)
    started = host.now_us - MS  # the answer takes a millisecond
    host.run_until(started + 1_900 * MS)
    assert host.ask(Command.ML_UPDATE, update(c1=train(point(200, 131)))).data == b"\2"
    host.run_until(started + 2_100 * MS)
    assert host.twin.state is State.MID_LEVEL
    ledger = host.ledger()
    assert ledger.channels[1].pulses == 100
    assert ledger.channels[1].peak_ma == 10


@pytest.mark.parametrize(
    ("selection", "idle", "running"),
    [
        (4, "00040000000000", "00040100000000"),
        (2, "000200", "000210"),
        (3, "00030000", "00031010"),
        (9, "02090000000000", "02090000000000"),
    ],
)
def test_current_data_in_every_selection(selection: int, idle: str, running: str) -> None:
    host = Host().mid_level()
    assert host.ask(Command.ML_GET_CURRENT_DATA, bytes((selection,))).data.hex() == idle
    host.ask(Command.ML_UPDATE, VALID[Command.ML_UPDATE])
    assert host.ask(Command.ML_GET_CURRENT_DATA, bytes((selection,))).data.hex() == running


def test_the_twin_tells_who_it_is() -> None:
    host = Host(P24Twin(seed=42))
    assert host.ask(Command.GET_DEVICE_ID).data == b"\0SIM0000042"
    version = host.ask(Command.GET_EXTENDED_VERSION).data
    assert version[:7] == bytes((0, 1, 0, 0, 4, 0, 0))
    assert host.ask(Command.GET_VERSION_STIM).data == version[:7]
    assert host.ask(Command.GET_VERSION_MAIN).data == version[:7]


@pytest.mark.parametrize(("code", "reported"), [(0, 6), (1, 1), (2, 2), (5, 5), (6, 6)])
def test_the_status_reports_state_and_high_voltage(code: int, reported: int) -> None:
    host = Host()
    assert host.ask(Command.GET_STIM_STATUS).data == bytes((0, 0, 1))
    host.low_level(high_voltage=code)
    assert host.ask(Command.GET_STIM_STATUS).data == bytes((0, 1, reported))
    host.ask(Command.LL_STOP)
    host.mid_level()
    assert host.ask(Command.GET_STIM_STATUS).data == bytes((0, 2, 6))


def test_reset_ends_everything_at_once() -> None:
    host = host_in(State.RUNNING)
    host.run_for(95 * MS)
    assert host.ask(Command.RESET).data == b"\0"
    assert host.twin.state is State.NOTHING
    assert host.ask(Command.GET_STIM_STATUS).data == bytes((0, 0, 1))
    assert host.ledger().current_after(host.now_us - 2 * MS) == 0
    assert host.ledger().channels[1].pulses == 5


def test_initialising_again_ends_the_output_first() -> None:
    host = host_in(State.RUNNING)
    host.run_for(95 * MS)
    host.mid_level()
    assert host.twin.state is State.MID_LEVEL
    assert host.ledger().channels[1].pulses == 5


def test_power_off_completes_the_record() -> None:
    host = host_in(State.RUNNING)
    host.run_for(9 * MS)
    host.twin.power_off((host.now_us + 1) * 1000)
    rows = host.twin.records()
    assert [row["count"] for row in rows if row["kind"] == "train"] == [1]
    assert rows[-1]["event"] == "power off"
    assert host.twin.deadline() is None
    assert host.twin.state is State.NOTHING


def test_the_wiretap_records_both_directions() -> None:
    twin = P24Twin(wiretap=True)
    frame = encode(3, Command.RESET, b"")
    twin.receive(0, frame)
    twin.receive(0, b"")
    twin.advance(1_000_000)
    twin.transmit()
    rows = [row for row in twin.drain() if row["kind"] in ("rx", "tx")]
    assert rows[0] == {"kind": "rx", "at_us": 0, "hex": frame.hex()}
    assert FrameDecoder().feed(bytes.fromhex(rows[1]["hex"])) == [Frame(3, 59, b"\0")]
    assert twin.records() == []


def test_impossible_settings_of_the_twin_are_refused() -> None:
    with pytest.raises(ValueError, match="turnaround"):
        P24Twin(turnaround_us=-1)
    with pytest.raises(ValueError, match="load"):
        P24Twin(load_ohm=0)
    twin = P24Twin()
    with pytest.raises(ValueError, match="channel 9"):
        twin.set_load(9, 500)
    with pytest.raises(ValueError, match="load"):
        twin.set_load(8, -1)
