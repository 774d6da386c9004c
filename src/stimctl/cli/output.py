"""How the command line speaks: data on stdout, words on stderr, JSON and colour where wanted."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


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
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def say(text: str) -> None:
    """One line of words, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """One line of data, on stdout."""
    sys.stdout.write(f"{text}\n")


def put_json(schema: str, value: Mapping[str, Any]) -> None:
    """One JSON object on one line of stdout, its schema first."""
    put(json.dumps({"schema": schema, **value}, ensure_ascii=False, allow_nan=False))
    sys.stdout.flush()


def put_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns aligned by blanks; nothing but the headings' line where there are no rows."""
    table = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    for number, row in enumerate(table):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        put(styled(line.rstrip(), "bold") if number == 0 else line.rstrip())


def short_time(utc: str) -> str:
    """A row's UTC time without its fractions: 2026-11-21T10:31:02Z."""
    return f"{utc[:19]}Z" if len(utc) > 19 else utc
