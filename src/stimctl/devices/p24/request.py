"""One request to the device: what is sent, for whom, when it was asked and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.devices.asking import Asking
from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.output_count import Unit
from stimctl.devices.p24.gate import Trains
from stimctl.safety.cleared import Cleared
from stimctl.wire.sciencemode4 import messages as sm4

_NO_PROOFS: Mapping[int, Cleared] = MappingProxyType({})
LATE_NS = 100_000_000
"""SAFETY rule K1; switching the high voltage takes longer by itself and is not counted."""
LATE_INIT_NS = {sm4.MlInit.command: LATE_NS + 80_000_000, sm4.LlInit.command: LATE_NS + 40_000_000}
MAX_DAMAGED = 5
"""So often may the device call one request damaged before it is given up [POLICY]."""


class Request(Asking):
    """A command with its payload, and the set points that stand in it.

    `proofs`: by channel, the clearance of what it asks; `unit`: what a single pulse gives.
    """

    __slots__ = ("proofs", "trains", "unit")

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
        proofs: Mapping[int, Cleared] = _NO_PROOFS,
        unit: Unit | None = None,
    ) -> None:
        super().__init__(doing, command, asked_ns, payload, ticket=ticket, channels=channels)
        self.trains = trains
        self.proofs = proofs
        self.unit = unit

    def turn_to(self, trains: Trains) -> None:
        """Ask for other trains in place of those that were asked for."""
        self.trains, self.payload, self.channels = trains, trains.payload, trains.channels

    @property
    def repeatable(self) -> bool:
        """A pulse that was perhaps given is never given again."""
        return self.doing is not Doing.PULSE

    @property
    def late_after_ns(self) -> int:
        """How long the device may take."""
        return LATE_INIT_NS.get(self.command, LATE_NS)
