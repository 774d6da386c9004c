"""Text from a device, a file or another process, made safe for a terminal."""

from __future__ import annotations

import unicodedata


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
