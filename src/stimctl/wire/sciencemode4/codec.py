"""Messages to frames and frames to messages, with the validity that the device would check."""

from __future__ import annotations

from stimctl.errors import WireFormatError
from stimctl.wire.sciencemode4.framing import LONGEST_DEVICE_FRAME, RawFrame, encode_frame
from stimctl.wire.sciencemode4.message import Direction, Message
from stimctl.wire.sciencemode4.messages import BY_COMMAND, Malformed, UnknownCommand

__all__ = ["LONGEST_DEVICE_FRAME", "Decoded", "decode", "encode", "problems", "wire_length"]

Decoded = Message | UnknownCommand | Malformed
"""What `decode` returns: a message, or a good frame whose content cannot be read as one."""

_WIDEST_PACKET_NUMBER = 60  # its prefix byte is 0xF0 and needs an escape


def problems(message: Decoded) -> tuple[str, ...]:
    """Return why the receiving side would refuse this message, in sentences; nothing if valid.

    These are the checks of the maker's library [LIB], the closed value lists of the manual [IFU],
    and "too short" or "unknown" for what is no message at all.
    """
    return message.problems()


def encode(
    message: Decoded, packet_number: int, *, invalid: bool = False, truncate: bool = False
) -> bytes:
    """Return the complete frame of a message.

    Raises WireFormatError for a message that the receiving side would refuse (unless `invalid`),
    for a current or period between two wire steps (unless `truncate`: then it is cut down as the
    maker's library does it, which can make a current more negative and a period shorter), and
    always for what has no bit pattern at all.
    """
    if (data := message.quick_pack()) is not None:
        return encode_frame(packet_number, message.command, data)
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
    return encode_frame(packet_number, message.command, message.pack())


def wire_length(message: Decoded) -> int:
    """Return the stuffed length in bytes of the frame for the packet number that needs most.

    A driver keeps this within LONGEST_DEVICE_FRAME. Raises WireFormatError as `pack` does.
    """
    return len(encode_frame(_WIDEST_PACKET_NUMBER, message.command, message.pack()))


def decode(frame: RawFrame, direction: Direction | None = None) -> Decoded:
    """Read the content of a good frame. Never raises.

    With a `direction`, a command that only the other side sends is an UnknownCommand, as it is
    for a device. Too few data bytes give Malformed; too many are ignored; values are taken as
    they are and `problems` judges them.
    """
    kind = BY_COMMAND.get(frame.command)
    if kind is None or (direction is not None and kind.direction is not direction):
        return UnknownCommand(frame.command, frame.data)
    try:
        return kind.unpack(frame.data)
    except WireFormatError as error:
        return Malformed(frame.command, frame.data, str(error))
