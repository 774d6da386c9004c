"""What the bytes from a host order a RehaMove3 to do; its test pulses are nobody's order."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.firmware.p24_commands import Command, Result
from firmware_sim.firmware.rehamove3 import RESET_US
from firmware_sim.firmware.rehamove3_fields import (
    CHANNELS,
    read_ll_channel_config,
    read_ll_init,
    read_ml_update,
)
from firmware_sim.firmware.rehamove3_stimulation import STIMULATION_DATA
from firmware_sim.firmware.sciencemode4_frames import Frame

from . import p24_orders
from .notices import Ending
from .orders import Order

__all__ = ["CHANNELS", "ENDINGS", "AnswerReader", "CommandEffects", "Reader"]

#: Log rows of the record, and what they mean. A channel whose test fails goes on by itself when the
#: contact is back; if nobody has asked in between, nobody can know.
ENDINGS = {
    **p24_orders.ENDINGS,
    "channel error": Ending("the device left out a channel that failed its test", told_once=True),
}


class Reader(p24_orders.Reader):
    """Finds the orders in the bytes of a host."""

    def _order(self, frame: Frame) -> Order | None:
        return p24_orders.read_order(
            frame, read_ll_init, read_ll_channel_config, read_ml_update, range(256)
        )


class CommandEffects(p24_orders.CommandEffects):
    """When the device obeys which order, and what it may go on with by itself."""

    reader = Reader

    def __init__(self) -> None:
        super().__init__()
        self._levels: dict[int, int] = {}
        self._deaf_until_us = 0

    def receive(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Yield what is obeyed at once; what comes during a reset is not heard."""
        return super().receive(at_us, data if at_us >= self._deaf_until_us else b"")

    def settle(self, at_us: int) -> Iterator[tuple[int, Order]]:
        """Yield what is obeyed by then, each with its time."""
        for when_us, order in super().settle(at_us):
            if order.stops or order.initialises:
                self._levels = {}
            if order.trains is not None:
                self._levels = {number: train.level for number, train in order.trains.items()}
            if order.command == Command.RESET:
                self._deaf_until_us = when_us + RESET_US
            yield when_us, order

    def ended(self, at_us: int, event: str) -> Order | None:
        """What may still come: all trains, where a channel has only failed its test."""
        if event == "channel error":
            return Order(0, may=dict(self._levels))
        self._levels = {}
        return super().ended(at_us, event)


class AnswerReader(p24_orders.AnswerReader):
    """Finds the channels on which the device tells an electrode error."""

    def _channels(self, frame: Frame) -> set[int]:
        data = frame.data
        if frame.command != Command.ML_GET_CURRENT_DATA + 1 or len(data) < 3:
            return set()
        if data[0] != Result.OK or not data[1] & STIMULATION_DATA:
            return set()
        return {index + 1 for index in range(CHANNELS) if data[2] >> index & 1}
