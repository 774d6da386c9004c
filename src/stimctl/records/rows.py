"""One journal row: its bytes, its hash, and the strict way back from bytes.

A row is one line of JSON with exactly these keys, in this order:

    {"seq":7,"prev":"<sha256 hex of the bytes of row 6>","t":"2026-11-21T10:31:02.114000000Z",
     "mono_ns":123,"kind":"ack","data":{...}}

`t` is UTC with nanoseconds, `mono_ns` a monotonic clock of the writing machine, and
the hash covers the whole line including its newline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

SCHEMA: Final = "stimctl.journal/2"
READABLE: Final = ("stimctl.journal/1", SCHEMA)
SUFFIX: Final = ".jsonl"
FIRST_PREVIOUS: Final = "0" * 64
# A plan with eight channels is some 20 kB; anything near this bound is not a row of ours.
LARGEST_ROW_BYTES: Final = 1 << 20
_KEYS: Final = ("seq", "prev", "t", "mono_ns", "kind", "data")
_NS_PER_S: Final = 1_000_000_000


class RowError(ValueError):
    """Bytes that are not a journal row; the text says in which way."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read back, with the hash of its own bytes."""

    seq: int
    previous: str
    t: str
    mono_ns: int
    kind: str
    data: Mapping[str, Any]
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """The row as it stands in the file, key for key."""
        return {
            "seq": self.seq,
            "prev": self.previous,
            "t": self.t,
            "mono_ns": self.mono_ns,
            "kind": self.kind,
            "data": dict(self.data),
        }


def digest_of(line: bytes) -> str:
    """SHA-256 in hex of the bytes of one row, its newline included."""
    return hashlib.sha256(line).hexdigest()


def utc_text(wall_ns: int) -> str:
    """ISO 8601 in UTC, with nine decimals, of nanoseconds since 1970."""
    seconds, nanoseconds = divmod(wall_ns, _NS_PER_S)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds:09d}Z"


def pack_row(
    seq: int, previous: str, wall_ns: int, mono_ns: int, kind: str, data: Mapping[str, Any]
) -> bytes:
    """The line for one row. RowError where `data` cannot be JSON or the row is too large."""
    try:
        values = (seq, previous, utc_text(wall_ns), mono_ns, kind, data)
        row = dict(zip(_KEYS, values, strict=True))
        # Plain ASCII: a cut inside a character cannot make the rest of the file unreadable.
        text = json.dumps(row, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise RowError(f"{kind!r} row has data that JSON cannot hold ({error})") from error
    line = text.encode("ascii") + b"\n"
    if len(line) > LARGEST_ROW_BYTES:
        raise RowError(f"{kind!r} row of {len(line)} bytes is over {LARGEST_ROW_BYTES}")
    return line


def unpack_row(line: bytes) -> Row:
    """A row from its line, newline included. RowError says what is wrong with it."""
    if not line.endswith(b"\n"):
        raise RowError("the row is cut off before its end")
    try:
        value = _decoded(line)
    except (ValueError, RecursionError) as error:
        raise RowError(f"not a line of JSON ({error})") from error
    if not isinstance(value, dict) or tuple(value) != _KEYS:
        raise RowError(f"not an object with the keys {', '.join(_KEYS)}")
    seq, previous, t, mono_ns, kind, data = value.values()
    whole = type(seq) is int and type(mono_ns) is int
    # Written out: a third of the time that a row takes besides its JSON.
    if not (whole and type(previous) is str and type(t) is str and type(kind) is str):
        raise RowError("a field has the wrong type")
    if not isinstance(data, dict):
        raise RowError("'data' is not an object")
    return Row(seq, previous, t, mono_ns, kind, data, digest_of(line))


def _decoded(line: bytes) -> Any:
    """The value of a line of JSON; ValueError where it is none.

    pydantic's own reader is twice as quick. What it does not take is for the standard library to
    judge: it alone says what is JSON (half of a surrogate pair is), and what is wrong.
    """
    from pydantic_core import from_json  # when a row is read: a list of sessions reads none

    try:
        return from_json(line, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        return _DECODER.decode(line.decode("ascii"))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


# Made once: a decoder of its own for every row would take as long as the row.
_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
