"""What a faulty firmware does with commands and answers, one class per way.

Consulted for each command before it is executed, and for each answer before it is queued.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_sim.firmware.p24_commands import Command, Result, known
from firmware_sim.firmware.sciencemode4_frames import Frame

from .updates import P24, Layout, move_pulse, move_trains

Parameters = Mapping[str, int]
Execute = Callable[[Frame], None]
"""Executes a command now."""

ALL_COMMANDS = -1
#: Commands that change what is put out, or may be put out.
CHANGING = frozenset(
    {
        Command.LL_INIT,
        Command.LL_CHANNEL_CONFIG,
        Command.LL_STOP,
        Command.ML_INIT,
        Command.ML_UPDATE,
        Command.ML_STOP,
        Command.RESET,
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """An intact command, and what can be done with it: executed, or answered with a result."""

    frame: Frame
    execute: Execute
    answer: Callable[[Frame, Result], None]
    layout: Layout = P24

    def obey(self) -> None:
        """Execute it as it came."""
        self.execute(self.frame)


class Misbehaviour:
    """Does everything as it should; `changed` counts the commands or answers it altered."""

    silent: frozenset[int] = frozenset()
    """Commands that are not answered."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.changed = 0

    def take(self, order: Order) -> None:
        """Take one command."""
        order.obey()

    def says(self, command: Command) -> bool:
        """Whether the answer to a command is given at all."""
        kept_back = command in self.silent
        self.changed += kept_back
        return not kept_back

    def _meant(self) -> frozenset[int]:
        chosen = self.parameters["command"]
        return frozenset(CHANGING) if chosen == ALL_COMMANDS else frozenset({chosen})


class Nak(Misbehaviour):
    """Refuses everything."""

    def take(self, order: Order) -> None:
        """Refuse."""
        if known(order.frame.command) is None:
            order.obey()
            return
        self.changed += 1
        order.answer(order.frame, Result(self.parameters["result"]))


class AckOnly(Misbehaviour):
    """Says yes and does nothing."""

    def take(self, order: Order) -> None:
        """Acknowledge."""
        if order.frame.command not in self._meant():
            order.obey()
            return
        self.changed += 1
        order.answer(order.frame, Result.OK)


class NoAck(Misbehaviour):
    """Obeys and says nothing."""

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self.silent = self._meant()


class Twice(Misbehaviour):
    """Executes, and answers, every command two times."""

    def take(self, order: Order) -> None:
        """Execute twice."""
        order.obey()
        if order.frame.command in self._meant():
            self.changed += 1
            order.obey()


class WrongChannel(Misbehaviour):
    """Drives another channel than the one that was meant."""

    def take(self, order: Order) -> None:
        """Move the data to another channel."""
        frame, by = order.frame, self.parameters["by"]
        data = frame.data
        if frame.command == Command.ML_UPDATE:
            data = move_trains(data, by, order.layout)
        elif frame.command == Command.LL_CHANNEL_CONFIG:
            data = move_pulse(data, by, order.layout)
        self.changed += data != frame.data
        order.execute(frame._replace(data=data))


class RefuseInit(Misbehaviour):
    """Refuses to switch the high voltage on."""

    def take(self, order: Order) -> None:
        """Refuse an init."""
        if order.frame.command not in (Command.LL_INIT, Command.ML_INIT):
            order.obey()
            return
        self.changed += 1
        order.answer(order.frame, Result.HIGH_VOLTAGE)


class IgnoreWrap(Misbehaviour):
    """Takes packet number 0 after 63 for an old packet."""

    _last = 0

    def take(self, order: Order) -> None:
        """Ignore it."""
        last, self._last = self._last, order.frame.packet_number
        if last == 63 and self._last == 0:
            self.changed += 1
            return
        order.obey()


class UntilFed(Misbehaviour):
    """Does something once the next keep-alive has been executed."""

    def __init__(self, parameters: Parameters, then: Callable[[], None]) -> None:
        super().__init__(parameters)
        self._then: Callable[[], None] | None = then

    def take(self, order: Order) -> None:
        """Watch for a keep-alive."""
        order.obey()
        if order.frame.command in (Command.ML_UPDATE, Command.ML_GET_CURRENT_DATA):
            then, self._then = self._then, None
            if then is not None:
                then()
