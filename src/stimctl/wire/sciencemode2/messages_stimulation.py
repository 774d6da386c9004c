"""The messages that make pulses: channel list mode and the single pulse."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import joined, listed, represented
from stimctl.wire.sciencemode2.message import Sm2Message, exactly

CHANNELS = 8
HIGHEST_CURRENT_UA = 130_000
"""What the wire allows [DOC] M+; the product page says 126 mA."""
CURRENT_STEP_UA = 1_000
"""The wire's step; the device's own is 2 mA [DOC] M?."""
LONGEST_PULSE_WIDTH_US = 500
"""Widths of 1 to 19 us are sent as they are, and executed as 20 us [DOC] M+."""
SINGLE, DOUBLET, TRIPLET = 0, 1, 2

INTERVAL_STEP_US = 500
INTER_PULSE_OFFSET_US = 1_500
MAIN_OFFSET_US = 1_000
ONE_SHOT = 0
"""The main interval that executes the list once for each StartChannelListMode [DOC] M+."""
HIGHEST_MAIN_CODE = 2_048
HIGHEST_LOW_FREQUENCY_FACTOR = 7

_INIT_DATA = Struct(">4BHB")
_PULSE_DATA = Struct(">BHB")
_LISTS = tuple(Struct(f">{count}I").pack for count in range(CHANNELS + 1))
_WIDTH_BITS = {width_us: width_us << 8 for width_us in range(LONGEST_PULSE_WIDTH_US + 1)}
_CURRENT_BITS = {
    milliampere * CURRENT_STEP_UA: milliampere
    for milliampere in range(HIGHEST_CURRENT_UA // CURRENT_STEP_UA + 1)
}
_MODE_BITS = {mode: mode << 24 for mode in (SINGLE, DOUBLET, TRIPLET)}


def _code(name: str, interval_us: int, offset_us: int, highest: int) -> int:
    """Return the code of an interval on the grid, else raise: nothing is rounded here."""
    code, rest = divmod(represented(name, interval_us, 10**9) - offset_us, INTERVAL_STEP_US)
    if rest or not 0 <= code <= highest:
        raise WireFormatError(
            f"{name} {interval_us} us cannot be written",
            why=f"the wire holds {offset_us} us and steps of {INTERVAL_STEP_US} us above it",
        )
    return code


def _current_ma(current_ua: int) -> int:
    milliampere, rest = divmod(represented("current_ua", current_ua, 255_000), CURRENT_STEP_UA)
    if rest:
        raise WireFormatError(
            f"current_ua {current_ua} cannot be written",
            why=f"the wire holds steps of {CURRENT_STEP_UA} uA",
        )
    return milliampere


class ListPulse(NamedTuple):
    """What one channel of the list gives in each main interval.

    Width 0..500 us of each phase, current 0..130000 uA in steps of 1000 uA, mode 0 single,
    1 doublet, 2 triplet. A plain tuple, because eight of them are made for each update.
    """

    pulse_width_us: int
    current_ua: int
    mode: int = SINGLE

    def pack(self) -> bytes:
        """Return this channel's four bytes; raises WireFormatError."""
        return _PULSE_DATA.pack(
            represented("mode", self.mode, 255),
            represented("pulse_width_us", self.pulse_width_us, 0xFFFF),
            _current_ma(self.current_ua),
        )

    def problems(self, where: str) -> tuple[str, ...]:
        """Return what the device would refuse; `where` begins each sentence."""
        return listed(
            (f"{where}mode", self.mode, TRIPLET),
            (f"{where}pulse_width_us", self.pulse_width_us, LONGEST_PULSE_WIDTH_US),
            (f"{where}current_ua", self.current_ua, HIGHEST_CURRENT_UA),
        )


