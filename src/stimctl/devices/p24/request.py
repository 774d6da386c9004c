"""One request to the device: what is sent, for whom, when it was asked and what became of it."""

from __future__ import annotations

from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.p24.gate import Trains
from stimctl.devices.p24.pairing import Sent
from stimctl.wire.sciencemode4 import messages as sm4

STALE_NS = 250_000_000
"""A raise that is older never leaves: SAFETY rule K6 [POLICY] D."""
RESEND_NS = 150_000_000
"""An unanswered request is sent again after so long [POLICY]."""
LATE_NS = 100_000_000
"""SAFETY rule K1; switching the high voltage takes longer by itself and is not counted."""
LATE_INIT_NS = {sm4.MlInit.command: LATE_NS + 80_000_000, sm4.LlInit.command: LATE_NS + 40_000_000}
MAX_DAMAGED = 5
"""So often may the device call one request damaged before it is given up [POLICY]."""


class Request:
    """A command with its payload. The same content is sent again until it is answered."""

    __slots__ = ("asked_ns", "channels", "command", "damaged", "doing", "last", "lowers",
                 "payload", "raises", "ticket", "trains")  # fmt: skip

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
        self.doing = doing
        self.command = command
        self.payload = payload
        self.asked_ns = asked_ns
        self.ticket = ticket
        self.trains = trains
        self.channels = channels
        self.raises = False
        self.lowers = False
        self.damaged = 0
        self.last: Sent | None = None

    @property
    def repeatable(self) -> bool:
        """A pulse that was perhaps given is never given again."""
        return self.doing is not Doing.PULSE

    @property
    def late_after_ns(self) -> int:
        """How long the device may take."""
        return LATE_INIT_NS.get(self.command, LATE_NS)

    @property
    def expires_ns(self) -> int | None:
        """When it must no longer leave; None for what raises nothing."""
        return self.asked_ns + STALE_NS if self.raises else None

    def stale(self, now_ns: int) -> bool:
        """Whether it raises and is too old to leave."""
        return self.raises and now_ns - self.asked_ns >= STALE_NS
