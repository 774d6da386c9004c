"""What both ScienceMode generations share on the line: delimiters, stuffing, resynchronisation.

The byte values are the vendor's; restarting at an unescaped START is asked for by the vendor's
ScienceMode 2 document and [POLICY] for ScienceMode 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

START = 0xF0
STOP = 0x0F
ESCAPE = 0x81
KEY = 0x55

# Everything inside a frame up to a raw START, a raw STOP or an escape whose second byte is missing.
_INSIDE = re.compile(rb"(?:[^\xf0\x0f\x81]|\x81.)*", re.DOTALL)
_ESCAPED = re.compile(rb"\x81(.)", re.DOTALL)


class Frame(NamedTuple):
    """One intact frame: packet number, command, unstuffed data."""

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


#: Judges one delimited frame, START to STOP.
Check = Callable[[bytes], Frame | Damage]


def stuff(body: bytes) -> bytes:
    """Escape START, STOP and ESCAPE."""
    # The escape marker first: the other two replacements insert it.
    body = body.replace(b"\x81", b"\x81\xd4")
    return body.replace(b"\xf0", b"\x81\xa5").replace(b"\x0f", b"\x81\x5a")


def unstuff(body: bytes) -> bytes:
    """Undo stuffing; whatever byte follows an ESCAPE was escaped."""
    if ESCAPE not in body:
        return body
    return _ESCAPED.sub(lambda found: bytes((found[1][0] ^ KEY,)), body)


class StreamDecoder:
    """Find frames in a byte stream: the same findings for any chunking, bounded memory.

    check: judges a frame; longest: in wire bytes, START and STOP included.
    """

    __slots__ = ("_check", "_longest", "_partial", "_scanned")

    def __init__(self, check: Check, longest: int) -> None:
        self._check = check
        self._longest = longest
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
        longest = self._longest
        buffer = self._partial + data
        at, scanned = (0, self._scanned) if self._partial else (buffer.find(START), 1)
        while at >= 0:
            inside = _INSIDE.match(buffer, at + scanned)
            assert inside is not None  # the pattern also matches nothing
            end = inside.end()
            if end < len(buffer) and buffer[end] == START and end - at <= longest:
                found.append(Damage("restart"))
                at, scanned = end, 1
            elif end - at > longest or (end < len(buffer) and end - at == longest):
                found.append(Damage("overflow"))
                at, scanned = buffer.find(START, at + longest + 1), 1
            elif end < len(buffer) and buffer[end] == STOP:
                found.append(self._check(buffer[at : end + 1]))
                at, scanned = buffer.find(START, end + 1), 1
            else:  # the stream ends inside the frame, perhaps between an escape and its byte
                self._partial, self._scanned = buffer[at:], end - at
                return found
        self._partial = b""
        return found
