"""What a host must never send to an openEMSstim, and why: the traps of its firmware, by name.

Sections are those of the wire-level description: 5.x the defects, 4.x, 6 and 7 what leads to
output that was not meant.
"""

from __future__ import annotations

from typing import NamedTuple

from .machine import HostWrongError
from .openemsstim_fields import LONGEST_ON_MS, Action, Option, on_time_ms, read_message

#: The documented range of I. 0 is not off, and from 126 on the signal passes without attenuation.
INTENSITIES = range(1, 101)
#: From here on the bounds of the mapping overflow 16 bits.
OVERFLOWING_PERCENT = 129
TEST_CHARACTERS = frozenset("12qaws")
#: A message that takes longer to come keeps the end of an on-time from being looked at.
LONGEST_MESSAGE_US = 150_000


class Defect(NamedTuple):
    """A trap, by its section, and what the host did."""

    section: str
    what: str


class DefectProvokedError(HostWrongError):
    """A host has provoked a defect of a twin that was to be strict."""

    def __init__(self, defects: str) -> None:
        super().__init__(f"the host provoked a defect: {defects}")


def in_hex(digits: str) -> list[Defect]:
    """Judge the hex digits of a message before they are decoded.

    B and C count as 1 and 2. A host may use that on purpose, to keep those out of its lines.
    """
    known = set(digits) <= set("0123456789") or set(digits) <= set("03456789BC")
    if len(digits) % 2 or not known:
        return [Defect("5.4", f"hex that is decoded wrongly: {digits!r}")]
    return []


def in_line(text: str) -> list[Defect]:
    """Judge a line in the dialect that obeys its first character, whatever follows."""
    if text[:1] in TEST_CHARACTERS:
        return [Defect("6", f"test character {text[:1]!r}: no time limit, and steps that wrap")]
    return []


def in_message(text: str) -> list[Defect]:
    """Judge a decoded message."""
    message = read_message(text)
    if isinstance(message, Option) and message.percent >= OVERFLOWING_PERCENT:
        return [Defect("7", f"{message.percent} % overflows the mapping")]
    return _in_action(text, message) if isinstance(message, Action) else []


def _in_action(text: str, action: Action) -> list[Defect]:
    found: list[Defect] = []
    if action.crashes:
        found.append(Defect("5.1", f"T or I without channel 0 or 1 crashes the device: {text!r}"))
    if action.on_ms is not None and not 0 <= action.on_ms <= LONGEST_ON_MS:
        stored = on_time_ms(action.on_ms)
        fate = "is no limit at all" if stored < 0 else f"is executed as {stored} ms"
        found.append(Defect("5.2", f"T{action.on_ms} {fate}"))
    if action.intensity is not None and action.intensity not in INTENSITIES:
        found.append(Defect("4.1", f"I{action.intensity}: 0 is not off, above 100 is not limited"))
    if text.count("G") > 1:
        found.append(Defect("4", f"only the first action of a message is executed: {text!r}"))
    return found
