"""Bytes to lines, and the hex form in which every firmware in the field takes a command."""

from __future__ import annotations

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from stimctl.light_tuple import NamedTuple

LINE_END = b"\n"
RECEIVE_BUFFER_BYTES = 63
"""What the board can hold; more is lost, and the rest is spliced and executed [E]."""
LONGEST_LINE = 512
"""Where the reader gives up waiting for a line end [POLICY]; the board's lines are far below."""

HEX_START = "WV"
HEX_HANDLE = "0018"
HEX_END = "."
STOP_TEXT = "Connection End"
TEST_CHARACTERS = "12qaws"
"""With one of them as its first character a line toggles a relay, or turns a potentiometer, in the
released firmware, whatever follows [E]."""

# A..F count as 0..5 [E], so these say the same, and no line made of them by losing bytes can begin
# with a test character. The handle is free.
_ARMOUR = str.maketrans("12", "BC")
ARMOURED_DIGITS = frozenset("03456789BC")
_ARMOURED_HANDLE = "0000"
_TOKEN_LETTERS = "bdefhjkmnprtuvxyz"
_TOKEN_LENGTH = 4

BLANKS = " \t\n\v\f\r"
"""What the board's own trim() takes away."""

# 0..9 come out right; A..F count as 0..5 [E].
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
    return f"{HEX_START},{HEX_HANDLE},{text.encode('latin-1').hex().upper()}{HEX_END}"


def armoured(text: str) -> str:
    """Return the same in hex form without any test character in it, as far as the text allows.

    Whichever of its bytes a line loses, what is left of it then begins with no test character.
    """
    digits = text.encode("latin-1").hex().upper().translate(_ARMOUR)
    return f"{HEX_START},{_ARMOURED_HANDLE},{digits}{HEX_END}"


def probe_text(at_ms: int) -> str:
    """Return a line that no firmware acts on, other than that of any other time nearby.

    By its echo it is known for ours, and which one it is. It begins with the `x` of the probe for
    the dialect, and has nothing in it that could act if other bytes of it were lost.
    """
    letters = ""
    for _ in range(_TOKEN_LENGTH):
        at_ms, index = divmod(at_ms, len(_TOKEN_LETTERS))
        letters += _TOKEN_LETTERS[index]
    return "x" + letters


def drives(text: str) -> bool:
    """Whether a line that was received may have switched something on; no stop damaged in one
    byte does."""
    text = text.strip(BLANKS)
    if text.startswith(
        (HEX_START, "OM", *TEST_CHARACTERS, *(f".{one}" for one in TEST_CHARACTERS))
    ):
        return True
    return "G" in text and ("C0" in text or "C1" in text)


def hex_digits(line: str) -> str:
    """Return the digits that the board takes from a line in hex form: its last character is cut.

    Without a comma they begin with the line; where they end before they begin, both ends are
    exchanged [E].
    """
    begin, end = line.rfind(",") + 1, len(line) - 1
    return line[min(begin, end) : max(begin, end)]


def as_read(digits: str) -> str:
    """Return the text that the board makes of hex digits; right only for the digits 0..9 [E].

    A pair with anything in it that is no digit, or with one missing, is the character 255.
    """
    pairs = (digits[at : at + 2] for at in range(0, len(digits), 2))
    return "".join(chr(_pair(pair)) for pair in pairs)


def _pair(pair: str) -> int:
    values = [_AS_READ.get(digit) for digit in pair]
    if len(values) < 2 or None in values:
        return 0xFF
    high, low = (value or 0 for value in values)
    return high << 4 | low


def stop_line(*, line_may_be_open: bool) -> bytes:
    """Return the bytes that open both channels' relays in every dialect.

    Where a half message may be on the line, a line end goes before it: else the two are one
    message, and an unknown one. Half a message of ours never does anything, because its G comes
    last.
    """
    return (LINE_END if line_may_be_open else b"") + STOP_TEXT.encode("ascii") + LINE_END
