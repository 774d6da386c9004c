"""The dissector of the openEMSstim wire: lines of either side to rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Encoded, Json
from stimctl.wire.frame_reader import FrameReader, LineFrameReader
from stimctl.wire.json_values import Fields
from stimctl.wire.message import Direction
from stimctl.wire.not_compared import NotCompared
from stimctl.wire.openemsstim.codec import encode, line_of, read_line
from stimctl.wire.openemsstim.commands import BY_NAME, Action, Command, Form, TextCommand
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import LINE_END, LineReader, Overflow

_REPLY_END = "\r\n"
_REPLIES = {str(kind) for kind in ReplyKind}


class TextLines:
    """Bytes to rows of {name, direction, fields} and back."""

    not_compared: tuple[NotCompared, ...] = ()
    repeated = None

    def decode(self, data: bytes) -> Json:
        """Return what the bytes of one side say: {"frames": [...], "errors": [...]}.

        It is the board's side if any line is one that only the board says, else the host's. A row
        of the host has its `form` too, and `problems` where it must not be sent; `exact_hex` is
        there where the row alone would not give the same bytes again. A line of the board without
        an end counts as `pending_bytes`; to the board a message ends by silence as well.
        """
        pieces = [piece + LINE_END for piece in data.split(LINE_END)]
        pieces[-1] = pieces[-1][:-1]
        reader = LineReader()
        lines = [(line, piece) for piece in pieces for line in reader.feed(piece)]
        from_board = any(isinstance(line, str) and _is_reply(line) for line, _ in lines)
        tail = [(line, pieces[-1]) for line in reader.finish()]
        shown: Json = {}
        if from_board and tail and isinstance(tail[0][0], str):
            shown["pending_bytes"] = len(pieces[-1])
        else:
            lines += tail
        row = _board_row if from_board else _host_row
        return {
            "frames": [row(line, raw) for line, raw in lines if isinstance(line, str)],
            "errors": ["overflow" for line, _ in lines if isinstance(line, Overflow)],
            **shown,
        }

    def device_reader(self) -> FrameReader:
        """Return a reader for what a board says, piece by piece."""
        return LineFrameReader(_board_line, LINE_END)

    def encode(self, row: Mapping[str, Any], *, invalid: bool) -> Encoded:
        """Return the hex of one line: of the host, or of the board for a test.

        It needs `name` and `fields`, and takes `form` ("hex" or "plain"; hex is usual for an
        action) and `exact_hex`. Raises WireFormatError for what cannot be written, and unless
        `invalid` for what must not be sent.
        """
        name, given = row.get("name"), row.get("fields", {})
        if not isinstance(name, str) or name not in (_REPLIES | set(BY_NAME)):
            names = ", ".join(sorted([*BY_NAME, *_REPLIES]))
            raise WireFormatError(
                f"{name!r} is no name of a line", what_to_do=f"Write one of {names}"
            )
        if not isinstance(given, Mapping):
            raise WireFormatError("fields must be a JSON object")
        if "exact_hex" in row:
            return Encoded(_as_given(name, row, invalid).hex())
        if name in _REPLIES:
            return Encoded(_reply_from(name, given).hex())
        command = _command_from(BY_NAME[name], given)
        return Encoded(encode(command, _form_of(row), invalid=invalid).hex())


def _is_reply(line: str) -> bool:
    return Reply.unpack(line).kind is not ReplyKind.TEXT


def _board_line(raw: bytes) -> Json:
    (line,) = LineReader().feed(raw)
    return _board_row(line, raw) if isinstance(line, str) else {"error": "overflow"}


def _board_row(line: str, raw: bytes) -> Json:
    reply = Reply.unpack(line)
    shown: Json = {
        "name": str(reply.kind),
        "direction": str(Direction.DEVICE_TO_HOST),
        "fields": {"text": reply.text},
    }
    if (reply.pack() + _REPLY_END).encode("latin-1") != raw:
        shown["exact_hex"] = raw.hex()
    return shown


def _host_row(line: str, raw: bytes) -> Json:
    command, form, problems = read_line(line)
    shown: Json = {
        "name": command.name,
        "direction": str(Direction.HOST_TO_DEVICE),
        "form": str(form),
        "fields": {
            field.name: value
            for field in fields(cast(Any, command))
            if (value := getattr(command, field.name)) is not None
        },
    }
    if problems:
        shown["problems"] = list(problems)
    if line_of(command, form).encode("latin-1") + LINE_END != raw:
        shown["exact_hex"] = raw.hex()
    return shown


def _as_given(name: str, row: Mapping[str, Any], invalid: bool) -> bytes:
    """Return these very bytes, if they are one line and say what the rest of the row says."""
    raw = Fields(row).hex_bytes("exact_hex")
    reader = LineReader()
    lines = [*reader.feed(raw), *reader.finish()]
    read = _board_row if name in _REPLIES else _host_row
    found = [read(line, raw) for line in lines if isinstance(line, str)]
    said = ("name", "form", "fields")
    if [[line.get(key) for key in said] for line in found] != [[row.get(key) for key in said]]:
        raise WireFormatError(
            "the fields and the bytes say different things",
            what_to_do="leave out exact_hex to use the fields",
        )
    if not invalid and (problems := found[0].get("problems")):
        raise WireFormatError(f"{name} must not be sent", why="; ".join(problems))
    return raw


def _form_of(row: Mapping[str, Any]) -> Form | None:
    if "form" not in row:
        return None
    try:
        return Form(row["form"])
    except ValueError:
        raise WireFormatError("form must be hex or plain") from None


def _reply_from(name: str, given: Mapping[str, Any]) -> bytes:
    source = Fields(given)
    reply = Reply(ReplyKind(name), source.text("text") if "text" in source else "")
    source.finish()
    line = reply.pack()
    if Reply.unpack(line) != reply or "\n" in line or any(ord(each) > 255 for each in line):
        raise WireFormatError(f"{line!r} is not one line of the kind {name}")
    return (line + _REPLY_END).encode("latin-1")


def _command_from(kind: type[Command], given: Mapping[str, Any]) -> Command:
    source = Fields(given)
    if kind is Action:
        numbers = ("channel", "intensity", "on_time_ms")
        command: Command = Action(
            *(source.integer(number) if number in source else None for number in numbers)
        )
    else:
        command = kind(source.text("text")) if issubclass(kind, TextCommand) else kind()
    source.finish()
    return command


DISSECTOR = TextLines()
