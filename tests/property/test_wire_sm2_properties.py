"""What holds for every ScienceMode 2 message, every byte stream and every way of cutting it up."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.sciencemode2 import messages as m
from stimctl.wire.sciencemode2.codec import decode, encode, problems
from stimctl.wire.sciencemode2.framing import (
    LONGEST_FRAME,
    FrameDecoder,
    RawFrame,
    crc8,
    encode_frame,
    stop_frames,
)
from stimctl.wire.sciencemode2.message import Sm2Message
from stimctl.wire.sciencemode2.messages_stimulation import ListPulse, StartChannelListMode
from stimctl.wire.stuffing import FrameError
from tests.support.examples import examples
from tests.support.wire_streams import assert_same_however_cut, cuts, hard_bytes, streams_of
from tests.support.wire_streams import read as read_with

WIRE = "sciencemode2"
byte = st.integers(0, 255)
signed = st.integers(-128, 127)
pulses = st.builds(
    m.ListPulse, st.integers(0, 65535), byte.map(lambda milliampere: 1000 * milliampere), byte
)
valid_pulses = st.builds(
    m.ListPulse,
    st.integers(0, 500),
    st.integers(0, 130).map(lambda milliampere: 1000 * milliampere),
    st.integers(0, 2),
)
starts = st.lists(pulses, max_size=10).map(lambda found: m.StartChannelListMode(tuple(found)))
all_messages = st.one_of(
    starts,
    st.builds(
        m.InitChannelListMode,
        byte,
        st.integers(0, 65535).map(lambda code: code and 500 * code + 1000),
        byte.map(lambda code: 500 * code + 1500),
        *[byte] * 3,
    ),
    st.builds(m.SinglePulse, byte, st.integers(0, 65535), byte.map(lambda ma: 1000 * ma)),
    st.sampled_from(
        [m.Watchdog(), m.GetStimulationMode(), m.GetMotomedMode(), m.StopChannelListMode()]
    ),
    st.builds(
        lambda kind, result: kind(result),
        st.sampled_from([kind for kind in m.BY_COMMAND.values() if issubclass(kind, m.ResultAck)]),
        signed,
    ).filter(lambda ack: not isinstance(ack, m.ModeAck) or ack.result),
    st.builds(m.GetStimulationModeAck, st.just(0), signed),
    st.builds(m.GetMotomedModeAck, st.just(0), signed),
    st.builds(m.StimulationError, signed),
    st.builds(m.Init, byte),
    st.builds(m.UnknownCmd, byte),
    st.builds(
        lambda kind, data: kind(data),
        st.sampled_from([kind for kind in m.BY_COMMAND.values() if issubclass(kind, m.Motomed)]),
        hard_bytes,
    ),
)
frames = st.builds(encode_frame, byte, byte, hard_bytes)
streams = streams_of(frames, LONGEST_FRAME)


def read(*chunks: bytes) -> tuple[list[FrameError | RawFrame], int]:
    return read_with(FrameDecoder(), *chunks)


@given(all_messages, byte)
@settings(max_examples=examples(200))
def test_every_message_survives_the_wire(message: Sm2Message, packet_number: int) -> None:
    events, pending = read(encode(message, packet_number, invalid=True))
    assert events == [RawFrame(packet_number, message.command, message.pack())]
    assert pending == 0
    assert isinstance(events[0], RawFrame)
    assert decode(events[0]) == message


@given(all_messages, byte)
@settings(max_examples=examples(200))
def test_every_message_survives_its_json_form(message: Sm2Message, packet_number: int) -> None:
    wire = encode(message, packet_number, invalid=True).hex()
    shown = json.loads(json.dumps(decode_line(wire, WIRE)))
    assert bool(shown["frames"][0].get("problems")) == bool(problems(message))
    assert "exact_payload_hex" not in shown["frames"][0]
    assert encode_line(shown, WIRE, invalid=True).hex == wire


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
    decode_line(stream.hex(), WIRE)


@given(st.binary(max_size=300), byte)
@settings(max_examples=examples(150))
def test_a_stop_is_heard_after_anything(garbage: bytes, packet_number: int) -> None:
    events, pending = read(garbage + stop_frames(packet_number))
    assert events[-1] == RawFrame(packet_number, 34, b"")
    assert pending == 0


@given(byte, byte, hard_bytes)
@settings(max_examples=examples(200))
def test_any_command_with_any_data_decodes_and_writes_back_exactly(
    packet_number: int, command: int, data: bytes
) -> None:
    wire = encode_frame(packet_number, command, data).hex()
    shown = json.loads(json.dumps(decode_line(wire, WIRE)))
    assert encode_line(shown, WIRE, invalid=True).hex == wire


@given(st.lists(valid_pulses, max_size=8).map(tuple))
@settings(max_examples=examples(150))
def test_the_quick_way_to_write_a_list_agrees_with_the_careful_way(
    channels: tuple[ListPulse, ...],
) -> None:
    message = m.StartChannelListMode(channels)
    assert message.quick_pack() == message.pack()
    assert not problems(message)


@given(starts, byte)
@settings(max_examples=examples(150))
def test_what_would_be_refused_is_never_written_by_default(
    message: StartChannelListMode, packet_number: int
) -> None:
    try:
        encode(message, packet_number)
    except WireFormatError:
        assert problems(message)
    else:
        assert not problems(message)


@given(st.binary(min_size=1, max_size=255), st.data())
def test_the_checksum_sees_every_single_flipped_bit(body: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    assert crc8(bytes(flipped)) != crc8(body)
