"""The dissector of a wire that is made of numbered frames: ScienceMode 2, 3 and 4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stimctl.errors import WireFormatError
from stimctl.wire.codec import Codec, problems
from stimctl.wire.dissector import Encoded, Json
from stimctl.wire.frame_reader import FrameReader, StuffedFrameReader
from stimctl.wire.json_form import JsonForm
from stimctl.wire.json_values import Fields
from stimctl.wire.not_compared import NotCompared, Repeated
from stimctl.wire.stuffing import FrameError, RawFrame, StuffedFrameDecoder

PARAMETER_ERROR = "parameter_error"


class FrameLines:
    """Bytes to rows of {cmd, name, direction, fields} and back."""

    def __init__(
        self,
        new_decoder: Callable[[], StuffedFrameDecoder],
        encode_frame: Callable[[int, int, bytes], bytes],
        codec: Codec,
        form: JsonForm,
        *,
        refused_is_error: bool = False,
        not_compared: tuple[NotCompared, ...] = (),
        repeated: Repeated | None = None,
    ) -> None:
        """`refused_is_error`: a frame that the receiver would refuse is named in errors too."""
        self.not_compared = not_compared
        self.repeated = repeated
        self._new_decoder = new_decoder
        self._encode_frame = encode_frame
        self._codec = codec
        self._form = form
        self._refused_is_error = refused_is_error

    def decode(self, data: bytes) -> Json:
        """Return what the bytes say: {"frames": [...], "errors": [...]}.

        Each frame has cmd, name, direction and fields; `problems` where the receiver would refuse
        it, and `exact_payload_hex` where the fields alone would not give the same bytes again
        (reserved bits, extra bytes). Errors are the names of the decoder's errors, with
        `error_details` beside them (for "crc" the checksum found and the one expected), and
        with `refused_is_error` "parameter_error" for each frame of a known command that the
        receiver would refuse; `pending_bytes` counts those of a frame
        without an end.
        """
        decoder = self._new_decoder()
        events = decoder.feed(data)
        failures = [event for event in events if isinstance(event, FrameError)]
        frames = [self._frame(event) for event in events if isinstance(event, RawFrame)]
        # An unknown command is named as such in its frame; the bytes and values are in order.
        refused = [f for f in frames if "problems" in f and f["direction"] is not None]
        if not self._refused_is_error:
            refused = []
        shown: Json = {
            "frames": frames,
            "errors": [
                *(failure.kind for failure in failures),
                *(PARAMETER_ERROR for _ in refused),
            ],
        }
        if failures:
            shown["error_details"] = [_details(failure) for failure in failures]
        if decoder.pending:
            shown["pending_bytes"] = decoder.pending
        return shown

    def device_reader(self) -> FrameReader:
        """Return a reader for what a device says, piece by piece."""
        return StuffedFrameReader(self._new_decoder(), self._frame, _details)

    def _frame(self, frame: RawFrame) -> Json:
        message = self._codec.decode(frame)
        shown: Json = {
            "cmd": frame.command,
            "name": message.name,
            "direction": message.direction and str(message.direction),
            "fields": self._form.fields_of(message, frame.packet_number),
        }
        if found := problems(message):
            shown["problems"] = list(found)
        if not self._fields_say_all(shown["fields"], frame):
            shown["exact_payload_hex"] = frame.data.hex()
        return shown

    def _fields_say_all(self, fields: Json, frame: RawFrame) -> bool:
        """Return whether the fields alone give the same data bytes again."""
        if "payload_hex" in fields:
            return True
        try:
            return self._form.message_from(frame.command, fields)[0].pack() == frame.data
        except WireFormatError:  # text in a device id that is not ASCII
            return False

    def encode(self, row: Mapping[str, Any], *, invalid: bool) -> Encoded:
        """Return the hex of one frame.

        It needs `cmd` and `fields`; other keys are not looked at, except `exact_payload_hex`.
        Where the wire's maker cuts values between two steps down, so does this, and a note says
        so. Raises WireFormatError for a frame that cannot be written, and unless `invalid` for
        one that the receiver would refuse.
        """
        command, given = row.get("cmd"), row.get("fields")
        if isinstance(command, bool) or not isinstance(command, int):
            raise WireFormatError("a frame needs its command number in cmd")
        if not isinstance(given, Mapping):
            raise WireFormatError("a frame needs its fields", why="fields must be a JSON object")
        payload = row.get("exact_payload_hex", given.get("payload_hex"))
        if payload is not None:
            return Encoded(self._as_given(command, given, payload, invalid).hex())
        message, packet_number = self._form.message_from(command, given)
        frame = self._codec.encode(message, packet_number, invalid=invalid, truncate=True)
        return Encoded(frame.hex(), message.off_grid())

    def _as_given(
        self, command: int, given: Mapping[str, Any], payload: object, invalid: bool
    ) -> bytes:
        """Return the frame with these very data bytes, if the fields say the same as they do."""
        packet_number = Fields(given).integer("packet_number")
        data = Fields({"payload": payload}).hex_bytes("payload")
        message = self._codec.decode(RawFrame(packet_number, command, data))
        if self._form.fields_of(message, packet_number) != given:
            raise WireFormatError(
                "the fields and the payload say different things",
                what_to_do="leave out exact_payload_hex (or payload_hex) to use the fields",
            )
        if not invalid and (found := problems(message)):
            raise WireFormatError(
                f"{message.name} would be refused by the receiver", why="; ".join(found)
            )
        return self._encode_frame(packet_number, command, data)


def _details(failure: FrameError) -> Json:
    told: Json = {
        "error": failure.kind,
        "cmd": failure.command,
        "packet_number": failure.packet_number,
    }
    if failure.checksums is not None:
        found, expected = failure.checksums
        told |= {"found": f"0x{found:02x}", "expected": f"0x{expected:02x}"}
    return told
