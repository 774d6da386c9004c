"""One request to the device: what is sent, for whom, when it was asked and what became of it."""

from __future__ import annotations

from stimctl.devices.asking import Asking
from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.p24.gate import Trains
from stimctl.wire.sciencemode4 import messages as sm4

LATE_NS = 100_000_000
"""SAFETY rule K1; switching the high voltage takes longer by itself and is not counted."""
LATE_INIT_NS = {sm4.MlInit.command: LATE_NS + 80_000_000, sm4.LlInit.command: LATE_NS + 40_000_000}
MAX_DAMAGED = 5
"""So often may the device call one request damaged before it is given up [POLICY]."""


class Request(Asking):
    """A command with its payload, and the set points that stand in it."""

    __slots__ = ("trains",)

    def __init__(
        self,
        doing: Doing,
        command: int,
        asked_ns: int,
        payload: bytes = b"",
        *,
        ticket: int | None = None,
        trains: Trains | None = None,
        channels: tuple[ChannelSet, ...] = (),
    ) -> None:
        super().__init__(doing, command, asked_ns, payload, ticket=ticket, channels=channels)
        self.trains = trains

    @property
    def repeatable(self) -> bool:
        """A pulse that was perhaps given is never given again."""
        return self.doing is not Doing.PULSE

    @property
    def late_after_ns(self) -> int:
        """How long the device may take."""
        return LATE_INIT_NS.get(self.command, LATE_NS)
