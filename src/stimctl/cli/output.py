"""How the command line speaks: data on stdout, words on stderr, JSON and colour where wanted."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from stimctl.terminal_text import is_unicode, printable

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
# Stands for the escape character in styled text until it is written: text from outside cannot
# know it, so that only `styled` can command the terminal.
_ESCAPE = f"\x1b{os.urandom(8).hex()}"


def colour_allowed(stream: TextIO) -> bool:
    """True on a terminal that can show colour and whose user has not switched it off."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream) and "--no-color" not in sys.argv


def is_terminal(stream: TextIO) -> bool:
    """True when a person can be reading along; False also for a closed stream."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """`text` in a style of `_CODES` where the stream takes colour; it never carries the meaning."""
    if not colour_allowed(stream or sys.stdout):
        return text
    return f"{_ESCAPE}[{_CODES[style]}m{text}{_ESCAPE}[0m"


def for_terminal(text: str) -> str:
    """`text` as it may be written: its own control characters as codes, `styled` ones as they are.

    Whatever writes to a standard stream sends its text through this.
    """
    return "\x1b".join(printable(part) for part in text.split(_ESCAPE))


def say(text: str) -> None:
    """One line of words, on stderr."""
    sys.stderr.write(f"{for_terminal(text)}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """One line of data, on stdout. A pipe gets it at once, too: somebody may wait for it."""
    sys.stdout.write(f"{for_terminal(text)}\n")
    sys.stdout.flush()


def put_json(schema: str, value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout, its schema first."""
    as_ascii = not is_unicode(sys.stdout)  # a sign in place of another would be a wrong value
    put(json.dumps({"schema": schema, **value}, ensure_ascii=as_ascii, allow_nan=False))


def put_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns aligned by blanks; nothing but the headings' line where there are no rows."""
    # A line end from outside could forge a row.
    table = [[" ".join(cell.splitlines()) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for number, row in enumerate(table):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        put(styled(line.rstrip(), "bold") if number == 0 else line.rstrip())


def short_time(utc: str) -> str:
    """A row's UTC time without its fractions: 2026-11-21T10:31:02Z."""
    return f"{utc[:19]}Z" if len(utc) > 19 else utc
