"""ScienceMode 4 framing on the device side: frames to bytes, and a byte stream to frames.

Layout, escaping and checksum are the vendor's [IFU][LIB]; the resynchronising decoder is [POLICY].
"""

from __future__ import annotations

from binascii import crc_hqx

from .frames import ESCAPE, KEY, START, STOP, Damage, Frame, StreamDecoder, stuff, unstuff

__all__ = [
    "BODY_AT",
    "ESCAPE",
    "KEY",
    "LONGEST",
    "SHORTEST",
    "START",
    "STOP",
    "Damage",
    "Frame",
    "FrameDecoder",
    "check",
    "encode",
]

#: Longest and shortest frame in wire bytes, START and STOP included [IFU].
LONGEST = 1200
SHORTEST = 12
#: Offset of the body: START, then length and checksum, each two escaped bytes.
BODY_AT = 9


def _escaped(value: int) -> bytes:
    return bytes((ESCAPE, (value >> 8) ^ KEY, ESCAPE, (value & 0xFF) ^ KEY))


def encode(packet_number: int, command: int, data: bytes) -> bytes:
    """Build the wire bytes of one frame; packet number 0..63, command 0..1023, else ValueError."""
    if not (0 <= packet_number <= 63 and 0 <= command <= 1023):
        raise ValueError(f"no such prefix: packet {packet_number}, command {command}")
    body = stuff((packet_number << 10 | command).to_bytes(2, "big") + data)
    return b"\xf0%b%b%b\x0f" % (_escaped(len(body) + 10), _escaped(crc_hqx(body, 0)), body)


def _field(wire: bytes, offset: int) -> int:
    return (wire[offset] ^ KEY) << 8 | (wire[offset + 2] ^ KEY)


def check(wire: bytes) -> Frame | Damage:
    """Judge one delimited frame (START to STOP), in the order short, header, length, checksum."""
    if len(wire) < SHORTEST:
        return Damage("short")
    if not wire[1] == wire[3] == wire[5] == wire[7] == ESCAPE:
        return Damage("header")
    body = wire[BODY_AT:-1]
    plain = unstuff(body)
    if len(plain) < 2:
        return Damage("short")
    prefix = plain[0] << 8 | plain[1]
    packet_number, command = prefix >> 10, prefix & 0x3FF
    if _field(wire, 2) != len(wire):
        return Damage("length", packet_number, command)
    if _field(wire, 6) != crc_hqx(body, 0):
        return Damage("crc", packet_number, command)
    return Frame(packet_number, command, plain[2:])


class FrameDecoder(StreamDecoder):
    """Find ScienceMode 4 frames in a byte stream; at most 1200 bytes are held."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(check, LONGEST)
