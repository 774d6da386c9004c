"""The messages of the mid level of ScienceMode 3, where the device makes the trains itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from struct import Struct, pack
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Message, at_least, joined, listed, represented
from stimctl.wire.sciencemode3.point import (
    Point,
    point_problems,
    point_truncations,
    point_words,
    points_from,
)
from stimctl.wire.sciencemode3.values import HIGHEST_RESULT
from stimctl.wire.sciencemode4.messages_plain import Answer
from stimctl.wire.sciencemode4.point import POINT_BYTES

CHANNELS = 4
HIGHEST_RAMP = 15
HIGHEST_PERIOD_CODE = 32767
PERIOD_STEP_US = 500
LONGEST_PERIOD_US = 16_383_000
"""The validity check refuses more, though the bits allow 16383.5 ms [LIB]."""
PULSE_OVERHEAD_US = 330
"""What the time budget counts beside each pulse: 200 us muting, 30 us test pulse, 100 us reserve;
measured to 1 us [LIB]."""
BUDGET_PERMILLE = 1000
"""The device refuses where its sum of busy time in each second, rounded up, reaches this."""
SELECT_STIMULATION = 2
"""Bit 1 of the mask of Ml_get_current_data: the one documented value [DOC]."""

_SOFTSTART = 0x10
_HEAD = Struct(">BH")
_SINGLE = Struct("<f")


@dataclass(frozen=True, slots=True)
class MlChannel:
    """The train of one channel within an Ml_update.

    `index` 0..3 (channel number less one), `period_us` 500..16383000 in steps of 500 us, 1..16
    points, `ramp` 0..15 pulses of rising current when the channel is switched on.
    `enable_demux` is reserved: 0 is the only value to send.
    """

    index: int
    period_us: int
    points: tuple[Point, ...]
    ramp: int = 0
    enable_demux: int = 0

    @property
    def sent_period_us(self) -> int:
        """The period as the wire can hold it, truncated."""
        return self.period_us - self.period_us % PERIOD_STEP_US

    def pack(self) -> bytes:
        """Return this channel's part of the message; raises WireFormatError."""
        words = point_words(self.points)
        ramp = represented("ramp", self.ramp, HIGHEST_RAMP)
        code = represented("period code", self.period_us // PERIOD_STEP_US, HIGHEST_PERIOD_CODE)
        demux = represented("enable_demux", self.enable_demux, 1)
        return pack(f">BH{len(words)}I", len(words) - 1 << 4 | ramp, code << 1 | demux, *words)

    def problems(self) -> tuple[str, ...]:
        """Return what the device would refuse in this channel."""
        where = f"channel index {self.index}: "
        found = []
        if not 0 <= self.ramp <= HIGHEST_RAMP:
            found.append(f"{where}ramp {self.ramp} is outside 0 to {HIGHEST_RAMP}")
        if not 0 < self.sent_period_us <= LONGEST_PERIOD_US:
            found.append(
                f"{where}period {self.sent_period_us} us is outside 1 to {LONGEST_PERIOD_US} us"
            )
        return (*found, *point_problems(self.points, where))

    def off_grid(self) -> tuple[str, ...]:
        """Return what `pack` truncates in this channel."""
        where = f"channel index {self.index}: "
        found = point_truncations(self.points, where)
        if self.sent_period_us != self.period_us:
            period = (
                f"{where}period {self.period_us} us is not a multiple of {PERIOD_STEP_US} us; "
                f"{self.sent_period_us} us is what is sent"
            )
            return (period, *found)
        return found


@dataclass(frozen=True, slots=True)
class MlInit(Message):
    """Switch the high voltage on for pulse trains.

    `enable_demux` is reserved: 0 is the only value to send. (On a P24 the same bit means that one
    error stops every channel.)
    """

    command: ClassVar[int] = 30
    name: ClassVar[str] = "ml_init"
    enable_demux: int = 0

    def pack(self) -> bytes:
        return bytes((represented("enable_demux", self.enable_demux, 1),))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0] & 1)


