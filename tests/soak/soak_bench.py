"""The virtual bench with a faulty twin, and with a host that can go wrong too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from firmware_sim.faults import FaultyTwin
from stimctl.bench import Bench, BenchJournal
from stimctl.devices.driver import AnyDriver
from stimctl.session.config import EngineConfig
from stimctl.session.facts import ClockStep, LinkDown, LinkUp, SuspendGap
from stimctl.session.states import State
from tests.soak import soak_troubles as troubles
from tests.soak.soak_devices import Device
from tests.soak.soak_troubles import Trouble

Done = TypeVar("Done")
_WALL_CLOCK_US = 3_600_000_000


class SoakBench(Bench):
    """A bench that tells of each new state, and whose host can fall silent or stand still."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        device: Device,
        twin: FaultyTwin,
        inside: Any,
        driver: AnyDriver,
        latency_ns: int,
        journal_ns: int,
        entered: Callable[[State], None],
    ) -> None:
        self._entered = entered
        self._last_state = State.DISCONNECTED
        self._journal_failed = False
        self.faulty = twin
        self._device = device
        self._inside = inside
        self.journal_ns = journal_ns
        super().__init__(
            config,
            twin=twin,
            driver=driver,
            latency_ns=latency_ns,
            journal=BenchJournal(delay_ns=journal_ns),
        )

    def begin(self, trouble: Trouble) -> Callable[[], None] | None:
        """Let something go wrong now; what ends it, where the twin does not by itself."""
        if trouble.of_twin:
            self.faulty.add(trouble.fault(self.now_ns // 1_000))
            self.faulty.advance(self.now_ns)
            self._after_twin(self.now_ns)
            return None
        if trouble.name in self._device.deeds:
            return self._begin_at_device(trouble.name)
        return self._begin_at_host(trouble.name, trouble.parameters["for_us"] * 1_000)

    def near_the_wrap(self) -> None:
        """As if this host had said more before: in a state of few frames the wrap is seldom met."""
        driver: Any = self.driver
        driver._link.line._pairing._next = self._device.top_number - 1

    def _begin_at_device(self, name: str) -> Callable[[], None] | None:
        undo = self._at_device(lambda: self._device.deeds[name](self._inside, self.now_ns))
        return None if undo is None else lambda: self._at_device(lambda: undo(self.now_ns))

    def _at_device(self, act: Callable[[], Done]) -> Done:
        self.faulty.advance(self.now_ns)
        done = act()
        self._after_twin(self.now_ns)
        return done

    def _begin_at_host(self, name: str, for_ns: int) -> Callable[[], None] | None:
        if name == troubles.FACE_SILENT:
            self.beating = False
            return self._face_back
        if name in (troubles.JOURNAL_SLOW, troubles.JOURNAL_STUCK):
            self.journal.delay_ns = for_ns if name == troubles.JOURNAL_SLOW else None
            return self._journal_back
        if name == troubles.PORT_ERROR:
            self.notify(LinkDown("write error"))
            return lambda: self.notify(LinkUp())
        if name == troubles.JOURNAL_FAILS:
            self._journal_failed = True
            self.fail_journal()
        elif name == troubles.HOST_STALLS:
            self.stand_still(for_ns)
        elif name == troubles.HOST_SLEPT:
            self.stand_still(for_ns)
            self.notify(SuspendGap(for_ns // 1_000))
        else:
            assert name == troubles.CLOCK_STEP, name
            self.notify(ClockStep(-_WALL_CLOCK_US))
        return None

    def stand_still(self, for_ns: int) -> None:
        """Everything but this program goes on for so long."""
        end_ns = self.now_ns + for_ns
        while True:
            dues = [due for due in (self.to_device.due, self._twin_due) if due is not None]
            due_ns = min(dues, default=end_ns + 1)
            if due_ns > end_ns:
                break
            self.now_ns = max(due_ns, self.now_ns)
            for data in self.to_device.arrived(self.now_ns):
                self.twin.receive(self.now_ns, data)
            self.twin.advance(self.now_ns)
            self._after_twin(self.now_ns)
        self.now_ns = end_ns
        self.run_for(0)

    def _face_back(self) -> None:
        self.beating = True

    def _journal_back(self) -> None:
        if not self._journal_failed:
            self.journal.delay_ns = self.journal_ns

    def _pump(self) -> None:
        super()._pump()
        state = self.engine.state
        if state is not self._last_state:
            self._last_state = state
            self._entered(state)
