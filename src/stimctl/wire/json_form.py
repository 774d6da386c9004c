"""Messages as plain dictionaries for people and tools, and back: what both generations share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, cast

from stimctl.errors import WireFormatError
from stimctl.wire.codec import Decoded
from stimctl.wire.dissector import Json
from stimctl.wire.json_values import Fields
from stimctl.wire.message import Message
from stimctl.wire.unread import Malformed, UnknownCommand

_PLAIN_READERS: dict[str, Callable[[Fields, str], object]] = {
    "int": Fields.integer,
    "bool": Fields.boolean,
}


class JsonForm:
    """The JSON form of one wire's messages.

    A message whose attributes are the fields needs nothing more; `shown` and `read` hold the
    functions for the others, `readers` how attributes of further types are read.
    """

    def __init__(
        self,
        by_command: Mapping[int, type[Message]],
        shown: Mapping[type[Message], Callable[[Any], Json]],
        read: Mapping[type[Message], Callable[[Fields], Message]],
        readers: Mapping[str, Callable[[Fields, str], object]] | None = None,
    ) -> None:
        self._by_command = by_command
        self._shown = shown
        self._read = read
        self._readers = {**_PLAIN_READERS, **(readers or {})}

    def fields_of(self, message: Decoded, packet_number: int) -> Json:
        """Return the fields of a message, `packet_number` first."""
        shown: Json = {"packet_number": packet_number}
        if isinstance(message, Malformed) and message.result is not None:
            shown["result"] = message.result
        if isinstance(message, UnknownCommand | Malformed):
            shown["payload_hex"] = message.data.hex()
            return shown
        special = self._shown.get(type(message))
        shown.update(special(message) if special else _plain(message))
        return shown

    def message_from(self, command: int, given: Mapping[str, Any]) -> tuple[Message, int]:
        """Return message and packet number from fields; the inverse of `fields_of`.

        Raises WireFormatError naming the field that is missing, unknown or of the wrong kind.
        What is no message (`payload_hex` among the fields) is not read here.
        """
        source = Fields(given)
        packet_number = source.integer("packet_number")
        kind = self._by_command.get(command)
        if kind is None:
            raise WireFormatError(
                f"command {command} is not known",
                what_to_do="give its data bytes as payload_hex to write it all the same",
            )
        read = self._read.get(kind)
        message = read(source) if read else self._plain_from(kind, source)
        source.finish()
        return message, packet_number

    def _plain_from(self, kind: type[Message], source: Fields) -> Message:
        """Read a message whose attributes are the fields."""
        return kind(
            **{
                field.name: self._readers[str(field.type)](source, field.name)
                for field in fields(cast(Any, kind))
            }
        )


def _plain(message: Message) -> Json:
    """Show a message whose attributes are the fields; what is no number shows as its text."""
    return {
        name: value if isinstance(value := getattr(message, name), int) else str(value)
        for name in (field.name for field in fields(cast(Any, message)))
    }
