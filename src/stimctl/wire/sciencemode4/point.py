"""Points: a pulse form is a list of 1..16 of "hold this current for that time".

Four bytes each, big endian: bits 31..20 duration in us, 19..10 current code 2 * mA + 300,
6..5 interpolation, the rest 0 ([IFU] and [LIB], M+). A missing point reads as -150 mA, which is
why a short list is never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import unpack_from
from typing import NamedTuple

from stimctl.errors import WireFormatError
from stimctl.wire.message import at_least

POINT_BYTES = 4
MOST_POINTS = 16
CURRENT_STEP_UA = 500
"""Half a milliampere, the device's grid [IFU] M+."""
CURRENT_CODE_ZERO = 300
CURRENT_OFFSET_UA = CURRENT_CODE_ZERO * CURRENT_STEP_UA
HIGHEST_CURRENT_UA = 130_000
"""The device's own limit either way [IFU], and its validity check's [LIB] M+."""
LONGEST_DURATION_US = 4095
HIGHEST_INTERPOLATION = 1
"""0 jump, 1 linear (accepted, but "not yet implemented") [LIB] M?."""

_LOWEST_VALID_CODE = CURRENT_CODE_ZERO - HIGHEST_CURRENT_UA // CURRENT_STEP_UA
_HIGHEST_VALID_CODE = CURRENT_CODE_ZERO + HIGHEST_CURRENT_UA // CURRENT_STEP_UA

_CURRENT_BITS = {
    (code - CURRENT_CODE_ZERO) * CURRENT_STEP_UA: code << 10
    for code in range(_LOWEST_VALID_CODE, _HIGHEST_VALID_CODE + 1)
}
_INTERPOLATION_BITS = {mode: mode << 5 for mode in range(HIGHEST_INTERPOLATION + 1)}


class Point(NamedTuple):
    """Hold `current_ua` for `duration_us`.

    Duration 0..4095 us (the device lengthens 1..9 to 10 us [LIB] M?), current -130000..130000 uA
    in steps of 500 uA, interpolation 0 (jump) or 1. A plain tuple, because a pulse train of eight
    channels is made of dozens of them several times a second.
    """

    duration_us: int
    current_ua: int
    interpolation: int = 0


def biphasic(amplitude_ua: int, width_us: int, gap_us: int = 0) -> tuple[Point, ...]:
    """Return the points of a balanced pulse: +amplitude, pause, -amplitude, equal widths."""
    positive = Point(width_us, amplitude_ua)
    negative = Point(width_us, -amplitude_ua)
    return (positive, Point(gap_us, 0), negative) if gap_us else (positive, negative)


def point_words(points: Sequence[Point]) -> list[int]:
    """Return the 32-bit wire words of 1..16 points.

    A current between two steps is truncated as the maker's library does it, code 2 * mA + 300
    cut down to a whole number: 10.3 mA becomes 10.0, -10.3 mA becomes -10.5. Raises
    WireFormatError for a point, or a number of points, that has no bit pattern.
    """
    if not 1 <= len(points) <= MOST_POINTS:
        raise WireFormatError(
            f"{len(points)} points cannot be written",
            why=f"a pulse form has 1 to {MOST_POINTS} points; none would be read as {MOST_POINTS}",
        )
    words = []
    for duration_us, current_ua, interpolation in points:
        code = (current_ua + CURRENT_OFFSET_UA) // CURRENT_STEP_UA
        if not (0 <= duration_us <= 4095 and 0 <= code <= 1023 and 0 <= interpolation <= 3):
            raise WireFormatError(
                f"the point {duration_us} us, {current_ua} uA, interpolation {interpolation} "
                "cannot be written",
                why="the wire holds 0 to 4095 us, -150000 to 361500 uA and interpolation 0 to 3",
            )
        words.append(duration_us << 20 | code << 10 | interpolation << 5)
    return words


def points_from(data: bytes, offset: int, count: int, name: str) -> tuple[Point, ...]:
    """Read `count` points; raises WireFormatError where data is too short for them."""
    at_least(data, offset + POINT_BYTES * count, name)
    return tuple(
        Point(
            word >> 20,
            (word >> 10 & 0x3FF) * CURRENT_STEP_UA - CURRENT_OFFSET_UA,
            word >> 5 & 3,
        )
        for word in unpack_from(f">{count}I", data, offset)
    )


def plain_point_words(points: Sequence[Point]) -> list[int]:
    """Return what `point_words` does, quickly, for points that are valid and on the grid.

    Raises KeyError where a current or an interpolation is not. Durations are not looked at: one
    above 4095 us gives a word of more than 32 bits, a negative one a negative word, and packing
    either of them fails.
    """
    return [
        duration_us << 20 | _CURRENT_BITS[current_ua] | _INTERPOLATION_BITS[interpolation]
        for duration_us, current_ua, interpolation in points
    ]


def point_problems(points: Sequence[Point], where: str) -> tuple[str, ...]:
    """Return what the device would refuse in these points; `where` begins each sentence."""
    found = []
    for number, (duration_us, current_ua, interpolation) in enumerate(points, 1):
        code = (current_ua + CURRENT_OFFSET_UA) // CURRENT_STEP_UA
        if not _LOWEST_VALID_CODE <= code <= _HIGHEST_VALID_CODE:
            found.append(
                f"{where}point {number}: {current_ua} uA is outside "
                f"-{HIGHEST_CURRENT_UA} to {HIGHEST_CURRENT_UA} uA"
            )
        if not 0 <= duration_us <= LONGEST_DURATION_US:
            found.append(
                f"{where}point {number}: {duration_us} us is outside 0 to {LONGEST_DURATION_US} us"
            )
        if not 0 <= interpolation <= HIGHEST_INTERPOLATION:
            found.append(f"{where}point {number}: interpolation {interpolation} is not 0 or 1")
    return tuple(found)


def point_truncations(points: Sequence[tuple[int, ...]], where: str) -> tuple[str, ...]:
    """Return a sentence for each current between two steps, with the value that would be sent."""
    found = []
    for number, point in enumerate(points, 1):
        current_ua = point[1]
        sent_ua = current_ua // CURRENT_STEP_UA * CURRENT_STEP_UA
        if sent_ua != current_ua:
            found.append(
                f"{where}point {number}: {current_ua} uA is not a multiple of "
                f"{CURRENT_STEP_UA} uA; {sent_ua} uA is what is sent"
            )
    return tuple(found)
