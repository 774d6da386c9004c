"""Hex lines to JSON objects and back: what is behind `stimctl wire decode|encode`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Encoded as Encoded
from stimctl.wire.dissector import Json
from stimctl.wire.names import WIRES as WIRES

# What loggers, debuggers and sources put between two bytes.
_BETWEEN = re.compile(r"[\s,;:|\-\[\](){}]+|(?=\\x)")
_PREFIX = re.compile(r"0x|\\x", re.IGNORECASE)
_FORMS = "f0 81, F081, F0|81, f0:81, f0-81, 0xF0, 0x81 or \\xf0\\x81"


def bytes_of(text: str) -> bytes:
    """Return the bytes that are written as hex in one of the usual forms, else WireFormatError."""
    data = bytearray()
    for token in filter(None, _BETWEEN.split(text)):
        prefix = _PREFIX.match(token)
        digits = token[prefix.end() :] if prefix else token
        try:
            data += bytes.fromhex(digits or "?")
        except ValueError:
            raise WireFormatError(
                "the line is not hex",
                why=f"{token[:20]!r} is not made of two hex digits for each byte",
                what_to_do=f"write the bytes as {_FORMS}",
            ) from None
    return bytes(data)


def decode_line(line: str, wire: str) -> Json:
    """Return what the bytes of one hex line say: {"frames": [...], "errors": [...]}.

    What a frame holds is up to the wire, see its dissector. The line is hex as `bytes_of` reads
    it. `wire` is a key of WIRES. Raises WireFormatError where the line is not hex.
    """
    return WIRES[wire].decode(bytes_of(line))


def encode_text(line: str, wire: str, *, invalid: bool = False) -> Encoded:
    """Return the hex of one line of JSON text; see `encode_line`."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireFormatError(
            "the line is not JSON",
            why=str(error),
            what_to_do="write one object as `stimctl wire decode` prints it",
        ) from None
    return encode_line(given, wire, invalid=invalid)


def encode_line(given: object, wire: str, *, invalid: bool = False) -> Encoded:
    """Return the hex of one object as `decode_line` returns it, or of one frame of it.

    `wire` is a key of WIRES. Raises WireFormatError for a frame that cannot be written, and
    unless `invalid` for one that the receiver would refuse.
    """
    if not isinstance(given, Mapping):
        raise WireFormatError("the line must be a JSON object")
    rows = given.get("frames", [given])
    if not isinstance(rows, list):
        raise WireFormatError("frames must be a list")
    parts = []
    for row in rows:
        if not isinstance(row, Mapping):
            raise WireFormatError("a frame must be a JSON object")
        parts.append(WIRES[wire].encode(row, invalid=invalid))
    return Encoded(
        "".join(part.hex for part in parts), tuple(note for part in parts for note in part.notes)
    )
