"""Styled lines of text as plain data, so that every screen is a pure function and easy to compare.

A role names a meaning ("alarm", "key"), never a colour; the themes say how it looks. No role
carries a state by itself: word, glyph and position come first.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line in one role; every character is one cell wide."""

    text: str
    role: str = "text"


Line = tuple[Span, ...]
Part = str | tuple[str, str] | Span


def line(*parts: Part) -> Line:
    """A line from texts, (text, role) pairs and spans."""
    return tuple(
        part if isinstance(part, Span) else Span(part) if isinstance(part, str) else Span(*part)
        for part in parts
    )


def width_of(what: Line) -> int:
    """How many cells a line takes."""
    return sum(len(span.text) for span in what)


def plain(what: Line) -> str:
    """The words alone, as a screen reader or a log has them."""
    return "".join(span.text for span in what)


def clip(what: Line, width: int) -> Line:
    """The line cut to `width` cells; an ellipsis shows that something is missing."""
    if width_of(what) <= width:
        return what
    kept: list[Span] = []
    room = max(0, width - 1)
    for span in what:
        if len(span.text) >= room:
            kept.append(Span(span.text[:room] + "…", span.role))
            break
        kept.append(span)
        room -= len(span.text)
    return tuple(kept)


def fit(what: Line, width: int, role: str = "text") -> Line:
    """The line at exactly `width` cells."""
    cut = clip(what, width)
    missing = width - width_of(cut)
    return (*cut, Span(" " * missing, role)) if missing > 0 else cut


def spread(left: Line, right: Line, width: int, fill: str = " ", role: str = "text") -> Line:
    """`left` and `right` at the two ends; where both do not fit, the right one stays whole."""
    room = width - width_of(right)
    if room < 0:
        return clip(right, width)
    left = clip(left, room)
    return (*left, Span(fill * (room - width_of(left)), role), *right)


def wrap(text: str, width: int) -> list[str]:
    """Words broken into lines of at most `width` cells; a longer word is cut."""
    import textwrap

    return textwrap.wrap(text, max(8, width)) or [""]


def safe(text: object, longest: int = 200) -> str:
    """Text from a device, a file or another process: one line, one cell per character.

    Control characters (a terminal would obey them) and double-width ones become "?".
    """
    shown = str(text)[:longest]
    return "".join(character if _one_cell(character) else "?" for character in shown)


def _one_cell(character: str) -> bool:
    if " " <= character <= "~":
        return True
    return (
        character.isprintable()
        and unicodedata.east_asian_width(character) not in "WF"
        and not unicodedata.combining(character)
    )
