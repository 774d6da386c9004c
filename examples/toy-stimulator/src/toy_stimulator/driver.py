"""The driver of the toy: one question in flight, absolute set points, a stop over everything.

Sans-IO: bytes and clock readings come in, frames and events are asked for. Each frame says what it
is for, and one that raises says until when it may leave.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum

from stimctl.codes import Code
from stimctl.devices.driver import Frame
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    AnswerLate,
    Doing,
    DriverEvent,
    Identified,
    LineError,
    NoAnswer,
    RaiseDropped,
    Ready,
    Rejected,
    StatusRead,
    StrayAnswer,
    UnexpectedState,
    Withheld,
    WrongDevice,
    ZeroVerified,
)
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.cleared import SetPoint
from toy_stimulator.question import MS, OFF, Form, Question, form_of, lowest, raises, units_of
from toy_stimulator.sheet import CHANNELS, SHEET
from toy_stimulator.wire import Lines, line

ROUND_NS = 50 * MS
LATE_NS = 100 * MS
AGAIN_NS = 150 * MS
SILENT_NS = 1_000 * MS


class State(Enum):
    """What the driver is busy with."""

    UNKNOWN = "unknown"
    STOPPING = "stopping"
    NAMING = "naming"
    ZERO = "zero"
    LATCHED = "latched"


class ToyDriver:
    """Implements `stimctl.devices.driver.Driver`."""

    sheet: CapabilitySheet = SHEET

    def __init__(self) -> None:
        self._state = State.UNKNOWN
        self._lines = Lines()
        self._out: list[Frame] = []
        self._events: list[DriverEvent] = []
        self._number = 0
        self._tickets = 0
        self._known: dict[int, Question] = {}  # the last numbers, and what was asked with them
        self._flight: Question | None = None
        self._waiting: Question | None = None
        self._possible: list[Mapping[int, Form]] = [OFF]
        self._check = OutputCheck(one_source=False)
        self._say_wanted = self._connecting = self._stopped = self._silence_told = False
        self._identified = False
        self._begun_ns = self._round_ns = self._heard_ns = 0
        self._rounds = 0

    @property
    def latched(self) -> bool:
        """True after a discontinuity: only stop() and connect() are accepted."""
        return self._state is State.LATCHED

    # -- calls

    def connect(self, now_ns: int) -> None:
        """Stop the device, see its zero, and ask its name."""
        self._lines.drop()
        self._begin_stop(now_ns)
        self._connecting, self._identified = True, False

    def stop(self, now_ns: int) -> None:
        """Everything off, repeated until zero is verified."""
        if self._state is not State.STOPPING:
            self._begin_stop(now_ns)
        else:
            self._connecting = False
            self._send_round(now_ns)

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, SetPoint],
        planned: Collection[int] = frozenset(),
    ) -> int:
        """Exactly these channels; nothing is sent where one of them is refused."""
        self._refuse_unless_ready("set points")
        forms = {channel: form_of(channel, point) for channel, point in set_points.items()}
        self._tickets += 1
        wanted = Question(Doing.APPLY, now_ns, self._tickets, forms)
        wanted.proofs = {channel: point.cleared for channel, point in set_points.items()}
        wanted.raises = any(raises(forms, one) for one in self._possible)
        lowers = any(raises(one, forms) for one in self._possible)
        self._waiting = wanted
        if self._flight is None or lowers or not wanted.raises:
            self._send_waiting(now_ns)
        return wanted.ticket

    def pulse(self, now_ns: int, channel: int, set_point: SetPoint) -> int:
        """The toy makes no single pulses."""
        raise StateError("a pulse", code=Code.NO_PULSES, why="the toy makes trains only")

    def keep_alive(self, now_ns: int) -> None:
        """Ask what is on, which feeds the watchdog."""
        self._refuse_unless_ready("a keep-alive")
        if self._flight is None:
            self._send(now_ns, Question(Doing.KEEP_ALIVE, now_ns))
        else:
            self._say_wanted = True

    def _refuse_unless_ready(self, what: str) -> None:
        if self._state is not State.ZERO:
            why = f"the driver is {self._state.value}"
            raise StateError(f"{what} now", code=Code.DRIVER_STATE, why=why)

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the toy."""
        for found in self._lines.feed(data):
            if found is None:
                self._events.append(LineError("crc"))
            else:
                self._take(now_ns, *found)

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due."""
        if self._state is State.STOPPING:
            self._watch_stop(now_ns)
            return
        waiting, flight = self._waiting, self._flight
        if waiting is not None and waiting.stale(now_ns):
            self._waiting = None
            self._drop(now_ns, waiting, sent=False)
        if flight is not None:
            self._watch(now_ns, flight)
        held = self._check.due(now_ns)
        if held and self._state is State.ZERO:
            self._events += [Withheld(*one, closed=True) for one in held]
            closed = {one.channel for one in held}
            left = {c: one for c, one in self._possible[-1].items() if c not in closed}
            self._send(now_ns, Question(Doing.APPLY, now_ns, 0, left))

    def transmit(self) -> list[Frame]:
        """What must go out now; handed out once."""
        out, self._out = self._out, []
        return out

    def events(self) -> list[DriverEvent]:
        """What happened; handed out once."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> int | None:
        """When advance() has something to do."""
        if self._state is State.STOPPING:
            silent_ns = self._heard_ns + SILENT_NS
            return self._round_ns if self._silence_told else min(self._round_ns, silent_ns)
        due = [] if self._waiting is None else self._waiting.deadlines()
        if self._flight is not None:
            again_ns = self._flight.sent_ns + AGAIN_NS
            late_ns = again_ns if self._flight.late_told else self._flight.sent_ns + LATE_NS
            due += [again_ns, late_ns, self._flight.first_ns + SILENT_NS]
        closes_ns = self._check.deadline()
        return min([*due, *([] if closes_ns is None else [closes_ns])], default=None)

    # -- stopping

    def _begin_stop(self, now_ns: int) -> None:
        self._state, self._connecting, self._stopped = State.STOPPING, False, False
        self._flight = self._waiting = None
        self._say_wanted = self._silence_told = False
        self._begun_ns = self._heard_ns = now_ns
        self._rounds = 0
        self._send_round(now_ns)

    def _send_round(self, now_ns: int) -> None:
        """`off`, and once that was answered the question too; over what was not handed out."""
        self._round_ns, self._rounds = now_ns + ROUND_NS, self._rounds + 1
        data = b"\n" + self._line(Question(Doing.STOP, now_ns))
        if self._stopped:
            data += self._line(Question(Doing.VERIFY, now_ns))
        self._out = [Frame(data, urgent=True, doing=Doing.STOP)]

    def _watch_stop(self, now_ns: int) -> None:
        if not self._silence_told and now_ns - self._heard_ns >= SILENT_NS:
            self._silence_told = True
            doing = Doing.CONNECT if self._connecting else Doing.STOP
            self._events.append(NoAnswer(doing, self._heard_ns))
            if self._connecting:
                self._latch()
                return
        if now_ns >= self._round_ns:
            self._send_round(now_ns)

    def _stop_answered(self, now_ns: int, asked: Question, words: list[str]) -> None:
        self._heard_ns = now_ns
        if asked.asked_ns < self._begun_ns:
            return  # of a stop before this one
        if asked.doing is Doing.STOP and not self._stopped:
            self._stopped = True
            verify = self._line(Question(Doing.VERIFY, now_ns))
            self._out.append(Frame(verify, doing=Doing.VERIFY))
        elif asked.doing is Doing.VERIFY and words == ["0"]:
            self._possible = [OFF]
            self._check.settled(now_ns, None, {})
            self._events.append(ZeroVerified(now_ns - self._begun_ns, self._rounds))
            at_zero = State.ZERO if self._identified else State.UNKNOWN
            self._state = State.NAMING if self._connecting else at_zero
            self._out.clear()
            if self._connecting:
                self._send(now_ns, Question(Doing.IDENTIFY, now_ns))
        elif asked.doing is Doing.VERIFY:
            self._stopped = False

    # -- questions and answers

    def _line(self, asked: Question) -> bytes:
        self._number = (self._number + 1) % 256
        self._known[self._number] = asked
        if len(self._known) > 64:
            del self._known[next(iter(self._known))]
        return line(self._number, asked.words(CHANNELS))

    def _send(self, now_ns: int, asked: Question) -> None:
        overtaken, self._flight = self._flight, asked
        if overtaken is not None and overtaken is not asked and overtaken.doing is Doing.KEEP_ALIVE:
            self._say_wanted = True
        if asked.doing is Doing.APPLY and asked.sent_ns < 0:
            self._possible.append(asked.forms)
            self._check.sent(now_ns, units_of(asked.forms))
            asked.first_ns = now_ns
        asked.sent_ns = now_ns
        data = self._line(asked)
        self._out.append(Frame(data, expires_ns=asked.expires_ns, doing=asked.doing))

    def _send_waiting(self, now_ns: int) -> None:
        asked, self._waiting = self._waiting, None
        if asked is None:
            return
        held = self._check.admit(now_ns, units_of(asked.forms), asked.proofs)
        self._events += [Withheld(*one) for one in held]
        off = {one.channel for one in held}
        asked.forms = {c: one for c, one in asked.forms.items() if c not in off}
        self._send(now_ns, asked)

    def _take(self, now_ns: int, number: int, words: list[str]) -> None:
        asked = self._known.get(number)
        if asked is None:
            self._events.append(StrayAnswer(0, number))
            self._latch()
        elif words[0] != "ok":
            if asked is self._flight:
                refused = Rejected(asked.doing, " ".join(words), 1, asked.ticket or None)
                self._events.append(refused)
                self._latch()
        elif self._state is State.STOPPING:
            self._stop_answered(now_ns, asked, words[1:])
        elif asked is self._flight:
            self._flight = None
            self._answered(now_ns, asked, words[1:])
        elif asked.doing is Doing.APPLY and not asked.answered:
            asked.answered = True
            latency_ns = now_ns - asked.sent_ns
            self._events.append(AckedOvertaken(asked.ticket, latency_ns, asked.channels()))

    def _answered(self, now_ns: int, asked: Question, words: list[str]) -> None:
        latency_ns = now_ns - asked.sent_ns
        asked.answered = True
        if asked.doing is Doing.IDENTIFY:
            self._named(words)
            return
        if asked.doing is Doing.APPLY:
            self._possible = [asked.forms]
            self._check.settled(now_ns, latency_ns, units_of(asked.forms))
            self._events.append(Acked(Doing.APPLY, latency_ns, asked.ticket, asked.channels()))
        else:
            self._status(latency_ns, words)
        if self._state is not State.ZERO:
            return
        if self._waiting is not None:
            self._send_waiting(now_ns)
        elif self._say_wanted:
            self._say_wanted = False
            self._send(now_ns, Question(Doing.KEEP_ALIVE, now_ns))

    def _named(self, words: list[str]) -> None:
        if len(words) != 3 or words[0] != "toy":
            self._events.append(WrongDevice("toy", " ".join(words)))
            self._latch()
            return
        self._state, self._connecting, self._identified = State.ZERO, False, True
        self._events += [Identified("toy", words[1], words[2], "toy/1", ""), Ready()]

    def _status(self, latency_ns: int, words: list[str]) -> None:
        mask = int(words[0]) if len(words) == 1 and words[0] in ("0", "1", "2", "3") else -1
        active = frozenset(c for c in range(1, CHANNELS + 1) if mask >> (c - 1) & 1)
        expected = frozenset(self._possible[-1])
        self._events.append(StatusRead(active, latency_ns=latency_ns))
        if mask < 0 or (active != expected and len(self._possible) == 1):
            found = f"driving channels {sorted(active)}"
            wanted = f"driving channels {sorted(expected)}"
            self._events.append(UnexpectedState(wanted, found, expected, active))
            self._latch()

    def _watch(self, now_ns: int, flight: Question) -> None:
        waited_ns = now_ns - flight.sent_ns
        if not flight.late_told and waited_ns >= LATE_NS:
            flight.late_told = True
            self._events.append(AnswerLate(flight.doing, waited_ns))
        if now_ns - flight.first_ns >= SILENT_NS:
            self._events.append(NoAnswer(flight.doing, flight.first_ns))
            self._latch()
        elif waited_ns >= AGAIN_NS and flight.stale(now_ns):
            self._drop(now_ns, flight, sent=True)
        elif waited_ns >= AGAIN_NS:
            self._send(now_ns, flight)

    def _drop(self, now_ns: int, asked: Question, *, sent: bool) -> None:
        """A raise is too old. One that was sent may be in force: the lowest of all takes over."""
        falls = Question(Doing.APPLY, now_ns, 0, lowest([asked.forms, *self._possible]))
        to = falls.channels() if sent else None
        self._events.append(RaiseDropped(asked.ticket, now_ns - asked.asked_ns, sent, to))
        if sent:
            self._send(now_ns, falls)

    def _latch(self) -> None:
        self._flight = self._waiting = None
        self._say_wanted = self._connecting = False
        self._out = [one for one in self._out if one.doing is Doing.STOP]
        if self._state is not State.STOPPING:
            self._state = State.LATCHED
