"""The state of an exchange with a device: what was sent, what waits, what may be in force.

One request is in flight. What only lowers overtakes it, a stop overtakes everything. A raise that
is too old falls back to the lowest of all that may be in force.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic

from stimctl.devices.events import Doing, DriverEvent, RaiseDropped, Withheld
from stimctl.devices.exchange_rules import FALLBACK_TICKET, Answer, Rules, S, StopRounds
from stimctl.devices.framed_line import FramedLine
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.output_frame import C, OutputFrame, lowest, without
from stimctl.devices.pending_request import LATE_NS, PendingRequest


class LinkState(ABC, Generic[C, S]):
    """The state of one connection: what was sent, and what may be in force.

    `flight`: the request whose answer is awaited. `waiting`: what is sent next, the latest call
    wins. `stopping`: the stop under way; there is never a flight beside it. `possible`: every
    output that may be in force, because the device confirmed it or because it was sent since, the
    latest last. `check`: what a second of them comes to, against what was cleared.
    `nothing`: no output; `off`: what a channel without output has in a frame, None = no place.
    """

    __slots__ = ("check", "connect_ns", "events", "flight", "line", "nothing", "off", "possible",
                 "rules", "state", "stopping", "waiting")  # fmt: skip

    def __init__(
        self,
        rules: Rules[S],
        check: OutputCheck,
        nothing: OutputFrame[C],
        off: C | None = None,
    ) -> None:
        self.rules = rules
        self.check = check
        self.nothing = nothing
        self.off = off
        self.events: list[DriverEvent] = []
        self.line = FramedLine(self.events, rules.wire)
        self.state = rules.unknown
        self.flight: PendingRequest[C] | None = None
        self.waiting: PendingRequest[C] | None = None
        self.stopping: StopRounds | None = None
        self.possible: list[OutputFrame[C]] = [nothing]
        self.connect_ns = 0

    # What a family says

    @abstractmethod
    def make(self, outputs: Mapping[int, C], asked_us: Mapping[int, int]) -> OutputFrame[C]:
        """The frame of these outputs: see `MakeFrame`."""

    @abstractmethod
    def find(self, now_ns: int) -> None:
        """Begin to connect: forget everything, find out the device's state."""

    @abstractmethod
    def send_round(self, now_ns: int) -> None:
        """Send the stop, at once and over everything that was not handed out."""

    def answered(self, now_ns: int) -> None:
        """The request in flight is done with: send what comes next."""
        self.flight = None
        self.line.nothing_due()
        self.send_waiting(now_ns)

    def done(self, answer: Answer[C]) -> None:
        """It was done as asked: report it, and send what comes next."""
        self.events.append(answer.acked())
        self.answered(answer.now_ns)

    # Sending

    def send(self, now_ns: int, request: PendingRequest[C], *, after_break: bool = False) -> None:
        """Send a request, which becomes the one in flight."""
        self.flight = request
        request.last = self.line.send(
            now_ns,
            request.command,
            request.payload,
            request,
            after_break=after_break,
            expires_ns=request.expires_ns,
        )

    def ask(
        self,
        now_ns: int,
        doing: Doing,
        command: int,
        payload: bytes = b"",
        *,
        ticket: int | None = None,
        after_break: bool = False,
        late_after_ns: int = LATE_NS,
    ) -> None:
        """Send a request that asks for no output."""
        request: PendingRequest[C] = PendingRequest(
            doing, command, now_ns, payload, ticket=ticket, late_after_ns=late_after_ns
        )
        self.send(now_ns, request, after_break=after_break)

    def send_again(self, now_ns: int, request: PendingRequest[C]) -> None:
        """Send the request in flight once more, unless it raises and has become too old for it.

        Then the device may have what was before it or what it asks for, so the lowest of all that
        is sent in its stead: that raises nothing, and what was to be lowered is lowered.
        """
        if request.frame is None or not request.stale(now_ns):
            self.send(now_ns, request, after_break=True)
            return
        frame = lowest(request.frame, self.possible, self.make, self.off)
        self._report_dropped(now_ns, request, frame)
        self.send_lower(now_ns, frame)

    def send_lower(
        self,
        now_ns: int,
        frame: OutputFrame[C],
        doing: Doing = Doing.APPLY,
        ticket: int | None = FALLBACK_TICKET,
        *,
        after_break: bool = True,
    ) -> None:
        """Send output that raises nothing, and that no call of the engine asked for."""
        self._leaves(now_ns, frame)
        request = PendingRequest(
            doing, self.rules.apply_command, now_ns, ticket=ticket, frame=frame
        )
        self.send(now_ns, request, after_break=after_break)

    def _leaves(self, now_ns: int, frame: OutputFrame[C]) -> None:
        """From now on this output may be in force, too."""
        if frame in self.possible:
            self.possible.remove(frame)
        self.possible.append(frame)
        self.check.sent(now_ns, frame.units)

    def send_waiting(self, now_ns: int) -> None:
        """Send what waits, unless it has become too old."""
        request, self.waiting = self.waiting, None
        if request is None:
            return
        if request.stale(now_ns):
            self._report_dropped(now_ns, request)
            return
        if request.frame is not None:
            self._leaves(now_ns, self._admitted(now_ns, request, request.frame))
        elif request.unit is not None:
            self.check.pulsed(now_ns, request.channels[0].channel, request.unit)
        self.send(now_ns, request)

    def _admitted(
        self, now_ns: int, request: PendingRequest[C], frame: OutputFrame[C]
    ) -> OutputFrame[C]:
        """What of the request the final output check lets pass; the rest is off, and told."""
        held = self.check.admit(now_ns, frame.units, request.proofs)
        if held:
            frame = without(frame, {one.channel for one in held}, self.make)
            request.turn_to(frame)
            self.events += [Withheld(*one) for one in held]
        return frame

    def close_due(self, now_ns: int) -> None:
        """Switch off what has given as much as a second may hold."""
        held = self.check.due(now_ns)
        if not held or self.state is not self.rules.output:
            return
        self.events += [Withheld(*one, closed=True) for one in held]
        channels = {one.channel for one in held}
        if self.waiting is not None and self.waiting.frame is not None:
            self.waiting.turn_to(without(self.waiting.frame, channels, self.make))
        self.send_lower(now_ns, without(self.possible[-1], channels, self.make))

    def drop_stale(self, now_ns: int) -> None:
        """Give up a raise that could not leave in time."""
        if self.waiting is not None and self.waiting.stale(now_ns):
            request, self.waiting = self.waiting, None
            self._report_dropped(now_ns, request)

    def _report_dropped(
        self, now_ns: int, request: PendingRequest[C], falls_to: OutputFrame[C] | None = None
    ) -> None:
        age_ns = now_ns - request.asked_ns
        channels = None if falls_to is None else falls_to.channels
        dropped = RaiseDropped(request.ticket or 0, age_ns, falls_to is not None, channels)
        self.events.append(dropped)

    def compare(self, request: PendingRequest[C], frame: OutputFrame[C]) -> None:
        """Note whether the request raises or lowers against anything that may be in force."""
        request.raises = any(frame.raises(other) for other in self.possible)
        request.lowers = any(frame.lowers(other) for other in self.possible)

    # From state to state

    def at_zero(self, now_ns: int) -> StopRounds | None:
        """Zero was verified: nothing can be in force. Returns the stop that is over."""
        done, self.stopping = self.stopping, None
        self.possible = [self.nothing]
        self.check.settled(now_ns, None, self.nothing.units)
        self.line.nothing_due()
        return done

    def in_force(self, answer: Answer[C]) -> None:
        """The device confirmed the output of this request."""
        if answer.request.frame is not None:
            self.possible = [answer.request.frame]
            units = answer.request.frame.units
            self.check.settled(answer.now_ns, answer.latency_ns, units)

    def latch(self) -> None:
        """The device is not as it was left. A stop that is under way goes on as a stop proper."""
        self.drop_requests()
        if self.stopping is not None:
            self.state = self.rules.stopping
            return
        self.state = self.rules.latched
        self.line.nothing_due()
        self.line.discard_unsent()

    def give_up(self) -> None:
        """Nothing came while connecting."""
        self.drop_requests()
        self.stopping = None
        self.state = self.rules.unknown
        self.line.nothing_due()

    def drop_requests(self) -> None:
        """Nothing is awaited, and nothing waits."""
        self.flight = None
        self.waiting = None

    def fault(self, event: DriverEvent) -> None:
        """A discontinuity: report it, and latch where the device was believed to be known."""
        self.events.append(event)
        if self.state in self.rules.working:
            self.latch()
