"""What holds for every message, every byte stream and every way of cutting it up."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.message import Message
from stimctl.wire.sciencemode4.codec import decode, encode, problems, wire_length
from stimctl.wire.sciencemode4.framing import (
    LONGEST_FRAME,
    FrameDecoder,
    FrameError,
    RawFrame,
    encode_frame,
    stop_frames,
)
from stimctl.wire.sciencemode4.messages import BY_COMMAND, MlUpdate
from tests.support.examples import examples
from tests.support.wire_strategies import all_messages, ml_updates, packet_numbers, valid_points
from tests.support.wire_streams import assert_same_however_cut, cuts, hard_bytes, streams_of
from tests.support.wire_streams import read as read_with

frames = st.builds(encode_frame, packet_numbers, st.integers(0, 1023), hard_bytes)
streams = streams_of(frames, LONGEST_FRAME)


def read(*chunks: bytes) -> tuple[list[FrameError | RawFrame], int]:
    return read_with(FrameDecoder(), *chunks)


@given(all_messages, packet_numbers)
@settings(max_examples=examples(200))
def test_every_message_survives_the_wire(message: Message, packet_number: int) -> None:
    frame = encode(message, packet_number, invalid=True)
    events, pending = read(frame)
    assert events == [RawFrame(packet_number, message.command, message.pack())]
    assert pending == 0
    assert isinstance(events[0], RawFrame)
    assert decode(events[0]) == message


@given(all_messages, packet_numbers)
@settings(max_examples=examples(200))
def test_every_message_survives_its_json_form(message: Message, packet_number: int) -> None:
    wire = encode(message, packet_number, invalid=True).hex()
    shown = json.loads(json.dumps(decode_line(wire, "sciencemode4")))
    assert shown["frames"][0]["cmd"] == message.command
    assert bool(shown["frames"][0].get("problems")) == bool(problems(message))
    assert encode_line(shown, "sciencemode4", invalid=True).hex == wire


@given(streams, cuts)
@settings(max_examples=examples(150), deadline=None)
def test_the_same_bytes_give_the_same_events_however_they_are_cut(
    stream: bytes, places: list[int]
) -> None:
    assert_same_however_cut(FrameDecoder, stream, places)


@given(streams)
@settings(max_examples=examples(150), deadline=None)
@example(b"\xf0" * 3000)
@example(b"\xf0\x81" * 1500)
def test_no_stream_raises_or_holds_more_than_a_frame(stream: bytes) -> None:
    decoder = FrameDecoder()
    for event in decoder.feed(stream):
        if isinstance(event, RawFrame):
            decode(event)
    assert decoder.pending <= LONGEST_FRAME
    decode_line(stream.hex(), "sciencemode4")


@given(st.binary(max_size=300), frames)
@settings(max_examples=examples(150))
def test_two_stop_bytes_free_a_frame_from_any_garbage_before_it(
    garbage: bytes, frame: bytes
) -> None:
    events, pending = read(garbage, b"\x0f\x0f", frame)
    assert events[-1:] == read(frame)[0]
    assert pending == 0


@given(st.binary(max_size=1300), packet_numbers)
@settings(max_examples=examples(100))
def test_an_emergency_stop_is_heard_after_anything(garbage: bytes, packet_number: int) -> None:
    events, _ = read(garbage + stop_frames(packet_number))
    assert [event.command for event in events[-2:]] == [34, 4]


@given(all_messages, packet_numbers, st.data())
@settings(max_examples=examples(200))
def test_one_flipped_bit_never_gives_another_good_frame(
    message: Message, packet_number: int, data: st.DataObject
) -> None:
    frame = bytearray(encode(message, packet_number, invalid=True))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert all(isinstance(event, FrameError) for event in read(bytes(frame))[0])


@given(st.integers(0, 1023), hard_bytes, packet_numbers)
@settings(max_examples=examples(200))
def test_any_command_with_any_data_decodes_and_writes_back_exactly(
    command: int, data: bytes, packet_number: int
) -> None:
    wire = encode_frame(packet_number, command, data).hex()
    shown = json.loads(json.dumps(decode_line(wire, "sciencemode4")))
    assert encode_line(shown, "sciencemode4", invalid=True).hex == wire


@given(st.sampled_from(sorted(BY_COMMAND)), hard_bytes)
@settings(max_examples=examples(200))
def test_data_of_any_length_is_read_or_reported_for_every_command(
    command: int, data: bytes
) -> None:
    message = decode(RawFrame(0, command, data))
    assert message.command == command
    assert isinstance(problems(message), tuple)


@given(ml_updates(valid_points, st.integers(1, 32767)), packet_numbers)
@settings(max_examples=examples(150))
def test_the_quick_way_to_write_an_update_agrees_with_the_careful_way(
    message: MlUpdate, packet_number: int
) -> None:
    quick = message.quick_pack()
    if quick is None:
        # It may hesitate where the time budget is nearly full, and nowhere else.
        load = sum(
            (sum(p.duration_us for p in c.points) + 75) / c.period_us for c in message.channels
        )
        too_long = any(c.period_us > 16_383_000 for c in message.channels)
        assert too_long or load > 0.98
    else:
        assert quick == message.pack()
        assert not problems(message)
        assert not message.off_grid()


@given(ml_updates(), st.data())
@settings(max_examples=examples(150))
def test_what_would_be_refused_is_never_written_by_default(
    message: MlUpdate, data: st.DataObject
) -> None:
    assert isinstance(message, MlUpdate)
    try:
        frame = encode(message, data.draw(packet_numbers))
    except WireFormatError:
        assert problems(message)
    else:
        assert not problems(message)
        assert len(frame) <= wire_length(message) <= LONGEST_FRAME
