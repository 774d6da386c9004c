"""The messages of the mid level, where the device makes the pulse trains itself."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812  (its own name says nothing)
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Message, at_least, joined, represented
from stimctl.wire.sciencemode4.point import (
    POINT_BYTES,
    Point,
    plain_point_words,
    point_problems,
    point_truncations,
    point_words,
    points_from,
)

CHANNELS = 8
HIGHEST_RAMP = 15
HIGHEST_PERIOD_CODE = 32767
PERIOD_STEP_US = 500
FINE_PERIOD_STEP_US = 250
"""Step of the period where `double_accuracy` is set [IFU] M+."""
LONGEST_PERIOD_US = 16_383_000
"""The validity check refuses more, though the bits allow 16383.5 ms [LIB] M+."""
PULSE_OVERHEAD_US = 60
"""Time the device adds to every pulse: 40 us muting and 20 us reserve [LIB] M+."""
BUDGET_US_PER_S = 998_999
"""Busy time that surely fits a second. The device refuses where its sum, rounded up, reaches
1000 ms. It adds in single precision, so at exactly 999 ms rounding decides; 1 us less is safe."""

_INDEX_BITS = {index: 1 << index for index in range(CHANNELS)}
_LOAD_AT_A_GLANCE = 0.99
_HEADS = tuple(Struct(f">BH{count}I") for count in range(17))


@dataclass(frozen=True, slots=True)
class MlChannel:
    """The train of one channel within an Ml_update.

    `index` 0..7 (channel number less one), `period_us` 500..16383000 in steps of 500 us, or of
    250 us from 250 to 8191750 with `double_accuracy`; 1..16 points; `ramp` 0..15 pulses of
    rising current when the channel is switched on.
    """

    index: int
    period_us: int
    points: tuple[Point, ...]
    ramp: int = 0
    double_accuracy: bool = False

    @property
    def step_us(self) -> int:
        """The step of the period."""
        return FINE_PERIOD_STEP_US if self.double_accuracy else PERIOD_STEP_US

    @property
    def sent_period_us(self) -> int:
        """The period as the wire can hold it, truncated."""
        return self.period_us - self.period_us % self.step_us

    def pack(self) -> bytes:
        """Return this channel's part of the message; raises WireFormatError."""
        words = point_words(self.points)
        ramp = represented("ramp", self.ramp, HIGHEST_RAMP)
        code = self.period_us // (FINE_PERIOD_STEP_US if self.double_accuracy else PERIOD_STEP_US)
        represented("period code", code, HIGHEST_PERIOD_CODE)
        count = len(words)
        return _HEADS[count].pack(
            (count - 1) << 4 | ramp, code << 1 | bool(self.double_accuracy), *words
        )

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
                f"{where}period {self.period_us} us is not a multiple of {self.step_us} us; "
                f"{self.sent_period_us} us is what is sent"
            )
            return (period, *found)
        return found


@dataclass(frozen=True, slots=True)
class MlInit(Message):
    """Switch the high voltage on for pulse trains; says whether one error stops every channel."""

    command: ClassVar[int] = 30
    name: ClassVar[str] = "ml_init"
    stop_all_channels_on_error: bool = False

    def pack(self) -> bytes:
        return b"\x01" if self.stop_all_channels_on_error else b"\x00"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(bool(data[0] & 1))


@dataclass(frozen=True, slots=True)
class MlUpdate(Message):
    """Start or replace all trains; channels that are not named are switched off.

    `channels` in ascending order of index, each at most once; none stops all pulses without
    leaving the level.
    """

    command: ClassVar[int] = 32
    name: ClassVar[str] = "ml_update"
    channels: tuple[MlChannel, ...] = ()

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
        parts[0] = bytes((mask,))
        return b"".join(parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        channels = []
        offset = 1
        for index in range(CHANNELS):
            if not data[0] >> index & 1:
                continue
            at_least(data, offset + 3, cls.name)
            head, period = _HEADS[0].unpack_from(data, offset)
            fine = bool(period & 1)
            count = (head >> 4) + 1
            points = points_from(data, offset + 3, count, cls.name)
            period_us = (period >> 1) * (FINE_PERIOD_STEP_US if fine else PERIOD_STEP_US)
            channels.append(MlChannel(index, period_us, points, head & 0x0F, fine))
            offset += 3 + POINT_BYTES * count
        return cls(tuple(channels))

    def problems(self) -> tuple[str, ...]:
        return joined(c.problems() for c in self.channels) or self._budget_problem()

    def off_grid(self) -> tuple[str, ...]:
        return joined(c.off_grid() for c in self.channels)

    def quick_pack(self) -> bytes | None:
        mask = 0
        load = 0.0
        parts = [b""]
        try:
            for channel in self.channels:
                bit = _INDEX_BITS[channel.index]
                ramp = channel.ramp
                period_us = channel.period_us
                words = plain_point_words(channel.points)
                count = len(words)
                fine = channel.double_accuracy
                code, rest = divmod(period_us, 250 if fine else 500)
                if mask >= bit or rest or ramp >> 4 or not 0 < period_us <= LONGEST_PERIOD_US:
                    return None
                mask |= bit
                # The low bits of the words add at most 15 us to the sum of the durations.
                load += ((sum(words) >> 20) + PULSE_OVERHEAD_US) / period_us
                parts.append(
                    _HEADS[count].pack((count - 1) << 4 | ramp, code << 1 | bool(fine), *words)
                )
        except (KeyError, IndexError, StructError):
            return None
        # The exact sum, in whole numbers, is made where this rough one comes near the limit.
        if load > _LOAD_AT_A_GLANCE:
            return None
        parts[0] = bytes((mask,))
        return b"".join(parts)

    def _budget_problem(self) -> tuple[str, ...]:
        """Return a sentence if the channels, served one after the other, fill the time.

        In whole numbers, as one fraction: busy us for each second.
        """
        busy, divisor = 0, 1
        for channel in self.channels:
            busy_us = PULSE_OVERHEAD_US
            for point in channel.points:
                busy_us += point[0]
            period_us = channel.sent_period_us
            busy = busy * period_us + 1_000_000 * busy_us * divisor
            divisor *= period_us
        if busy <= BUDGET_US_PER_S * divisor:
            return ()
        return (
            f"the pulses take {-(-busy // divisor)} us of every second, counting "
            f"{PULSE_OVERHEAD_US} us more for each, and {BUDGET_US_PER_S} us is the most",
        )
