"""The openEMSstim driver: intensity points to finite bursts, echoes to events; sans-IO.

The board has no watchdog and reports nothing but an echo. So output is a burst of 750 ms, renewed
at half its length, and only when the engine's gated keep-alive allows it; one message is in flight;
its echo must be complete and equal within 300 ms; and whatever does not fit ends in a stop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stimctl.devices.driver import Frame, no_pulses
from stimctl.devices.events import AnswerLate, Doing, DriverEvent, NoAnswer, UnexpectedState
from stimctl.devices.exchange_driver import not_now
from stimctl.devices.openemsstim.line import Sent
from stimctl.devices.openemsstim.link_state import BoardLink
from stimctl.devices.openemsstim.output import wanted_of
from stimctl.devices.openemsstim.request import ECHO_NS, LATE_NS, SILENCE_NS, Request, Stopping
from stimctl.devices.openemsstim.sheet import BOOT_LIMIT_US, OPENEMSSTIM_SHEET
from stimctl.devices.openemsstim.table import CALLS, WORKING, Act, Call, State
from stimctl.devices.sheet import CapabilitySheet
from stimctl.safety.intensity import IntensityPoint

_BOOT_LIMIT_NS = BOOT_LIMIT_US * 1_000
_PROBE_AFTER_NS = SILENCE_NS
"""A running board with nothing to say is asked for a heartbeat so often [POLICY]."""


class OpenEmsStimDriver:
    """One board on one line. Implements `stimctl.devices.driver.Driver`."""

    __slots__ = ("_heard_ns", "_link", "_tickets")

    def __init__(self) -> None:
        self._link = BoardLink()
        self._tickets = 0
        self._heard_ns = 0

    @property
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the openEMSstim."""
        return OPENEMSSTIM_SHEET

    @property
    def state(self) -> State:
        """What the driver believes and is busy with."""
        return self._link.state

    @property
    def latched(self) -> bool:
        """True after a discontinuity: only stop() and connect() are accepted."""
        return self._link.state in (State.LATCHED, State.RESTARTED)

    def connect(self, now_ns: int) -> None:
        """Stop the board, wait up to 20 s for it to start, and ask which firmware it has."""
        self._act(Call.CONNECT)
        self._link.find(now_ns)

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, IntensityPoint],
        planned: Collection[int] = frozenset(),
    ) -> int:
        """Open exactly these channels. Ticket; LimitRefusedError or StateError, nothing sent."""
        self._act(Call.APPLY)
        link = self._link
        wanted = wanted_of(set_points)
        self._tickets += 1
        link.ticket = self._tickets
        if link.state is State.ZERO and not wanted:
            if link.flight is None:
                link.ask(now_ns, Doing.APPLY)
            return self._tickets
        link.state = State.RUNNING
        link.bursts.want(now_ns, wanted, planned)
        link.send_next(now_ns)
        if link.flight is None:
            link.settle(0)
        return self._tickets

    def pulse(self, now_ns: int, channel: int, set_point: IntensityPoint) -> int:  # noqa: ARG002
        """Refused: the pulses are those of another unit."""
        raise no_pulses()

    def keep_alive(self, now_ns: int) -> None:
        """Renew one burst, or ask for a heartbeat. The caller is the gate."""
        if self._act(Call.KEEP_ALIVE) is not Act.RENEW or self._overdue(now_ns):
            return
        link = self._link
        link.bursts.allow(now_ns)
        link.send_next(now_ns)
        idle = link.flight is None and not link.bursts.on
        if idle and now_ns - self._heard_ns >= _PROBE_AFTER_NS:
            link.ask(now_ns, Doing.KEEP_ALIVE)

    def stop(self, now_ns: int) -> None:
        """Stop at once. Called again while stopping it changes nothing: each round too many would
        only keep the board from answering the one before, and silence brings the next by itself."""
        if self._act(Call.STOP) is not Act.STOP_AGAIN:
            self._link.begin_stop(now_ns)

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the board."""
        if data:
            self._heard_ns = now_ns
        for heard in self._link.line.receive(now_ns, data):
            self._link.take(now_ns, heard)

    def advance(self, now_ns: int) -> None:
        """Fire the timers that are due."""
        link = self._link
        if link.stopping is not None:
            self._watch_stop(now_ns, link.stopping)
        elif link.state in WORKING:
            if link.flight is not None:
                self._watch(now_ns, link.flight)
            if link.state in WORKING and not self._overdue(now_ns):
                link.drop_stale(now_ns)
                link.send_next(now_ns)

    def _watch_stop(self, now_ns: int, stopping: Stopping) -> None:
        link = self._link
        if link.probe is not None:
            if now_ns >= stopping.next_ns:
                link.dialect_silent(now_ns)
            return
        if link.state is State.CLEARING:
            assert link.connect_ns is not None
            if now_ns >= link.connect_ns + _BOOT_LIMIT_NS:
                link.events.append(NoAnswer(Doing.CONNECT, link.connect_ns))
                link.give_up()
                return
        elif stopping.silent(now_ns):
            link.events.append(NoAnswer(Doing.STOP, stopping.started_ns))
        link.stop_due(now_ns)

    def _watch(self, now_ns: int, flight: Sent) -> None:
        """Report a late echo; one that is not complete in time ends the session."""
        assert isinstance(flight.owner, Request)
        waited_ns = now_ns - flight.sent_ns
        if flight.begun_ns is None and not flight.late_told and waited_ns >= LATE_NS:
            flight.late_told = True
            self._link.events.append(AnswerLate(flight.owner.doing, waited_ns))
        if waited_ns >= ECHO_NS:
            found = "silent" if flight.begun_ns is None else "silent in the middle of its echo"
            self._link.events.append(UnexpectedState("echoing what it was sent", found))
            self._link.latch()

    def _overdue(self, now_ns: int) -> bool:
        """A burst was left to end: to renew it would open the channel anew at once."""
        channel = self._link.bursts.late(now_ns)
        if channel is None:
            return False
        self._link.events.append(
            UnexpectedState(
                "renewed in time", f"without a renewal of channel {channel}: this host was late"
            )
        )
        self._link.latch()
        return True

    def transmit(self) -> list[Frame]:
        """What must go out now."""
        return self._link.line.transmit()

    def events(self) -> list[DriverEvent]:
        """What happened."""
        found = self._link.events.copy()
        self._link.events.clear()
        return found

    def deadline(self) -> int | None:
        """When advance() has something to do."""
        link = self._link
        due: list[int] = []
        if link.stopping is not None:
            due += self._stop_deadlines(link.stopping)
        elif link.state in WORKING:
            flight = link.flight
            if flight is not None:
                due.append(flight.sent_ns + ECHO_NS)
                if flight.begun_ns is None and not flight.late_told:
                    due.append(flight.sent_ns + LATE_NS)
            due += link.bursts.deadlines(free=flight is None)
        return min(due, default=None)

    def _stop_deadlines(self, stopping: Stopping) -> list[int]:
        link = self._link
        if link.state is State.CLEARING:
            assert link.connect_ns is not None
            following_ns = stopping.next_ns if link.probe is not None else link.next_round_ns()
            return [link.connect_ns + _BOOT_LIMIT_NS, following_ns]
        due = [stopping.next_ns]
        if not stopping.heard:
            due.append(stopping.reset_ns)
            if not stopping.silence_told:
                due.append(stopping.silence_ns)
        return due

    def _act(self, call: Call) -> Act:
        act = CALLS[self._link.state][call]
        if act is Act.REFUSE:
            raise not_now(call, self._link.state)
        return act
