"""The data of a RehaMove3's stimulation commands, read and judged: None means parameter error.

Validity is that of the vendor's library [LIB, executed]: 1..16 points, |I| <= 150 mA, control mode
0..5, any interpolation, period above 0 and at most 16383 ms, busy time below 100 %.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from .p24_fields import (
    CODE_STEP_UA,
    CODE_ZERO,
    SHORTEST_POINT_US,
    LowLevelInit,
    LowLevelPulse,
    Point,
    PulseForm,
    Want,
    overrun,
    read_wants,
    within_budget,
)

CHANNELS = 4
CODE_SPAN = 300
HIGHEST_CONTROL_MODE = 5
#: Before every pulse, whatever was ordered: biphasic, 15 mA, 15 us each way [DOC].
TEST_PULSE: tuple[Point, ...] = ((15, 15_000), (15, -15_000))
TEST_US = 30
#: The time budget counts 200 us mute, 30 us test pulse and 100 us reserve for each pulse [LIB].
#: That the mute lies between test and pulse, and the reserve after it, is not published [POLICY].
MUTE_US = 200
RESERVE_US = 100
OVERHEAD_US = MUTE_US + TEST_US + RESERVE_US
LEAD: tuple[Point, ...] = (*TEST_PULSE, (MUTE_US, 0))
SOFTSTART = 0x10


@lru_cache(maxsize=4096)
def read_points(data: bytes) -> PulseForm | None:
    """Read 4-byte points, with the test pulse before them; None where one is outside the limits."""
    points: list[Point] = []
    nominal = 0
    for (word,) in struct.iter_unpack(">I", data):
        offset = ((word >> 10) & 0x3FF) - CODE_ZERO
        if not -CODE_SPAN <= offset <= CODE_SPAN or (word >> 7) & 7 > HIGHEST_CONTROL_MODE:
            return None
        time_us = word >> 20
        nominal += time_us
        if time_us:
            points.append((max(time_us, SHORTEST_POINT_US), offset * CODE_STEP_UA))
    duration = TEST_US + MUTE_US + sum(time_us for time_us, _ in points)
    return PulseForm((*LEAD, *points), nominal, duration, len(LEAD))


def read_ll_init(data: bytes) -> LowLevelInit | None:
    """Read Ll_init; there is no measurement, and the other bits are "not yet implemented"."""
    high_voltage = data[0] >> 1 & 7
    return None if high_voltage > 6 else LowLevelInit(0, high_voltage)


def read_ll_channel_config(data: bytes) -> LowLevelPulse | None:
    """Read Ll_channel_config; without the stimulate bit any points are ignored.

    What comes after the points that are announced is ignored too: of 17 points, announced as 1 in
    four bits, one is given.
    """
    channel = (data[0] >> 5 & 3) + 1
    if not data[0] & 0x80:
        return LowLevelPulse(channel, None)
    end = 1 + 4 * ((data[0] & 0x0F) + 1)
    form = read_points(data[1:end]) if len(data) >= end else None
    return None if form is None else LowLevelPulse(channel, form)


def read_ml_update(data: bytes) -> dict[int, Want] | None:
    """Read Ml_update into the wants of the active channels (0..3), judged as a whole.

    Bits 7..4 of the first byte switch no channel, bit 0 of a period code says nothing.
    """
    wants = read_wants(data, CHANNELS, read_points, lambda code: (code >> 1) * 500)
    return wants if wants is not None and within_budget(wants, OVERHEAD_US) else None


def without_time(wants: dict[int, Want]) -> frozenset[int]:
    """Return the channels that find no time left although the budget was accepted."""
    return overrun(wants, RESERVE_US)
