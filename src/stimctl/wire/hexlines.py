"""Hex lines to JSON objects and back: what is behind `stimctl wire decode|encode`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4.codec import decode, encode, problems
from stimctl.wire.sciencemode4.framing import FrameDecoder, FrameError, RawFrame, encode_frame
from stimctl.wire.sciencemode4.json_form import fields_of, message_from
from stimctl.wire.sciencemode4.json_values import Fields

Json = dict[str, Any]


class Encoded(NamedTuple):
    """Frames as hex digits, and what was changed on the way to the wire's grid."""

    hex: str
    notes: tuple[str, ...] = ()


def decode_line(line: str) -> Json:
    """Return what the bytes of one hex line say: {"frames": [...], "errors": [...]}.

    Each frame has cmd, name, direction and fields; `problems` where the receiver would refuse
    it, and `exact_payload_hex` where the fields alone would not give the same bytes again
    (reserved bits, extra bytes). Errors are the names of the decoder's errors, with
    `error_details` beside them; `pending_bytes` counts those of a frame that has no end yet.
    Spaces between bytes are allowed. Raises WireFormatError where the line is not hex.
    """
    try:
        data = bytes.fromhex(line)
    except ValueError as error:
        raise WireFormatError(
            "the line is not hex", why=str(error), what_to_do="write two hex digits for each byte"
        ) from None
    decoder = FrameDecoder()
    events = decoder.feed(data)
    failures = [event for event in events if isinstance(event, FrameError)]
    shown: Json = {
        "frames": [_frame(event) for event in events if isinstance(event, RawFrame)],
        "errors": [failure.kind for failure in failures],
    }
    if failures:
        shown["error_details"] = [
            {"error": e.kind, "cmd": e.command, "packet_number": e.packet_number} for e in failures
        ]
    if decoder.pending:
        shown["pending_bytes"] = decoder.pending
    return shown


def _frame(frame: RawFrame) -> Json:
    message = decode(frame)
    shown: Json = {
        "cmd": frame.command,
        "name": message.name,
        "direction": message.direction and str(message.direction),
        "fields": fields_of(message, frame.packet_number),
    }
    if found := problems(message):
        shown["problems"] = list(found)
    if not _fields_say_all(shown["fields"], frame):
        shown["exact_payload_hex"] = frame.data.hex()
    return shown


def _fields_say_all(fields: Json, frame: RawFrame) -> bool:
    """Return whether the fields alone give the same data bytes again."""
    if "payload_hex" in fields:
        return True
    try:
        return message_from(frame.command, fields)[0].pack() == frame.data
    except WireFormatError:  # text in a device id that is not ASCII
        return False


def encode_text(line: str, *, invalid: bool = False) -> Encoded:
    """Return the hex of one line of JSON text; see `encode_line`."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireFormatError(
            "the line is not JSON",
            why=str(error),
            what_to_do='write {"cmd": 62, "fields": {"packet_number": 0}}',
        ) from None
    return encode_line(given, invalid=invalid)


def encode_line(given: object, *, invalid: bool = False) -> Encoded:
    """Return the hex of one object as `decode_line` returns it, or of one frame of it.

    A frame needs `cmd` and `fields`; other keys are not looked at, except `exact_payload_hex`.
    Currents and periods between two wire steps are truncated as the maker's library does it,
    and a note says so. Raises WireFormatError for a frame that cannot be written, and unless
    `invalid` for one that the receiver would refuse.
    """
    if not isinstance(given, Mapping):
        raise WireFormatError("the line must be a JSON object")
    rows = given.get("frames", [given])
    if not isinstance(rows, list):
        raise WireFormatError("frames must be a list")
    parts = [_encoded(row, invalid) for row in rows]
    return Encoded(
        "".join(part.hex for part in parts), tuple(note for part in parts for note in part.notes)
    )


def _encoded(row: object, invalid: bool) -> Encoded:
    if not isinstance(row, Mapping):
        raise WireFormatError("a frame must be a JSON object")
    command, given = row.get("cmd"), row.get("fields")
    if isinstance(command, bool) or not isinstance(command, int):
        raise WireFormatError("a frame needs its command number in cmd")
    if not isinstance(given, Mapping):
        raise WireFormatError("a frame needs its fields", why="fields must be a JSON object")
    payload = row.get("exact_payload_hex", given.get("payload_hex"))
    if payload is not None:
        return Encoded(_as_given(command, given, payload, invalid).hex())
    message, packet_number = message_from(command, given)
    frame = encode(message, packet_number, invalid=invalid, truncate=True)
    return Encoded(frame.hex(), message.off_grid())


def _as_given(command: int, given: Mapping[str, Any], payload: object, invalid: bool) -> bytes:
    """Return the frame with these very data bytes, if the fields say the same as they do."""
    packet_number = Fields(given).integer("packet_number")
    data = Fields({"payload": payload}).hex_bytes("payload")
    message = decode(RawFrame(packet_number, command, data))
    if fields_of(message, packet_number) != given:
        raise WireFormatError(
            "the fields and the payload say different things",
            what_to_do="leave out exact_payload_hex (or payload_hex) to use the fields",
        )
    if not invalid and (found := problems(message)):
        raise WireFormatError(
            f"{message.name} would be refused by the receiver", why="; ".join(found)
        )
    return encode_frame(packet_number, command, data)
