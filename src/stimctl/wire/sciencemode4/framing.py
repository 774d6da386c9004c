"""Frames of the ScienceMode 4 wire: bytes to frames and back, and the frames of an emergency stop.

Imports binascii, the encoding and the stuffing, nothing else: `stimctl stop` loads it for its first
answer.
"""

from __future__ import annotations

from binascii import crc_hqx

from stimctl.wire.sciencemode4.encoding import GET_STIM_STATUS as GET_STIM_STATUS
from stimctl.wire.sciencemode4.encoding import GET_STIM_STATUS_ACK as GET_STIM_STATUS_ACK
from stimctl.wire.sciencemode4.encoding import HEADER_BYTES as HEADER_BYTES
from stimctl.wire.sciencemode4.encoding import HIGHEST_COMMAND as HIGHEST_COMMAND
from stimctl.wire.sciencemode4.encoding import HIGHEST_PACKET_NUMBER as HIGHEST_PACKET_NUMBER
from stimctl.wire.sciencemode4.encoding import LL_STOP as LL_STOP
from stimctl.wire.sciencemode4.encoding import LL_STOP_ACK as LL_STOP_ACK
from stimctl.wire.sciencemode4.encoding import LONGEST_DEVICE_FRAME as LONGEST_DEVICE_FRAME
from stimctl.wire.sciencemode4.encoding import LONGEST_FRAME as LONGEST_FRAME
from stimctl.wire.sciencemode4.encoding import ML_STOP as ML_STOP
from stimctl.wire.sciencemode4.encoding import ML_STOP_ACK as ML_STOP_ACK
from stimctl.wire.sciencemode4.encoding import RESULT_NOT_INITIALIZED as RESULT_NOT_INITIALIZED
from stimctl.wire.sciencemode4.encoding import RESULT_SUCCESSFUL as RESULT_SUCCESSFUL
from stimctl.wire.sciencemode4.encoding import SHORTEST_FRAME as SHORTEST_FRAME
from stimctl.wire.sciencemode4.encoding import encode_frame as encode_frame
from stimctl.wire.stuffing import KEY as KEY
from stimctl.wire.stuffing import START as START
from stimctl.wire.stuffing import STOP as STOP
from stimctl.wire.stuffing import STOP_BYTES as STOP_BYTES
from stimctl.wire.stuffing import STUFF as STUFF
from stimctl.wire.stuffing import FrameError as FrameError
from stimctl.wire.stuffing import Layout, StuffedFrameDecoder
from stimctl.wire.stuffing import RawFrame as RawFrame
from stimctl.wire.stuffing import answers as answers


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
