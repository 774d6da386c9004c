"""ScienceMode 2 frames: what goes out, what comes back, and what a stop can rely on."""

import subprocess
import sys

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode2 import framing as f
from stimctl.wire.stuffing import FrameError, RawFrame

MODE_ACK = f.encode_frame(5, 11, b"\x00\x00")
STOP_ACK = f.encode_frame(20, 35, b"\x00")


def read(data: bytes) -> list[FrameError | RawFrame]:
    return f.FrameDecoder().feed(data)


def bytewise(data: bytes) -> list[FrameError | RawFrame]:
    decoder = f.FrameDecoder()
    return [event for n in range(len(data)) for event in decoder.feed(data[n : n + 1])]


def slow_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc << 1 ^ (0x107 if crc & 0x80 else 0)
    return crc


def framed(body: bytes) -> bytes:
    return bytes((0xF0, 0x81, slow_crc(body) ^ 0x55, 0x81, len(body) ^ 0x55)) + body + b"\x0f"


def corrupted(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes((value,)) + frame[at + 1 :]


def test_the_checksum_has_the_check_value_of_its_polynomial() -> None:
    assert f.crc8(b"123456789") == 0xF4
    assert f.crc8(b"") == 0
    every = bytes(range(256))
    assert [f.crc8(every[:size]) for size in range(257)] == [
        slow_crc(every[:size]) for size in range(257)
    ]


def test_the_frames_of_a_real_device() -> None:
    assert f.encode_frame(0, 1, b"\x01") == bytes.fromhex("f0814781560001010f")
    # Length and checksum count the escaped packet number.
    assert f.encode_frame(240, 1, b"\x01") == bytes.fromhex("f081e8815181a501010f")
    # A delimiter behind a marker in the header is a number.
    raw = bytes.fromhex("f081a58156ee01010f")
    assert f.encode_frame(0xEE, 1, b"\x01") == raw
    assert read(raw) == bytewise(raw) == [f.RawFrame(0xEE, 1, b"\x01")]


@pytest.mark.parametrize(("number", "command"), [(-1, 4), (256, 4), (0, -1), (0, 256)])
def test_a_number_that_does_not_fit_is_refused(number: int, command: int) -> None:
    with pytest.raises(WireFormatError, match=r"packet numbers and commands are 0 to 255"):
        f.encode_frame(number, command)


def test_a_body_of_255_bytes_is_written_and_read_and_a_longer_one_refused() -> None:
    frame = f.encode_frame(1, 1, b"\x22" * 253)
    assert len(frame) == f.LONGEST_FRAME
    assert read(frame) == bytewise(frame) == [f.RawFrame(1, 1, b"\x22" * 253)]
    with pytest.raises(WireFormatError, match="256 bytes"):
        f.encode_frame(1, 1, b"\x22" * 254)
    with pytest.raises(WireFormatError, match="too long"):
        f.encode_frame(1, 1, b"\xf0" * 127)


def test_every_packet_number_and_command_comes_back() -> None:
    for number in range(256):
        frame = f.encode_frame(number, 255 - number)
        assert read(frame) == bytewise(frame) == [f.RawFrame(number, 255 - number, b"")]


@pytest.mark.parametrize("length", [0x5A, 0xA5, 0xD4])
def test_raw_special_bytes_in_the_length_field_do_not_split_a_frame(length: int) -> None:
    frame = f.encode_frame(1, 1, b"\x22" * (length - 2))
    assert frame[4] in (0x0F, 0xF0, 0x81)
    assert read(frame) == bytewise(frame) == [f.RawFrame(1, 1, b"\x22" * (length - 2))]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xf0\x0f", f.FrameError("short", None, None)),
        (framed(b"\x05"), f.FrameError("short", None, None)),
        (framed(b"\x81\x22"), f.FrameError("short", None, None)),
        (corrupted(MODE_ACK, 1, 0x80), f.FrameError("header", None, None)),
        (corrupted(MODE_ACK, 4, 0x52), f.FrameError("length", 5, 11)),
        (corrupted(MODE_ACK, 2, 0x00), f.FrameError("crc", 5, 11)),
        (corrupted(MODE_ACK, 8, 0x03), f.FrameError("crc", 5, 11)),
        (MODE_ACK[:-1] + b"\x22" * 253, f.FrameError("overflow", 5, 11)),
        (b"\xf0" + b"\x22" * 261, f.FrameError("overflow", None, None)),
    ],
)
def test_each_damage_has_its_name_and_what_the_frame_claims_to_be(
    data: bytes, error: FrameError
) -> None:
    assert read(data) == bytewise(data) == [error]
    assert read(data + STOP_ACK) == [error, f.RawFrame(20, 35, b"\x00")]


