"""What the guard around a driver of another package compares: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

from stimctl.codes import Code
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    ChannelSet,
    Doing,
    Identified,
    Ready,
    ZeroVerified,
)
from stimctl.safety.cleared import SetPoint
from stimctl.safety.intensity import IntensityPoint
from stimctl.safety.sealed import is_genuine
from stimctl.session.commanded_output import not_genuine

FOLLOW_UP_NS = 1_000_000_000
"""What a call causes (the next of its messages, a repeat) leaves within this time [POLICY]."""
FRAMES_MAX, BYTES_MAX = 64, 4096  # of one call
ZEROING = frozenset({Doing.STOP, Doing.VERIFY})
CONNECTING = ZEROING | {Doing.CONNECT, Doing.IDENTIFY}
OUTPUT = frozenset({Doing.START, Doing.APPLY, Doing.PULSE})
PROOFS = (ZeroVerified, Ready, Identified)
"""What only bytes from the device can prove."""
Point: TypeAlias = SetPoint | IntensityPoint
Levels: TypeAlias = Mapping[int, tuple[int, ...]]
"""By channel, numbers that each give more where they are higher."""


class RuleError(Exception):
    """A rule of the guard is broken."""

    def __init__(self, code: Code, what: str) -> None:
        super().__init__(what)
        self.code, self.what = code, what


def raises(wanted: Levels, before: Levels) -> bool:
    """Whether any channel that is to give output gets more of anything."""
    for channel, values in wanted.items():
        old = before.get(channel)
        if values[0] and (old is None or any(a > b for a, b in zip(values, old, strict=False))):
            return True
    return False


def lowered(wanted: Levels, before: Levels) -> set[int]:
    """The channels that are to get less of anything."""
    return {
        channel
        for channel, old in before.items()
        if any(a < b for a, b in zip(wanted.get(channel, (0,)), old, strict=False))
    }


def values_of(one: ChannelSet) -> tuple[int, ...]:
    """What the device has, as `Levels` count."""
    return (one.level, one.phase_width_us, -one.period_us)


def asked_of(point: Point) -> tuple[int, ...]:
    """What a point asks for, as `Levels` count."""
    if isinstance(point, SetPoint):
        return (point.amplitude_ua, point.phase_width_us, -point.period_us)
    return (point.percent,)


def refuse_forged(points: Collection[Point], kind: type[Point]) -> None:
    """LimitRefusedError where one of them does not come from the safety model."""
    for point in points:
        if not is_genuine(point, kind):
            raise not_genuine()


def refuse_above(event: Acked | AckedOvertaken, asked: Levels | None) -> None:
    """RuleError where an answer tells of more than was `asked` under its ticket."""
    if asked is None or (isinstance(event, Acked) and event.what is Doing.KEEP_ALIVE):
        return
    in_force = event.in_force if isinstance(event, Acked) else None
    for one in event.channels:
        if in_force is not None and one.channel not in in_force:
            continue  # it is still as a call before had it
        values, limit = values_of(one), asked.get(one.channel, ())
        if not limit or any(a > b for a, b in zip(values, limit, strict=False)):
            what = f"channel {one.channel} has {values}, above {limit}"
            raise RuleError(Code.DRIVER_ABOVE, what)