@dataclass(frozen=True, slots=True)
class InitChannelListMode(Sm2Message):
    """Choose the channels and the rhythm of the list; from start mode only.

    `active_channels` and `low_frequency_channels` are bit masks, bit 0 = channel 1; low-frequency
    channels skip `low_frequency_factor` (0..7) main intervals. `inter_pulse_interval_us` (t2,
    between the pulses of a doublet or triplet) 1500..129000, `main_interval_us` (t1)
    1500..1025000, both in steps of 500; `main_interval_us` 0 is the one-shot mode. No t1 of
    1000 us exists, because its code means one-shot. `channel_execution` 0 fixed slots, 1 as fast
    as possible (not implemented in the device).
    What the device can keep up with (t2 and t1 of at least 8 ms) is for a driver to know.
    """

    command: ClassVar[int] = 30
    name: ClassVar[str] = "init_channel_list_mode"
    active_channels: int
    main_interval_us: int
    inter_pulse_interval_us: int
    low_frequency_factor: int = 0
    low_frequency_channels: int = 0
    channel_execution: int = 0

    @property
    def main_interval_code(self) -> int:
        """The main interval as the wire has it, 0..65535; raises WireFormatError off the grid."""
        if self.main_interval_us == ONE_SHOT:
            return 0
        code = _code("main_interval_us", self.main_interval_us, MAIN_OFFSET_US, 0xFFFF)
        if not code:
            raise WireFormatError(
                f"main_interval_us {MAIN_OFFSET_US} cannot be written",
                why="its code means one-shot",
                what_to_do="Give 0 for one-shot, or at least 1500 us",
            )
        return code

    @property
    def inter_pulse_code(self) -> int:
        """The inter-pulse interval as the wire has it, 0..255; raises WireFormatError."""
        interval_us = self.inter_pulse_interval_us
        return _code("inter_pulse_interval_us", interval_us, INTER_PULSE_OFFSET_US, 255)

    def pack(self) -> bytes:
        return _INIT_DATA.pack(
            represented("low_frequency_factor", self.low_frequency_factor, 255),
            represented("active_channels", self.active_channels, 255),
            represented("low_frequency_channels", self.low_frequency_channels, 255),
            self.inter_pulse_code,
            self.main_interval_code,
            represented("channel_execution", self.channel_execution, 255),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, _INIT_DATA.size, cls.name)
        factor, active, low, inter_pulse, main, execution = _INIT_DATA.unpack(data)
        return cls(
            active,
            main and main * INTERVAL_STEP_US + MAIN_OFFSET_US,
            inter_pulse * INTERVAL_STEP_US + INTER_PULSE_OFFSET_US,
            factor,
            low,
            execution,
        )

    def problems(self) -> tuple[str, ...]:
        longest_us = HIGHEST_MAIN_CODE * INTERVAL_STEP_US + MAIN_OFFSET_US
        return listed(
            ("low_frequency_factor", self.low_frequency_factor, HIGHEST_LOW_FREQUENCY_FACTOR),
            ("main_interval_us", self.main_interval_us, longest_us),
            ("channel_execution", self.channel_execution, 1),
        )


@dataclass(frozen=True, slots=True)
class StartChannelListMode(Sm2Message):
    """Start the list or replace its values: one pulse for each active channel, ascending.

    The wire does not name the channels: they are those of InitChannelListMode, and the device
    refuses any other number of them (result -2).
    """

    command: ClassVar[int] = 32
    name: ClassVar[str] = "start_channel_list_mode"
    channels: tuple[ListPulse, ...] = ()

    def pack(self) -> bytes:
        return b"".join(pulse.pack() for pulse in self.channels)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, len(data) + -len(data) % _PULSE_DATA.size, cls.name)
        return cls(
            tuple(
                ListPulse(width_us, milliampere * CURRENT_STEP_UA, mode)
                for mode, width_us, milliampere in _PULSE_DATA.iter_unpack(data)
            )
        )

    def problems(self) -> tuple[str, ...]:
        return (
            *listed(("the number of channels", len(self.channels), CHANNELS)),
            *joined(
                pulse.problems(f"entry {number}: ") for number, pulse in enumerate(self.channels, 1)
            ),
        )

    def quick_pack(self) -> bytes | None:
        try:
            words = [
                _WIDTH_BITS[width_us] | _CURRENT_BITS[current_ua] | _MODE_BITS[mode]
                for width_us, current_ua, mode in self.channels
            ]
            return _LISTS[len(words)](*words)
        except (KeyError, IndexError):
            return None


@dataclass(frozen=True, slots=True)
class StopChannelListMode(Sm2Message):
    """Leave channel list mode: all output ends. Right in every mode."""

    command: ClassVar[int] = 34
    name: ClassVar[str] = "stop_channel_list_mode"


@dataclass(frozen=True, slots=True)
class SinglePulse(Sm2Message):
    """One pulse at once; from start mode only.

    `channel_index` 0..7 (channel number less one), `pulse_width_us` 0..500, `current_ua`
    0..130000 in steps of 1000.
    """

    command: ClassVar[int] = 36
    name: ClassVar[str] = "single_pulse"
    channel_index: int
    pulse_width_us: int
    current_ua: int

    def pack(self) -> bytes:
        return _PULSE_DATA.pack(
            represented("channel_index", self.channel_index, 255),
            represented("pulse_width_us", self.pulse_width_us, 0xFFFF),
            _current_ma(self.current_ua),
        )

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, _PULSE_DATA.size, cls.name)
        index, width_us, milliampere = _PULSE_DATA.unpack(data)
        return cls(index, width_us, milliampere * CURRENT_STEP_UA)

    def problems(self) -> tuple[str, ...]:
        return listed(
            ("channel_index", self.channel_index, CHANNELS - 1),
            ("pulse_width_us", self.pulse_width_us, LONGEST_PULSE_WIDTH_US),
            ("current_ua", self.current_ua, HIGHEST_CURRENT_UA),
        )
