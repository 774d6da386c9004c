"""A fault that has begun: what it may touch, and how often it has changed something."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from firmware_sim.twin import LocalTwin

from .clips import Clips
from .effects import Effect, Parameters
from .link import Lane, Link
from .misbehaviour import Misbehaviour
from .model import BOTH, Fault, Spec
from .wires import Wire

if TYPE_CHECKING:
    from firmware_sim.firmware.p24_faulty import FaultyFirmware

Action = Callable[[], None]


@dataclass(slots=True)
class Stage:
    """What faults act on: the line, the device, the clock and a timetable."""

    link: Link
    device: LocalTwin
    now_us: Callable[[], int]
    at: Callable[[int, Action], None]
    """Do something at a time (us)."""
    log: Callable[[Mapping[str, Any]], None]
    """Record a row; kind and time are added."""
    firmware: FaultyFirmware | None
    """Inside the device, where its firmware can misbehave."""
    clips: Clips | None
    """What is on the channels, where it can be changed."""
    wire: Wire
    """How frames are made here."""

    @property
    def on_electrodes(self) -> Clips:
        """What is on the channels."""
        assert self.clips is not None
        return self.clips

    @property
    def misbehaving(self) -> FaultyFirmware:
        """The firmware of the device; `FaultyTwin.add` lets only link faults be without one."""
        assert self.firmware is not None
        return self.firmware


class Running:
    """One fault at work. `parameters` are complete."""

    def __init__(self, fault: Fault, spec: Spec, stage: Stage, seed: str) -> None:
        self.fault = fault
        self.spec = spec
        self.stage = stage
        self.parameters: Parameters = {**spec.parameters, **fault.parameters}
        self.begun = self.ended = False
        self._seed = seed
        self._own_changes = 0
        self._effects: list[tuple[Lane, Effect]] = []
        self._misbehaviours: list[Misbehaviour] = []
        self._at_end: list[Action] = []
        self._counters: list[Callable[[], int]] = []

    @property
    def changed(self) -> int:
        """How often it has changed bytes, commands, a timer, the output or the load so far."""
        effects = sum(effect.changed for _, effect in self._effects)
        others = sum(counted() for counted in self._counters)
        in_firmware = sum(each.changed for each in self._misbehaviours)
        return self._own_changes + effects + in_firmware + others

    @property
    def active(self) -> bool:
        """Whether it has begun and not ended."""
        return self.begun and not self.ended

    def rng(self, use: str) -> random.Random:
        """Return a generator of its own for one use."""
        return random.Random(f"{self._seed}/{use}")

    def count(self, changes: int = 1) -> None:
        """Note that something was changed."""
        self._own_changes += changes

    def counts(self, counted: Callable[[], int]) -> None:
        """Have what something else has changed so far counted, too."""
        self._counters.append(counted)

    def on_end(self, action: Action) -> None:
        """Have something undone when the fault ends; the latest first."""
        self._at_end.append(action)

    def on_line(
        self,
        make: Callable[[Parameters, random.Random], Effect],
        direction: int | None = None,
    ) -> None:
        """Put an effect on each direction that is meant until the fault ends."""
        meant = self.parameters.get("direction", BOTH) if direction is None else direction
        for lane in self.stage.link.lanes(meant):
            name = "to device" if lane is self.stage.link.to_device else "to host"
            effect = make(self.parameters, self.rng(name))
            lane.effects.append(effect)
            self._effects.append((lane, effect))

    def in_firmware(self, misbehaviour: Misbehaviour) -> None:
        """Have the firmware misbehave until the fault ends."""
        active = self.stage.misbehaving.misbehaviours
        active.append(misbehaviour)
        self._misbehaviours.append(misbehaviour)
        self.on_end(lambda: active.remove(misbehaviour))

    def every(self, every_us: int, action: Action) -> None:
        """Do something now and each every_us (0 = never again) until the fault ends."""

        def act() -> None:
            if not self.ended:
                action()
                if every_us:
                    self.stage.at(self.stage.now_us() + every_us, act)

        act()

    def end(self) -> None:
        """Undo everything."""
        self.ended = True
        for lane, effect in self._effects:
            lane.remove(self.stage.now_us(), effect)
        for action in reversed(self._at_end):
            action()
