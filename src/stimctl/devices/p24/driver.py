"""The P24 driver: set points to ScienceMode 4 requests, answers to events; sans-IO.

Trains run on the mid level, single pulses on the low level, and between the two there is always a
verified stop. One request is in flight; what only lowers overtakes it, a stop overtakes all.
After anything that shows the device is not as it was left, the driver latches: it sends nothing
that stimulates until a stop has been verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from stimctl.codes import Code
from stimctl.devices.asking import RESEND_NS
from stimctl.devices.driver import Frame
from stimctl.devices.events import AnswerLate, Doing, DriverEvent, NoAnswer
from stimctl.devices.p24.accepted import P24_DIALECT
from stimctl.devices.p24.answers import take
from stimctl.devices.p24.conversation import Conversation
from stimctl.devices.p24.dialect import Dialect
from stimctl.devices.p24.gate import Gate
from stimctl.devices.p24.request import Request
from stimctl.devices.p24.table import CALLS, WORKING, Act, Call, State
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.cleared import SetPoint
from stimctl.wire.sciencemode4 import messages as sm4

_MID_STATES = frozenset({State.MID, State.MID_INIT})
_LOW_STATES = frozenset({State.LOW, State.LOW_INIT})


class ScienceModeDriver:
    """One device on one line. Implements `stimctl.devices.driver.Driver`, which says what it does.

    Its kind is its `dialect`: a P24, or a RehaMove3.
    """

    __slots__ = ("_gate", "_talk", "_tickets")

    dialect: ClassVar[Dialect]

    def __init__(self) -> None:
        self._talk = Conversation(self.dialect)
        self._gate = Gate(self.dialect.model)
        self._tickets = 0

    @property
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the device."""
        return self.dialect.sheet

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
        self._talk.find(now_ns)

    def apply(self, now_ns: int, set_points: Mapping[int, SetPoint]) -> int:
        """Run exactly these channels. Ticket; LimitRefusedError or StateError and nothing sent."""
        talk = self._talk
        act = self._act(Call.APPLY)
        trains = self._gate.trains(set_points)
        request = Request(
            Doing.APPLY,
            sm4.MlUpdate.command,
            now_ns,
            trains.payload,
            ticket=self._ticket(),
            trains=trains,
            channels=trains.channels,
            proofs={channel: point.cleared for channel, point in set_points.items()},
        )
        talk.compare(request, trains)
        talk.waiting = request
        if act is Act.OFFER:
            if talk.flight is None or request.lowers or not request.raises:
                talk.send_waiting(now_ns)
        elif act is Act.INIT:
            talk.init_mid(now_ns)
        elif act is Act.SWITCH:
            talk.begin_stop(now_ns, State.TO_MID, (sm4.LlStop.command,))
        return self._tickets

    def pulse(self, now_ns: int, channel: int, set_point: SetPoint) -> int:
        """One pulse; no sooner after the last one on the channel than the set point's period."""
        talk = self._talk
        act = self._act(Call.PULSE)
        busy = talk.flight is not None and talk.flight.doing is not Doing.KEEP_ALIVE
        if busy or talk.waiting is not None:
            raise StateError(
                "a pulse now", code=Code.DRIVER_BUSY, why="another request is still unanswered"
            )
        if act is Act.SWITCH and any(trains.mask for trains in talk.possible):
            raise StateError(
                "a pulse now", code=Code.TRAIN_RUNS, why="a pulse train runs or may run"
            )
        payload, channel_set, unit = self._gate.pulse(channel, set_point)
        talk.check.refuse_pulse(now_ns, channel, unit, set_point.cleared)
        talk.waiting = Request(
            Doing.PULSE,
            sm4.LlChannelConfig.command,
            now_ns,
            payload,
            ticket=self._ticket(),
            channels=(channel_set,),
            unit=unit,
        )
        talk.waiting.raises = True
        if act is Act.OFFER:
            if talk.flight is None:  # else it leaves when the keep-alive is answered
                talk.send_waiting(now_ns)
        elif act is Act.INIT:
            talk.init_low(now_ns)
        else:
            talk.begin_stop(now_ns, State.TO_LOW, (sm4.MlStop.command,))
        return self._tickets

    def keep_alive(self, now_ns: int) -> None:
        """Ask how the trains are doing, or where none can run, what is initialized."""
        act = self._act(Call.KEEP_ALIVE)
        if act is Act.ASK_TRAINS:
            self._talk.ask_trains(now_ns)
        elif act is Act.ASK_STATUS and self._talk.flight is None:
            self._talk.ask_status(now_ns, Doing.KEEP_ALIVE)

    def stop(self, now_ns: int) -> None:
        """Stop at once. Called again while stopping it sends one more round at once."""
        talk = self._talk
        if self._act(Call.STOP) is Act.STOP_AGAIN:
            talk.send_round(now_ns)
            return
        talk.waiting = None
        levels: tuple[int, ...] = (sm4.MlStop.command, sm4.LlStop.command)
        if talk.state in _MID_STATES:
            levels = (sm4.MlStop.command,)
        elif talk.state in _LOW_STATES:
            levels = (sm4.LlStop.command,)
        talk.begin_stop(now_ns, State.STOPPING, levels)

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
        since_ns = talk.line.waiting_ns or 0
        doing = Doing.STOP if talk.stopping is not None else Doing.VERIFY
        if talk.flight is not None:
            doing = talk.flight.doing
        talk.events.append(NoAnswer(doing, since_ns))
        if talk.state in WORKING:
            talk.latch()
        elif talk.stopping is None:
            talk.give_up()

    def _watch(self, now_ns: int, flight: Request) -> None:
        """Report a late answer, and send again what was not answered."""
        last = flight.last
        if last is None:
            return
        waited_ns = now_ns - last.sent_ns
        if not last.late_told and waited_ns > flight.late_after_ns:
            last.late_told = True
            self._talk.events.append(AnswerLate(flight.doing, waited_ns))
        if flight.repeatable and waited_ns >= RESEND_NS:
            self._talk.send_again(now_ns, flight)

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
            last = talk.flight.last
            if not last.late_told:
                due.append(last.sent_ns + talk.flight.late_after_ns + 1)
            if talk.flight.repeatable:
                due.append(last.sent_ns + RESEND_NS)
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


class P24Driver(ScienceModeDriver):
    """One P24 on one line."""

    __slots__ = ()
    dialect = P24_DIALECT
