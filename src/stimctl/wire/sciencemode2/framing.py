"""Frames of the ScienceMode 2 wire: bytes to frames and back, and the frames of a stop.

Imports struct and the stuffing, nothing else, because a stop path must be quick to start.

The checksum and the length count the stuffed body, packet number included [DOC][DEV] M+. A body
of up to 255 stuffed bytes is taken; the maker speaks of less than 61 data bytes [DOC] M+.
"""

from __future__ import annotations

from struct import Struct

from stimctl.wire.stuffing import KEY, START, Layout, StuffedFrameDecoder, refused, stuffed
from stimctl.wire.stuffing import STOP_BYTES as STOP_BYTES
from stimctl.wire.stuffing import FrameError as FrameError
from stimctl.wire.stuffing import RawFrame as RawFrame
from stimctl.wire.stuffing import answers as answers

HEADER_BYTES = 5
"""START, one escaped checksum byte, one escaped length byte."""
LONGEST_BODY = 255
LONGEST_FRAME = HEADER_BYTES + LONGEST_BODY + 1
HIGHEST_PACKET_NUMBER = 255
HIGHEST_COMMAND = 255

INIT = 1
INIT_ACK = 2
WATCHDOG = 4
GET_STIMULATION_MODE = 10
GET_STIMULATION_MODE_ACK = 11
STOP_CHANNEL_LIST_MODE = 34
STOP_CHANNEL_LIST_MODE_ACK = 35

RESULT_OK = 0
MODE_START = 0
"""Nothing initialized and no output [DOC]."""


def _crc_of_each_byte() -> bytes:
    """Return the checksum of every single byte: polynomial x^8 + x^2 + x + 1, start 0 [DOC]."""
    table = [0]
    power = 0x07
    for _ in range(8):
        table += [entry ^ power for entry in table]
        power = power << 1 ^ (0x107 if power & 0x80 else 0)
    return bytes(table)


def _crc_of_each_pair(single: bytes) -> bytes:
    """Return the checksum of every pair of bytes, at first byte + 256 * second byte.

    The checksum is linear, so a row of 256 is the first row XOR one value.
    """
    first_row = int.from_bytes(single.translate(single))
    every = int.from_bytes(b"\x01" * 256)
    return b"".join((first_row ^ every * value).to_bytes(256) for value in single)


_CRC_OF_PAIR = _crc_of_each_pair(_crc_of_each_byte())
_PAIRS = tuple(Struct(f"<{count}H") for count in range(LONGEST_BODY // 2 + 2))


def crc8(body: bytes) -> int:
    """Return the checksum 0..255 of up to 256 bytes, two at a time."""
    if len(body) % 2:
        body = b"\x00" + body  # with a start value of 0, leading zeros change nothing
    crc = 0
    for pair in _PAIRS[len(body) // 2].unpack(body):
        crc = _CRC_OF_PAIR[crc ^ pair]
    return crc


def encode_frame(packet_number: int, command: int, data: bytes = b"") -> bytes:
    """Return the complete frame.

    `packet_number` and `command` 0..255. Raises WireFormatError outside these ranges and where
    the stuffed body would be longer than 255 bytes.
    """
    if not (0 <= packet_number <= HIGHEST_PACKET_NUMBER and 0 <= command <= HIGHEST_COMMAND):
        raise refused(
            f"packet number {packet_number} with command {command} does not fit a frame",
            "packet numbers and commands are 0 to 255",
        )
    body = stuffed(b"%c%c%b" % (packet_number, command, data))
    length = len(body)
    if length > LONGEST_BODY:
        raise refused(
            f"a frame with a body of {length} bytes is too long",
            f"the wire counts {LONGEST_BODY} bytes",
        )
    return b"%c\x81%c\x81%c%b\x0f" % (START, crc8(body) ^ KEY, length ^ KEY, body)


def _announced_length(data: bytes, start: int) -> int:
    return HEADER_BYTES + 1 + (data[start + 4] ^ KEY)


def _check_is_right(frame: bytes, body: bytes) -> bool:
    return frame[2] ^ KEY == crc8(body)


def _checksums(frame: bytes, body: bytes) -> tuple[int, int]:
    return frame[2] ^ KEY, crc8(body)


def _prefix(plain: bytes) -> tuple[int, int]:
    return plain[0], plain[1]


_LAYOUT = Layout(
    HEADER_BYTES, LONGEST_FRAME, _announced_length, _check_is_right, _prefix, _checksums
)


class FrameDecoder(StuffedFrameDecoder):
    """The reader of ScienceMode 2 frames: holds at most one unfinished frame of 261 bytes."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_LAYOUT)


def stop_frames(packet_number: int) -> bytes:
    """Return what a stop writes: stop bytes, StopChannelListMode. `packet_number` 0..255.

    A device that is not connected does not answer it, and gives no output either: it repeats
    Init instead (see `says_not_connected`).
    """
    return STOP_BYTES + encode_frame(packet_number, STOP_CHANNEL_LIST_MODE)


def get_stimulation_mode(packet_number: int) -> bytes:
    """Return the frame that asks for the stimulation mode. `packet_number` 0..255."""
    return encode_frame(packet_number, GET_STIMULATION_MODE)


def signed(byte: int) -> int:
    """Return a byte 0..255 as the wire's signed number -128..127."""
    return byte - 256 if byte > 127 else byte


def result_of(frame: RawFrame) -> int | None:
    """Return the result code of an answer, -128..127, or None without data."""
    return signed(frame.data[0]) if frame.data else None


def confirms_stop(frame: RawFrame) -> bool:
    """Return whether this says that channel list mode is stopped."""
    return frame.command == STOP_CHANNEL_LIST_MODE_ACK and frame.data == b"\x00"


def reports_start_mode(frame: RawFrame) -> bool:
    """Return whether this is a GetStimulationMode answer saying that nothing is initialized."""
    return frame.command == GET_STIMULATION_MODE_ACK and frame.data == bytes(
        (RESULT_OK, MODE_START)
    )


def says_not_connected(frame: RawFrame) -> bool:
    """Return whether this is Init: no connection, or the watchdog ended it and the output."""
    return frame.command == INIT
