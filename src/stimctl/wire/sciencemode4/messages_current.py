"""The keep-alive of the mid level and its answer: which channels are stimulating, which failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Direction, Message, at_least, listed, represented
from stimctl.wire.sciencemode4.values import HIGHEST_RESULT

SELECTION_FOUR_CHANNELS = 2
SELECTION_EIGHT_CHANNELS = 3
SELECTION_CHANNELS = 4
"""The selection to use; 2 and 3 are older forms that the library still has [IFU], [LIB] M+."""

# Each possible byte, taken apart once, because this answer comes several times a second.
_BITS = tuple(tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256))
_NIBBLES = tuple((byte & 0x0F, byte >> 4) for byte in range(256))


def _selection_problem(selection: int) -> tuple[str, ...]:
    if SELECTION_FOUR_CHANNELS <= selection <= SELECTION_CHANNELS:
        return ()
    return (f"data_selection {selection} is not 2, 3 or 4",)


def _byte_of(name: str, bits: tuple[bool, ...]) -> int:
    if len(bits) != 8:
        raise WireFormatError(
            f"{name} with {len(bits)} channels cannot be written", why="there are 8 channels"
        )
    return sum(1 << number for number, bit in enumerate(bits) if bit)


@dataclass(frozen=True, slots=True)
class MlGetCurrentData(Message):
    """Ask how the trains are doing, which also keeps them alive (2 s without it and they stop)."""

    command: ClassVar[int] = 36
    name: ClassVar[str] = "ml_get_current_data"
    data_selection: int = SELECTION_CHANNELS

    def pack(self) -> bytes:
        return bytes((represented("data_selection", self.data_selection, 255),))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 1, cls.name)
        return cls(data[0])

    def problems(self) -> tuple[str, ...]:
        return _selection_problem(self.data_selection)


@dataclass(frozen=True, slots=True)
class MlGetCurrentDataAck(Message):
    """How the trains are doing; which fields count depends on `data_selection`.

    Selection 4: `active` and `channel_state` (0 ok, 1 electrode error, 2 pulse timeout, 3 pulse
    low current), both for channel 1..8. Selections 2 (channels 1..4) and 3: `stimulation_state`
    (1 running) and `electrode_error`, again eight values. Any other: only the result.
    """

    command: ClassVar[int] = 37
    name: ClassVar[str] = "ml_get_current_data_ack"
    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST
    result: int
    data_selection: int = SELECTION_CHANNELS
    active: tuple[bool, ...] = ()
    channel_state: tuple[int, ...] = ()
    stimulation_state: int = 0
    electrode_error: tuple[bool, ...] = ()

    def pack(self) -> bytes:
        head = bytes(
            (
                represented("result", self.result, 255),
                represented("data_selection", self.data_selection, 255),
            )
        )
        if self.data_selection == SELECTION_CHANNELS:
            return head + self._pack_channels()
        if self.data_selection in (SELECTION_FOUR_CHANNELS, SELECTION_EIGHT_CHANNELS):
            errors = _byte_of("electrode_error", self.electrode_error)
            running = represented("stimulation_state", self.stimulation_state, 1) << 4
            tail = bytes((running | errors & 0x0F, running | errors >> 4))
            if self.data_selection == SELECTION_EIGHT_CHANNELS:
                return head + tail
            represented("electrode_error of channels 5 to 8", errors >> 4, 0)
            return head + tail[:1]
        return head

    def _pack_channels(self) -> bytes:
        active = _byte_of("active", self.active)
        if len(self.channel_state) != 8:
            raise WireFormatError(
                f"channel_state with {len(self.channel_state)} channels cannot be written",
                why="there are 8 channels",
            )
        states = [represented("channel_state", state, 15) for state in self.channel_state]
        return bytes((active, *(states[n] | states[n + 1] << 4 for n in (0, 2, 4, 6))))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        at_least(data, 2, cls.name)
        result, selection = data[0], data[1]
        if selection == SELECTION_CHANNELS:
            at_least(data, 7, cls.name)
            states = _NIBBLES[data[3]] + _NIBBLES[data[4]] + _NIBBLES[data[5]] + _NIBBLES[data[6]]
            return cls(result, selection, _BITS[data[2]], states)
        if selection == SELECTION_FOUR_CHANNELS:
            at_least(data, 3, cls.name)
            errors = _BITS[data[2] & 0x0F]
            return cls(result, selection, (), (), data[2] >> 4 & 1, errors)
        if selection == SELECTION_EIGHT_CHANNELS:
            at_least(data, 4, cls.name)
            errors = _BITS[data[2] & 0x0F | (data[3] & 0x0F) << 4]
            return cls(result, selection, (), (), data[2] >> 4 & 1, errors)
        return cls(result, selection)

    def problems(self) -> tuple[str, ...]:
        return (
            *_selection_problem(self.data_selection),
            *listed(("result", self.result, HIGHEST_RESULT)),
            *listed(*(("channel_state", state, 3) for state in self.channel_state)),
        )
