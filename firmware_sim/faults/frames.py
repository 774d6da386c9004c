"""Where frames begin and end in a stream of bytes, without judging or keeping them.

The delimiters are those of both ScienceModes: START, STOP, and a marker before a literal byte; or
the ends of lines.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware_sim.firmware.frames import ESCAPE, KEY, START, STOP

from .wires import Wire


class Piece(NamedTuple):
    """Consecutive bytes of one frame, or of none (inside False).

    at: offset of the first byte in its frame; ends: whether the last byte ends the frame.
    """

    data: bytes
    inside: bool
    at: int
    ends: bool

    @property
    def begins(self) -> bool:
        """Whether this is the beginning of a frame."""
        return self.inside and self.at == 0


class FrameTracker:
    """Cuts a stream at the borders of its frames; the same borders for any chunking."""

    def __init__(self) -> None:
        self._inside = False
        self._literal = False
        self._at = 0  # bytes of the frame so far

    def feed(self, data: bytes) -> list[Piece]:
        """Return the pieces of these bytes, in order and complete."""
        pieces: list[Piece] = []
        since = 0
        for index, byte in enumerate(data):
            if self._inside and self._literal:
                self._literal = False
            elif byte == START:
                self._cut(pieces, data[since:index], ends=False)
                since, self._inside, self._at = index, True, 0
            elif self._inside and byte == ESCAPE:
                self._literal = True
            elif self._inside and byte == STOP:
                self._cut(pieces, data[since : index + 1], ends=True)
                since, self._inside = index + 1, False
        self._cut(pieces, data[since:], ends=False)
        return pieces

    def _cut(self, pieces: list[Piece], data: bytes, *, ends: bool) -> None:
        if data:
            pieces.append(Piece(data, self._inside, self._at, ends))
            self._at += len(data)


class LineTracker:
    """The same where text is spoken: each line with its end is a frame."""

    def __init__(self) -> None:
        self._at = 0

    def feed(self, data: bytes) -> list[Piece]:
        """Return the pieces of these bytes, in order and complete."""
        pieces: list[Piece] = []
        for part in _lines(data):
            ends = part.endswith(b"\n")
            pieces.append(Piece(part, True, self._at, ends))
            self._at = 0 if ends else self._at + len(part)
        return pieces


def _lines(data: bytes) -> list[bytes]:
    *whole, rest = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([rest] if rest else [])]


def tracker_of(wire: Wire) -> FrameTracker | LineTracker:
    """What cuts the stream of a wire."""
    return LineTracker() if wire.text else FrameTracker()


class CommandReader:
    """Reads a frame's command number while it passes, before its last byte has."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._head = b""

    def feed(self, piece: Piece) -> int | None:
        """Take the next piece of a frame; return its command once two body bytes are there."""
        if not piece.inside:
            return None
        # Four body bytes on the wire hold the two of the prefix, however they are stuffed.
        self._head = (b"" if piece.begins else self._head) + piece.data
        body = self._head[self._wire.body_at : self._wire.body_at + 4]
        plain = []
        literal = False
        for byte in body:
            if byte == ESCAPE and not literal:
                literal = True
                continue
            plain.append(byte ^ KEY if literal else byte)
            literal = False
        return self._wire.command(plain[0], plain[1]) if len(plain) >= 2 else None
