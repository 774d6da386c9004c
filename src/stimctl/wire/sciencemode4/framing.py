"""Frames of the ScienceMode 4 wire: bytes to frames and back, and the frames of an emergency stop.

Imports binascii and the stuffing, nothing else, because `stimctl stop` must put its first byte on
the line within 60 ms of process start.

Sources: the P24 Instructions for Use v1.1 [IFU] for frame layout, stuffing and the limit of
1200 bytes (M+).
"""

from __future__ import annotations

from binascii import crc_hqx

from stimctl.wire.stuffing import KEY as KEY
from stimctl.wire.stuffing import START as START
from stimctl.wire.stuffing import STOP as STOP
from stimctl.wire.stuffing import STOP_BYTES as STOP_BYTES
from stimctl.wire.stuffing import STUFF as STUFF
from stimctl.wire.stuffing import FrameError as FrameError
from stimctl.wire.stuffing import Layout, StuffedFrameDecoder, refused, stuffed
from stimctl.wire.stuffing import RawFrame as RawFrame
from stimctl.wire.stuffing import answers as answers

HEADER_BYTES = 9
"""START, two escaped length bytes, two escaped check bytes."""
SHORTEST_FRAME = 12
LONGEST_FRAME = 1200
"""Longest frame on the wire, stuffing included [IFU] M+."""
LONGEST_DEVICE_FRAME = 576
"""The maker's limit on the device's own processor; a driver keeps within it [LIB] M?."""
HIGHEST_PACKET_NUMBER = 63
HIGHEST_COMMAND = 1023

LL_STOP = 4
LL_STOP_ACK = 5
ML_STOP = 34
ML_STOP_ACK = 35
GET_STIM_STATUS = 62
GET_STIM_STATUS_ACK = 63

RESULT_SUCCESSFUL = 0
RESULT_NOT_INITIALIZED = 7


def encode_frame(packet_number: int, command: int, data: bytes = b"") -> bytes:
    """Return the complete frame.

    `packet_number` 0..63, `command` 0..1023. Raises WireFormatError outside these ranges and
    where the stuffed frame would be longer than 1200 bytes.
    """
    if not (0 <= packet_number <= HIGHEST_PACKET_NUMBER and 0 <= command <= HIGHEST_COMMAND):
        raise refused(
            f"packet number {packet_number} with command {command} does not fit a frame",
            "packet numbers are 0..63 and commands 0..1023",
        )
    body = stuffed(bytes((packet_number << 2 | command >> 8, command & 0xFF)) + data)
    length = len(body) + HEADER_BYTES + 1
    if length > LONGEST_FRAME:
        raise refused(
            f"a frame of {length} bytes is too long", f"the wire allows {LONGEST_FRAME} bytes"
        )
    crc = crc_hqx(body, 0)
    return b"%c\x81%c\x81%c\x81%c\x81%c%b\x0f" % (
        START,
        length >> 8 ^ KEY,
        length & 0xFF ^ KEY,
        crc >> 8 ^ KEY,
        crc & 0xFF ^ KEY,
        body,
    )


def _announced_length(data: bytes, start: int) -> int:
    return (data[start + 2] ^ KEY) << 8 | data[start + 4] ^ KEY


def _check_is_right(frame: bytes, body: bytes) -> bool:
    return ((frame[6] ^ KEY) << 8 | frame[8] ^ KEY) == crc_hqx(body, 0)


def _checksums(frame: bytes, body: bytes) -> tuple[int, int]:
    return (frame[6] ^ KEY) << 8 | frame[8] ^ KEY, crc_hqx(body, 0)


def _prefix(plain: bytes) -> tuple[int, int]:
    first = plain[0]
    return first >> 2, (first & 3) << 8 | plain[1]


_LAYOUT = Layout(
    HEADER_BYTES, LONGEST_FRAME, _announced_length, _check_is_right, _prefix, _checksums
)


class FrameDecoder(StuffedFrameDecoder):
    """The reader of ScienceMode 4 frames: holds at most one unfinished frame of 1200 bytes."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_LAYOUT)


def stop_frames(packet_number: int) -> bytes:
    """Return everything an emergency stop writes: stop bytes, Ml_stop, Ll_stop.

    Both levels are stopped because the caller may not know which one is running; the one that is
    not answers "not initialized", which is just as good. `packet_number` 0..63.
    """
    return STOP_BYTES + encode_frame(packet_number, ML_STOP) + encode_frame(packet_number, LL_STOP)


def get_stim_status(packet_number: int) -> bytes:
    """Return the frame that asks what is initialized. `packet_number` 0..63."""
    return encode_frame(packet_number, GET_STIM_STATUS)


def result_of(frame: RawFrame) -> int | None:
    """Return the result code of an answer: its first data byte, 0..255, or None without data."""
    return frame.data[0] if frame.data else None


def confirms_stop(frame: RawFrame) -> bool:
    """Return whether this says a level is stopped: acknowledged with 0, or not initialized (7)."""
    return frame.command in (ML_STOP_ACK, LL_STOP_ACK) and result_of(frame) in (
        RESULT_SUCCESSFUL,
        RESULT_NOT_INITIALIZED,
    )


def reports_nothing_initialized(frame: RawFrame) -> bool:
    """Return whether this is a Get_stim_status answer saying that no level is initialized."""
    return frame.command == GET_STIM_STATUS_ACK and frame.data[:2] == bytes(2)