@dataclass(frozen=True, slots=True)
class MlUpdate(Message):
    """Start or replace all trains; channels that are not named are switched off.

    `channels` in ascending order of index, each at most once; none stops all pulses without
    leaving the level. `softstart` is undocumented: never send it.
    """

    command: ClassVar[int] = 32
    name: ClassVar[str] = "ml_update"
    channels: tuple[MlChannel, ...] = ()
    softstart: bool = False

    def pack(self) -> bytes:
        mask = 0
        parts = [b""]
        for channel in self.channels:
            bit = 1 << represented("channel index", channel.index, CHANNELS - 1)
            if mask >= bit:
                raise WireFormatError(
                    f"channel index {channel.index} comes twice or out of order",
                    why="the wire has one train for each channel, in ascending order",
                )
            mask |= bit
            parts.append(channel.pack())
        parts[0] = bytes((mask | (_SOFTSTART if self.softstart else 0),))
        return b"".join(parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        channels = []
        offset = 1
        for index in range(CHANNELS):
            if not data[0] >> index & 1:
                continue
            at_least(data, offset + _HEAD.size, cls.name)
            head, period = _HEAD.unpack_from(data, offset)
            count = (head >> 4) + 1
            points = points_from(data, offset + _HEAD.size, count, cls.name)
            period_us = (period >> 1) * PERIOD_STEP_US
            channels.append(MlChannel(index, period_us, points, head & 0x0F, period & 1))
            offset += _HEAD.size + POINT_BYTES * count
        return cls(tuple(channels), bool(data[0] & _SOFTSTART))

    def problems(self) -> tuple[str, ...]:
        return joined(c.problems() for c in self.channels) or self._budget_problem()

    def off_grid(self) -> tuple[str, ...]:
        return joined(c.off_grid() for c in self.channels)

    def _budget_problem(self) -> tuple[str, ...]:
        """Return a sentence if the channels, served one after the other, fill the time.

        The device adds in single precision, so its sum and the exact one are both asked: either
        of them refuses.
        """
        busy, divisor, single = 0, 1, 0.0
        for channel in self.channels:
            busy_us = PULSE_OVERHEAD_US + sum(point.duration_us for point in channel.points)
            period_us = channel.sent_period_us
            busy = busy * period_us + 1000 * busy_us * divisor
            divisor *= period_us
            single = _to_single(single + _to_single(busy_us / (period_us / 1000)))
        permille = max(-(-busy // divisor), ceil(single))
        if permille < BUDGET_PERMILLE:
            return ()
        return (
            f"the pulses take {permille} ms of every second (rounded up), counting "
            f"{PULSE_OVERHEAD_US} us more for each, and less than {BUDGET_PERMILLE} ms is allowed",
        )


def _to_single(value: float) -> float:
    """Return the nearest number of single precision."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


@dataclass(frozen=True, slots=True)
class MlGetCurrentData(Message):
    """Ask how the trains are doing, which also keeps them alive (2 s without it and they stop).

    `data_selection` is a mask here (a number on a P24): bit 1 asks for stimulation data.
    """

    command: ClassVar[int] = 36
    name: ClassVar[str] = "ml_get_current_data"
    data_selection: int = SELECT_STIMULATION

    def pack(self) -> bytes:
        return bytes((represented("data_selection", self.data_selection, 255),))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0])


@dataclass(frozen=True, slots=True)
class MlGetCurrentDataAck(Answer):
    """How the trains are doing.

    `stimulation_state` 1 while they run, `electrode_error` for channel 1..4. Both are on the wire
    only where bit 1 of `data_selection` is set, and are 0 otherwise.
    """

    command: ClassVar[int] = 37
    name: ClassVar[str] = "ml_get_current_data_ack"
    highest_result: ClassVar[int] = HIGHEST_RESULT
    result: int
    data_selection: int = SELECT_STIMULATION
    stimulation_state: int = 0
    electrode_error: tuple[bool, ...] = (False,) * CHANNELS

    @property
    def has_stimulation_data(self) -> bool:
        """Whether the answer tells how the trains are doing."""
        return bool(self.data_selection & SELECT_STIMULATION)

    def pack(self) -> bytes:
        head = (
            represented("result", self.result, 255),
            represented("data_selection", self.data_selection, 255),
        )
        if len(self.electrode_error) != CHANNELS:
            raise WireFormatError(
                f"electrode_error with {len(self.electrode_error)} channels cannot be written",
                why=f"there are {CHANNELS} channels",
            )
        errors = sum(1 << index for index, error in enumerate(self.electrode_error) if error)
        state = represented("stimulation_state", self.stimulation_state, 1) << 4 | errors
        if self.has_stimulation_data:
            return bytes((*head, state))
        represented("stimulation data without bit 1 of data_selection", state, 0)
        return bytes(head)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 2, cls.name)
        result, selection = data[0], data[1]
        if not selection & SELECT_STIMULATION:
            return cls(result, selection)
        at_least(data, 3, cls.name)
        errors = tuple(bool(data[2] >> index & 1) for index in range(CHANNELS))
        return cls(result, selection, data[2] >> 4 & 1, errors)

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))
