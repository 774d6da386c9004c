"""Text on its way to a terminal: nothing in it may command the terminal, or fail to be shown.

Protocol files, devices, other programs and file names hold text from outside. A control character
in it could move the cursor, hide a line or forge another. Imports nothing: `stimctl stop` uses it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import TextIO

# Spaces that are wider or narrower than usual; all other characters that `str.isprintable` says no
# to are controls, direction marks, line separators, or none at all.
_SPACES = frozenset("\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))

# One character for one, so that tables and frames keep their columns; but a relation keeps its
# meaning.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("µμ", "u"), "²": "2", "³": "3", "×": "x", "·": ".", "Ω": "O", "∅": "0",
        **dict.fromkeys("–—−", "-"), **dict.fromkeys("’‘", "'"), **dict.fromkeys("“”", '"'),
        "…": "~", "≥": ">=", "≤": "<=", "≠": "!=", "±": "+/-", "°": "o",
        "→": ">", "←": "<", "↑": "^", "↓": "v", "▸": ">", "◂": "<", "▲": "^", "▼": "v",
        "●": "*", "○": "o", "■": "#", "□": "=", "✓": "+", "✗": "x",
        "│": "|", "─": "-", **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("█▇▆▅▓▒", "#"), **dict.fromkeys("▄▃▂", "="), "▁": "_", "░": ".",
    }
)  # fmt: skip
ERRORS = "stimctl-signs"


def printable(text: str) -> str:
    """Return `text` with each control character as its code (\\u001b), line ends excepted.

    The codes are those of JSON, so that a JSON text stays one.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" or one in _SPACES else _code(one) for one in text
    )


def _code(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def is_unicode(stream: TextIO) -> bool:
    """Whether the stream takes every character."""
    return (getattr(stream, "encoding", None) or "").lower().replace("_", "-").startswith("utf")


def fit_streams(*streams: TextIO | None) -> None:
    """Let a stream whose locale is not UTF-8 show signs in ASCII (µ as u, a frame as + - |)."""
    narrow = [stream for stream in streams if stream is not None and not is_unicode(stream)]
    if not narrow:
        return
    import codecs

    codecs.register_error(ERRORS, _in_ascii)
    for stream in narrow:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=ERRORS)


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end].translate(_SIGNS)
    return "".join(one if one.isascii() else "?" for one in shown), error.end
