"""The data of RehaStim2 commands, read and judged as the device does: None = parameter error.

Ranges and the minima of the firmware are the vendor's [DOC]. That it accepts intervals below the
minima and executes the minima is [POLICY]: peers send such intervals to real devices.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .p24_fields import Point

CHANNELS_PER_MODULE = 4
SLOT_US = 1_500
#: Four slots and 2 ms for communication, for each module in use.
MODULE_MINIMUM_US = 8_000
LONGEST_MAIN_CODE = 2_048
HIGHEST_FACTOR = 7
LONGEST_WIDTH_US = 500
SHORTEST_WIDTH_US = 20
HIGHEST_CURRENT_MA = 130
#: The hardware sets even values only; an odd one is executed as the next lower [POLICY].
CURRENT_STEP_MA = 2
#: Between the two phases of a pulse.
PHASE_GAP_US = 100


class Setup(NamedTuple):
    """A valid InitChannelListMode: times in us; main_us 0 means that each Start executes once.

    channels: 1..8 in the order of execution; slow: those that skip `factor` periods after each.
    """

    channels: tuple[int, ...]
    slow: frozenset[int]
    factor: int
    pulse_gap_us: int
    main_us: int


class Want(NamedTuple):
    """What one channel is to do in each list: pulses 1..3, as it will be executed."""

    pulses: int
    width_us: int
    current_ua: int

    @property
    def points(self) -> tuple[Point, ...]:
        """The pulse: balanced, with the gap between its phases; empty where there is none.

        The device then reverses for 1 us to take out what charge is left; how strongly is not
        documented, so it is left out.
        """
        if not (self.width_us and self.current_ua):
            return ()
        return (
            (self.width_us, self.current_ua),
            (PHASE_GAP_US, 0),
            (self.width_us, -self.current_ua),
        )


class Programme(NamedTuple):
    """A channel list with its parameters and the intervals that are executed, in us."""

    wants: dict[int, Want]
    slow: frozenset[int]
    factor: int
    pulse_gap_us: int
    main_us: int

    @property
    def length_us(self) -> int:
        """How long one execution of the list takes."""
        most = max((want.pulses for want in self.wants.values()), default=1)
        return max(most * self.pulse_gap_us, len(self.wants) * SLOT_US)


def _channels(mask: int) -> tuple[int, ...]:
    return tuple(bit + 1 for bit in range(8) if mask >> bit & 1)


@lru_cache(maxsize=256)
def read_setup(data: bytes) -> Setup | None:
    """Read the 7 bytes of InitChannelListMode."""
    factor, active, slow, gap_code, main_msb, main_lsb, execution = data
    main_code = main_msb << 8 | main_lsb
    if factor > HIGHEST_FACTOR or main_code > LONGEST_MAIN_CODE or execution > 1:
        return None
    return Setup(
        _channels(active),
        frozenset(_channels(slow)),
        factor,
        gap_code * 500 + 1_500,
        main_code * 500 + 1_000 if main_code else 0,
    )


def _read_want(pulses: int, width_us: int, current_ma: int) -> Want | None:
    if pulses > 3 or width_us > LONGEST_WIDTH_US or current_ma > HIGHEST_CURRENT_MA:
        return None
    if width_us:
        width_us = max(width_us, SHORTEST_WIDTH_US)
    return Want(pulses, width_us, current_ma // CURRENT_STEP_MA * CURRENT_STEP_MA * 1000)


def read_wants(data: bytes, channels: tuple[int, ...]) -> dict[int, Want] | None:
    """Read StartChannelListMode for the channels that were initialised."""
    if len(data) != 4 * len(channels):
        return None
    wants: dict[int, Want] = {}
    for at, channel in enumerate(channels):
        mode, width_msb, width_lsb, current_ma = data[4 * at : 4 * at + 4]
        want = _read_want(mode + 1, width_msb << 8 | width_lsb, current_ma)
        if want is None:
            return None
        wants[channel] = want
    return wants


def read_single(data: bytes) -> Programme | None:
    """Read the 4 bytes of SinglePulse into a list of one channel, executed once."""
    index, width_msb, width_lsb, current_ma = data
    want = _read_want(1, width_msb << 8 | width_lsb, current_ma)
    if index > 7 or want is None:
        return None
    return Programme({index + 1: want}, frozenset(), 0, SLOT_US, 0)


def programme(setup: Setup, wants: dict[int, Want]) -> Programme:
    """Return what is executed: the intervals wanted, or the least the firmware can do.

    t2 >= 8 ms and t1 >= 8 ms for each module in use, and t1 >= n * t2 for n pulses in a group.
    """
    modules = {(channel - 1) // CHANNELS_PER_MODULE for channel in setup.channels}
    least_us = MODULE_MINIMUM_US * max(len(modules), 1)
    gap_us = max(setup.pulse_gap_us, least_us)
    most = max((want.pulses for want in wants.values()), default=1)
    main_us = max(setup.main_us, most * gap_us) if setup.main_us else 0
    return Programme(wants, setup.slow, setup.factor, gap_us, main_us)
