"""The frames of ScienceMode 2, as faults of the line see them."""

from __future__ import annotations

from .frames import KEY
from .rehastim2_commands import Command
from .sciencemode2_frames import BODY_AT, encode
from .wire import Wire

WIRE = Wire(
    body_at=BODY_AT,
    checksum_at=2,
    command=lambda _number, command: command,
    # It tells the length of its body; one byte ends the frame.
    length=lambda head: BODY_AT + (head[4] ^ KEY) + 1,
    stops=frozenset({Command.STOP_CHANNEL_LIST}),
    other=lambda chance, _command: encode(chance.randrange(256), Command.GET_STIMULATION_MODE),
)
