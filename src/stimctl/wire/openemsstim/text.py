"""Bytes to lines, and the hex form in which every firmware in the field takes a command."""

from __future__ import annotations

from typing import NamedTuple

LINE_END = b"\n"
SILENCE_ENDS_MESSAGE_US = 50_000
"""A message without a line end ends this long after its last byte [E]."""
RECEIVE_BUFFER_BYTES = 63
"""What the board can hold; more is lost, and the rest is spliced and executed [E]."""
LONGEST_LINE = 512
"""Where the reader gives up waiting for a line end [POLICY]; the board's lines are far below."""

HEX_START = "WV,"
HEX_HANDLE = "0018"
HEX_END = "."
STOP_TEXT = "Connection End"

# 0..9 come out right; A..F count as 0..5 and everything else as 255 [E].
_AS_READ = {digit: at % 10 for at, digit in enumerate("0123456789ABCDEF")}


class Overflow(NamedTuple):
    """More than LONGEST_LINE bytes came without a line end; they are dropped up to the next one."""

    dropped: int


class LineReader:
    """Turns a stream of bytes into lines of text; the same lines for any chunking. Never raises.

    Each byte is one character (Latin-1); `\\n` ends a line and a `\\r` before it is dropped.
    """

    __slots__ = ("_dropped", "_partial")

    def __init__(self) -> None:
        self._partial = bytearray()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Bytes of the unfinished line held back."""
        return len(self._partial)

    def feed(self, data: bytes) -> list[str | Overflow]:
        """Take bytes as they came from the line; return the lines that they completed."""
        events: list[str | Overflow] = []
        *ended, rest = bytes(data).split(LINE_END)
        for part in ended:
            self._hold(part)
            events.append(self._end())
        self._hold(rest)
        return events

    def finish(self) -> list[str | Overflow]:
        """Return the unfinished line, because no more bytes came; nothing where there is none."""
        return [self._end()] if self._partial or self._dropped else []

    def _hold(self, part: bytes) -> None:
        self._partial += part
        if self._dropped or len(self._partial) > LONGEST_LINE:
            self._dropped += len(self._partial)
            self._partial.clear()

    def _end(self) -> str | Overflow:
        line, dropped = bytes(self._partial), self._dropped
        self._partial.clear()
        self._dropped = 0
        return Overflow(dropped) if dropped else line.removesuffix(b"\r").decode("latin-1")


def to_hex(text: str) -> str:
    """Return a text of Latin-1 characters in hex form, without the line end."""
    return f"{HEX_START}{HEX_HANDLE},{text.encode('latin-1').hex().upper()}{HEX_END}"


def hex_digits(line: str) -> str:
    """Return the digits that the board takes from a line in hex form: its last character is cut."""
    return line[line.rindex(",") + 1 : -1]


def as_read(digits: str) -> str:
    """Return the text that the board makes of hex digits; right only for the digits 0..9 [E]."""
    values = [_AS_READ.get(digit, 0xFF) for digit in digits]
    if len(values) % 2:
        values.append(0xFF)
    return "".join(
        chr((high << 4 | low) & 0xFF) for high, low in zip(values[::2], values[1::2], strict=True)
    )


def stop_line(*, line_may_be_open: bool) -> bytes:
    """Return the bytes that open both channels' relays in every dialect.

    Where a half message may be on the line, a line end goes before it: else the two are one
    message, and an unknown one. Half a message never does anything, because its G comes last.
    """
    return (LINE_END if line_may_be_open else b"") + STOP_TEXT.encode("ascii") + LINE_END
