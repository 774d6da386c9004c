"""Hex lines to JSON objects and back: what is behind `stimctl wire decode|encode`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Dissector, Json
from stimctl.wire.dissector import Encoded as Encoded
from stimctl.wire.frame_lines import FrameLines
from stimctl.wire.openemsstim.dissect import TextLines
from stimctl.wire.sciencemode2 import codec as codec2
from stimctl.wire.sciencemode2 import framing as framing2
from stimctl.wire.sciencemode2 import json_form as json_form2
from stimctl.wire.sciencemode3 import codec as codec3
from stimctl.wire.sciencemode3 import framing as framing3
from stimctl.wire.sciencemode3 import json_form as json_form3
from stimctl.wire.sciencemode4 import codec as codec4
from stimctl.wire.sciencemode4 import framing as framing4
from stimctl.wire.sciencemode4 import json_form as json_form4

SCIENCEMODE4 = "sciencemode4"
SCIENCEMODE3 = "sciencemode3"
SCIENCEMODE2 = "sciencemode2"
OPENEMSSTIM = "openemsstim"

WIRES: Mapping[str, Dissector] = {
    SCIENCEMODE4: FrameLines(
        framing4.FrameDecoder,
        framing4.encode_frame,
        codec4.CODEC,
        json_form4.FORM,
        refused_is_error=True,
    ),
    SCIENCEMODE3: FrameLines(
        framing3.FrameDecoder,
        framing3.encode_frame,
        codec3.CODEC,
        json_form3.FORM,
        refused_is_error=True,
    ),
    SCIENCEMODE2: FrameLines(
        framing2.FrameDecoder, framing2.encode_frame, codec2.CODEC, json_form2.FORM
    ),
    OPENEMSSTIM: TextLines(),
}
"""Every wire protocol by its name."""

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


def decode_line(line: str, wire: str = SCIENCEMODE4) -> Json:
    """Return what the bytes of one hex line say: {"frames": [...], "errors": [...]}.

    What a frame holds is up to the wire, see its dissector. The line is hex as `bytes_of` reads
    it. `wire` is a key of WIRES. Raises WireFormatError where the line is not hex.
    """
    return WIRES[wire].decode(bytes_of(line))


def encode_text(line: str, wire: str = SCIENCEMODE4, *, invalid: bool = False) -> Encoded:
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


def encode_line(given: object, wire: str = SCIENCEMODE4, *, invalid: bool = False) -> Encoded:
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
