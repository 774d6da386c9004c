"""The commands of a connected MOTOmed trainer: recognised, and their content left alone.

stimctl drives no trainer. The numbers are here so that a log can be read and so that a driver can
tell what it passes over from what it does not know. Source: [DOC] M+.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from stimctl.wire.message import Direction
from stimctl.wire.sciencemode2.message import Sm2Message


@dataclass(frozen=True, slots=True)
class Motomed(Sm2Message):
    """Any command for or from the trainer; `data` as it came."""

    data: bytes = b""

    def pack(self) -> bytes:
        return self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        return cls(data)


# The answer of each has the next number and the same name with "_ack".
_REQUESTS = {
    50: "init_phase_training",
    52: "start_phase",
    54: "pause_phase",
    56: "stop_phase_training",
    70: "set_rotation_direction",
    72: "set_speed",
    74: "set_gear",
    76: "set_keyboard_lock",
    80: "start_basic_training",
    82: "pause_basic_training",
    84: "continue_basic_training",
    86: "stop_basic_training",
}
_UNASKED = {
    58: "phase_result",
    60: "actual_values",
    89: "motomed_command_done",
    90: "motomed_error",
}


def _kind(command: int, name: str, direction: Direction) -> type[Motomed]:
    members = {
        "__slots__": (),
        "__doc__": f"{name}, as it came.",
        "command": command,
        "name": name,
        "direction": direction,
    }
    kind: type[Motomed] = type(f"Motomed{command}", (Motomed,), members)
    return kind


MOTOMED_KINDS: tuple[type[Motomed], ...] = (
    *(_kind(command, name, Direction.HOST_TO_DEVICE) for command, name in _REQUESTS.items()),
    *(
        _kind(command + 1, f"{name}_ack", Direction.DEVICE_TO_HOST)
        for command, name in _REQUESTS.items()
    ),
    *(_kind(command, name, Direction.DEVICE_TO_HOST) for command, name in _UNASKED.items()),
)
