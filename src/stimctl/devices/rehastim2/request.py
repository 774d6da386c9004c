"""One request to the device, and one stop: what is sent, for whom, and what became of it."""

from __future__ import annotations

from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.rehastim2.gate import Order
from stimctl.devices.rehastim2.line import Sent
from stimctl.wire.sciencemode2 import messages as sm2

STALE_NS = 250_000_000
"""A raise that is older never leaves: SAFETY rule K6 [POLICY] D."""
RESEND_NS = 150_000_000
"""An unanswered request is sent again after so long [POLICY]."""
LATE_NS = 100_000_000
"""SAFETY rule K1: the device's longest response time [DOC]."""
MAX_REFUSED = 10
"""So often may the device call one request damaged or itself busy [POLICY]."""
REPEAT_NS = 50_000_000
"""Between two rounds of a stop: SAFETY rule K8 [POLICY] D."""
POLL_NS = 700_000_000
"""With the first keep-alive after so long the mode is asked: at least once a second [POLICY]."""

_ONCE = frozenset({sm2.SinglePulse.command, sm2.InitChannelListMode.command})


class Request:
    """A command with its payload. The same content is sent again until it is answered."""

    __slots__ = ("asked_ns", "channels", "command", "doing", "last", "lowers", "order",
                 "payload", "raises", "refused", "ticket")  # fmt: skip

    def __init__(
        self,
        doing: Doing,
        command: int,
        asked_ns: int,
        payload: bytes = b"",
        *,
        ticket: int | None = None,
        order: Order | None = None,
        channels: tuple[ChannelSet, ...] = (),
    ) -> None:
        self.doing = doing
        self.command = command
        self.payload = payload
        self.asked_ns = asked_ns
        self.ticket = ticket
        self.order = order
        self.channels = channels
        self.raises = False
        self.lowers = False
        self.refused = 0
        self.last: Sent | None = None

    @property
    def repeatable(self) -> bool:
        """A pulse is never given again; a list is initialised again after a stop only."""
        return self.command not in _ONCE

    @property
    def resend_after_ns(self) -> int:
        """How long an answer is awaited; a refresh mends what went wrong, so it waits less."""
        refreshes = self.order is not None and self.doing is Doing.KEEP_ALIVE
        return LATE_NS if refreshes else RESEND_NS

    @property
    def expires_ns(self) -> int | None:
        """When it must no longer leave; None for what raises nothing."""
        return self.asked_ns + STALE_NS if self.raises else None

    def stale(self, now_ns: int) -> bool:
        """Whether it raises and is too old to leave."""
        return self.raises and now_ns - self.asked_ns >= STALE_NS


class Stopping:
    """One stop, from the first frame to verified zero.

    A round every 50 ms: StopChannelListMode until it is acknowledged, then GetStimulationMode,
    whose answer "nothing initialised" ends the stop; any other begins again.
    """

    __slots__ = ("acked", "next_ns", "rounds", "started_ns")

    def __init__(self, now_ns: int) -> None:
        self.acked = False
        self.started_ns = now_ns
        self.next_ns = now_ns
        self.rounds = 0

    def round(self, now_ns: int) -> int:
        """The command that must go out now."""
        self.rounds += 1
        self.next_ns = now_ns + REPEAT_NS
        if self.acked:
            return sm2.GetStimulationMode.command
        return sm2.StopChannelListMode.command
