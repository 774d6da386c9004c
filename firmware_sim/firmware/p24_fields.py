"""The data of stimulation commands, read and judged as the P24 does: None means parameter error.

Validity is that of the vendor's library [LIB, executed]: 1..16 points, |I| <= 130 mA, interpolation
0 or 1, period above 0 and at most 16383 ms, busy time below 100 %.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import NamedTuple

#: One point: duration in us, current in uA (signed).
Point = tuple[int, int]

CODE_ZERO = 300
CODE_STEP_UA = 500
#: +-130 mA around the code of 0 mA; the encoding itself reaches +-150 mA [LIB].
CODE_SPAN = 260
#: Durations of 1..9 us are executed as 10 us [LIB comment]; 0 is a point without duration.
SHORTEST_POINT_US = 10
#: 40 us mute and 20 us reserve per pulse, part of the time budget [LIB].
RECOVERY_US = 60
LONGEST_PERIOD_US = 16_383_000
_SINGLE = struct.Struct("<f")


@dataclass(frozen=True, slots=True)
class PulseForm:
    """A pulse as it will be executed, and how long the host said it would take.

    lead: how many of the points come before what was ordered: a test pulse of the device's own.
    """

    points: tuple[Point, ...]
    nominal_us: int
    duration_us: int
    lead: int = 0

    @property
    def ordered(self) -> tuple[Point, ...]:
        """The points that were ordered."""
        return self.points[self.lead :]


class Want(NamedTuple):
    """What an Ml_update wants of one channel: ramp in pulses, period in us."""

    form: PulseForm
    ramp: int
    period_us: int


class LowLevelPulse(NamedTuple):
    """What an Ll_channel_config wants; form None means "do not stimulate". channel 1..8."""

    channel: int
    form: PulseForm | None


class LowLevelInit(NamedTuple):
    """What an Ll_init wants: measurement 0..3, high-voltage code 0..6."""

    measurement: int
    high_voltage: int


@lru_cache(maxsize=4096)
def read_points(data: bytes) -> PulseForm | None:
    """Read 4-byte points; None where one of them is outside the device's limits."""
    points: list[Point] = []
    nominal = duration = 0
    for (word,) in struct.iter_unpack(">I", data):
        offset = ((word >> 10) & 0x3FF) - CODE_ZERO
        # Interpolation 1 ("linear") is valid but not implemented by the device: it is a jump too.
        if not -CODE_SPAN <= offset <= CODE_SPAN or (word >> 5) & 3 > 1:
            return None
        time_us = word >> 20
        nominal += time_us
        if time_us:
            time_us = max(time_us, SHORTEST_POINT_US)
            duration += time_us
            points.append((time_us, offset * CODE_STEP_UA))
    return PulseForm(tuple(points), nominal, duration)


def ramp_step(form: PulseForm, step: int, ramp: int) -> PulseForm:
    """Return ramp pulse `step` (1..ramp): I * step / (ramp + 1), floored to the grid [POLICY]."""

    def scaled(current_ua: int) -> int:
        code = abs(current_ua) // CODE_STEP_UA * step // (ramp + 1)
        return code * CODE_STEP_UA * (1 if current_ua > 0 else -1)

    points = tuple((time_us, scaled(current_ua)) for time_us, current_ua in form.ordered)
    return replace(form, points=form.points[: form.lead] + points)


def read_ll_init(data: bytes) -> LowLevelInit | None:
    """Read Ll_init; bits 7 and 0 are ignored."""
    init = LowLevelInit(data[0] >> 4 & 7, data[0] >> 1 & 7)
    return None if init.measurement > 3 or init.high_voltage > 6 else init


def ll_address(first: int) -> tuple[int, int]:
    """Return (connector, channel inside the connector) of an Ll_channel_config's first byte."""
    return first >> 4 & 1, first >> 5 & 3


def read_ll_channel_config(data: bytes) -> LowLevelPulse | None:
    """Read Ll_channel_config; without the stimulate bit any points are ignored."""
    connector, inside = ll_address(data[0])
    channel = connector * 4 + inside + 1
    if not data[0] & 0x80:
        return LowLevelPulse(channel, None)
    end = 1 + 4 * ((data[0] & 0x0F) + 1)
    form = read_points(data[1:end]) if len(data) >= end else None
    return None if form is None else LowLevelPulse(channel, form)


def read_ml_update(data: bytes) -> dict[int, Want] | None:
    """Read Ml_update into the wants of the active channels (0..7), judged as a whole."""
    wants = read_wants(data, 8, read_points, lambda code: (code >> 1) * (250 if code & 1 else 500))
    return wants if wants is not None and within_budget(wants) else None


def read_wants(
    data: bytes,
    channels: int,
    points_of: Callable[[bytes], PulseForm | None],
    period_of: Callable[[int], int],
) -> dict[int, Want] | None:
    """Read the trains of an Ml_update, each judged alone; period_of: the code in us."""
    wants: dict[int, Want] = {}
    at = 1
    for channel in range(channels):
        if not data[0] >> channel & 1:
            continue
        if len(data) < at + 3:
            return None
        head, period = struct.unpack_from(">BH", data, at)
        end = at + 3 + 4 * ((head >> 4) + 1)
        form = points_of(data[at + 3 : end]) if len(data) >= end else None
        period_us = period_of(period)
        if form is None or not 0 < period_us <= LONGEST_PERIOD_US:
            return None
        wants[channel] = Want(form, head & 0x0F, period_us)
        at = end
    return wants


def within_budget(wants: dict[int, Want], overhead_us: int = RECOVERY_US) -> bool:
    """Whether ceil(sum of (durations_us + 60) / period_ms) < 1000, in single precision [LIB].

    overhead_us: what another device counts for each pulse in place of the 60 us.

    The order of the steps is not published: here each quotient and each sum is rounded [POLICY].
    """
    busy = 0.0
    for want in wants.values():
        period_ms = _single(want.period_us / 1000)
        busy = _single(busy + _single((want.form.nominal_us + overhead_us) / period_ms))
    return ceil(busy) < 1000


def _single(value: float) -> float:
    """The nearest number of single precision."""
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


def overrun(wants: dict[int, Want], recovery_us: int = RECOVERY_US) -> frozenset[int]:
    """Return the channels that find no time left although the budget was accepted.

    The budget counts durations as sent; points of 1..9 us take 10 us. Channels are served in
    ascending order, so the later ones miss their time frame: pulse timeout [POLICY].
    """
    late: set[int] = set()
    busy, scale = 0, 1
    for channel, want in wants.items():
        busy = busy * want.period_us + (want.form.duration_us + recovery_us) * scale
        scale *= want.period_us
        if busy > scale:
            late.add(channel)
    return frozenset(late)
