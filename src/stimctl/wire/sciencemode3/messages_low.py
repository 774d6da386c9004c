"""The messages of the low level of ScienceMode 3, where the host triggers every single pulse."""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Message, at_least, listed, represented
from stimctl.wire.sciencemode3.point import (
    Point,
    point_problems,
    point_truncations,
    point_words,
    points_from,
)
from stimctl.wire.sciencemode3.values import HIGHEST_HIGH_VOLTAGE, HIGHEST_RESULT
from stimctl.wire.sciencemode4.messages_general import unpadded_text
from stimctl.wire.sciencemode4.messages_plain import Answer
from stimctl.wire.sciencemode4.point import POINT_BYTES

HIGHEST_CHANNEL = 3
DEMUX_ID_BYTES = 50


@dataclass(frozen=True, slots=True)
class LlInit(Message):
    """Switch the high voltage on for single pulses.

    `high_voltage` 0 standard (150 V), 1 off, 2..6 = 30, 60, 90, 120, 150 V. The other two are one
    bit each, reserved: 0 is the only value to send.
    """

    command: ClassVar[int] = 0
    name: ClassVar[str] = "ll_init"
    high_voltage: int = 0
    enable_demux: int = 0
    enable_denervation: int = 0

    def pack(self) -> bytes:
        return bytes(
            (
                represented("enable_denervation", self.enable_denervation, 1) << 5
                | represented("enable_demux", self.enable_demux, 1) << 4
                | represented("high_voltage", self.high_voltage, 7) << 1,
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0] >> 1 & 7, data[0] >> 4 & 1, data[0] >> 5 & 1)

    def problems(self) -> tuple[str, ...]:
        return listed(("high_voltage", self.high_voltage, HIGHEST_HIGH_VOLTAGE))


@dataclass(frozen=True, slots=True)
class LlInitAck(Answer):
    """Answer to Ll_init, about 40 ms later.

    One byte in the maker's document; the library's own builder appends 50 characters of a
    demultiplexer id, so both are read. `demux_id` is those bytes, or empty where none came.
    """

    command: ClassVar[int] = 1
    name: ClassVar[str] = "ll_init_ack"
    highest_result: ClassVar[int] = HIGHEST_RESULT
    result: int
    demux_id: bytes = b""

    @property
    def demux_text(self) -> str:
        """The id without its padding."""
        return unpadded_text(self.demux_id)

    def pack(self) -> bytes:
        if len(self.demux_id) not in (0, DEMUX_ID_BYTES):
            raise WireFormatError(
                f"a demultiplexer id of {len(self.demux_id)} bytes cannot be written",
                why=f"it has {DEMUX_ID_BYTES}, or is left out",
            )
        return bytes((represented("result", self.result, 255),)) + self.demux_id

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        whole = len(data) > DEMUX_ID_BYTES
        return cls(data[0], data[1 : 1 + DEMUX_ID_BYTES] if whole else b"")

    def problems(self) -> tuple[str, ...]:
        return listed(("result", self.result, self.highest_result))


@dataclass(frozen=True, slots=True)
class LlChannelConfig(Message):
    """One pulse, given as soon as the device can.

    `channel` 0..3: red, blue, black, white. Without `enable_stimulation` the points are not sent,
    only their number; a peer sends them all the same, and then they are read and mean nothing.
    `announced_points` is the number read where it differs from the points that came (0 otherwise).
    `modify_demux` is reserved: 0 is the only value to send.
    """

    command: ClassVar[int] = 2
    name: ClassVar[str] = "ll_channel_config"
    enable_stimulation: bool
    channel: int
    points: tuple[Point, ...] = ()
    announced_points: int = 0
    modify_demux: int = 0

    @property
    def number_of_points(self) -> int:
        """How many points the message says that it has."""
        return self.announced_points or len(self.points) or 1

    def pack(self) -> bytes:
        head = (
            represented("channel", self.channel, HIGHEST_CHANNEL) << 5
            | represented("modify_demux", self.modify_demux, 1) << 4
        )
        if self.enable_stimulation:
            words = point_words(self.points)
            return pack(f">B{len(words)}I", 0x80 | head | len(words) - 1, *words)
        announced = represented("number of points less one", self.number_of_points - 1, 15)
        return bytes((head | announced,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        flags = data[0]
        count = (flags & 0x0F) + 1
        enabled = flags >= 0x80
        points: tuple[Point, ...] = ()
        # The library's device side accepts fewer points than announced: the rest would be
        # -150 mA, so that too is too short here.
        if enabled or len(data) >= 1 + POINT_BYTES * count:
            points = points_from(data, 1, count, cls.name)
        announced = count if not points and count > 1 else 0
        return cls(enabled, flags >> 5 & 3, points, announced, flags >> 4 & 1)

    def problems(self) -> tuple[str, ...]:
        # A receiver ignores the points of a pulse that is not to be given.
        return point_problems(self.points, "") if self.enable_stimulation else ()

    def off_grid(self) -> tuple[str, ...]:
        return point_truncations(self.points, "") if self.enable_stimulation else ()


@dataclass(frozen=True, slots=True)
class LlChannelConfigAck(Answer):
    """Sent after the pulse. It does not repeat the channel: pair it by packet number.

    `electrode_error_channel` counts only with result 10 (electrode error).
    """

    command: ClassVar[int] = 3
    name: ClassVar[str] = "ll_channel_config_ack"
    highest_result: ClassVar[int] = HIGHEST_RESULT
    result: int
    electrode_error_channel: int = 0

    def pack(self) -> bytes:
        return bytes(
            (
                represented("result", self.result, 255),
                represented("electrode_error_channel", self.electrode_error_channel, 255),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 2, cls.name)
        return cls(data[0], data[1])

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("result", self.result, self.highest_result),
            ("electrode_error_channel", self.electrode_error_channel, HIGHEST_CHANNEL),
        )
