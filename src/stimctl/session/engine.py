"""The session engine: intents, facts and bytes in; frames and events out. It owns no clock.

After each call the caller first writes what `transmit()` gives and only then handles `events()`,
so that a stop goes out before it is recorded, and comes back with `advance()` at `deadline()` at
the latest. What raises or starts output is not handed out before `notify(JournalDurable(seq))`
has reached the number of its row.
"""

from collections.abc import Callable
from typing import Any

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver, Frame
from stimctl.devices.sheet import CapabilitySheet
from stimctl.session import facts, rows
from stimctl.session.alarms import Condition, Priority
from stimctl.session.checking import Checking
from stimctl.session.config import STALL_NS, EngineConfig
from stimctl.session.core import Core
from stimctl.session.event_handlers import EventHandlers
from stimctl.session.events import SessionEvent
from stimctl.session.guard import GuardedDriver, guarded
from stimctl.session.heartbeats import Heartbeats
from stimctl.session.idle import IdleKeeper
from stimctl.session.intent_handlers import IntentHandlers
from stimctl.session.intents import Intent, Stop
from stimctl.session.link import Quality
from stimctl.session.log import EventLog
from stimctl.session.procedure import Procedure
from stimctl.session.pulses import Pulses
from stimctl.session.readings import ChannelReading, readings_of
from stimctl.session.reasons import Reason
from stimctl.session.states import State
from stimctl.session.supervision import Supervision
from stimctl.stimulus.level import AnyScale

_UP = Reason(Code.PORT_OPEN_AGAIN, "the port is open again")
_WATCHED = frozenset({State.ARMED, State.RUNNING, State.PAUSED})


