"""Frames: what goes out, what comes back, and what the stop path can rely on."""

import subprocess
import sys
from binascii import crc_hqx

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4 import framing as f
from stimctl.wire.stuffing import FrameError, RawFrame

STATUS_ACK = f.encode_frame(5, 63, b"\x00\x00\x01")
LL_STOP_ACK = f.encode_frame(20, 5, b"\x00")


def read(data: bytes) -> list[FrameError | RawFrame]:
    return f.FrameDecoder().feed(data)


def bytewise(data: bytes) -> list[FrameError | RawFrame]:
    decoder = f.FrameDecoder()
    return [event for n in range(len(data)) for event in decoder.feed(data[n : n + 1])]


@pytest.mark.parametrize(
    ("packet_number", "command", "data", "wire"),
    [
        (60, 52, "", "F0 81 55 81 58 81 CD 81 63 81 A5 34 0F"),
        (0, 30, "00", "F0 81 55 81 58 81 75 81 29 00 1E 00 0F"),
        (
            1,
            2,
            "820c8550000644b0000c841000",
            "F0 81 55 81 4C 81 3B 81 81 04 02 82 0C 85 50 00 06 44 B0 00 0C 84 10 00 0F",
        ),
    ],
)
def test_the_worked_examples_of_the_specification(
    packet_number: int, command: int, data: str, wire: str
) -> None:
    frame = f.encode_frame(packet_number, command, bytes.fromhex(data))
    assert frame == bytes.fromhex(wire)
    assert read(frame) == [f.RawFrame(packet_number, command, bytes.fromhex(data))]


@pytest.mark.parametrize(("number", "command"), [(-1, 4), (64, 4), (0, -1), (0, 1024)])
def test_a_number_that_does_not_fit_is_refused(number: int, command: int) -> None:
    with pytest.raises(WireFormatError, match=r"packet numbers are 0 to 63"):
        f.encode_frame(number, command)


def test_a_frame_of_1200_bytes_is_written_and_read_and_a_longer_one_refused() -> None:
    frame = f.encode_frame(1, 1, b"\x22" * 1188)
    assert len(frame) == f.LONGEST_FRAME
    assert read(frame) == bytewise(frame) == [f.RawFrame(1, 1, b"\x22" * 1188)]
    with pytest.raises(WireFormatError, match="1201 bytes"):
        f.encode_frame(1, 1, b"\x22" * 1189)
    with pytest.raises(WireFormatError, match="too long"):
        f.encode_frame(1, 1, b"\xf0" * 600)


def test_every_packet_number_and_command_comes_back() -> None:
    for number in range(64):
        assert read(f.encode_frame(number, 62)) == [f.RawFrame(number, 62, b"")]
    for command in range(1024):
        assert read(f.encode_frame(60, command, b"\x0f"))[0].command == command


@pytest.mark.parametrize("length", [90, 165, 212])
def test_raw_special_bytes_in_the_length_field_do_not_split_a_frame(length: int) -> None:
    # Length 90, 165 and 212 put a raw 0F, F0 and 81 behind the marker.
    frame = f.encode_frame(1, 1, b"\x22" * (length - 12))
    assert frame[4] in (0x0F, 0xF0, 0x81)
    assert read(frame) == bytewise(frame) == [f.RawFrame(1, 1, b"\x22" * (length - 12))]


def corrupted(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes((value,)) + frame[at + 1 :]


@pytest.mark.hazard("H08")
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xf0\x0f", f.FrameError("short", None, None)),
        (corrupted(STATUS_ACK, 5, 0x80), f.FrameError("header", None, None)),
        (corrupted(STATUS_ACK, 4, 0x5B), f.FrameError("length", 5, 63)),
        (corrupted(STATUS_ACK, 8, 0x00), f.FrameError("crc", 5, 63)),
        (corrupted(STATUS_ACK, 12, 0x03), f.FrameError("crc", 5, 63)),
        (b"\xf0" + b"\x22" * 1200, f.FrameError("overflow", None, None)),
        (STATUS_ACK[:11] + b"\x22" * 1190, f.FrameError("overflow", 5, 63)),
    ],
)
def test_each_damage_has_its_name_and_what_the_frame_claims_to_be(
    data: bytes, error: FrameError
) -> None:
    assert read(data) == bytewise(data) == [error]
    # And the next frame is found.
    assert read(data + LL_STOP_ACK) == [error, f.RawFrame(20, 5, b"\x00")]


def test_a_body_too_small_for_a_prefix_is_short_though_its_checksum_is_right() -> None:
    body = b"\x81\x22"
    crc = crc_hqx(body, 0)
    frame = bytes(
        (0xF0, 0x81, 0x55, 0x81, 12 ^ 0x55, 0x81, crc >> 8 ^ 0x55, 0x81, crc & 255 ^ 0x55)
    )
    frame += body + b"\x0f"
    assert read(frame) == bytewise(frame) == [f.FrameError("short", None, None)]
    damaged = corrupted(frame, 10, 0x23)
    assert read(damaged) == bytewise(damaged) == [f.FrameError("crc", None, None)]


def test_a_stop_byte_at_byte_1201_is_an_overflow() -> None:
    data = STATUS_ACK[:-1] + b"\x22" * (1200 - len(STATUS_ACK) + 1) + b"\x0f"
    assert len(data) == 1201
    assert read(data) == bytewise(data) == [f.FrameError("overflow", 5, 63)]


