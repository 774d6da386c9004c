"""The driver of a device that confirms each request: calls to requests; sans-IO."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic

from stimctl.codes import Code
from stimctl.devices.driver import Frame
from stimctl.devices.events import ChannelSet, Doing, DriverEvent
from stimctl.devices.exchange import Exchange
from stimctl.devices.exchange_rules import Act, Call, S
from stimctl.devices.output_count import Unit
from stimctl.devices.output_frame import C, OutputFrame
from stimctl.devices.pending_request import PendingRequest
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.cleared import SetPoint


def not_now(call: str, state: str) -> StateError:
    """The refusal of a call in the driver's present state, the same for every family."""
    return StateError(
        f"{call} is not possible now",
        code=Code.DRIVER_STATE,
        why=f"the driver is in state {state}",
        what_to_do="Nothing was sent. Stop the device or connect to it first",
    )


class ExchangeDriver(ABC, Generic[C, S]):
    """What the drivers of P24, RehaMove3 and RehaStim2 share of `stimctl.devices.driver.Driver`."""

    __slots__ = ("_link", "_tickets")

    _link: Exchange[C, S]

    def __init__(self) -> None:
        self._tickets = 0

    @property
    @abstractmethod
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the device."""

    @property
    def state(self) -> S:
        """What the driver believes and is busy with."""
        return self._link.state

    @property
    def latched(self) -> bool:
        """True after a discontinuity: only stop() and connect() are accepted."""
        return self._link.state is self._link.rules.latched

    def connect(self, now_ns: int) -> None:
        """Start over: whatever was under way, queued or half received is forgotten."""
        self._link.find(now_ns)

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the device."""
        for frame in self._link.line.receive(now_ns, data):
            self._link.take(now_ns, frame)

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due."""
        self._link.advance(now_ns)

    def transmit(self) -> list[Frame]:
        """What must go out now."""
        return self._link.line.transmit()

    def events(self) -> list[DriverEvent]:
        """What happened."""
        found = self._link.events.copy()
        self._link.events.clear()
        return found

    def deadline(self) -> int | None:
        """When advance() has something to do, exactly."""
        return self._link.deadline()

    def _act(self, call: Call) -> Act:
        """What the table says to this call, unless it is refused."""
        state = self._link.state
        act = self._link.rules.calls[state][call]
        if act is Act.REFUSE:
            raise not_now(call, state)
        return act

    def _ticket(self) -> int:
        self._tickets += 1
        return self._tickets

    def _want(
        self, now_ns: int, frame: OutputFrame[C], set_points: Mapping[int, SetPoint]
    ) -> PendingRequest[C]:
        """This output waits to be sent; the latest call wins."""
        link = self._link
        request = PendingRequest(
            Doing.APPLY,
            link.rules.apply_command,
            now_ns,
            ticket=self._ticket(),
            frame=frame,
            proofs={channel: point.cleared for channel, point in set_points.items()},
        )
        link.compare(request, frame)
        link.waiting = request
        return request

    def _offer(self, now_ns: int, request: PendingRequest[C]) -> None:
        """Send what waits now, unless it raises: then it waits for the request in flight."""
        if self._link.flight is None or request.lowers or not request.raises:
            self._link.send_waiting(now_ns)

    def _want_pulse(
        self,
        now_ns: int,
        command: int,
        encoded: tuple[bytes, ChannelSet, Unit],
        set_point: SetPoint,
    ) -> None:
        """This pulse waits to be sent. StateError where it would come too soon."""
        payload, channel_set, unit = encoded
        link = self._link
        link.check.refuse_pulse(now_ns, channel_set.channel, unit, set_point.cleared)
        link.waiting = PendingRequest(
            Doing.PULSE,
            command,
            now_ns,
            payload,
            ticket=self._ticket(),
            channels=(channel_set,),
            unit=unit,
        )
        link.waiting.raises = True

    def _refuse_busy(self, what: str, waiting: PendingRequest[C] | None = None) -> None:
        """A keep-alive in flight, and nothing else, may be waited for."""
        flight = self._link.flight
        if waiting is not None or (flight is not None and flight.doing is not Doing.KEEP_ALIVE):
            raise StateError(what, code=Code.DRIVER_BUSY, why="another request is still unanswered")
