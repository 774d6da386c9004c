"""TOML from outside, bounded before it is parsed: a few kilobytes of nested keys could take
seconds and gigabytes, and a program that feeds a device's watchdog has neither to give away."""

from __future__ import annotations

import tomllib
from typing import Any

# The files shipped have up to 8 kB, keys of 3 parts, and brackets 2 deep. [D]
MOST_CHARACTERS = 64 * 1024
MOST_PARTS_IN_A_KEY = 8
MOST_BRACKETS_OPEN = 8
_QUOTES = ('"""', "'''", '"', "'")


class TomlBoundError(ValueError):
    """The text is beyond a bound; `line` (from 1) is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tree of a TOML text.

    Raises TomlBoundError where it is too large or nested too deeply, ValueError (of which
    tomllib's own error is one) where it is not TOML.
    """
    if len(text) > MOST_CHARACTERS:
        raise TomlBoundError(f"it has {len(text)} characters, more than {MOST_CHARACTERS}", 1)
    _check_depth(text)
    return tomllib.loads(text)


def _check_depth(text: str) -> None:
    """One pass over what stands outside of strings and comments; errors are left to the parser."""
    at, line, dots, brackets = 0, 1, 0, 0
    while at < len(text):
        character = text[at]
        if character in "\"'":
            end = _end_of_string(text, at)
            line += text.count("\n", at, end)
            at = end
            continue
        if character == "#":
            at = text.find("\n", at)
            if at < 0:
                return
            continue
        if character == "\n":
            line += 1
        if character in "\n=,{}[]":
            dots = 0
        if character in "[{":
            brackets += 1
        elif character in "]}":
            brackets = max(0, brackets - 1)
        elif character == ".":
            dots += 1
        if dots >= MOST_PARTS_IN_A_KEY or brackets > MOST_BRACKETS_OPEN:
            raise TomlBoundError("keys or brackets are nested too deeply", line)
        at += 1


def _end_of_string(text: str, start: int) -> int:
    """Where the string that begins at `start` has ended; the text's end where it never does."""
    quote = next(one for one in _QUOTES if text.startswith(one, start))
    at = start + len(quote)
    while True:
        end = text.find(quote, at)
        if end < 0:
            return len(text)
        if len(quote) == 1 and "\n" in text[at:end]:
            return text.find("\n", at)
        if quote[0] == '"':
            first = end
            while text[first - 1] == "\\":
                first -= 1
            if (end - first) % 2:
                at = end + 1
                continue
        return end + len(quote)
