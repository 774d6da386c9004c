"""What an effect must know of a wire to treat its frames as a whole, by the device that speaks it.

All frames begin, end and are stuffed alike (`frames`); what lies inside differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_sim.firmware import p24_commands, rehastim2_commands, sciencemode2_frames
from firmware_sim.firmware.frames import KEY
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.sciencemode4_frames import BODY_AT


@dataclass(frozen=True, slots=True)
class Wire:
    """Where things are in a frame.

    body_at: offset of its stuffed body; checksum_at: of a byte of its checksum whose lowest bit
    may be anything. command: its command, from the first two plain bytes of the body. length: of
    the whole frame, from its first HEAD bytes. stops: the commands that end all output.
    """

    body_at: int
    checksum_at: int
    command: Callable[[int, int], int]
    length: Callable[[bytes], int]
    stops: frozenset[int]


HEAD = 6

SCIENCEMODE4 = Wire(
    body_at=BODY_AT,
    checksum_at=8,
    command=lambda first, second: (first << 8 | second) & 0x3FF,
    length=lambda head: (head[2] ^ KEY) << 8 | (head[4] ^ KEY),
    stops=frozenset({p24_commands.Command.ML_STOP, p24_commands.Command.LL_STOP}),
)
SCIENCEMODE2 = Wire(
    body_at=sciencemode2_frames.BODY_AT,
    checksum_at=2,
    command=lambda _number, command: command,
    # It tells the length of its body; one byte ends the frame.
    length=lambda head: sciencemode2_frames.BODY_AT + (head[4] ^ KEY) + 1,
    stops=frozenset({rehastim2_commands.Command.STOP_CHANNEL_LIST}),
)
_BY_DEVICE: Mapping[type, Wire] = {RehaStim2Twin: SCIENCEMODE2}


def wire_of(device: object) -> Wire:
    """The wire that a device speaks; for one without frames any will do, for none are found."""
    return _BY_DEVICE.get(type(device), SCIENCEMODE4)
