"""The output of a board: genuine intensity points to the one safe message, or a refusal.

Everything is checked again in integers against the board's own hard bounds; nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping

from stimctl.devices.openemsstim import sheet
from stimctl.errors import LimitRefusedError
from stimctl.safety.intensity import IntensityPoint
from stimctl.safety.sealed import is_genuine
from stimctl.wire.openemsstim.codec import encode, read_line
from stimctl.wire.openemsstim.commands import LOWEST_INTENSITY, SHORTEST_ON_TIME_MS, Action
from stimctl.wire.openemsstim.text import LINE_END, armoured


def wanted_of(points: Mapping[int, IntensityPoint]) -> dict[int, int]:
    """By channel (1 or 2) the percent asked for, without those at 0. LimitRefusedError."""
    wanted: dict[int, int] = {}
    for channel, point in points.items():
        if not is_genuine(point, IntensityPoint):
            raise _refused("not a point of the safety model", "only a cleared intensity makes one")
        if point.cleared.bounds.name != sheet.FAMILY:
            raise _refused(
                f"channel {channel}: cleared for another device", point.cleared.bounds.name
            )
        if type(channel) is not int or not 1 <= channel <= sheet.CHANNELS:
            raise _refused(f"channel {channel!r}", f"the board has channels 1 to {sheet.CHANNELS}")
        percent = point.percent
        if percent and not sheet.LOWEST_PERCENT <= percent <= sheet.HIGHEST_PERCENT:
            raise _refused(
                f"channel {channel}: {percent} %",
                f"the board has {sheet.LOWEST_PERCENT} to {sheet.HIGHEST_PERCENT} %",
            )
        if percent:
            wanted[channel] = percent
    return wanted


def burst_line(channel: int, percent: int) -> tuple[str, bytes]:
    """The line that opens a channel for one burst, and its bytes. Never with intensity 0."""
    return _line(Action(channel - 1, percent, sheet.BURST_MS))


def off_line(channel: int) -> tuple[str, bytes]:
    """The line that ends a burst of a channel that is open: the least, for as short as may be.

    There is no message that switches one channel off; sent to a closed one this would open it.
    """
    return _line(Action(channel - 1, LOWEST_INTENSITY, SHORTEST_ON_TIME_MS))


def _line(action: Action) -> tuple[str, bytes]:
    encode(action)  # refuses what must not be sent
    text = armoured(action.pack())
    read = read_line(text)
    if read.command != action or read.problems:
        raise _refused(f"{action.pack()!r} in armoured form", "the board would read something else")
    return text, text.encode("ascii") + LINE_END


def _refused(what: str, why: str) -> LimitRefusedError:
    return LimitRefusedError(what, why=why, what_to_do="Nothing was sent")
