"""Where in a TOML text a key or a value stands: key path -> line number.

`tomllib` throws positions away, and a refusal that cannot name its line is not much use to whoever
wrote the file. This is a second, much smaller reader of the same text. It follows the structure
of TOML 1.0 (headers, arrays of tables, dotted keys, the four kinds of strings, arrays, inline
tables) and understands no values. It never raises: where it loses the thread, it returns what it
has found so far, and the caller falls back to the nearest enclosing table.
"""

import contextlib
from bisect import bisect_right
from collections.abc import Mapping

Path = tuple[str | int, ...]

_SPACE = " \t"
_SPACE_AND_LINES = " \t\r\n"
_BARE_END = ",]}#\n"
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class _LostError(Exception):
    """The text is not TOML from here on."""


class _Scanner:
    """One pass over one text; `lines` fills up on the way."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.lines: dict[Path, int] = {}
        self._starts = [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]
        self._table_counts: dict[Path, int] = {}

    # -- characters -------------------------------------------------------------------------

    def _peek(self, ahead: int = 1) -> str:
        return self.text[self.pos : self.pos + ahead]

    def _skip(self, expected: str) -> None:
        while self._peek() and self._peek() in expected:
            self.pos += 1

    def _skip_blank(self) -> None:
        """White space, line ends and comments."""
        while True:
            self._skip(_SPACE_AND_LINES)
            if self._peek() != "#":
                return
            self._to_line_end()

    def _to_line_end(self) -> None:
        end = self.text.find("\n", self.pos)
        self.pos = len(self.text) if end < 0 else end

    def _expect(self, expected: str) -> None:
        if self._peek(len(expected)) != expected:
            raise _LostError
        self.pos += len(expected)

    def _mark(self, path: Path, pos: int) -> None:
        line = bisect_right(self._starts, pos)
        for size in range(len(path), 0, -1):
            if path[:size] in self.lines:
                return
            self.lines[path[:size]] = line

    # -- structure --------------------------------------------------------------------------

    def scan(self) -> None:
        prefix: Path = ()
        while True:
            self._skip_blank()
            if self.pos >= len(self.text):
                return
            if self._peek() == "[":
                prefix = self._header()
            else:
                self._assignment(prefix)

    def _header(self) -> Path:
        start = self.pos
        array = self._peek(2) == "[["
        self.pos += 2 if array else 1
        keys = self._dotted_key()
        self._expect("]]" if array else "]")
        path: Path = ()
        for key in keys[:-1]:
            path = self._newest((*path, key))
        path = (*path, keys[-1])
        if array:
            count = self._table_counts.get(path, 0)
            self._table_counts[path] = count + 1
            path = (*path, count)
        self._mark(path, start)
        return path

    def _newest(self, path: Path) -> Path:
        """`[a.b]` after `[[a]]` belongs to the newest `a`."""
        count = self._table_counts.get(path, 0)
        return (*path, count - 1) if count else path

    def _assignment(self, prefix: Path) -> None:
        start = self.pos
        path = prefix + self._dotted_key()
        self._mark(path, start)
        self._expect("=")
        self._value(path)

    def _dotted_key(self) -> tuple[str, ...]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._simple_key())
            self._skip(_SPACE)
            if self._peek() != ".":
                return tuple(keys)
            self.pos += 1

    def _simple_key(self) -> str:
        if self._peek() in ('"', "'"):
            return self._string()
        start = self.pos
        while self._peek().isalnum() or self._peek() in ("_", "-"):
            self.pos += 1
        if start == self.pos:
            raise _LostError
        return self.text[start : self.pos]

    # -- values -----------------------------------------------------------------------------

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        first = self._peek()
        if first in ('"', "'"):
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            while self._peek() and self._peek() not in _BARE_END:
                self.pos += 1

    def _array(self, path: Path) -> None:
        self.pos += 1
        index = 0
        while True:
            self._skip_blank()
            if self._peek() == "]":
                self.pos += 1
                return
            item = (*path, index)
            self._mark(item, self.pos)
            self._value(item)
            self._skip_blank()
            if self._peek() == ",":
                self.pos += 1
            elif self._peek() != "]":
                raise _LostError
            index += 1

    def _inline_table(self, path: Path) -> None:
        self.pos += 1
        while True:
            self._skip_blank()
            if self._peek() == "}":
                self.pos += 1
                return
            self._assignment(path)
            self._skip_blank()
            if self._peek() == ",":
                self.pos += 1
            elif self._peek() != "}":
                raise _LostError

    def _string(self) -> str:
        quote = self._peek()
        if self._peek(3) == quote * 3:
            return self._long_string(quote)
        self.pos += 1
        out: list[str] = []
        while True:
            char = self._peek()
            if char in ("", "\n"):
                raise _LostError
            self.pos += 1
            if char == quote:
                return "".join(out)
            out.append(self._escape() if char == "\\" and quote == '"' else char)

    def _escape(self) -> str:
        char = self._peek()
        self.pos += 1
        size = {"u": 4, "U": 8}.get(char)
        if size is None:
            return _ESCAPES.get(char, char)
        digits = self._peek(size)
        self.pos += size
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            raise _LostError from None

    def _long_string(self, quote: str) -> str:
        """A multi-line string is never a key, so its text does not matter, only its end."""
        self.pos += 3
        while True:
            end = self.text.find(quote * 3, self.pos)
            if end < 0:
                raise _LostError
            if quote == '"' and self._is_escaped(end):
                self.pos = end + 1
                continue
            self.pos = end + 3
            # Up to two quotes may stand directly before the closing three.
            for _ in range(2):
                if self._peek() == quote:
                    self.pos += 1
            return ""

    def _is_escaped(self, pos: int) -> bool:
        back = pos - 1
        while back >= self.pos and self.text[back] == "\\":
            back -= 1
        return (pos - 1 - back) % 2 == 1


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every key path of `text`; array items have their index in the path."""
    scanner = _Scanner(text)
    with contextlib.suppress(_LostError, RecursionError):
        scanner.scan()
    return scanner.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest thing around it that is in the file, or 1."""
    for size in range(len(path), 0, -1):
        if path[:size] in lines:
            return lines[path[:size]]
    return 1
