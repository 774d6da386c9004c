"""Until when a RehaStim2 may be doing what it was ordered, and what it tells unasked.

It takes its time: from a command to its execution some ms, up to 100 ms to the answer [DOC], and a
list under way is completed. So a command may be at work from its arrival on, and what was ordered
before it until the device has confirmed it and completed a list. A stop, and an Init, which is
obeyed in the start mode only [DOC], end everything once they are confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmware_sim.firmware.machine import SILENCE_US
from firmware_sim.firmware.rehastim2_commands import STIMULATION_ERROR, Command, Result
from firmware_sim.firmware.sciencemode2_frames import Frame, FrameDecoder

from .notices import Ending
from .orders import Order
from .rehastim2_orders import Lists

#: Log rows of the record, and what they mean. The device tells each of them unasked.
ENDINGS = {
    "connection lost": Ending("the device disconnected, which ended the output"),
    "power off": Ending("the device lost its supply"),
    "stimulation error": Ending("the device ended the output with an error"),
    "skin test failed": Ending(
        "the device left out a channel that failed its skin test", told_once=True
    ),
}
_GONE = frozenset({"connection lost", "power off"})
_CHANNELS = frozenset(range(1, 9))
_OK = bytes((Result.OK,))


@dataclass(slots=True, eq=False)
class _Claim:
    """A command that may be at work until until_us (None = open), and whether it was confirmed."""

    key: tuple[int, int]
    levels: dict[int, int]
    lasts_us: int
    ends: bool
    confirmed: bool = False
    until_us: int | None = None


class CommandEffects:
    """What may be at work in the device, from bytes that arrive and answers that leave it.

    What a device refuses it was asked for all the same: it counts until the next confirmation.
    """

    def __init__(self) -> None:
        self._decoder = FrameDecoder()
        self._answers = FrameDecoder()
        self._lists = Lists()
        self._claims: list[_Claim] = []
        self._connected = False
        self._heard_us = 0
        self._due_us: int | None = None

    def receive(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Take bytes that have arrived: from the InitAck on every intact frame feeds."""
        yield from self.settle(at_us)
        if at_us - self._heard_us > SILENCE_US:
            self._decoder.drop_partial()
        self._heard_us = at_us
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and self._is_heard(found):
                yield at_us, self._take(found)

    def settle(self, at_us: int) -> Iterator[tuple[int, Order]]:
        """Yield what is over by then, each with its time."""
        while self._due_us is not None and self._due_us <= at_us:
            over_us = self._due_us
            self._claims = [one for one in self._claims if one.until_us != over_us]
            yield over_us, self._may()

    def told(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Take answers, and yield what each confirms."""
        for found in self._answers.feed(data):
            if not isinstance(found, Frame) or not found.data:
                continue
            key, accepted = (found.packet_number, found.command - 1), found.data == _OK
            if key[1] == Command.INIT_CHANNEL_LIST:
                self._lists.answered(found.packet_number, accepted=accepted)
            claim = next((one for one in reversed(self._claims) if one.key == key), None)
            if claim is not None and accepted:
                self._confirm(at_us, claim)
                yield at_us, self._may()

    def ended(self, _at_us: int, event: str) -> Order | None:
        """The device has ended output by itself. A command that it has not answered may still be
        obeyed, unless the connection is gone; a channel that was left out is in the next list."""
        if event in _GONE:
            self._connected = False
            self._claims.clear()
            self._lists.clear()
        elif event == "stimulation error":
            self._claims = [one for one in self._claims if not one.confirmed]
        return self._may()

    def _is_heard(self, frame: Frame) -> bool:
        if frame.command == Command.INIT_ACK and frame.data == _OK:
            self._connected = True
        return self._connected

    def _take(self, frame: Frame) -> Order:
        read = self._lists.read(frame)
        if read is None:
            return Order(frame.command, feeds=True, may=self._may().may)
        order = read.order
        key = (frame.packet_number, frame.command)
        ends = order.stops or order.initialises
        self._claims.append(_Claim(key, read.levels, read.lasts_us, ends))
        return replace(order, feeds=True, may=self._may().may)

    def _confirm(self, at_us: int, claim: _Claim) -> None:
        """What came before is over: at once if this ends all, else when its list is completed."""
        claim.confirmed = True
        at = self._claims.index(claim)
        if claim.ends:
            del self._claims[: at + 1]
            return
        earlier = self._claims[:at]
        over_us = at_us + max((one.lasts_us for one in earlier), default=0)
        for one in earlier:
            one.until_us = over_us if one.until_us is None else min(one.until_us, over_us)

    def _may(self) -> Order:
        """The most that each channel may get now."""
        may: dict[int, int] = {}
        for one in self._claims:
            for channel, level_ua in one.levels.items():
                may[channel] = max(level_ua, may.get(channel, 0))
        times = (one.until_us for one in self._claims if one.until_us is not None)
        self._due_us = min(times, default=None)
        return Order(0, may=may)


class AnswerReader:
    """Finds each StimulationError: it names no channel, so any may be meant."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder()

    def feed(self, data: bytes) -> Iterator[set[int]]:
        """Yield all channels for each."""
        for found in self._decoder.feed(data):
            if isinstance(found, Frame) and found.command == STIMULATION_ERROR:
                yield set(_CHANNELS)
