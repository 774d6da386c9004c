"""What differs between the devices that this driver speaks to: a P24, and a RehaMove3.

Everything else (one request in flight, verified stops, the latch) is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stimctl.devices.p24.gate import Model
from stimctl.devices.p24.request import Request
from stimctl.devices.pairing import Sent
from stimctl.devices.sheet import CapabilitySheet

if TYPE_CHECKING:
    from stimctl.devices.p24.conversation import Conversation


class Answer(NamedTuple):
    """An awaited answer: when it came, to what, to which transmission of it, and its data."""

    now_ns: int
    request: Request
    sent: Sent
    data: bytes

    @property
    def latency_ns(self) -> int:
        """From the transmission that was answered."""
        return self.now_ns - self.sent.sent_ns


Handler = Callable[["Conversation", Answer], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The payloads that are always the same, and what answers mean.

    `accepted`: by command, what follows an answer with result 0; a handler that raises
    WireFormatError has changed nothing. `unknown`: by command, what it means that the device does
    not know it (and the time); a question that is not here is one refused. `battery`: the question
    for the battery, asked beside the keep-alive when it is due; None = there is none.
    """

    sheet: CapabilitySheet
    model: Model
    ml_init: bytes
    ll_init: bytes
    ask_trains: bytes
    accepted: Mapping[int, Handler]
    unknown: Mapping[int, Callable[[Conversation, int], None]]
    battery: int | None = None
