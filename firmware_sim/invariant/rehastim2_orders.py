"""What the bytes from a host order a RehaStim2 to do: channel lists, pulses, stops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from firmware_sim.firmware.rehastim2_commands import RULES, Command
from firmware_sim.firmware.rehastim2_fields import (
    Programme,
    Setup,
    programme,
    read_setup,
    read_single,
    read_wants,
)
from firmware_sim.firmware.sciencemode2_frames import Frame, FrameDecoder

from .orders import Order, Train


class Read(NamedTuple):
    """An order, the most (uA) that it may give each channel, and how long one list lasts (us)."""

    order: Order
    levels: dict[int, int]
    lasts_us: int


class Lists:
    """The channel lists that may be set up, each with its packet number: what a Start means."""

    def __init__(self) -> None:
        self._possible: list[tuple[int, Setup]] = []

    def read(self, frame: Frame) -> Read | None:
        """Read a frame; what a RehaStim2 refuses as malformed orders nothing, nor do others."""
        rule = RULES.get(Command(frame.command)) if frame.command in _ORDERING else None
        if rule is None or rule.size not in (None, len(frame.data)):
            return None
        match frame.command:
            case Command.INIT_CHANNEL_LIST:
                return self._init(frame)
            case Command.START_CHANNEL_LIST:
                return self._start(frame.data)
            case Command.SINGLE_PULSE:
                single = read_single(frame.data)
                return None if single is None else _pulses(frame.command, single, frame.data[3:])
        return Read(Order(frame.command, stops=True), {}, 0)

    def _init(self, frame: Frame) -> Read | None:
        setup = read_setup(frame.data)
        if setup is None:
            return None
        self._possible.append((frame.packet_number, setup))
        return Read(Order(frame.command, initialises=True), {}, 0)

    def _start(self, data: bytes) -> Read | None:
        """With each list that may be set up; the order is that with the latest of them."""
        reads = []
        for _, setup in self._possible:
            wants = read_wants(data, setup.channels)
            if wants is not None:
                reads.append(_list(programme(setup, wants), data[3::4]))
        if not reads:
            return None
        levels: dict[int, int] = {}
        for read in reads:
            for channel, level_ua in read.levels.items():
                levels[channel] = max(level_ua, levels.get(channel, 0))
        return Read(reads[-1].order, levels, max(read.lasts_us for read in reads))

    def answered(self, number: int, *, accepted: bool) -> None:
        """An Init was answered: it is the one, or none."""
        found = [one for one in self._possible if one[0] == number]
        if found and accepted:
            del self._possible[: self._possible.index(found[-1])]
        elif found:
            self._possible.remove(found[-1])

    def clear(self) -> None:
        """No list is set up."""
        self._possible.clear()


_ORDERING = frozenset(
    {
        Command.INIT_CHANNEL_LIST,
        Command.START_CHANNEL_LIST,
        Command.STOP_CHANNEL_LIST,
        Command.SINGLE_PULSE,
    }
)


def _list(given: Programme, currents_ma: bytes) -> Read:
    if not given.main_us:
        return _pulses(Command.START_CHANNEL_LIST, given, currents_ma)
    trains = _trains(given, currents_ma)
    order = Order(Command.START_CHANNEL_LIST, trains=trains)
    return Read(order, _levels(trains), given.main_us)


def _pulses(command: int, given: Programme, currents_ma: bytes) -> Read:
    pulses = _trains(given, currents_ma)
    return Read(Order(command, pulses=pulses), _levels(pulses), given.length_us)


def _trains(given: Programme, currents_ma: bytes) -> dict[int, Train]:
    """Each channel as it was ordered; the device makes an odd mA the next lower one [POLICY]."""
    trains = {}
    for (channel, want), current_ma in zip(given.wants.items(), currents_ma, strict=True):
        skips = given.factor if channel in given.slow else 0
        period_us = given.main_us * (skips + 1) // want.pulses
        level_ua = current_ma * 1_000 if want.width_us else 0
        trains[channel] = Train(level_ua, want.width_us, period_us)
    return trains


def _levels(trains: dict[int, Train]) -> dict[int, int]:
    return {channel: train.level for channel, train in trains.items()}


class Reader:
    """Finds the orders in the bytes of a host, as if each list it initialises were set up."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder()
        self._lists = Lists()

    def feed(self, data: bytes) -> Iterator[Order]:
        """Yield what these bytes complete; commands that order nothing are left out."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and (read := self._lists.read(found)) is not None:
                if read.order.initialises:
                    self._lists.answered(found.packet_number, accepted=True)
                yield read.order
