"""The RehaStim2 driver: set points to ScienceMode 2 requests, answers to events; sans-IO.

Trains run in the channel list mode, single pulses in the start mode, and between the two there is
always a stop. Which channels a list has, and in which rhythm, is fixed by the first `apply` after
a stop. The device is kept alive by `keep_alive` alone: an idle one by Watchdog, a stimulating one
by its set points, said once more.
"""

from __future__ import annotations

from collections.abc import Mapping

from stimctl.codes import Code
from stimctl.devices.driver import Frame
from stimctl.devices.events import AnswerLate, Doing, DriverEvent, NoAnswer
from stimctl.devices.rehastim2.answers import take
from stimctl.devices.rehastim2.conversation import Conversation
from stimctl.devices.rehastim2.gate import order_for, pulse_for, setup_for
from stimctl.devices.rehastim2.request import LATE_NS, Request
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.rehastim2.table import CALLS, WORKING, Act, Call, State
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.cleared import SetPoint
from stimctl.wire.sciencemode2 import messages as sm2


class RehaStim2Driver:
    """One RehaStim2 on one line. Implements `stimctl.devices.driver.Driver`."""

    __slots__ = ("_talk", "_tickets")

    def __init__(self) -> None:
        self._talk = Conversation()
        self._tickets = 0

    @property
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the RehaStim2."""
        return REHASTIM2_SHEET

    @property
    def state(self) -> State:
        """What the driver believes and is busy with."""
        return self._talk.state

    @property
    def latched(self) -> bool:
        """True after a discontinuity: only stop() and connect() are accepted."""
        return self._talk.state is State.LATCHED

    def connect(self, now_ns: int) -> None:
        """Begin anew: whatever was under way, queued or half received is forgotten."""
        self._act(Call.CONNECT)
        self._talk.find(now_ns)

    def apply(self, now_ns: int, set_points: Mapping[int, SetPoint]) -> int:
        """Run exactly these channels. Ticket; LimitRefusedError or StateError and nothing sent.

        The first call after a stop chooses the channels and the rhythm of the list; set points of
        0 uA choose without output. A later one keeps within them.
        """
        talk = self._talk
        act = self._act(Call.APPLY)
        setup = talk.setup
        if act is Act.SET_UP:
            if talk.flight is not None and talk.flight.doing is not Doing.KEEP_ALIVE:
                raise StateError(
                    "an apply now", code=Code.DRIVER_BUSY, why="another request is still unanswered"
                )
            if not set_points:  # nothing to set up: that nothing runs is asked of the device
                self._ask_zero(now_ns)
                return self._tickets
            setup = setup_for(set_points)
        assert setup is not None
        order = order_for(setup, set_points)
        request = Request(
            Doing.APPLY,
            sm2.StartChannelListMode.command,
            now_ns,
            order.payload,
            ticket=self._ticket(),
            order=order,
            channels=order.channels,
            proofs={channel: point.cleared for channel, point in set_points.items()},
        )
        talk.compare(request, order)
        talk.waiting = request
        if act is Act.SET_UP:
            talk.setup = setup
            talk.set_up(now_ns)
        elif act is Act.OFFER and (talk.flight is None or request.lowers or not request.raises):
            talk.send_waiting(now_ns)
        return self._tickets

    def _ask_zero(self, now_ns: int) -> None:
        command = sm2.GetStimulationMode.command
        request = Request(Doing.APPLY, command, now_ns, ticket=self._ticket())
        self._talk.send(now_ns, request)

    def pulse(self, now_ns: int, channel: int, set_point: SetPoint) -> int:
        """One pulse; no sooner after the last one on the channel than the set point's period."""
        talk = self._talk
        self._act(Call.PULSE)
        if talk.flight is not None and talk.flight.doing is not Doing.KEEP_ALIVE:
            raise StateError(
                "a pulse now", code=Code.DRIVER_BUSY, why="another request is still unanswered"
            )
        payload, channel_set, unit = pulse_for(channel, set_point)
        talk.check.refuse_pulse(now_ns, channel, unit, set_point.cleared)
        request = Request(
            Doing.PULSE,
            sm2.SinglePulse.command,
            now_ns,
            payload,
            ticket=self._ticket(),
            channels=(channel_set,),
            unit=unit,
        )
        request.raises = True
        talk.waiting = request
        if talk.flight is None:
            talk.send_waiting(now_ns)
        return self._tickets

    def keep_alive(self, now_ns: int) -> None:
        """Feed the device's watchdog in the way its state asks for. The caller is the gate."""
        act = self._act(Call.KEEP_ALIVE)
        if act is Act.FEED:
            self._talk.feed(now_ns)
        elif act is Act.REFRESH:
            self._talk.refresh(now_ns)

    def stop(self, now_ns: int) -> None:
        """Stop at once. Called again while stopping it sends one more round at once."""
        if self._act(Call.STOP) is Act.STOP_AGAIN:
            self._talk.send_round(now_ns)
        else:
            self._talk.begin_stop(now_ns, State.STOPPING)

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the device."""
        for frame in self._talk.line.receive(now_ns, data):
            take(self._talk, now_ns, frame)

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due."""
        talk = self._talk
        talk.line.drop_broken(now_ns)
        if talk.line.silent(now_ns):
            self._silent()
        if talk.stopping is not None:
            if now_ns >= talk.stopping.next_ns:
                talk.send_round(now_ns)
        elif talk.flight is not None:
            self._watch(now_ns, talk.flight)
        talk.drop_stale(now_ns)
        talk.close_due(now_ns)

    def _silent(self) -> None:
        """A stop goes on all the same; everything else is over."""
        talk = self._talk
        doing = Doing.STOP if talk.flight is None else talk.flight.doing
        if talk.state is State.CLEARING:
            doing = Doing.CONNECT
        talk.events.append(NoAnswer(doing, talk.line.waiting_ns or 0))
        if talk.state in WORKING:
            talk.latch()
        elif talk.state is State.CLEARING:
            talk.give_up()

    def _watch(self, now_ns: int, flight: Request) -> None:
        """Report a late answer, and send again what was not answered."""
        last = flight.last
        if last is None:
            return
        waited_ns = now_ns - last.sent_ns
        if not last.late_told and waited_ns > LATE_NS:
            last.late_told = True
            self._talk.events.append(AnswerLate(flight.doing, waited_ns))
        if waited_ns < flight.resend_after_ns:
            return
        if flight.repeatable:
            self._talk.send_again(now_ns, flight)
        elif flight.command == sm2.InitChannelListMode.command:
            self._talk.clear_list(now_ns)

    def transmit(self) -> list[Frame]:
        """What must go out now."""
        return self._talk.line.transmit()

    def events(self) -> list[DriverEvent]:
        """What happened."""
        found = self._talk.events.copy()
        self._talk.events.clear()
        return found

    def deadline(self) -> int | None:
        """When advance() has something to do, exactly."""
        talk = self._talk
        due = talk.line.deadlines()
        closes_ns = talk.check.deadline()
        if closes_ns is not None:
            due.append(closes_ns)
        if talk.stopping is not None:
            due.append(talk.stopping.next_ns)
        elif talk.flight is not None and talk.flight.last is not None:
            last, flight = talk.flight.last, talk.flight
            if not last.late_told:
                due.append(last.sent_ns + LATE_NS + 1)
            if flight.command != sm2.SinglePulse.command:
                due.append(last.sent_ns + flight.resend_after_ns)
        if talk.waiting is not None and talk.waiting.expires_ns is not None:
            due.append(talk.waiting.expires_ns)
        return min(due, default=None)

    def _act(self, call: Call) -> Act:
        act = CALLS[self._talk.state][call]
        if act is Act.REFUSE:
            raise StateError(
                f"{call} is not possible now",
                code=Code.DRIVER_STATE,
                why=f"the driver is in state {self._talk.state}",
                what_to_do="Nothing was sent. Stop the device or connect to it first",
            )
        return act

    def _ticket(self) -> int:
        self._tickets += 1
        return self._tickets
