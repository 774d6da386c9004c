"""ScienceMode 2 messages: what they refuse, what they never write, and their JSON form."""

from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.sciencemode2 import messages as m
from stimctl.wire.sciencemode2 import values
from stimctl.wire.sciencemode2.codec import decode, encode, problems
from stimctl.wire.sciencemode2.framing import FrameDecoder, RawFrame, encode_frame
from stimctl.wire.sciencemode2.message import Sm2Message

WIRE = "sciencemode2"
LIST = m.InitChannelListMode(0b11, 20_000, 8_000)


def through_the_wire(message: Any, **how: Any) -> Any:
    (frame,) = FrameDecoder().feed(encode(message, 240, **how))
    assert isinstance(frame, RawFrame)
    return decode(frame)


def decoded(command: int, data: bytes) -> Any:
    return decode(RawFrame(0, command, data))


def only_frame(wire: str) -> dict[str, Any]:
    (frame,) = decode_line(wire, WIRE)["frames"]
    return frame


def encoded(command: int, **fields: Any) -> str:
    return encode_line({"cmd": command, "fields": {"packet_number": 1, **fields}}, WIRE).hex


def test_every_command_of_the_document_has_a_message() -> None:
    own = {1, 2, 3, 4, 10, 11, 12, 13, *range(30, 39)}
    trainer = {*range(50, 59), 60, *range(70, 78), *range(80, 88), 89, 90}
    assert set(m.BY_COMMAND) == own | trainer
    assert len({kind.name for kind in m.BY_COMMAND.values()}) == len(m.BY_COMMAND)


def test_direction_follows_from_the_command_number() -> None:
    host = {2, 4, 10, 12, 30, 32, 34, 36}
    host |= {50, 52, 54, 56, 70, 72, 74, 76, 80, 82, 84, 86}
    for command, kind in m.BY_COMMAND.items():
        side = m.Direction.HOST_TO_DEVICE if command in host else m.Direction.DEVICE_TO_HOST
        assert kind.direction is side, command


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (m.InitChannelListMode(1, 20_000, 8_000, 8), "low_frequency_factor 8 is above 7"),
        (m.InitChannelListMode(1, 1_025_500, 8_000), "main_interval_us 1025500 is above 1025000"),
        (
            m.InitChannelListMode(1, 20_000, 8_000, channel_execution=2),
            "channel_execution 2 is above 1",
        ),
        (m.StartChannelListMode((m.ListPulse(501, 0),)), "entry 1: pulse_width_us 501 is above"),
        (
            m.StartChannelListMode((m.ListPulse(0, 0), m.ListPulse(0, 131_000))),
            "entry 2: current_ua 131000 is above 130000",
        ),
        (m.StartChannelListMode((m.ListPulse(0, 0, 3),)), "entry 1: mode 3 is above 2"),
        (m.StartChannelListMode((m.ListPulse(0, 0),) * 9), "number of channels 9 is above 8"),
        (m.SinglePulse(8, 0, 0), "channel_index 8 is above 7"),
        (m.SinglePulse(0, 501, 0), "pulse_width_us 501 is above 500"),
        (m.SinglePulse(0, 0, 131_000), "current_ua 131000 is above 130000"),
        (m.InitAck(-3), "result -3 is none of 0, -5"),
        (m.StopChannelListModeAck(1), "result 1 is none of 0, -1, -2, -3, -4, -5, -6, -7, -8"),
        (m.GetStimulationModeAck(0, 3), "mode 3 is none of 2, 1, 0"),
        (m.GetStimulationModeAck(-9), "result -9 is none of"),
        (m.GetMotomedModeAck(0, -2), "mode -2 is none of 6, 5, 4, 3, 2, 1, 0, -1"),
        (m.StimulationError(-4), "error -4 is none of -1, -2, -3"),
    ],
)
def test_what_the_receiver_would_refuse_is_named_and_written_only_on_purpose(
    message: Sm2Message, sentence: str
) -> None:
    assert sentence in "; ".join(problems(message))
    with pytest.raises(WireFormatError, match="would be refused by the receiver"):
        encode(message, 0)
    assert through_the_wire(message, invalid=True) == message


