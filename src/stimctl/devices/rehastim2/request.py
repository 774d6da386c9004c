"""One request to the device, and one stop: what is sent, for whom, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.asking import RESEND_NS, Asking
from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.output_count import Unit
from stimctl.devices.rehastim2.gate import Order
from stimctl.safety.cleared import Cleared
from stimctl.wire.sciencemode2 import messages as sm2

_NO_PROOFS: Mapping[int, Cleared] = MappingProxyType({})
LATE_NS = 100_000_000
"""SAFETY rule K1: the device's longest response time [DOC]."""
MAX_REFUSED = 10
"""So often may the device call one request damaged or itself busy [POLICY]."""
REPEAT_NS = 50_000_000
"""Between two rounds of a stop: SAFETY rule K8 [POLICY] D."""
POLL_NS = 700_000_000
"""With the first keep-alive after so long the mode is asked: at least once a second [POLICY]."""

_ONCE = frozenset({sm2.SinglePulse.command, sm2.InitChannelListMode.command})


class Request(Asking):
    """A command with its payload, and the set points that stand in it.

    `proofs`: by channel, the clearance of what it asks; `unit`: what a single pulse gives.
    """

    __slots__ = ("order", "proofs", "unit")

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
        proofs: Mapping[int, Cleared] = _NO_PROOFS,
        unit: Unit | None = None,
    ) -> None:
        super().__init__(doing, command, asked_ns, payload, ticket=ticket, channels=channels)
        self.order = order
        self.proofs = proofs
        self.unit = unit

    def turn_to(self, order: Order) -> None:
        """Ask for another order in place of the one that was asked for."""
        self.order, self.payload, self.channels = order, order.payload, order.channels

    @property
    def repeatable(self) -> bool:
        """A pulse is never given again; a list is initialised again after a stop only."""
        return self.command not in _ONCE

    @property
    def resend_after_ns(self) -> int:
        """How long an answer is awaited; a refresh mends what went wrong, so it waits less."""
        refreshes = self.order is not None and self.doing is Doing.KEEP_ALIVE
        return LATE_NS if refreshes else RESEND_NS


class Stopping:
    """One stop, from the first frame to verified zero.

    A round every 50 ms: StopChannelListMode until it is acknowledged, then GetStimulationMode,
    whose answer "nothing initialised" ends the stop; any other begins again.
    """

    __slots__ = ("acked", "let_go", "next_ns", "rounds", "started_ns")

    def __init__(self, now_ns: int) -> None:
        self.acked = False
        self.let_go = False  # it said Init: connection and output had ended by themselves
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