def test_any_byte_may_follow_a_marker() -> None:
    # A peer escapes 55 and 0A too: 81 00 and 81 5F.
    frame = framed(b"\x04\x21\x81\x00\x81\x5f\x81\xf0\x81\x0f\x81\x81")
    expected = [f.RawFrame(4, 0x21, b"\x55\x0a\xa5\x5a\xd4")]
    assert read(frame) == bytewise(frame) == expected


def test_a_new_start_inside_a_frame_resynchronises() -> None:
    good = f.RawFrame(20, 35, b"\x00")
    assert read(MODE_ACK[:6] + STOP_ACK) == [f.FrameError("restart", None, None), good]
    assert read(MODE_ACK[:-1] + STOP_ACK) == [f.FrameError("restart", 5, 11), good]


def test_a_frame_that_stopped_coming_can_be_dropped() -> None:
    decoder = f.FrameDecoder()
    assert decoder.feed(MODE_ACK[:6]) == []
    assert decoder.pending == decoder.drop_partial() == 6
    assert decoder.feed(STOP_ACK) == [f.RawFrame(20, 35, b"\x00")]


@pytest.mark.parametrize("cut", range(1, len(MODE_ACK)))
def test_a_stop_is_heard_after_a_frame_cut_off_anywhere(cut: int) -> None:
    assert read(MODE_ACK[:cut] + f.stop_frames(240))[-1] == f.RawFrame(240, 34, b"")


def test_the_stop_frames_are_these_bytes() -> None:
    assert f.stop_frames(20) == bytes.fromhex("0f0ff081b8815714220f")
    assert f.get_stimulation_mode(1) == bytes.fromhex("f081768157010a0f")


def test_a_stop_is_confirmed_by_result_0_and_by_nothing_else() -> None:
    for result in range(256):
        frame = f.RawFrame(0, 35, bytes((result,)))
        assert f.confirms_stop(frame) == (result == 0)
    assert not f.confirms_stop(f.RawFrame(0, 35, b""))
    assert not f.confirms_stop(f.RawFrame(0, 33, b"\x00"))


@pytest.mark.parametrize(
    ("command", "data", "start"),
    [
        (11, b"\x00\x00", True),
        (11, b"\x00\x01", False),
        (11, b"\x00\x02", False),
        (11, b"\xff", False),
        (11, b"\x00", False),
        (11, b"", False),
        (13, b"\x00\x00", False),
    ],
)
def test_start_mode_is_believed_only_from_a_complete_successful_answer(
    command: int, data: bytes, start: bool
) -> None:
    assert f.reports_start_mode(f.RawFrame(0, command, data)) is start


def test_answers_are_recognised_and_results_are_signed() -> None:
    ack = f.RawFrame(7, 35, b"\xf8")
    assert f.answers(ack, f.STOP_CHANNEL_LIST_MODE, 7)
    assert not f.answers(ack, f.STOP_CHANNEL_LIST_MODE, 8)
    assert f.result_of(ack) == -8
    assert f.result_of(f.RawFrame(7, 35, b"\x7f")) == 127
    assert f.result_of(f.RawFrame(7, 35, b"")) is None
    assert f.says_not_connected(f.RawFrame(0, 1, b"\x01"))
    assert not f.says_not_connected(ack)


def test_framing_loads_nothing_but_struct() -> None:
    program = (
        "import sys, stimctl; before = set(sys.modules)\n"
        "import stimctl.wire.sciencemode2.framing\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    own = {name for name in loaded if name.startswith("stimctl.wire")}
    assert own == {
        "stimctl.wire",
        "stimctl.wire.escapes",
        "stimctl.wire.stuffing",
        "stimctl.wire.sciencemode2",
        "stimctl.wire.sciencemode2.framing",
    }
    assert set(loaded) - own <= {"struct", "_struct"}