@pytest.mark.parametrize(
    "message",
    [
        m.InitChannelListMode(255, m.ONE_SHOT, 129_000, 7, 255, 1),
        m.InitChannelListMode(0, 1_500, 1_500),
        m.InitChannelListMode(1, 1_025_000, 8_000),
        m.StartChannelListMode(),
        m.StartChannelListMode((m.ListPulse(500, 130_000, m.TRIPLET),) * 8),
        m.StartChannelListMode((m.ListPulse(1, 1_000, m.DOUBLET),)),
        m.SinglePulse(7, 500, 130_000),
        m.GetMotomedModeAck(0, -1),
        m.GetMotomedModeAck(-8),
        m.Init(255),
        m.UnknownCmd(0xF0),
    ],
)
def test_the_edges_of_the_valid_ranges_are_written(message: Sm2Message) -> None:
    assert problems(message) == ()
    assert through_the_wire(message) == message


@pytest.mark.parametrize(
    "message",
    [
        m.StartChannelListMode((m.ListPulse(0, 1_500),)),
        m.StartChannelListMode((m.ListPulse(0, -1_000),)),
        m.StartChannelListMode((m.ListPulse(0, 256_000),)),
        m.StartChannelListMode((m.ListPulse(65_536, 0),)),
        m.StartChannelListMode((m.ListPulse(-1, 0),)),
        m.StartChannelListMode((m.ListPulse(0, 0, 256),)),
        m.SinglePulse(-1, 0, 0),
        m.SinglePulse(0, 0, 500),
        m.InitChannelListMode(256, 20_000, 8_000),
        m.InitChannelListMode(1, 1_000, 8_000),
        m.InitChannelListMode(1, 20_250, 8_000),
        m.InitChannelListMode(1, 500, 8_000),
        m.InitChannelListMode(1, 20_000, 1_000),
        m.InitChannelListMode(1, 20_000, 129_500),
        m.InitChannelListMode(1, -500, 8_000),
        m.InitAck(128),
        m.InitAck(True),
        m.InitAck("0"),  # type: ignore[arg-type]
        m.GetStimulationModeAck(0),
        m.GetStimulationModeAck(-1, 0),
        m.GetStimulationModeAck(0, 200),
        m.UnknownCmd(256),
    ],
)
def test_what_has_no_bit_pattern_is_never_written(message: Sm2Message) -> None:
    with pytest.raises(WireFormatError, match="cannot be written"):
        encode(message, 0, invalid=True, truncate=True)


def test_a_main_interval_of_1_ms_is_never_taken_for_one_shot() -> None:
    with pytest.raises(WireFormatError, match=r"its code means one-shot\. Give 0 for one-shot"):
        encode(m.InitChannelListMode(1, 1_000, 8_000), 0)


@pytest.mark.parametrize(
    ("command", "needed"),
    {
        1: 1,
        2: 1,
        3: 1,
        4: 0,
        10: 0,
        11: 2,
        12: 0,
        13: 2,
        30: 7,
        31: 1,
        33: 1,
        34: 0,
        35: 1,
        36: 4,
        37: 1,
        38: 1,
    }.items(),
)
def test_lengths_are_exact(command: int, needed: int) -> None:
    assert not isinstance(decode(RawFrame(0, command, bytes(needed))), m.Malformed)
    for wrong in {needed - 1, needed + 1} - {-1}:
        message = decode(RawFrame(0, command, bytes(wrong)))
        assert isinstance(message, m.Malformed)
        assert message.command == command
        assert f"has {wrong} data bytes and needs {needed}" in problems(message)[0]


def test_a_list_is_whole_entries() -> None:
    for size in range(33):
        message = decode(RawFrame(0, 32, bytes(size)))
        assert isinstance(message, m.Malformed) == bool(size % 4)


def test_a_mode_comes_with_result_0_only() -> None:
    assert decode(RawFrame(0, 11, b"\xff")) == m.GetStimulationModeAck(-1)
    too_long = decode(RawFrame(0, 11, b"\xff\x00"))
    assert isinstance(too_long, m.Malformed)
    assert too_long.result == -1


def test_a_result_shows_in_what_is_malformed_if_there_is_one() -> None:
    assert decoded(33, b"\xfd\x00").result == -3
    assert decoded(33, b"").result is None
    assert decoded(2, b"\x00\x00").result == 0
    assert decoded(34, b"\x01").result is None
    assert decoded(1, b"\x01\x01").result is None
    wire = encode_frame(3, 33, b"\xfd\x00").hex()
    frame = only_frame(wire)
    assert frame["fields"] == {"packet_number": 3, "result": -3, "payload_hex": "fd00"}
    assert encode_line(frame, WIRE, invalid=True).hex == wire


