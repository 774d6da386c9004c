"""ScienceMode 4 frames from numbers to bytes: all that a stop needs to send.

Imports binascii and the escapes, nothing else, because `stimctl stop` must put its first byte on
the line within 60 ms of process start.

Sources: the P24 Instructions for Use v1.1 [IFU] for frame layout, stuffing and the limit of
1200 bytes (M+).
"""

from __future__ import annotations

from binascii import crc_hqx

from stimctl.wire.escapes import KEY, START, refused, stuffed

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
            "packet numbers are 0 to 63 and commands 0 to 1023",
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
