"""The relays and potentiometers of a record, and which message each of them has obeyed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from firmware_sim.firmware.openemsstim_defects import INTENSITIES
from firmware_sim.firmware.openemsstim_fields import LONGEST_ON_MS, wiper
from firmware_sim.firmware.openemsstim_firmware import I2C_US, PAUSE_US
from firmware_sim.firmware.openemsstim_output import POWER_ON, WEAKEST

from .gate_orders import Message

#: A message is obeyed within so much time, whatever else the board has to read before: it keeps 63
#: bytes, and each message takes up to 122 ms [E].
OBEYED_WITHIN_US = 1_000_000
#: From the end of an on-time to the open relay: the clock counts whole ms, and the channel that
#: ends with it has its pause of 50 ms first [E]; 1 ms for what the program does between.
ENDING_US = 1_000 + 2 * (PAUSE_US + I2C_US) + 1_000
#: What a message that comes at the end of an on-time may add: up to 122 ms of reading and echo, and
#: the silence that ends one without a line end [E].
BUSY_US = 122_000 + 50_000
#: How near to the end it must have come to do so: what waits, waits for its turn.
_NEAR_US = 2 * BUSY_US

_WIPERS = {wiper(percent): percent for percent in INTENSITIES}
_BY_VALUE = [
    min((p for v, p in _WIPERS.items() if v <= value), default=INTENSITIES.stop)
    for value in range(WEAKEST + 1)
]


def percent_of(value: int) -> int:
    """The least percent that lets through no less than a potentiometer value does.

    101 = more than 100 %. A closed relay lets something through at any value: 1 % at least.
    """
    return _BY_VALUE[value]


@dataclass(slots=True)
class Received:
    """A message that the board has got: when, with how much (percent) it may close a relay that is
    open, None = with whatever it says, and why it may close none. A board that starts reads it only
    when it has started: read_us at the earliest."""

    at_us: int
    message: Message
    opening: int | None = None
    stale: str = ""
    read_us: int = -1


class OnTheLine:
    """The messages that a host has sent and the board has not yet got.

    Each may close a relay with what was allowed when it was sent: a host cannot call it back when
    output is ended meanwhile. line_us: no message takes longer than that.
    """

    def __init__(self, line_us: int) -> None:
        self._line_us = line_us
        self._sent: deque[tuple[int, int, int]] = deque()

    def sent(self, at_us: int, channel: int, opening: int) -> None:
        """The host has sent a message that may close a relay with so much (percent)."""
        self._sent.append((at_us, channel, opening))

    def arrived(self, at_us: int, channel: int) -> int:
        """The board has got a message for this channel: with how much the first one that was sent
        for it may close its relay. 0 = none is under way. Each message arrives once."""
        while self._sent and self._sent[0][0] + self._line_us < at_us:
            self._sent.popleft()
        for one in self._sent:
            if one[1] == channel:
                self._sent.remove(one)
                return one[2]
        return 0

    def stopped(self) -> None:
        """The board has got a stop: what was sent before it has arrived, or is lost."""
        self._sent.clear()


class Waiting:
    """What the board has got and was not yet seen to obey, in that order."""

    def __init__(self) -> None:
        self._queue: deque[Received] = deque()

    def received(self, one: Received) -> None:
        """One more."""
        self._queue.append(one)

    def started(self, at_us: int) -> None:
        """The board has started: it reads only now what came before."""
        for one in self._queue:
            one.read_us = at_us

    def clear(self) -> None:
        """The board has forgotten everything."""
        self._queue.clear()

    def obeyed(self, at_us: int, channel: int, value: int | None, *, late: bool) -> Received | None:
        """The first message that turns this channel to a potentiometer value, None = to any; what
        came before it will never be obeyed. late: it may have waited for any time."""
        for index, one in enumerate(self._queue):
            message = one.message
            since_us = max(one.at_us, one.read_us)
            if message.channel != channel or not (late or at_us - since_us <= OBEYED_WITHIN_US):
                continue
            if value is None or message.percent is None or wiper(message.percent) == value:
                for _ in range(index + 1):
                    self._queue.popleft()
                return one
        return None


@dataclass(slots=True)
class Relay:
    """One channel. judged_us: whether it may be closed has been judged up to then."""

    channel: int
    value: int = POWER_ON
    closed: bool = False
    judged_us: int = 0
    fresh: bool = False  # the potentiometer was turned for a message, and the relay follows
    stray_us: int | None = None  # when bytes that the line made up closed it; no message since
    obeyed: Received | None = None
    obeyed_us: int = 0
    heard_us: int = field(default=-_NEAR_US)  # the latest byte to the board

    @property
    def percent(self) -> int:
        """What it lets through while it is closed."""
        return percent_of(self.value)

    def until_us(self) -> int:
        """The latest time at which what was obeyed last may leave it closed."""
        on_ms = LONGEST_ON_MS
        if self.obeyed is not None and self.obeyed.message.on_ms is not None:
            on_ms = self.obeyed.message.on_ms
        end_us = self.obeyed_us + on_ms * 1_000
        busy_us = BUSY_US if self.heard_us >= end_us - _NEAR_US else 0
        return end_us + ENDING_US + busy_us
