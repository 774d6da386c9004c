"""One request to a device: what is sent, for whom, when it was asked and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic

from stimctl.devices.events import ChannelSet, Doing
from stimctl.devices.output_count import Unit
from stimctl.devices.output_frame import C, OutputFrame
from stimctl.devices.pairing import Transmission
from stimctl.safety.cleared import Cleared

STALE_NS = 250_000_000
"""A raise that is older never leaves: SAFETY rule K6 [POLICY] D."""
RESEND_NS = 150_000_000
"""An unanswered request is sent again after so long [POLICY]."""
LATE_NS = 100_000_000
"""An answer is late after so long: SAFETY rule K1, the longest response time of a device [DOC]."""
_NO_PROOFS: Mapping[int, Cleared] = MappingProxyType({})


class PendingRequest(Generic[C]):
    """A command with its payload. The same content is sent again until it is answered.

    `frame`: the output that is asked for, None in any other request. `proofs`: by channel, the
    clearance of what is asked; `unit`: what a single pulse gives. `raises` and `lowers`: against
    anything that may be in force. `refused`: how often the device called it damaged, or itself
    busy. `last`: its last transmission. `repeatable`: a pulse that was perhaps given is never given
    again. `resend_after_ns`: how long an answer is awaited; output sent as a keep-alive mends what
    went wrong, so it waits less.
    """

    __slots__ = ("asked_ns", "channels", "command", "doing", "frame", "last", "late_after_ns",
                 "lowers", "payload", "proofs", "raises", "refused", "repeatable",
                 "resend_after_ns", "ticket", "unit")  # fmt: skip

    def __init__(
        self,
        doing: Doing,
        command: int,
        asked_ns: int,
        payload: bytes = b"",
        *,
        ticket: int | None = None,
        frame: OutputFrame[C] | None = None,
        channels: tuple[ChannelSet, ...] = (),
        proofs: Mapping[int, Cleared] = _NO_PROOFS,
        unit: Unit | None = None,
        late_after_ns: int = LATE_NS,
    ) -> None:
        self.doing = doing
        self.command = command
        self.payload = payload
        self.asked_ns = asked_ns
        self.ticket = ticket
        self.frame = frame
        self.channels = channels
        self.proofs = proofs
        self.unit = unit
        self.late_after_ns = late_after_ns
        self.repeatable = doing is not Doing.PULSE
        refreshes = frame is not None and doing is Doing.KEEP_ALIVE
        self.resend_after_ns = LATE_NS if refreshes else RESEND_NS
        self.raises = False
        self.lowers = False
        self.refused = 0
        self.last: Transmission | None = None
        if frame is not None:
            self.turn_to(frame)

    def turn_to(self, frame: OutputFrame[C]) -> None:
        """Ask for this output in place of what was asked for."""
        self.frame, self.payload, self.channels = frame, frame.payload, frame.channels

    @property
    def expires_ns(self) -> int | None:
        """When it must no longer leave; None for what raises nothing."""
        return self.asked_ns + STALE_NS if self.raises else None

    def stale(self, now_ns: int) -> bool:
        """Whether it raises and is too old to leave."""
        return self.raises and now_ns - self.asked_ns >= STALE_NS