class Engine:
    """One session with one device. Every call takes the caller's clock in nanoseconds."""

    def __init__(self, driver: AnyDriver, sheet: CapabilitySheet, config: EngineConfig) -> None:
        driver = self._driver = guarded(driver, sheet)
        self._log = EventLog()
        self._core = Core(driver, self._log)
        self._heartbeats = Heartbeats(config, self._log)
        self._supervision = Supervision(
            self._core, driver, sheet, config, self._log, self._heartbeats
        )
        self._checking = Checking(self._core, driver, sheet, config, self._log)
        self._idle = IdleKeeper(self._core, driver, sheet, self._heartbeats, self._checking)
        self._pulses = Pulses(self._core, driver, config, self._log)
        self._procedure = Procedure(self._core, self._pulses, self._log)
        self._intent_handlers = IntentHandlers(
            self._core,
            config,
            self._log,
            self._heartbeats,
            self._supervision,
            self._checking,
            self._pulses,
            self._procedure,
        )
        self._event_handlers = EventHandlers(self._core, self._log)
        self._deadlines = (
            driver.deadline,
            self._core.deadline,
            self._checking.deadline,
            self._intent_handlers.deadline,
            self._pulses.deadline,
            self._procedure.deadline,
        )
        self._entered_ns: int | None = None
        self._stop_faces: set[str] = set()
        self._facts: dict[type, Callable[[int, Any], None]] = {
            facts.JournalDurable: self._journal_durable,
            facts.JournalFailed: self._journal_failed,
            facts.LinkDown: self._link_down,
            facts.LinkUp: self._link_up,
            facts.SuspendGap: self._suspend_gap,
            facts.ClockStep: self._clock_step,
            facts.HostPower: lambda now, fact: self._host(now, self._core.host.power(fact)),
            facts.DiskSpace: lambda now, fact: self._host(now, self._core.host.disk(fact)),
            facts.StopFaceTested: self._stop_face_tested,
            facts.StopFaceLost: self._stop_face_lost,
            facts.InputSample: self._supervision.sample,
            facts.PersonPresent: lambda now, fact: self._supervision.person_present(now, fact.by),
            facts.PresenceRequired: lambda _now, _fact: (
                self._supervision.attendance.require_person()
            ),
        }

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._core.state

    @property
    def stop_faces(self) -> frozenset[str]:
        """The stop faces that were tested in this session and are still there."""
        return frozenset(self._stop_faces)

    @property
    def stopping(self) -> bool:
        """A zero has been commanded and is not yet verified."""
        return self._core.stopping

    def plateau(self, channel: int) -> int:
        """The plateau in force on a channel, in the unit of the plan; 0 where there is no plan."""
        run = self._core.run
        return 0 if run is None else run.raising.plateau(channel)

    def readings(self, now_ns: int) -> dict[int, ChannelReading]:
        """What is known of every channel of the plan, and what may follow; changes nothing."""
        return readings_of(self._core, now_ns)

    @property
    def scale(self) -> AnyScale | None:
        """In what the plan that is loaded counts."""
        return None if self._core.run is None else self._core.run.scale

    # -- in

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the device, in any portions."""
        self._notice_stall(now_ns)
        self._driver.receive(now_ns, data)
        self._react(now_ns)

    def command(self, now_ns: int, intent: Intent) -> None:
        """What the operator wants. StateError (nothing has changed) where it is not allowed now."""
        if type(intent) is Stop:
            # Before everything else, even before what is due.
            self._intent_handlers.stop(now_ns, intent)
        else:
            self.advance(now_ns)
            self._intent_handlers.command(now_ns, intent)
        self._react(now_ns)

    def notify(self, now_ns: int, fact: facts.Fact) -> None:
        """What the world reports."""
        if type(fact) is facts.FaceAlive:
            self._face_alive(now_ns)
            return
        self._notice_stall(now_ns)
        self._facts[type(fact)](now_ns, fact)
        self._react(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due."""
        self._notice_stall(now_ns)
        self._driver.advance(now_ns)
        self._react(now_ns)
        self._core.advance(now_ns)
        self._lapse(now_ns)
        self._checking.advance(now_ns)
        self._intent_handlers.advance(now_ns)
        self._supervision.advance(now_ns)
        self._idle.advance(now_ns)
        self._procedure.advance(now_ns)  # first: its stage may be over, and a pulse of it waits
        self._pulses.advance(now_ns)
        self._procedure.advance(now_ns)
        self._react(now_ns)

    # -- out

    def transmit(self) -> list[Frame]:
        """What must be written now, in order; handed out once."""
        return self._driver.transmit()

    def events(self) -> list[SessionEvent]:
        """What happened, in order; handed out once."""
        return self._log.take()

    def deadline(self) -> int | None:
        """When `advance` has something to do."""
        now_ns = self._entered_ns or 0
        first = self._supervision.deadline(now_ns)
        idle = self._idle.deadline(now_ns)
        if idle is not None and (first is None or idle < first):
            first = idle
        if self._watched():
            due = self._heartbeats.deadline(output=self._core.state is State.RUNNING)
            if first is None or due < first:
                first = due
        for ask in self._deadlines:
            other = ask()
            if other is not None and (first is None or other < first):
                first = other
        return first

    # -- inside

    def _react(self, now_ns: int) -> None:
        """Take the driver's events; reactions may cause further ones."""
        while found := self._driver.events():
            for event in found:
                try:
                    self._pulses.hear(now_ns, event)
                    if not self._checking.takes(now_ns, event):
                        self._event_handlers.take(now_ns, event)
                except Exception as error:
                    if not isinstance(self._driver, GuardedDriver):
                        raise
                    self._driver.blame(now_ns, error)

    def _watched(self) -> bool:
        return self._core.state in _WATCHED and not self._core.stopping

    def _lapse(self, now_ns: int) -> None:
        """A heartbeat has ceased: stop actively, besides withholding the keep-alive (K2)."""
        if not self._watched():
            return
        lapse = self._heartbeats.lapse(now_ns, output=self._core.state is State.RUNNING)
        if lapse is None:
            return
        if lapse.fault:
            self._core.fault(now_ns, lapse.reason)
        else:
            self._core.alarm(now_ns, Priority.MEDIUM, lapse.reason, "output is being stopped")
            self._core.begin_stop(now_ns, lapse.reason)

    def _notice_stall(self, now_ns: int) -> None:
        """This program itself did not run for more than a second: as if the link had been lost."""
        entered_ns, self._entered_ns = self._entered_ns, now_ns
        if entered_ns is not None and now_ns - entered_ns > STALL_NS and self._watched():
            stood = Reason(Code.STOOD_STILL, "this program stood still for more than 1 s")
            self._core.link_lost(now_ns, stood)

    def _face_alive(self, now_ns: int) -> None:
        if self._watched() and not self._heartbeats.face_alive(now_ns):
            # It was silent for too long: that it is back does not undo that.
            self.advance(now_ns)
        self._heartbeats.face_ns = now_ns

    def _journal_durable(self, now_ns: int, fact: facts.JournalDurable) -> None:
        self._log.made_durable(fact.seq)
        self._checking.on_record(now_ns)
        self._intent_handlers.advance(now_ns)
        self._supervision.on_record(now_ns)
        self._procedure.advance(now_ns)
        self._pulses.advance(now_ns)

    def _journal_failed(self, now_ns: int, fact: facts.JournalFailed) -> None:
        self._intent_handlers.journal_failed = True
        words = f"the journal cannot be written: {fact.reason}"
        self._core.fault(now_ns, Reason(Code.JOURNAL_FAILED, words))

    def _link_down(self, now_ns: int, fact: facts.LinkDown) -> None:
        reason = Reason(Code.LINE_DOWN, fact.reason)
        if self._core.connecting:
            self._core.connecting = False
            self._log.emit(now_ns, rows.ConnectFailed(reason), durable=True)
        self._core.link_lost(now_ns, reason)

    def _link_up(self, now_ns: int, _fact: facts.LinkUp) -> None:
        self._log.emit(now_ns, rows.LinkChanged("up", _UP))
        if self._core.state is State.DISCONNECTED:
            self._core.link.quality = Quality.GOOD
        if self._core.stopping:
            self._driver.stop(now_ns)

    def _suspend_gap(self, now_ns: int, fact: facts.SuspendGap) -> None:
        if fact.gap_us * 1_000 > STALL_NS:
            words = f"the host slept for {fact.gap_us // 1_000} ms"
            self._core.link_lost(now_ns, Reason(Code.HOST_SLEPT, words))

    def _stop_face_tested(self, now_ns: int, fact: facts.StopFaceTested) -> None:
        self._stop_faces.add(fact.name)
        self._log.emit(now_ns, rows.StopFace(fact.name, "tested"), durable=True)

    def _stop_face_lost(self, now_ns: int, fact: facts.StopFaceLost) -> None:
        if fact.name not in self._stop_faces:
            return  # nobody relies on it
        self._stop_faces.discard(fact.name)
        self._log.emit(now_ns, rows.StopFace(fact.name, "lost"), durable=True)
        if self._core.state in _WATCHED:
            self._core.meet(now_ns, Condition.STOP_FACE_LOST, fact.name)

    def _clock_step(self, now_ns: int, fact: facts.ClockStep) -> None:
        self._log.emit(now_ns, rows.ClockStepped(fact.step_us), durable=True)

    def _host(self, now_ns: int, begun: Condition | None) -> None:
        if begun is not None:
            self._core.meet(now_ns, begun)
