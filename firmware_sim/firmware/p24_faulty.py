"""A P24 whose firmware, supply or clock goes wrong; a healthy one starts sooner without this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from firmware_sim.faults.misbehaviour import Execute, Misbehaviour, Order
from firmware_sim.faults.updates import P24, Layout, change_trains, scale_block

from .p24 import HIGH_VOLTAGE_150V, HIGH_VOLTAGE_OFF, P24Twin
from .p24_answers import Answers
from .p24_commands import Command, Event, Result
from .p24_general import SCIENCEMODE_VERSION
from .p24_mid_level import KEEP_ALIVE_US
from .p24_twin import make as make_healthy
from .recorder import Row
from .sciencemode4_frames import Damage, Frame

Change = Callable[[int | None], int | None]
"""Another keep-alive limit in us for the one there would be; None = for ever."""


class KeptBack(Answers):
    """Answers of which some are kept back."""

    misbehaviours: Sequence[Misbehaviour] = ()

    def give_at(self, ready_us: int, command: Command, number: int, data: bytes) -> None:
        """Answer, if all agree."""
        if all(each.says(command) for each in self.misbehaviours):
            super().give_at(ready_us, command, number, data)


class FaultyFirmware(P24Twin):
    """A device with ways to misbehave; without any it is its twin, byte for byte."""

    _answers: KeptBack
    layout: Layout
    sciencemode: tuple[int, int, int]
    """The protocol version that it tells."""

    def __init__(
        self,
        seed: int = 0,
        load_ohm: int | None = 500,
        *,
        turnaround_us: int,
        sink: Callable[[Row], None] | None = None,
        wiretap: bool = False,
    ) -> None:
        super().__init__(seed, load_ohm, turnaround_us=turnaround_us, sink=sink, wiretap=wiretap)
        self.misbehaviours: list[Misbehaviour] = []
        self._answers.misbehaviours = self.misbehaviours
        self._wanted = b"\0"  # the latest Ml_update that was accepted
        self._up_us = 0  # when it has booted
        self._limits: list[Change] = []
        self._truth = dict(self._fixed)
        self._pretences: list[dict[Command, bytes]] = []

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host; none while the device boots or has no supply."""
        self.advance(now_ns)
        super().receive(now_ns, data if self._now >= self._up_us else b"")

    def limit(self, change: Change) -> Callable[[], None]:
        """Change how long output goes on without a keep-alive; return what undoes it."""
        self._limits.append(change)
        self._set_limit()

        def undo() -> None:
            self._limits.remove(change)
            self._set_limit()

        return undo

    def _set_limit(self) -> None:
        # Each change acts on those before it, so that overlapping ones end in any order.
        limit_us: int | None = KEEP_ALIVE_US
        for change in self._limits:
            limit_us = change(limit_us)
        self._mid.keep_alive_us = limit_us

    def crash(self, boot_us: int) -> None:
        """Lose output, state and answers now, and hear nothing for boot_us."""
        self.power_off(self._now * 1000)
        self.line_lost()
        self._up_us = self._now + boot_us

    def restore(self) -> None:
        """Go on with the trains that were wanted last, without being asked."""
        self._move(self._now, Event.MID_READY, HIGH_VOLTAGE_150V)
        self._apply(self._wanted)

    def turn(self, channel: int, permille: int) -> None:
        """Change the current of a channel (0 = all) as somebody at the device would; 0 = off."""

        def change(number: int, block: bytes) -> tuple[int, bytes] | None:
            if channel not in (0, number):
                return number, block
            return (number, scale_block(block, permille)) if permille else None

        if self._mid.running:
            # No keep-alive: nobody at the device speaks for the host.
            self._apply(change_trains(self._wanted, change, self.layout), self._mid.fed_us)

    def overheat(self) -> None:
        """Switch the high voltage off and say so."""
        self._halt(self._now)
        self._move(self._now, Event.STOPPED, HIGH_VOLTAGE_OFF)
        self._answers.general_error(self._now, Result.HIGH_VOLTAGE)

    def expire(self) -> None:
        """Believe that the keep-alive is overdue."""
        self._mid.keep_alive_us = 0
        self.advance(self._now * 1000)
        self._set_limit()

    def become(self, answers: dict[Command, bytes]) -> None:
        """Be another one from now on, whatever it pretends to be."""
        self._truth.update(answers)
        self._tell()

    def pretend(self, answers: dict[Command, bytes]) -> Callable[[], None]:
        """Tell something else about itself; return what undoes it."""
        self._pretences.append(answers)
        self._tell()

        def undo() -> None:
            # By identity: two equal pretences may overlap.
            self._pretences[:] = [one for one in self._pretences if one is not answers]
            self._tell()

        return undo

    def _tell(self) -> None:
        # The truth and every pretence on top of it, so that overlapping ones end in any order.
        self._fixed = dict(self._truth)
        for answers in self._pretences:
            self._fixed.update(answers)

    def _apply(self, data: bytes, fed_us: int | None = None) -> None:
        self._mid.update(self._now, data, fed_us)
        event = Event.TRAINS if self._mid.running else Event.NO_TRAINS
        self._move(self._now, event, self._high_voltage)

    def _ml_update(self, at_us: int, frame: Frame) -> None:
        super()._ml_update(at_us, frame)
        if self.layout.read(frame.data) is not None:
            self._wanted = frame.data

    def _execute(self, at_us: int, item: Frame | Damage) -> None:
        if isinstance(item, Damage):
            super()._execute(at_us, item)
            return
        execute: Execute = partial(super()._execute, at_us)
        for misbehaviour in self.misbehaviours:
            execute = self._through(misbehaviour, execute, at_us)
        execute(item)

    def _through(self, misbehaviour: Misbehaviour, execute: Execute, at_us: int) -> Execute:
        answer = partial(self._answer, at_us)
        return lambda frame: misbehaviour.take(Order(frame, execute, answer, self.layout))

    def _answer(self, at_us: int, frame: Frame, result: Result) -> None:
        command = self._known(frame.command)
        if command is None:  # one of another generation: nothing else can be said of it
            self._answers.unknown_command(at_us, frame)
        else:
            self._answers.refuse(at_us, command, frame.packet_number, result, frame.data)


class FaultyP24(FaultyFirmware):
    """A P24 with ways to misbehave."""

    answers = KeptBack
    layout = P24
    sciencemode = SCIENCEMODE_VERSION


def make(**told: Any) -> P24Twin:
    """One at time 0."""
    return make_healthy(**told, kind=FaultyP24)
