"""What an openEMSstim makes of a message: its number arithmetic, its hex decoder, its grammar.

All of it as measured on the real firmware in an emulator [E], the overflows included. Text is kept
as one character for each byte (Latin-1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from struct import pack, unpack

DEFAULT_MAX = 215
DEFAULT_MIN = 55
#: What the end of an on-time is cut to; tested after the value has become 16 bits wide.
LONGEST_ON_MS = 5_000
#: What the board takes away at both ends of a line.
BLANKS = " \t\n\v\f\r"
STOP = "Connection End"
HEX_START = "WV"
_DIGITS = "0123456789"
_NUL, _GARBAGE = "\0", "\xff"
#: What stands around the brackets does not matter, nor what follows the digits of a number.
_OPTION = re.compile(
    r"O(?P<name>M[AI])[^\[]*\[[^,]*?(?P<channel>\d*)[^,\d]*,(?P<percent>\d*)[^\]]*\]",
    re.ASCII | re.DOTALL,
)


def i16(value: int) -> int:
    """Wrap to a signed 16-bit integer."""
    value &= 0xFFFF
    return value - 65_536 if value >= 32_768 else value


def _to_int(value: float) -> int:
    """Round to single precision, then cut towards zero."""
    (single,) = unpack("<f", pack("<f", value))
    return int(single)


def wiper(intensity: int, highest: int = DEFAULT_MAX, lowest: int = DEFAULT_MIN) -> int:
    """Return what is written to the potentiometer: 255 weakest, 0 strongest.

    intensity: any integer (-1 where no digits follow the I); highest, lowest: of the mapping.
    """
    product = i16(i16(highest - lowest) * i16(i16(intensity) - 1))
    value = _to_int(product * 0.01 + 0.5) + lowest
    return 255 - max(0, min(255, value))


def bound(percent: int) -> int:
    """Return what the options OMA and OMI store for a percentage."""
    return _to_int(i16(255 * i16(percent)) * 0.01 + 0.5)


def on_time_ms(number: int) -> int:
    """Return the on-time that is stored for T: from -32768 to 5000 ms."""
    return min(i16(number), LONGEST_ON_MS)


def decode_hex(text: str) -> str:
    """Decode pairs of hex digits as the firmware does.

    Only 0..9 come out right: A..F count as 0..5; a pair with anything else in it, or with a digit
    missing, is the character 255.
    """
    pairs = [text[at : at + 2] for at in range(0, len(text), 2)]
    return "".join(chr(_pair(pair)) for pair in pairs)


def _pair(pair: str) -> int:
    values = ["0123456789ABCDEF".find(character) for character in pair]
    if len(values) < 2 or min(values) < 0:
        return 0xFF
    return values[0] % 10 << 4 | values[1] % 10


def hex_digits(line: str) -> str:
    """Return what the firmware takes for the digits of a line in hex form.

    From behind the last comma (or the beginning) to the last character, which is cut off. Where
    that ends before it begins, both are exchanged, and it is the comma itself.
    """
    begin, end = line.rfind(",") + 1, len(line) - 1
    return line[min(begin, end) : max(begin, end)]


def printed(text: str) -> str:
    """Return a text as the board prints it: from a NUL on it is garbage of the same length."""
    kept, nul, rest = text.partition(_NUL)
    return kept + _GARBAGE * (len(nul) + len(rest))


@dataclass(frozen=True, slots=True)
class Action:
    """Fields as numbers; None where the letter is missing, -1 where no digits follow it."""

    channel: int | None
    on_ms: int | None
    intensity: int | None

    @property
    def target(self) -> int:
        """The channel index as the firmware sees it."""
        return -1 if self.channel is None else i16(self.channel)

    @property
    def crashes(self) -> bool:
        """Whether the firmware reaches outside its two channels."""
        sets = self.on_ms is not None or self.intensity is not None
        return sets and self.target not in (0, 1)


@dataclass(frozen=True, slots=True)
class Option:
    """A bound of the intensity mapping: `name` MA or MI."""

    name: str
    channel: int
    percent: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """An option that changes nothing."""


def read_message(text: str) -> Action | Option | Ignored | None:
    """Read a decoded message; None is an unknown command, as is all with a NUL in it."""
    if _NUL in text:
        return None
    if "G" in text:
        return Action(_number(text, "C"), _number(text, "T"), _number(text, "I"))
    if not text.startswith("O"):
        return None
    found = _OPTION.match(text)
    if found is None:
        return Ignored()
    channel, percent = (int(found[name] or 0) for name in ("channel", "percent"))
    return Option(found["name"], channel, percent) if channel <= 1 else Ignored()


def _number(text: str, letter: str) -> int | None:
    at = text.find(letter)
    if at < 0:
        return None
    end = at + 1
    while end < len(text) and text[end] in _DIGITS:
        end += 1
    return int(text[at + 1 : end]) if end > at + 1 else -1
