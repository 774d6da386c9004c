"""What the board says, line by line: echoes, the boot banner, complaints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ReplyKind(StrEnum):
    """The kinds of lines, in the order in which they are looked for."""

    RECEIVED = "received"
    """Begins every echo; `text` is what was received."""
    NON_HEX = "non_hex"
    FULL_COMMAND = "full_command"
    """In place of `non_hex` in the multiplexer firmware."""
    HEX_LENGTH = "hex_length"
    CONVERTED = "converted"
    CHARACTER_UNKNOWN = "character_unknown"
    UNKNOWN_COMMAND = "unknown_command"
    DISCONNECTED = "disconnected"
    """The answer to `Connection End`: both channels are being switched off."""
    SETUP_BEGIN = "setup_begin"
    """The board has just been reset: every channel is off, and 11 s of boot begin."""
    SETUP_DONE = "setup_done"
    """From here on commands are acted on."""
    CHANNEL_STATE = "channel_state"
    INTENSITY = "intensity"
    SETUP_STEP = "setup_step"
    TEXT = "text"
    """Anything else, also the lines of an echo that repeat the command."""


_BEGINNINGS: dict[ReplyKind, str] = {
    ReplyKind.RECEIVED: "\tUSB: received command: ",
    ReplyKind.NON_HEX: "\tCommand NON HEX:",
    ReplyKind.FULL_COMMAND: "\tFull Command:",
    ReplyKind.HEX_LENGTH: "\tEMS_CMD: HEX command length: ",
    ReplyKind.CONVERTED: "\tEMS_CMD: Converted HEX command: ",
    ReplyKind.CHARACTER_UNKNOWN: "\tERROR: SINGLE-CHAR Command Unknown",
    ReplyKind.UNKNOWN_COMMAND: "Unknown command: ",
    ReplyKind.DISCONNECTED: "\tBT: Disconnected",
    ReplyKind.SETUP_BEGIN: "SETUP:",
    ReplyKind.SETUP_DONE: "SETUP DONE",
    ReplyKind.CHANNEL_STATE: "\tEMS: Channel ",
    ReplyKind.INTENSITY: "\tEMS: Intensity Channel ",
}
_SETUP_STEPS = ("\t\t", "\tBT: ", "\tEMS: ")


@dataclass(frozen=True, slots=True)
class Reply:
    """One line of the board: its kind, and the text after what all lines of that kind share."""

    kind: ReplyKind
    text: str = ""

    def pack(self) -> str:
        """Return the line without its end."""
        return _BEGINNINGS.get(self.kind, "") + self.text

    @classmethod
    def unpack(cls, line: str) -> Self:
        """Read a line without its end; never raises."""
        for kind, beginning in _BEGINNINGS.items():
            if line.startswith(beginning):
                return cls(kind, line[len(beginning) :])
        step = line.startswith(_SETUP_STEPS)
        return cls(ReplyKind.SETUP_STEP if step else ReplyKind.TEXT, line)
