"""The messages of the low level, where the host triggers every single pulse."""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack, unpack_from
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import (
    Direction,
    Message,
    at_least,
    joined,
    listed,
    represented,
)
from stimctl.wire.sciencemode4.point import (
    POINT_BYTES,
    Point,
    point_problems,
    point_truncations,
    point_words,
    points_from,
)
from stimctl.wire.sciencemode4.values import (
    HIGHEST_HIGH_VOLTAGE,
    HIGHEST_MEASUREMENT,
    HIGHEST_RESULT,
)

SAMPLES = 128
"""Samples in an answer with a measurement [LIB] M+."""


@dataclass(frozen=True, slots=True)
class LlInit(Message):
    """Switch the high voltage on for single pulses.

    `measurement` 0 none, 1 current, 2 voltage, 3 high-voltage source; `high_voltage` 0 standard
    (150 V), 1 off, 2..6 = 30, 60, 90, 120, 150 V (the manual documents 0 and 1 only).
    """

    command: ClassVar[int] = 0
    name: ClassVar[str] = "ll_init"
    measurement: int = 0
    high_voltage: int = 0

    def pack(self) -> bytes:
        measurement = represented("measurement", self.measurement, 7)
        return bytes((measurement << 4 | represented("high_voltage", self.high_voltage, 7) << 1,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0] >> 4 & 7, data[0] >> 1 & 7)

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("measurement", self.measurement, HIGHEST_MEASUREMENT),
            ("high_voltage", self.high_voltage, HIGHEST_HIGH_VOLTAGE),
        )


@dataclass(frozen=True, slots=True)
class LlChannelConfig(Message):
    """One pulse, given as soon as the device can.

    `channel` 0..3 within `connector` 0..1. Without `enable_stimulation` the points are not sent,
    only their number, as the maker's library does it; a peer sends them all the same, and then
    they are read and mean nothing. `announced_points` is the number read where it differs from
    the points that came (0 otherwise).
    """

    command: ClassVar[int] = 2
    name: ClassVar[str] = "ll_channel_config"
    enable_stimulation: bool
    channel: int
    connector: int
    points: tuple[Point, ...] = ()
    announced_points: int = 0

    def pack(self) -> bytes:
        head = (
            represented("channel", self.channel, 3) << 5
            | represented("connector", self.connector, 1) << 4
        )
        if self.enable_stimulation:
            words = point_words(self.points)
            return pack(f">B{len(words)}I", 0x80 | head | len(words) - 1, *words)
        announced = self.announced_points or len(self.points) or 1
        return bytes((head | represented("number of points less one", announced - 1, 15),))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        flags = data[0]
        count = (flags & 0x0F) + 1
        enabled = flags >= 0x80
        points: tuple[Point, ...] = ()
        if enabled or len(data) >= 1 + POINT_BYTES * count:
            points = points_from(data, 1, count, cls.name)
        announced = count if not points and count > 1 else 0
        return cls(enabled, flags >> 5 & 3, flags >> 4 & 1, points, announced)

    def problems(self) -> tuple[str, ...]:
        # A receiver ignores the points of a pulse that is not to be given.
        return point_problems(self.points, "") if self.enable_stimulation else ()

    def off_grid(self) -> tuple[str, ...]:
        return point_truncations(self.points, "") if self.enable_stimulation else ()


@dataclass(frozen=True, slots=True)
class LlChannelConfigAck(Message):
    """Sent after the pulse was given; with 128 raw samples where Ll_init asked to measure.

    The scale of the samples is not certain (library and peer differ by 10^4): they stay raw.
    """

    command: ClassVar[int] = 3
    name: ClassVar[str] = "ll_channel_config_ack"
    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST
    result: int
    channel: int
    connector: int
    measurement: int = 0
    sampling_time_us: int = 0
    samples: tuple[int, ...] = ()

    def pack(self) -> bytes:
        channel = represented("channel", self.channel, 15)
        head = bytes(
            (
                represented("result", self.result, 255),
                represented("connector", self.connector, 15) << 4 | channel,
                represented("measurement", self.measurement, 255),
            )
        )
        if not self.measurement:
            return head
        if len(self.samples) != SAMPLES:
            raise WireFormatError(
                f"{len(self.samples)} samples cannot be written", why=f"it is always {SAMPLES}"
            )
        return head + pack(
            f">{1 + SAMPLES}H",
            represented("sampling_time_us", self.sampling_time_us, 0xFFFF),
            *(represented("sample", sample, 0xFFFF) for sample in self.samples),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 3, cls.name)
        head = (data[0], data[1] & 0x0F, data[1] >> 4, data[2])
        if not data[2]:
            return cls(*head)
        at_least(data, 3 + 2 + 2 * SAMPLES, cls.name)
        sampling_time_us, *samples = unpack_from(f">{1 + SAMPLES}H", data, 3)
        return cls(*head, sampling_time_us, tuple(samples))

    def problems(self) -> tuple[str, ...]:
        return joined(
            [
                listed(("result", self.result, HIGHEST_RESULT)),
                listed(("channel", self.channel, 3), ("connector", self.connector, 1)),
                listed(("measurement", self.measurement, HIGHEST_MEASUREMENT)),
            ]
        )
