"""A commissioning in virtual time: a twin on the bench, an oscilloscope that reads its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from firmware_sim.scope import Shot, csv_of
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.bench.families import driver_of
from stimctl.commission.bench_protocol import AREA, protocol_id, protocol_text
from stimctl.commission.procedure import Procedure
from stimctl.commission.results import Finding, Result, failed
from stimctl.commission.rig import Ask, Found, Seen
from stimctl.commission.scope_csv import parse_scope_csv
from stimctl.commission.settings import Setting
from stimctl.commission.waveform import Reading, Train, reading_of, train_of
from stimctl.devices.registry import family as family_of
from stimctl.errors import DeviceFaultError, NoDeviceError, StateError
from stimctl.quantity import parse_area_mm2
from stimctl.safety.electrodes import Electrode
from stimctl.safety.intensity import ATTENDED
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.engine import Engine
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Connect,
    LoadPlan,
    Raise,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import Level
from stimctl.treatment.load import load_any
from stimctl.treatment.plan import ChannelSetup, compile_plan
from stimctl.treatment.program import AnyPlan

OHM = 1_000
_T = TypeVar("_T")
_WATCH_NS = 450 * MS
_AT_ZERO = (State.STOPPED, State.IDENTIFIED, State.CHECKED)
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN)


class BenchRig:
    """A `Rig` on a twin: the real engine and driver, virtual time, no supervisor."""

    def __init__(self, family: str, faults: Sequence[str] = (), twin: Any = None) -> None:
        self.family = family
        self.sheet = family_of(family).sheet
        told: Any = {} if self.sheet.current is None else {"load_ohm": OHM}
        self.twin = faulty_twin(family, faults=faults, **told) if twin is None else twin
        self._config = EngineConfig(
            watchdog_test=self.sheet.has_watchdog, attended_by_prompt=not self.sheet.has_watchdog
        )
        self.bench = Bench(self._config, twin=self.twin, driver=driver_of(family))
        self._began = 0
        self._is_open = False

    def connect(self) -> Found:
        """Identify the device, or go on with the session that has ended at verified zero."""
        self._is_open = True
        if self.bench.state in _AT_ZERO:
            return self._found()
        if self.bench.events:  # a session that ended otherwise: another one
            self.bench.driver = driver_of(self.family)
            self.bench.engine = Engine(self.bench.driver, self.sheet, self._config)
            if self.sheet.boot_us is not None:
                self.twin.reset(self.bench.now_ns)  # as opening a port does
        self._began = len(self.bench.events)
        self.bench.command(Connect())
        self.bench.run_to_state(State.IDENTIFIED, within_ns=25 * SECOND)
        if self.bench.state is not State.IDENTIFIED:
            raise NoDeviceError("nothing answers as that device", why=str(self.bench.events[-1]))
        return self._found()

    def _found(self) -> Found:
        told = self._told(Kind.IDENTITY)[-1].data
        return Found(
            told["family"], told["serial"], told["firmware"], told["protocol"],
            names=(f"serial {told['serial']}",) if told["serial"] else (),
        )  # fmt: skip

    def check(self, setting: Setting) -> str:
        self.bench.command(LoadPlan(self._plan(setting)))
        self.bench.run_to_state(State.CHECKED, *_OVER, within_ns=25 * SECOND)
        outcomes = [one.data["outcome"] for one in self._told(Kind.DEAD_MAN)]
        return str(outcomes[-1]) if outcomes else "not due"

    def begin(self, setting: Setting) -> None:
        if not self._is_open:
            self.connect()
        self.check(setting)
        for intent, state in ((Arm(), State.ARMED), (Start(StartFrom.BEGINNING), State.RUNNING)):
            self.bench.command(intent)
            if not self.bench.run_to_state(state, within_ns=25 * SECOND):
                raise DeviceFaultError("the session does not run", why=str(self.bench.state))
        self.bench.run_for(200 * MS)

    def _plan(self, setting: Setting) -> AnyPlan:
        scale, current = self.sheet.scale, self.sheet.current is not None
        text = protocol_text(setting, setting.most, current=current)
        electrode = Electrode(parse_area_mm2(AREA))
        setups: Any = [ChannelSetup(setting.channel, Level(scale, setting.most), electrode)]
        name = f"{protocol_id(setting, current=current)}.toml"
        plan: Any = compile_plan(
            load_any(text, name), self.sheet, setups, acknowledged=frozenset({ATTENDED})
        )
        assert not hasattr(plan, "nearest"), plan
        return plan  # type: ignore[no-any-return]

    def raise_to(self, channel: int, level: int) -> None:
        plan = self.bench.engine
        step = self.sheet.external_pulses.step_percent if self.sheet.external_pulses else (
            self.sheet.bounds.amplitude_step_ua
        )  # fmt: skip
        while self.bench.engine.plateau(channel) < level:
            before = plan.plateau(channel)
            try:
                self.bench.command(Raise(channel, Level(self.sheet.scale, before + step)))
            except StateError as error:
                raise DeviceFaultError("the session does not run", why=str(error)) from error
            self.bench.run_for(550 * MS)
            if self.bench.state is not State.RUNNING:
                raise DeviceFaultError("the session has stopped", why=str(self.bench.state))
            if plan.plateau(channel) == before:
                raise DeviceFaultError("the raise was refused", why=str(self.bench.events[-3:]))

    def hold(self, work: Callable[[], _T]) -> _T:
        self.bench.run_for(SECOND)
        return work()

    def stop(self) -> int | None:
        self.bench.command(Stop())
        self.bench.run_to_state(*_OVER, within_ns=5 * SECOND)
        self.bench.run_for(SECOND)
        zero = self._told(Kind.ZERO_VERIFIED)
        return int(zero[-1].data["after_us"]) if zero else None

    def fault_within(self, seconds: float) -> str:
        self.bench.run_to_state(*_OVER, within_ns=round(seconds * 1e9))
        if self.bench.state is State.RUNNING:
            return ""
        return str(self._told(Kind.STOPPING)[-1].data["code"])

    def host_kill(self, setting: Setting, level: int) -> tuple[Sequence[Seen], int]:
        self.begin(setting)
        before = len(self.events())
        self.raise_to(setting.channel, level)
        self.bench.run_for(SECOND)
        self._is_open = False
        return self.events()[before:], self.bench.now_ns

    def wait(self, seconds: float) -> None:
        """Nobody speaks to the twin, unless a session is open."""
        end_ns = self.bench.now_ns + round(seconds * 1e9)
        if self._is_open:
            self.bench.run_for(end_ns - self.bench.now_ns)
            return
        while (due := self.twin.deadline()) is not None and due <= end_ns:
            self.twin.advance(due)
            self.twin.transmit()
        self.twin.advance(end_ns)
        self.bench.now_ns = end_ns

    def events(self) -> Sequence[Seen]:
        return [Seen(one.at_ns, one.kind, one.data) for one in self.bench.events[self._began :]]

    def close(self) -> None:
        if self._is_open and self.bench.state is State.RUNNING:
            self.stop()
        if self._is_open and self.bench.state is State.FAULT:
            self.bench.run_for(SECOND)  # zero is verified
            self.bench.command(Acknowledge("seen on the bench"))
            self.bench.run_for(SECOND)
        self._is_open = False

    def _told(self, kind: Kind) -> list[Any]:
        return [one for one in self.bench.events[self._began :] if one.kind is kind]


class TwinScope:
    """An `Instrument` that reads what an oscilloscope would show of the twin's record, as CSV."""

    def __init__(self, rig: BenchRig) -> None:
        self._rig = rig
        self._ready_us = 0
        self.shots: dict[str, str] = {}

    def place(self, channel: int) -> None:
        """There is a load on every channel."""

    def read(self, ask: Ask) -> Reading:
        self._rig.bench.run_for(_WATCH_NS)
        from_us = (self._rig.bench.now_ns - _WATCH_NS) // 1_000
        return reading_of(self._shot(ask, from_us, 2), OHM)

    def ready(self, ask: Ask) -> None:
        del ask
        self._ready_us = self._rig.bench.now_ns // 1_000

    def train(self, ask: Ask) -> Train | None:
        return train_of(self._shot(ask, self._ready_us, 10))

    def open(self, channel: int) -> None:
        self._rig.twin.set_load(channel, None)

    def restore(self, channel: int) -> None:
        self._rig.twin.set_load(channel, OHM)

    def _shot(self, ask: Ask, from_us: int, every_us: int) -> Any:
        now_us = self._rig.bench.now_ns // 1_000
        shot = Shot(ask.channel, from_us, now_us - from_us, OHM, every_us)
        self.shots[ask.file] = csv_of(self._rig.twin.records(), shot)
        return parse_scope_csv(self.shots[ask.file], ask.file)


def commissioned(
    family: str, *faults: str, label: str = "", only: Sequence[str] = (), twin: Any = None
) -> tuple[Result, ...]:
    """Every result of a commissioning of a twin with these faults."""
    rig = BenchRig(family, faults, twin)
    return Procedure(rig.sheet, rig, TwinScope(rig), label=label).run(only)


def found(results: Sequence[Result]) -> set[Finding]:
    """What was found to be wrong."""
    return set(failed(results))
