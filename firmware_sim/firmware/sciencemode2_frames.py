"""ScienceMode 2 framing on the device side: frames to bytes, and a byte stream to frames.

Layout and escaping are the vendor's [DOC]. Length and checksum cover the stuffed body: seen on a
real RehaStim2 [DEV].
"""

from __future__ import annotations

from .frames import ESCAPE, KEY, Damage, Frame, StreamDecoder, stuff, unstuff

__all__ = ["LONGEST", "SHORTEST", "Damage", "Frame", "FrameDecoder", "check", "crc8", "encode"]

#: START, checksum and length (two bytes each), packet number, command, STOP.
SHORTEST = 8
#: START, checksum, length and STOP around a body of 255 bytes: its length is one byte.
LONGEST = 261
BODY_AT = 5


def _row(value: int) -> int:
    for _ in range(8):
        value = (value << 1 ^ 0x107) if value & 0x80 else value << 1
    return value


_CRC = bytes(_row(value) for value in range(256))


def crc8(data: bytes) -> int:
    """Return the CRC-8 with polynomial 0x07, start 0, nothing reflected or inverted [DOC]."""
    crc = 0
    for byte in data:
        crc = _CRC[crc ^ byte]
    return crc


def encode(packet_number: int, command: int, data: bytes = b"") -> bytes:
    """Build the wire bytes of one frame.

    packet_number, command: 0..255; a stuffed body above 255 bytes is a ValueError.
    """
    body = stuff(bytes((packet_number, command)) + data)
    if len(body) > 255:
        raise ValueError(f"a stuffed body of {len(body)} bytes: its length is sent in one byte")
    head = bytes((ESCAPE, crc8(body) ^ KEY, ESCAPE, len(body) ^ KEY))
    return b"\xf0%b%b\x0f" % (head, body)


def check(wire: bytes) -> Frame | Damage:
    """Judge one delimited frame (START to STOP), in the order short, header, length, checksum."""
    if len(wire) < SHORTEST:
        return Damage("short")
    if not wire[1] == wire[3] == ESCAPE:
        return Damage("header")
    body = wire[BODY_AT:-1]
    plain = unstuff(body)
    if len(plain) < 2:
        return Damage("short")
    packet_number, command = plain[0], plain[1]
    if wire[4] ^ KEY != len(body):
        return Damage("length", packet_number, command)
    if wire[2] ^ KEY != crc8(body):
        return Damage("crc", packet_number, command)
    return Frame(packet_number, command, plain[2:])


class FrameDecoder(StreamDecoder):
    """Find ScienceMode 2 frames in a byte stream; at most 261 bytes are held."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(check, LONGEST)