def test_a_command_from_the_wrong_side_is_unknown() -> None:
    host = m.Direction.HOST_TO_DEVICE
    assert decode(RawFrame(0, 1, b"\x01"), host) == m.UnknownCommand(1, b"\x01")
    assert decode(RawFrame(0, 4, b""), host) == m.Watchdog()
    assert decode(RawFrame(0, 99, b"\x01")) == m.UnknownCommand(99, b"\x01")


def test_trainer_commands_are_recognised_and_kept_as_they_came() -> None:
    message = decode(RawFrame(0, 60, b"\x00\x01\xff\xff\x00\x02"))
    assert isinstance(message, m.Motomed)
    assert (message.command, message.name) == (60, "actual_values")
    assert problems(message) == ()
    assert through_the_wire(message) == message
    assert message != decode(RawFrame(0, 58, message.data))
    assert repr(message).startswith("Motomed60(data=")
    wire = encode_frame(9, 53, b"\xfc").hex()
    frame = only_frame(wire)
    assert frame == {
        "cmd": 53,
        "name": "start_phase_ack",
        "direction": "device->host",
        "fields": {"packet_number": 9, "payload_hex": "fc"},
    }
    assert encode_line(frame, WIRE).hex == wire
    with pytest.raises(WireFormatError, match="field payload_hex is missing"):
        encoded(52)


def test_one_shot_shows_as_code_0_and_is_read_in_every_honest_form() -> None:
    wire = encode(m.InitChannelListMode(1, m.ONE_SHOT, 8_000), 1).hex()
    shown = only_frame(wire)["fields"]
    assert (shown["main_interval_ms"], shown["main_interval_coded"]) == (1, 0)
    fields = {"active_channels": 1, "inter_pulse_interval_ms": 8}
    assert encoded(30, **shown) == wire
    assert encoded(30, **fields, main_interval_coded=0) == wire
    assert encoded(30, **fields, main_interval_coded=0, main_interval_ms=0) == wire
    assert encoded(30, **fields, main_interval_ms=0) == wire
    with pytest.raises(WireFormatError, match="0 means one-shot"):
        encoded(30, **fields, main_interval_coded=0, main_interval_ms=20)
    with pytest.raises(WireFormatError, match="its code means one-shot"):
        encoded(30, **fields, main_interval_ms=1)


def test_an_interval_may_be_given_in_ms_or_as_its_code_but_not_as_both_at_odds() -> None:
    wire = encode(LIST, 1).hex()
    assert encoded(30, active_channels=3, main_interval_ms=20, inter_pulse_coded=13) == wire
    assert encoded(30, active_channels=3, main_interval_coded=38, inter_pulse_coded=13) == wire
    with pytest.raises(WireFormatError, match=r"different things: the code means 20 ms"):
        encoded(
            30,
            active_channels=3,
            main_interval_ms=21,
            main_interval_coded=38,
            inter_pulse_coded=13,
        )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channels": 7}, "channels must be a list"),
        ({"channels": [{}]}, r"channels\[0\].pulse_width_us is missing"),
        ({"channels": [{"pulse_width_us": 1, "current_ma": 1.5}]}, "steps of 1000 uA"),
        ({"channels": [{"pulse_width_us": 1, "current_ma": 1e-9}]}, "a multiple of 0.001: 1e-09"),
        ({"channels": [{"pulse_width_us": 1, "current_ma": "1"}]}, "must be a number"),
        ({"channels": [{"pulse_width_us": 1, "current_ma": 1, "x": 1}]}, r"\[0\].x"),
    ],
)
def test_a_mistake_in_a_list_names_its_field(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(WireFormatError, match=words):
        encoded(32, **fields)


def test_a_mode_may_be_left_out_of_a_list() -> None:
    pulse = {"pulse_width_us": 350, "current_ma": 5}
    assert encoded(32, channels=[pulse]) == encoded(32, channels=[{**pulse, "mode": 0}])


def test_codes_have_names_and_unknown_ones_too() -> None:
    assert values.result_name(-8) == "busy"
    assert values.result_name(5) == "unknown(5)"
    assert values.stimulation_mode_name(2) == "channel list started"
    assert values.stimulation_error_name(-1) == "emergency switch pressed or not connected"
