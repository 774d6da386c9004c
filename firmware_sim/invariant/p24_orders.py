"""What the bytes from a host order a P24 to do: an own reading, and when the device obeys."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator

from firmware_sim.firmware.machine import SILENCE_US
from firmware_sim.firmware.p24 import ML_INIT_SWITCH_US, SWITCH_US
from firmware_sim.firmware.p24_commands import Command, Result, State
from firmware_sim.firmware.p24_fields import (
    LowLevelInit,
    LowLevelPulse,
    PulseForm,
    Want,
    read_ll_channel_config,
    read_ll_init,
    read_ml_update,
)
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder
from firmware_sim.forms import pulses_of

from .notices import Ending
from .orders import Order, Train

#: Log rows of the record, and what they mean.
ENDINGS = {
    "keep-alive expired": Ending("the watchdog of the device ended the output"),
    "power off": Ending("the device lost its supply"),
    "channel error": Ending("the device found an error on the channel", forgotten=True),
}
_ERRORS = 4  # the selection of Ml_get_current_data that tells errors by channel
SELECTIONS = (2, 3, _ERRORS)

_LOW = frozenset({State.LOW_LEVEL})
_MID = frozenset({State.MID_LEVEL, State.RUNNING})
_NOTHING = frozenset({State.NOTHING})
#: The states in which each command is obeyed, how long the device is then busy, and what follows.
_OBEYED: dict[int, tuple[frozenset[State], int, State | None]] = {
    Command.LL_INIT: (_NOTHING | _LOW, SWITCH_US, State.LOW_LEVEL),
    Command.LL_CHANNEL_CONFIG: (_LOW, 0, None),
    Command.LL_STOP: (_LOW, SWITCH_US, State.NOTHING),
    Command.ML_INIT: (_NOTHING | _MID, ML_INIT_SWITCH_US, State.MID_LEVEL),
    Command.ML_UPDATE: (_MID, 0, None),
    Command.ML_GET_CURRENT_DATA: (_MID, 0, None),
    Command.ML_STOP: (_MID, SWITCH_US, State.NOTHING),
    Command.RESET: (frozenset(State), 0, State.NOTHING),
}
_STOPPING = frozenset({Command.ML_STOP, Command.LL_STOP, Command.RESET})
_SWITCHING = _STOPPING | {Command.ML_INIT, Command.LL_INIT}


class Reader:
    """Finds the orders in the bytes of a host; commands that order nothing are left out."""

    def _order(self, frame: Frame) -> Order | None:
        return read_order(frame, read_ll_init, read_ll_channel_config, read_ml_update, SELECTIONS)

    def __init__(self) -> None:
        self._decoder = FrameDecoder()

    def silence(self) -> None:
        """The line was silent for so long that a device forgets an unfinished frame."""
        self._decoder.drop_partial()

    def feed(self, data: bytes) -> Iterator[Order]:
        """Yield what these bytes complete; what a P24 refuses as malformed orders nothing."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and (order := self._order(found)) is not None:
                yield order


def read_order(
    frame: Frame,
    init_of: Callable[[bytes], LowLevelInit | None],
    pulse_of: Callable[[bytes], LowLevelPulse | None],
    trains_of: Callable[[bytes], dict[int, Want] | None],
    selections: Container[int],
) -> Order | None:
    """Return what an intact frame orders, with what a device makes of its data."""
    if frame.command not in _OBEYED:
        return None
    command, data = Command(frame.command), frame.data
    if command in _SWITCHING:
        return _switch(command, data, init_of)
    if command is Command.ML_UPDATE:
        wants = trains_of(data) if data else None
        if wants is None:
            return None
        trains = {bit + 1: _train(w.form, w.period_us, w.ramp) for bit, w in wants.items()}
        return Order(command, trains=trains, feeds=True)
    if command is Command.LL_CHANNEL_CONFIG:
        pulse = pulse_of(data) if data else None
        if pulse is None or pulse.form is None:
            return None
        return Order(command, pulses={pulse.channel: _train(pulse.form, 0, 0)}, feeds=True)
    return Order(command, feeds=True) if data and data[0] in selections else None


def _switch(
    command: Command, data: bytes, init_of: Callable[[bytes], LowLevelInit | None]
) -> Order | None:
    if command in _STOPPING:
        return Order(command, stops=True)
    if not data or (command is Command.LL_INIT and init_of(data) is None):
        return None
    return Order(command, initialises=True)


def _train(form: PulseForm, period_us: int, ramp: int) -> Train:
    level_ua = max((abs(current_ua) for _, current_ua in form.ordered), default=0)
    width_us = next((time_us for time_us, current_ua in form.ordered if current_ua), 0)
    # A form may hold a group of pulses: judged as pulses that come that much more often.
    return Train(level_ua, width_us, period_us // len(pulses_of(form.ordered)), ramp)


class CommandEffects:
    """When the device obeys which order: not in the wrong state, and not while it switches."""

    reader = Reader

    def __init__(self) -> None:
        self._reader = self.reader()
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

    def told(self, _at_us: int, _data: bytes) -> Iterator[tuple[int, Order]]:
        """Nothing waits for an answer: when this device obeys is known."""
        return iter(())

    def ended(self, at_us: int, event: str) -> Order | None:
        """The device has ended output by itself, of which nothing comes any more."""
        if event == "power off":
            self._state, self._then, self._free_us = State.NOTHING, None, at_us
            self._waiting.clear()
        return None


class AnswerReader:
    """Finds the channels on which a P24 tells an error, in the answers to Ml_get_current_data."""

    def _channels(self, frame: Frame) -> set[int]:
        return _channels_with_error(frame)

    def __init__(self) -> None:
        self._decoder = FrameDecoder()

    def feed(self, data: bytes) -> Iterator[set[int]]:
        """Yield the channels each answer names."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and (channels := self._channels(found)):
                yield channels


def _channels_with_error(frame: Frame) -> set[int]:
    data = frame.data
    if frame.command != Command.ML_GET_CURRENT_DATA + 1 or len(data) < 7:
        return set()
    if data[0] != Result.OK or data[1] != _ERRORS:
        return set()
    return {
        2 * at + half + 1
        for at, pair in enumerate(data[3:7])
        for half in (0, 1)
        if pair >> 4 * half & 0xF
    }
