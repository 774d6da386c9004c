"""What the bytes from a host order a P24 to do: an own reading, and when the device obeys."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmware_sim.firmware.machine import SILENCE_US
from firmware_sim.firmware.p24 import ML_INIT_SWITCH_US, SWITCH_US
from firmware_sim.firmware.p24_commands import Command, State
from firmware_sim.firmware.p24_fields import (
    PulseForm,
    read_ll_channel_config,
    read_ll_init,
    read_ml_update,
)
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder


@dataclass(frozen=True, slots=True)
class Train:
    """One channel's pulses: the peak, the width of the first phase, the period, ramp pulses."""

    level_ua: int
    width_us: int
    period_us: int = 0
    ramp: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """One intact command. trains: of every channel 1..8 that is to be on (Ml_update); pulse: a
    single one (Ll_channel_config), with its channel."""

    command: Command
    trains: Mapping[int, Train] | None = None
    pulse: tuple[int, Train] | None = None

    @property
    def stops(self) -> bool:
        """Whether it ends all output for good."""
        return self.command in (Command.ML_STOP, Command.LL_STOP, Command.RESET)

    @property
    def gives_output(self) -> bool:
        """Whether it asks for current."""
        trains = () if self.trains is None else self.trains.values()
        return any(one.level_ua for one in trains) or bool(self.pulse and self.pulse[1].level_ua)

    @property
    def initialises(self) -> bool:
        """Whether it switches a level on, which ends what runs."""
        return self.command in (Command.ML_INIT, Command.LL_INIT)


_LOW = frozenset({State.LOW_LEVEL})
_MID = frozenset({State.MID_LEVEL, State.RUNNING})
_NOTHING = frozenset({State.NOTHING})
#: The states in which each command is obeyed, how long the device is then busy, and what follows.
_OBEYED: dict[Command, tuple[frozenset[State], int, State | None]] = {
    Command.LL_INIT: (_NOTHING | _LOW, SWITCH_US, State.LOW_LEVEL),
    Command.LL_CHANNEL_CONFIG: (_LOW, 0, None),
    Command.LL_STOP: (_LOW, SWITCH_US, State.NOTHING),
    Command.ML_INIT: (_NOTHING | _MID, ML_INIT_SWITCH_US, State.MID_LEVEL),
    Command.ML_UPDATE: (_MID, 0, None),
    Command.ML_GET_CURRENT_DATA: (_MID, 0, None),
    Command.ML_STOP: (_MID, SWITCH_US, State.NOTHING),
    Command.RESET: (frozenset(State), 0, State.NOTHING),
}


class Reader:
    """Finds the orders in the bytes of a host; commands that order nothing are left out."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder()

    def silence(self) -> None:
        """The line was silent for so long that a device forgets an unfinished frame."""
        self._decoder.drop_partial()

    def feed(self, data: bytes) -> Iterator[Order]:
        """Yield what these bytes complete; what a P24 refuses as malformed orders nothing."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and (order := _order(found)) is not None:
                yield order


def _order(frame: Frame) -> Order | None:
    if frame.command not in _OBEYED:
        return None
    command, data = Command(frame.command), frame.data
    if command is Command.ML_UPDATE:
        wants = read_ml_update(data) if data else None
        if wants is None:
            return None
        trains = {bit + 1: _train(w.form, w.period_us, w.ramp) for bit, w in wants.items()}
        return Order(command, trains=trains)
    if command is Command.LL_CHANNEL_CONFIG:
        pulse = read_ll_channel_config(data) if data else None
        if pulse is None or pulse.form is None:
            return None
        return Order(command, pulse=(pulse.channel, _train(pulse.form, 0, 0)))
    if command is Command.ML_GET_CURRENT_DATA and data[:1] not in (b"\2", b"\3", b"\4"):
        return None
    if command is Command.LL_INIT and (not data or read_ll_init(data) is None):
        return None
    return None if command is Command.ML_INIT and not data else Order(command)


def _train(form: PulseForm, period_us: int, ramp: int) -> Train:
    level_ua = max((abs(current_ua) for _, current_ua in form.points), default=0)
    width_us = next((time_us for time_us, current_ua in form.points if current_ua), 0)
    return Train(level_ua, width_us, period_us, ramp)


class Obedience:
    """When the device obeys which order: not in the wrong state, and not while it switches."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._state = State.NOTHING
        self._then: State | None = None
        self._free_us = 0
        self._waiting: deque[tuple[int, Order]] = deque()
        self._heard_us = 0

    def receive(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Yield what is obeyed at once; the rest waits."""
        if at_us - self._heard_us > SILENCE_US:
            self._reader.silence()
        self._heard_us = at_us
        self._waiting.extend((at_us, order) for order in self._reader.feed(data))
        yield from self.settle(at_us)

    def settle(self, at_us: int) -> Iterator[tuple[int, Order]]:
        """Yield what is obeyed by then, each with its time."""
        while at_us >= self._free_us and (self._waiting or self._then is not None):
            if self._then is not None:
                self._state, self._then = self._then, None
                continue
            arrived_us, order = self._waiting.popleft()
            states, busy_us, then = _OBEYED[order.command]
            if self._state in states:
                obeyed_us = max(arrived_us, self._free_us)
                self._then, self._free_us = then, obeyed_us + busy_us
                yield obeyed_us, order

    def off(self, at_us: int) -> None:
        """The device has lost its supply."""
        self._state, self._then, self._free_us = State.NOTHING, None, at_us
        self._waiting.clear()
