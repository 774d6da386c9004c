"""ScienceMode 3: what holds for every message and every frame, whatever its bytes."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.message import Message
from stimctl.wire.sciencemode3.codec import decode, encode, problems
from stimctl.wire.sciencemode3.framing import (
    LONGEST_DEVICE_FRAME,
    LONGEST_FRAME,
    FrameDecoder,
    FrameError,
    RawFrame,
    encode_frame,
    stop_frames,
)
from stimctl.wire.sciencemode3.messages import BY_COMMAND
from stimctl.wire.sciencemode3.messages_mid import MlUpdate
from tests.support.examples import examples
from tests.support.wire_sm3_strategies import all_messages, ml_updates, packet_numbers, valid_points
from tests.support.wire_streams import assert_same_however_cut, cuts, hard_bytes, read, streams_of

WIRE = "sciencemode3"
frames = st.builds(encode_frame, packet_numbers, st.integers(0, 1023), hard_bytes)
streams = streams_of(frames, LONGEST_FRAME)


@given(all_messages, packet_numbers)
@settings(max_examples=examples(200))
def test_every_message_survives_the_wire(message: Message, packet_number: int) -> None:
    frame = encode(message, packet_number, invalid=True)
    events, pending = read(FrameDecoder(), frame)
    assert events == [RawFrame(packet_number, message.command, message.pack())]
    assert pending == 0
    assert isinstance(events[0], RawFrame)
    assert decode(events[0]) == message
    assert len(frame) <= LONGEST_FRAME


@given(all_messages, packet_numbers)
@settings(max_examples=examples(200))
def test_every_message_survives_its_json_form(message: Message, packet_number: int) -> None:
    wire = encode(message, packet_number, invalid=True).hex()
    shown = json.loads(json.dumps(decode_line(wire, WIRE)))
    assert shown["frames"][0]["cmd"] == message.command
    assert bool(shown["frames"][0].get("problems")) == bool(problems(message))
    assert encode_line(shown, WIRE, invalid=True).hex == wire


@given(streams, cuts)
@settings(max_examples=examples(100), deadline=None)
def test_the_same_bytes_give_the_same_events_however_they_are_cut(
    stream: bytes, places: list[int]
) -> None:
    assert_same_however_cut(FrameDecoder, stream, places)


@given(st.binary(max_size=1300), packet_numbers)
@settings(max_examples=examples(100))
def test_an_emergency_stop_is_heard_after_anything(garbage: bytes, packet_number: int) -> None:
    events, _ = read(FrameDecoder(), garbage + stop_frames(packet_number))
    assert [event.command for event in events[-2:]] == [34, 4]


@given(all_messages, packet_numbers, st.data())
@settings(max_examples=examples(200))
def test_one_flipped_bit_never_gives_another_good_frame(
    message: Message, packet_number: int, data: st.DataObject
) -> None:
    frame = bytearray(encode(message, packet_number, invalid=True))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    events, _ = read(FrameDecoder(), bytes(frame))
    assert all(isinstance(event, FrameError) for event in events)


@given(st.integers(0, 1023), hard_bytes, packet_numbers)
@settings(max_examples=examples(200))
def test_any_command_with_any_data_decodes_and_writes_back_exactly(
    command: int, data: bytes, packet_number: int
) -> None:
    wire = encode_frame(packet_number, command, data).hex()
    shown = json.loads(json.dumps(decode_line(wire, WIRE)))
    assert encode_line(shown, WIRE, invalid=True).hex == wire


@given(st.sampled_from(sorted(BY_COMMAND)), hard_bytes)
@settings(max_examples=examples(200))
def test_data_of_any_length_is_read_or_reported_for_every_command(
    command: int, data: bytes
) -> None:
    message = decode(RawFrame(0, command, data))
    assert message.command == command
    assert isinstance(problems(message), tuple)


@given(ml_updates(), packet_numbers)
@settings(max_examples=examples(150))
def test_what_would_be_refused_is_never_written_by_default(
    message: MlUpdate, packet_number: int
) -> None:
    try:
        frame = encode(message, packet_number)
    except WireFormatError:
        assert problems(message)
    else:
        assert not problems(message)
        got = read(FrameDecoder(), frame)[0][0]
        assert isinstance(got, RawFrame)
        assert decode(got) == message


@given(ml_updates(valid_points, st.just(32766)), packet_numbers)
@settings(max_examples=examples(100))
def test_every_valid_update_fits_the_buffer_of_the_device(
    message: MlUpdate, packet_number: int
) -> None:
    assert len(encode(message, packet_number)) <= LONGEST_DEVICE_FRAME
