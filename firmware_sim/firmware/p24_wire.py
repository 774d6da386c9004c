"""The frames of ScienceMode 4, as faults of the line see them."""

from __future__ import annotations

from .frames import KEY
from .p24_commands import Command
from .sciencemode4_frames import BODY_AT, encode
from .wire import Wire

WIRE = Wire(
    body_at=BODY_AT,
    checksum_at=8,
    command=lambda first, second: (first << 8 | second) & 0x3FF,
    length=lambda head: (head[2] ^ KEY) << 8 | (head[4] ^ KEY),
    stops=frozenset({Command.ML_STOP, Command.LL_STOP}),
    other=lambda chance, command: encode(chance.randrange(64), command, b""),
)