@pytest.mark.parametrize(
    "body", [b"\x04\x81\xf0", b"\x04\x81\x0f", b"\x04\x81\x81", b"\x81\x00\x05"]
)
def test_any_byte_may_follow_a_marker(body: bytes) -> None:
    crc = crc_hqx(body, 0)
    frame = bytes(
        (0xF0, 0x81, 0x55, 0x81, 13 ^ 0x55, 0x81, crc >> 8 ^ 0x55, 0x81, crc & 255 ^ 0x55)
    )
    frame += body + b"\x0f"
    plain = bytes((body[0], body[2] ^ 0x55)) if body[0] == 4 else b"\x55\x05"
    expected = f.RawFrame(plain[0] >> 2, (plain[0] & 3) << 8 | plain[1], b"")
    assert read(frame) == bytewise(frame) == [expected]


def test_a_new_start_inside_a_frame_resynchronises() -> None:
    assert read(STATUS_ACK[:10] + LL_STOP_ACK) == [
        f.FrameError("restart", None, None),
        f.RawFrame(20, 5, b"\x00"),
    ]
    assert read(STATUS_ACK[:-1] + LL_STOP_ACK) == [
        f.FrameError("restart", 5, 63),
        f.RawFrame(20, 5, b"\x00"),
    ]


def test_garbage_and_lone_stop_bytes_between_frames_are_dropped() -> None:
    decoder = f.FrameDecoder()
    data = b"\x00\x81\xff" + STATUS_ACK + b"\x0f\x0f\x81" + LL_STOP_ACK + b"\x0f"
    assert [event.command for event in decoder.feed(data)] == [63, 5]
    assert decoder.pending == 0
    assert decoder.feed(b"") == []


def test_a_frame_that_stopped_coming_can_be_dropped() -> None:
    decoder = f.FrameDecoder()
    assert decoder.feed(STATUS_ACK[:6]) == []
    assert decoder.pending == 6
    assert decoder.drop_partial() == 6
    assert decoder.drop_partial() == 0
    assert decoder.feed(LL_STOP_ACK) == [f.RawFrame(20, 5, b"\x00")]


def test_any_bytes_like_chunk_is_taken() -> None:
    assert f.FrameDecoder().feed(bytearray(LL_STOP_ACK)) == [f.RawFrame(20, 5, b"\x00")]  # type: ignore[arg-type]
    assert f.FrameDecoder().feed(memoryview(LL_STOP_ACK)) == [f.RawFrame(20, 5, b"\x00")]  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", range(1, len(STATUS_ACK)))
def test_the_stop_frames_are_heard_after_a_frame_cut_off_anywhere(cut: int) -> None:
    events = read(STATUS_ACK[:cut] + f.stop_frames(60))
    assert events[-2:] == [f.RawFrame(60, 34, b""), f.RawFrame(60, 4, b"")]


def test_the_stop_frames_are_these_bytes() -> None:
    assert f.stop_frames(30) == b"\x0f\x0f" + bytes.fromhex(
        "f08155815981d0818578220f"  # Ml_stop
    ) + f.encode_frame(30, 4)
    assert f.get_stim_status(5) == bytes.fromhex("f081558159814d817f143e0f")


def test_answers_are_recognised_by_number_and_packet_number() -> None:
    ack = f.RawFrame(7, 63, b"\x00\x00\x01")
    assert f.answers(ack, f.GET_STIM_STATUS, 7)
    assert not f.answers(ack, f.GET_STIM_STATUS, 8)
    assert not f.answers(ack, f.ML_STOP, 7)
    assert f.result_of(ack) == 0
    assert f.result_of(f.RawFrame(7, 63, b"")) is None


@pytest.mark.parametrize("command", [f.ML_STOP_ACK, f.LL_STOP_ACK])
def test_a_stop_is_confirmed_by_success_or_not_initialized_and_by_nothing_else(
    command: int,
) -> None:
    for result in range(256):
        frame = f.RawFrame(0, command, bytes((result,)))
        assert f.confirms_stop(frame) == (result in (0, 7))
    assert not f.confirms_stop(f.RawFrame(0, command, b""))
    assert not f.confirms_stop(f.RawFrame(0, f.GET_STIM_STATUS_ACK, b"\x00"))


@pytest.mark.parametrize(
    ("command", "data", "nothing"),
    [
        (63, b"\x00\x00\x01", True),
        (63, b"\x00\x00\x06", True),
        (63, b"\x00\x01\x01", False),
        (63, b"\x00\x03\x06", False),
        (63, b"\x01\x00\x00", False),  # its transfer failed: it says nothing about the state
        (63, b"\x00", False),
        (63, b"", False),
        (35, b"\x00\x00\x01", False),
    ],
)
def test_nothing_initialized_is_believed_only_from_a_complete_successful_answer(
    command: int, data: bytes, nothing: bool
) -> None:
    assert f.reports_nothing_initialized(f.RawFrame(0, command, data)) is nothing


def test_frames_and_errors_compare_by_value() -> None:
    frame, error = f.RawFrame(1, 2, b"\x03"), f.FrameError("crc", 1, None)
    assert frame == f.RawFrame(1, 2, b"\x03")
    assert frame != f.RawFrame(1, 2, b"\x04")
    assert frame != error
    assert len({frame, f.RawFrame(1, 2, b"\x03"), error, f.FrameError("crc", 1, None)}) == 2
    assert repr(frame) == r"RawFrame(1, 2, b'\x03')"
    assert repr(error) == "FrameError('crc', 1, None)"


def test_framing_loads_nothing_but_binascii() -> None:
    # The stop path must put its first byte out within 60 ms of process start.
    program = (
        "import sys, stimctl; before = set(sys.modules)\n"
        "import stimctl.wire.sciencemode4.framing\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    allowed = {
        "stimctl.wire",
        "stimctl.wire.escapes",
        "stimctl.wire.stuffing",
        "stimctl.wire.sciencemode4",
        "stimctl.wire.sciencemode4.encoding",
        "stimctl.wire.sciencemode4.framing",
    }
    assert set(loaded) <= allowed | {"binascii"}
