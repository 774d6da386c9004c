"""One request to a device: what is sent, for whom, when it was asked and what became of it.

The part that is the same for every device that answers; the families add what they send.
"""

from __future__ import annotations

from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.pairing import Sent

STALE_NS = 250_000_000
"""A raise that is older never leaves: SAFETY rule K6 [POLICY] D."""
RESEND_NS = 150_000_000
"""An unanswered request is sent again after so long [POLICY]."""


class Asking:
    """A command with its payload. The same content is sent again until it is answered.

    `raises` and `lowers`: against anything that may be in force. `refused`: how often the device
    called it damaged, or itself busy. `last`: its last transmission.
    """

    __slots__ = ("asked_ns", "channels", "command", "doing", "last", "lowers", "payload", "raises",
                 "refused", "ticket")  # fmt: skip

    def __init__(
        self,
        doing: Doing,
        command: int,
        asked_ns: int,
        payload: bytes = b"",
        *,
        ticket: int | None = None,
        channels: tuple[ChannelSet, ...] = (),
    ) -> None:
        self.doing = doing
        self.command = command
        self.payload = payload
        self.asked_ns = asked_ns
        self.ticket = ticket
        self.channels = channels
        self.raises = False
        self.lowers = False
        self.refused = 0
        self.last: Sent | None = None

    @property
    def expires_ns(self) -> int | None:
        """When it must no longer leave; None for what raises nothing."""
        return self.asked_ns + STALE_NS if self.raises else None

    def stale(self, now_ns: int) -> bool:
        """Whether it raises and is too old to leave."""
        return self.raises and now_ns - self.asked_ns >= STALE_NS
