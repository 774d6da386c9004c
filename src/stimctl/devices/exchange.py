"""The exchange of requests and answers with a device that confirms each request.

A request is sent again until it is answered. After anything that shows the device is not as it was
left, the exchange latches: it sends nothing that stimulates until a stop has been verified.

A family gives its rules, its encoder, and what its answers mean.
"""

from __future__ import annotations

from abc import abstractmethod

from stimctl.devices.events import (
    AckedOvertaken,
    AnswerLate,
    Doing,
    LineError,
    NoAnswer,
    Rejected,
    StrayAnswer,
    UnexpectedState,
)
from stimctl.devices.exchange_rules import SUCCESS, Answer, S
from stimctl.devices.link_state import LinkState
from stimctl.devices.output_frame import C
from stimctl.devices.pairing import Match, Transmission
from stimctl.devices.pending_request import PendingRequest
from stimctl.errors import WireFormatError
from stimctl.wire.stuffing import RawFrame


class Exchange(LinkState[C, S]):
    """One connection: its timers, and what the device says."""

    __slots__ = ()

    # What a family says

    @abstractmethod
    def accepted(self, answer: Answer[C]) -> None:
        """The device did what it was asked. Raises WireFormatError, and then changes nothing."""

    @abstractmethod
    def stop_answered(self, now_ns: int, sent: Transmission, result: int, data: bytes) -> None:
        """One answer within a stop. Whatever it is, the stop goes on until zero is verified."""

    @abstractmethod
    def refusal_counts(self, sent: Transmission) -> bool:
        """Whether the refusal of a request that was overtaken says something of the present."""

    def unasked(self, _now_ns: int, _frame: RawFrame) -> bool:
        """Whether this frame was something that the device says by itself, and was dealt with."""
        return False

    def identified(self, now_ns: int, sent: Transmission, result: int) -> None:
        """An answer to something we sent; what it means comes next."""

    def unknown_command(self, _now_ns: int, _command: int) -> bool:
        """Whether it means something that the device does not know this; it was dealt with."""
        return False

    def resend(self, now_ns: int, request: PendingRequest[C]) -> None:
        """The request in flight was not answered in time."""
        self.send_again(now_ns, request)

    # Time

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due."""
        self.line.drop_broken(now_ns)
        if self.line.silent(now_ns):
            self._silent()
        if self.stopping is not None:
            if now_ns >= self.stopping.next_ns:
                self.send_round(now_ns)
        elif self.flight is not None and self.flight.last is not None:
            self._watch(now_ns, self.flight, self.flight.last)
        self.drop_stale(now_ns)
        self.close_due(now_ns)

    def _silent(self) -> None:
        """A stop goes on all the same; everything else is over."""
        ends = self.state is self.rules.silence_ends
        doing = Doing.CONNECT if ends else Doing.STOP
        if self.flight is not None:
            doing = self.flight.doing
        self.events.append(NoAnswer(doing, self.line.waiting_ns or 0))
        if self.state in self.rules.working:
            self.latch()
        elif ends or self.stopping is None:
            self.give_up()

    def _watch(self, now_ns: int, flight: PendingRequest[C], last: Transmission) -> None:
        """Report a late answer, and send again what was not answered."""
        self._tell_late(now_ns, last)
        if flight.repeatable and now_ns - last.sent_ns >= flight.resend_after_ns:
            self.resend(now_ns, flight)

    def _tell_late(self, now_ns: int, sent: Transmission) -> None:
        if isinstance(sent.owner, PendingRequest) and not sent.late_told:
            waited_ns = now_ns - sent.sent_ns
            if waited_ns > sent.owner.late_after_ns:
                sent.late_told = True
                self.events.append(AnswerLate(sent.owner.doing, waited_ns))

    def deadline(self) -> int | None:
        """When advance() has something to do, exactly."""
        due = self.line.deadlines()
        closes_ns = self.check.deadline()
        if closes_ns is not None:
            due.append(closes_ns)
        if self.stopping is not None:
            due.append(self.stopping.next_ns)
        elif self.flight is not None and self.flight.last is not None:
            last, flight = self.flight.last, self.flight
            if not last.late_told:
                due.append(last.sent_ns + flight.late_after_ns + 1)
            if flight.repeatable:
                due.append(last.sent_ns + flight.resend_after_ns)
        if self.waiting is not None and self.waiting.expires_ns is not None:
            due.append(self.waiting.expires_ns)
        return min(due, default=None)

    # What the device says

    def take(self, now_ns: int, frame: RawFrame) -> None:
        """Let one sound frame from the device have its effect."""
        if not frame.data:
            self.events.append(LineError("content"))
        elif not self.unasked(now_ns, frame):
            unknown = frame.command == self.rules.wire.unknown
            results = self.rules.results
            result = results.unknown if unknown else results.read(frame.data[0])
            self._answer(now_ns, frame, result)

    def _answer(self, now_ns: int, frame: RawFrame, result: int) -> None:
        match, sent = self.line.identify(now_ns, frame, self.stopping or self.flight)
        if sent is None:
            self._stray(frame, result)
            return
        if match is Match.DUPLICATE:
            self.events.append(LineError("duplicate"))
            return
        self.identified(now_ns, sent, result)
        self._tell_late(now_ns, sent)
        try:
            if match is Match.LATE:
                self._late(now_ns, sent, result)
            elif isinstance(sent.owner, PendingRequest):
                self._awaited(now_ns, sent.owner, sent, result, frame.data)
            else:
                self.stop_answered(now_ns, sent, result, frame.data)
        except WireFormatError:
            sent.answered = False
            self.events.append(LineError("content"))
        else:
            self.line.heard(now_ns)

    def _stray(self, frame: RawFrame, result: int) -> None:
        """An answer to nothing we asked. The prefix in a report of damage is damaged itself."""
        if self.state in self.rules.quiet:
            return
        if result == self.rules.results.damaged:
            self.events.append(LineError("transfer"))
        else:
            self.fault(StrayAnswer(frame.command, frame.packet_number))

    def _late(self, now_ns: int, sent: Transmission, result: int) -> None:
        """The answer to a request that was overtaken: news are that it was in force meanwhile, and
        a refusal that says something of the present."""
        request = sent.owner
        if not isinstance(request, PendingRequest):
            return
        if result == SUCCESS:
            if request.doing is Doing.APPLY and request.ticket:
                latency_ns = now_ns - sent.sent_ns
                self.events.append(AckedOvertaken(request.ticket, latency_ns, request.channels))
        elif result not in self.rules.results.again and self.refusal_counts(sent):
            self._refused(request, result)

    def _awaited(
        self,
        now_ns: int,
        request: PendingRequest[C],
        sent: Transmission,
        result: int,
        data: bytes,
    ) -> None:
        """An answer that is waited for. Raises WireFormatError where its content is too short."""
        results = self.rules.results
        if result == SUCCESS:
            self.accepted(Answer(now_ns, request, sent, data))
        elif result in results.again and request.repeatable and request.refused < results.again_max:
            request.refused += 1
            if result == results.damaged:
                self.events.append(LineError("transfer"))
            self.events.append(self._rejected(request, result, retried=True))
            self.send_again(now_ns, request)
        elif result != results.unknown or not self.unknown_command(now_ns, sent.command):
            self._refused(request, result)

    def _rejected(
        self, request: PendingRequest[C], result: int, *, retried: bool = False
    ) -> Rejected:
        name = self.rules.results.name(result)
        return Rejected(request.doing, name, result, request.ticket, retried)

    def _refused(self, request: PendingRequest[C], result: int) -> None:
        """The device did not do what it was asked to: what it does now is not what was asked."""
        self.events.append(self._rejected(request, result))
        results = self.rules.results
        if result == results.wrong_mode:
            expected = f"{self.state}: {request.doing} possible"
            found = results.wrong_mode_text.format(results.name(result))
            self.events.append(UnexpectedState(expected, found))
        self.latch()
