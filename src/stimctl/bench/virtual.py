"""Engine, driver and twin in one process under a virtual clock.

The whole stack runs as over a real line, only that nobody waits: time goes from one deadline to
the next. What is on the line can be dropped or altered, the journal can be slow or fail, the face
can fall silent.
"""

from collections.abc import Callable
from typing import Any

from firmware_sim.ledger import Ledger
from firmware_sim.twin import LocalTwin
from stimctl.bench.families import driver_of, twin_of
from stimctl.bench.parts import BenchJournal, Hook, Line, UnreadPort
from stimctl.devices.driver import AnyDriver, Frame
from stimctl.session.config import EngineConfig
from stimctl.session.engine import Engine
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.facts import (
    FaceAlive,
    Fact,
    JournalDurable,
    JournalFailed,
    LinkDown,
    LinkUp,
)
from stimctl.session.intents import Intent
from stimctl.session.states import State

LINK_LATENCY_NS = 200_000
"""Each way; about what a pty between two processes takes."""
BEAT_NS = 100_000_000
"""How often a face beats."""
_TOO_MANY_TURNS = 10_000


class Bench:
    """One session on one twin. Time is virtual nanoseconds from 0 and moves only in `run_*`.

    `family` names both ends where neither twin nor driver is given; of one alone the other follows.
    A twin may have a plug and may cease to read (`plugged`, `place`, `reading`, as the twin with
    faults): then the port goes, comes back under its own name only, or fills up.
    """

    def __init__(
        self,
        config: EngineConfig | None = None,
        *,
        family: str = "",
        seed: int = 0,
        twin: LocalTwin | None = None,
        driver: AnyDriver | None = None,
        latency_ns: int = LINK_LATENCY_NS,
        to_device: Hook | None = None,
        to_host: Hook | None = None,
        journal: BenchJournal | None = None,
        beating: bool = True,
    ) -> None:
        self.now_ns = 0
        if driver is None:
            driver = driver_of(family or getattr(twin, "family", ""))
        self.driver: AnyDriver = driver
        self.twin = twin_of(family or driver.sheet.family, seed) if twin is None else twin
        self.engine = Engine(
            self.driver, self.driver.sheet, EngineConfig() if config is None else config
        )
        self.journal = BenchJournal() if journal is None else journal
        self.beating = beating
        self.to_device = Line(latency_ns, to_device)
        self.to_host = Line(latency_ns, to_host)
        self.events: list[SessionEvent] = []
        self._beaten_ns = -BEAT_NS
        self._engine_due: int | None = None
        # A twin that begins with something to do (a fault at 0, a person) says when.
        self._twin_due: int | None = self.twin.deadline()
        self._has_plug = hasattr(self.twin, "plugged")
        self._port_is_there = True
        self._unread: UnreadPort | None = None
        self._beat()

    # -- what a person does

    def command(self, intent: Intent) -> None:
        """Give an intent now; StateError passes through."""
        self._beat()
        try:
            self.engine.command(self.now_ns, intent)
        finally:
            self._pump()

    def notify(self, fact: Fact) -> None:
        """Report a fact now."""
        self._beat()
        self.engine.notify(self.now_ns, fact)
        self._pump()

    def fail_journal(self, reason: str = "disk full") -> None:
        """The journal cannot be written any more."""
        self.journal.delay_ns = None
        self.notify(JournalFailed(reason))

    @property
    def state(self) -> State:
        """The session's state."""
        return self.engine.state

    def told(self, kind: Kind) -> list[SessionEvent]:
        """The events of one kind so far."""
        return [one for one in self.events if one.kind is kind]

    def ledger(self) -> Ledger:
        """What has reached the electrodes so far."""
        return Ledger(self.twin.records(), until_us=self.now_ns // 1_000)

    # -- time

    def run_for(self, duration_ns: int) -> None:
        """Let virtual time pass."""
        self.run_until(lambda: False, self.now_ns + duration_ns)

    def run_until(self, done: Callable[[], bool], end_ns: int) -> bool:
        """Let virtual time pass until something is so; False where `end_ns` came first."""
        while not done():
            due = self._next_ns()
            if due is None or due > end_ns:
                self.now_ns = max(self.now_ns, end_ns)
                self._beat()
                return done()
            self._step(max(due, self.now_ns))
        return True

    def run_to_state(self, *states: State, within_ns: int) -> bool:
        """Let virtual time pass until the session is in one of these states."""
        return self.run_until(lambda: self.engine.state in states, self.now_ns + within_ns)

    def _next_ns(self) -> int | None:
        first = self._engine_due
        # Written out, because it is asked at every step.
        for due in (self._twin_due, self.to_device.due, self.to_host.due, self.journal.deadline()):
            if due is not None and (first is None or due < first):
                first = due
        return first

    def _step(self, now_ns: int) -> None:
        """Everything that happens at one time, device first."""
        self.now_ns = now_ns
        self._beat()
        if self.to_device.due is not None and self.to_device.due <= now_ns:
            for data in self.to_device.arrived(now_ns):
                self.twin.receive(now_ns, data)
            self._after_twin(now_ns)
        if self._twin_due is not None and self._twin_due <= now_ns:
            self.twin.advance(now_ns)
            self._after_twin(now_ns)
        engine_acted = False
        if self.to_host.due is not None and self.to_host.due <= now_ns:
            for data in self.to_host.arrived(now_ns):
                self.engine.receive(now_ns, data)
            engine_acted = True
        if self._engine_due is not None and self._engine_due <= now_ns:
            self.engine.advance(now_ns)
            engine_acted = True
        due = self.journal.deadline()
        if engine_acted or (due is not None and due <= now_ns):
            self._pump()

    def _after_twin(self, now_ns: int) -> None:
        answer = self.twin.transmit()
        if answer:
            self.to_host.send(now_ns, answer)
        self._twin_due = self.twin.deadline()
        if self._has_plug:
            self._look_at_port()

    def _look_at_port(self) -> None:
        """What a host notices of its port: that it is gone, is back, or takes no more."""
        twin: Any = self.twin
        there = twin.plugged and twin.place == 0
        if there != self._port_is_there:
            self._port_is_there = there
            self._unread = None
            self.notify(LinkUp() if there else LinkDown("the port has gone"))
        if twin.reading and self._unread is not None:
            unread, self._unread = self._unread, None
            for data in unread.release(self.now_ns):
                self.to_device.go_on(self.now_ns, data)
        elif there and not twin.reading and self._unread is None:
            self._unread = UnreadPort()

    def _hold(self, unread: UnreadPort, frame: Frame) -> None:
        """What is written to a device that reads nothing waits."""
        unread.write(frame)
        twin: Any = self.twin
        twin.waited(len(frame.data))

    def _reset_twin(self) -> None:
        """The line that restarts the device was pulsed; most have none."""
        reset = getattr(self.twin, "reset", None)
        if reset is not None and self._port_is_there:
            reset(self.now_ns)
            self._after_twin(self.now_ns)

    def _beat(self) -> None:
        """The face beats every 100 ms; only its last beat matters to anyone."""
        if self.beating and self.now_ns >= self._beaten_ns + BEAT_NS:
            self._beaten_ns = self.now_ns - self.now_ns % BEAT_NS
            self.engine.notify(self._beaten_ns, FaceAlive())

    def _pump(self) -> None:
        """Bytes out first, then the record of it, then what waited for the record."""
        for _ in range(_TOO_MANY_TURNS):
            for frame in self.engine.transmit():
                if frame.resets:
                    self._reset_twin()
                elif self._unread is not None:
                    self._hold(self._unread, frame)
                elif self._port_is_there:
                    self.to_device.send(self.now_ns, frame.data)
            events = self.engine.events()
            if events:
                self.events += events
                self.journal.take(self.now_ns, events)
            durable = self.journal.durable(self.now_ns)
            if durable is not None:
                self.engine.notify(self.now_ns, JournalDurable(durable))
            elif not events:
                self._engine_due = self.engine.deadline()
                return
        raise RuntimeError("the engine and its journal never come to rest")
