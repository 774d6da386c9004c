"""ScienceMode 4 framing on the device side: frames to bytes, and a byte stream to frames.

Layout, escaping and checksum are the vendor's [IFU][LIB]; the resynchronising decoder is [POLICY].
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from typing import NamedTuple

START = 0xF0
STOP = 0x0F
ESCAPE = 0x81
KEY = 0x55
#: Longest and shortest frame in wire bytes, START and STOP included [IFU].
LONGEST = 1200
SHORTEST = 12
#: Offset of the body: START, then length and checksum, each two escaped bytes.
BODY_AT = 9

# Everything inside a frame up to a raw START, a raw STOP or an escape whose second byte is missing.
_INSIDE = re.compile(rb"(?:[^\xf0\x0f\x81]|\x81.)*", re.DOTALL)
_ESCAPED = re.compile(rb"\x81(.)", re.DOTALL)


class Frame(NamedTuple):
    """One intact frame: packet number 0..63, command 0..1023, unstuffed data."""

    packet_number: int
    command: int
    data: bytes


class Damage(NamedTuple):
    """Bytes that were meant to be a frame: what is wrong, and the prefix where it can be read.

    kind: "short" | "header" | "length" | "crc" | "restart" | "overflow".
    """

    kind: str
    packet_number: int | None = None
    command: int | None = None


def _escaped(value: int) -> bytes:
    return bytes((ESCAPE, (value >> 8) ^ KEY, ESCAPE, (value & 0xFF) ^ KEY))


def encode(packet_number: int, command: int, data: bytes) -> bytes:
    """Build the wire bytes of one frame; packet number 0..63, command 0..1023, else ValueError."""
    if not (0 <= packet_number <= 63 and 0 <= command <= 1023):
        raise ValueError(f"no such prefix: packet {packet_number}, command {command}")
    body = (packet_number << 10 | command).to_bytes(2, "big") + data
    # The escape marker first: the other two replacements insert it.
    body = body.replace(b"\x81", b"\x81\xd4")
    body = body.replace(b"\xf0", b"\x81\xa5").replace(b"\x0f", b"\x81\x5a")
    return b"\xf0%b%b%b\x0f" % (_escaped(len(body) + 10), _escaped(crc_hqx(body, 0)), body)


def _unstuff(body: bytes) -> bytes:
    if ESCAPE not in body:
        return body
    return _ESCAPED.sub(lambda found: bytes((found[1][0] ^ KEY,)), body)


def _field(wire: bytes, offset: int) -> int:
    return (wire[offset] ^ KEY) << 8 | (wire[offset + 2] ^ KEY)


def check(wire: bytes) -> Frame | Damage:
    """Judge one delimited frame (START to STOP), in the order short, header, length, checksum."""
    if len(wire) < SHORTEST:
        return Damage("short")
    if not wire[1] == wire[3] == wire[5] == wire[7] == ESCAPE:
        return Damage("header")
    body = wire[BODY_AT:-1]
    plain = _unstuff(body)
    if len(plain) < 2:
        return Damage("short")
    prefix = plain[0] << 8 | plain[1]
    packet_number, command = prefix >> 10, prefix & 0x3FF
    if _field(wire, 2) != len(wire):
        return Damage("length", packet_number, command)
    if _field(wire, 6) != crc_hqx(body, 0):
        return Damage("crc", packet_number, command)
    return Frame(packet_number, command, plain[2:])


class FrameDecoder:
    """Find frames in a byte stream: the same findings for any chunking, at most 1200 bytes held."""

    __slots__ = ("_partial", "_scanned")

    def __init__(self) -> None:
        self._partial = b""  # empty, or an unfinished frame that begins with START
        self._scanned = 1

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._partial)

    def drop_partial(self) -> None:
        """Forget an unfinished frame, for instance after silence on the line."""
        self._partial = b""

    def feed(self, data: bytes) -> list[Frame | Damage]:
        """Take bytes as they came and return what they complete, in order."""
        found: list[Frame | Damage] = []
        buffer = self._partial + data
        at, scanned = (0, self._scanned) if self._partial else (buffer.find(START), 1)
        while at >= 0:
            inside = _INSIDE.match(buffer, at + scanned)
            assert inside is not None  # the pattern also matches nothing
            end = inside.end()
            if end < len(buffer) and buffer[end] == START and end - at <= LONGEST:
                found.append(Damage("restart"))
                at, scanned = end, 1
            elif end - at > LONGEST or (end < len(buffer) and end - at == LONGEST):
                found.append(Damage("overflow"))
                at, scanned = buffer.find(START, at + LONGEST + 1), 1
            elif end < len(buffer) and buffer[end] == STOP:
                found.append(check(buffer[at : end + 1]))
                at, scanned = buffer.find(START, end + 1), 1
            else:  # the stream ends inside the frame, perhaps between an escape and its byte
                self._partial, self._scanned = buffer[at:], end - at
                return found
        self._partial = b""
        return found
