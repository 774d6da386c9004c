"""What an effect must know of a wire to treat its frames as a whole, by the device that speaks it.

The frames of both ScienceModes begin, end and are stuffed alike (`frames`), and what lies inside
differs; where text is spoken, a line is a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from firmware_sim.firmware import p24_commands, rehastim2_commands, sciencemode2_frames
from firmware_sim.firmware.frames import KEY
from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.openemsstim_fields import STOP
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.sciencemode4_frames import BODY_AT


@dataclass(frozen=True, slots=True)
class Wire:
    """Where things are in a frame.

    body_at: offset of its stuffed body; checksum_at: of a byte of its checksum whose lowest bit
    may be anything. command: its command, from the first two plain bytes of the body. length: of
    the whole frame, from its first HEAD bytes. stops: the commands that end all output.
    text: lines in place of frames; stop_begins: with what the one that ends all output begins.
    other: what another program would write, None = a frame of a P24. lacks: faults that mean
    nothing on this wire, and why.
    """

    body_at: int
    checksum_at: int
    command: Callable[[int, int], int]
    length: Callable[[bytes], int]
    stops: frozenset[int]
    text: bool = False
    stop_begins: bytes = b""
    other: bytes | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)


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
LINES = Wire(
    body_at=0,
    checksum_at=0,
    command=lambda _first, _second: 0,
    length=lambda _head: 2 * HEAD,  # nobody knows before its end: half is after the first six bytes
    stops=frozenset(),
    text=True,
    stop_begins=STOP[: len(STOP) // 2].encode(),
    other=b"y\n",  # which no firmware acts on
    lacks={"wrong-crc": "its lines have no checksum"},
)
_BY_NAME: Mapping[str, Wire] = {
    "p24": SCIENCEMODE4,
    "rehastim2": SCIENCEMODE2,
    "openemsstim": LINES,
}
_NAMES: Mapping[type, str] = {RehaStim2Twin: "rehastim2", OpenEmsStimTwin: "openemsstim"}


def wire_of(device: object) -> Wire:
    """The wire that a device speaks; one in another process says as `family` which it is."""
    return wire_named(_NAMES.get(type(device), str(getattr(device, "family", ""))))


def wire_named(device: str) -> Wire:
    """The wire of a kind of device."""
    return _BY_NAME.get(device, SCIENCEMODE4)
