"""Messages to frames and frames to messages, with the validity that the receiver would check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stimctl.errors import WireFormatError
from stimctl.wire.message import Direction, Message
from stimctl.wire.stuffing import RawFrame
from stimctl.wire.unread import Malformed, UnknownCommand

Decoded = Message | UnknownCommand | Malformed
"""What `decode` returns: a message, or a good frame whose content cannot be read as one."""


def problems(message: Decoded) -> tuple[str, ...]:
    """Return why the receiving side would refuse this message, in sentences; nothing if valid.

    These are the value lists and ranges of the maker's documents, and "too short", "too long" or
    "unknown" for what is no message at all.
    """
    return message.problems()


class Codec:
    """The messages of one wire protocol, by command number, and how it makes a frame."""

    __slots__ = ("_by_command", "_encode_frame")

    def __init__(
        self,
        by_command: Mapping[int, type[Message]],
        encode_frame: Callable[[int, int, bytes], bytes],
    ) -> None:
        self._by_command = by_command
        self._encode_frame = encode_frame

    def encode(
        self,
        message: Decoded,
        packet_number: int,
        *,
        invalid: bool = False,
        truncate: bool = False,
    ) -> bytes:
        """Return the complete frame of a message.

        Raises WireFormatError for a message that the receiving side would refuse (unless
        `invalid`), for a value between two wire steps (unless `truncate`: then it is cut down as
        the message says in `off_grid`), and always for what has no bit pattern at all.
        """
        if (data := message.quick_pack()) is not None:
            return self._encode_frame(packet_number, message.command, data)
        if not invalid and (found := message.problems()):
            raise WireFormatError(
                f"{message.name} would be refused by the receiver", why="; ".join(found)
            )
        if not truncate and (found := message.off_grid()):
            raise WireFormatError(
                f"{message.name} holds a value between two wire steps",
                why="; ".join(found),
                what_to_do="choose a value on the grid",
            )
        return self._encode_frame(packet_number, message.command, message.pack())

    def decode(self, frame: RawFrame, direction: Direction | None = None) -> Decoded:
        """Read the content of a good frame. Never raises.

        With a `direction`, a command that only the other side sends is an UnknownCommand, as it
        is for a device. A wrong number of data bytes gives Malformed; values are taken as they
        are and `problems` judges them.
        """
        kind = self._by_command.get(frame.command)
        if kind is None or (direction is not None and kind.direction is not direction):
            return UnknownCommand(frame.command, frame.data)
        try:
            return kind.unpack(frame.data)
        except WireFormatError as error:
            return Malformed(kind, frame.data, str(error))
