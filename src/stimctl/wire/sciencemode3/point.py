"""Points of ScienceMode 3: as those of ScienceMode 4, with a control mode and a wider check.

Four bytes each, big endian: bits 31..20 duration in us, 19..10 current code 2 * mA + 300, 9..7
control mode, 6..5 interpolation, the rest 0 [LIB]. The maker's document has bits 9..0 as reserved
and 0 [DOC], so a driver sends 0 there. A missing point reads as -150 mA, which is why a short list
is never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import unpack_from
from typing import NamedTuple

from stimctl.errors import WireFormatError
from stimctl.wire.message import at_least
from stimctl.wire.sciencemode4.point import (
    CURRENT_CODE_ZERO,
    CURRENT_OFFSET_UA,
    CURRENT_STEP_UA,
    LONGEST_DURATION_US,
    MOST_POINTS,
    POINT_BYTES,
)
from stimctl.wire.sciencemode4.point import point_truncations as point_truncations

HIGHEST_CURRENT_UA = 150_000
"""What the validity check of the maker's library lets pass [LIB]; the device gives 130 mA [DOC]."""
HIGHEST_CONTROL_MODE = 5
"""0 to 5 pass the check and are "not yet implemented"; 6 and 7 are refused [LIB]."""
HIGHEST_INTERPOLATION = 3
"""All that two bits can say passes the check, "not yet implemented" [LIB]."""
HIGHEST_CODE = 1023


class Point(NamedTuple):
    """Hold `current_ua` for `duration_us`.

    Duration 0..4095 us (the device lengthens 1..9 to 10 us [LIB]), current -150000..150000 uA in
    steps of 500 uA. `interpolation` and `control_mode` are reserved: 0 is the only value to send.
    """

    duration_us: int
    current_ua: int
    interpolation: int = 0
    control_mode: int = 0


def point_words(points: Sequence[Point]) -> list[int]:
    """Return the 32-bit wire words of 1..16 points.

    A current between two steps is truncated as the maker's library does it: 10.3 mA becomes 10.0,
    -10.3 mA becomes -10.5. Raises WireFormatError for a point, or a number of points, that has no
    bit pattern.
    """
    if not 1 <= len(points) <= MOST_POINTS:
        raise WireFormatError(
            f"{len(points)} points cannot be written",
            why=f"a pulse form has 1 to {MOST_POINTS} points; none would be read as {MOST_POINTS}",
        )
    words = []
    for point in points:
        duration_us, current_ua, interpolation, control_mode = point
        code = (current_ua + CURRENT_OFFSET_UA) // CURRENT_STEP_UA
        if not (
            0 <= duration_us <= LONGEST_DURATION_US
            and 0 <= code <= HIGHEST_CODE
            and 0 <= interpolation <= HIGHEST_INTERPOLATION
            and 0 <= control_mode <= 7
        ):
            raise WireFormatError(
                f"the point {duration_us} us, {current_ua} uA, interpolation {interpolation}, "
                f"control mode {control_mode} cannot be written",
                why="the wire holds 0 to 4095 us, -150000 to 361500 uA, interpolation 0 to 3 and "
                "control mode 0 to 7",
            )
        words.append(duration_us << 20 | code << 10 | control_mode << 7 | interpolation << 5)
    return words


def points_from(data: bytes, offset: int, count: int, name: str) -> tuple[Point, ...]:
    """Read `count` points; raises WireFormatError where data is too short for them."""
    at_least(data, offset + POINT_BYTES * count, name)
    return tuple(
        Point(
            word >> 20,
            (word >> 10 & HIGHEST_CODE) * CURRENT_STEP_UA - CURRENT_OFFSET_UA,
            word >> 5 & 3,
            word >> 7 & 7,
        )
        for word in unpack_from(f">{count}I", data, offset)
    )


def point_problems(points: Sequence[Point], where: str) -> tuple[str, ...]:
    """Return what the device would refuse in these points; `where` begins each sentence."""
    found = []
    for number, point in enumerate(points, 1):
        code = (point.current_ua + CURRENT_OFFSET_UA) // CURRENT_STEP_UA
        if not 0 <= code <= 2 * CURRENT_CODE_ZERO:
            found.append(
                f"{where}point {number}: {point.current_ua} uA is outside "
                f"-{HIGHEST_CURRENT_UA} to {HIGHEST_CURRENT_UA} uA"
            )
        if not 0 <= point.duration_us <= LONGEST_DURATION_US:
            found.append(
                f"{where}point {number}: {point.duration_us} us is outside "
                f"0 to {LONGEST_DURATION_US} us"
            )
        if not 0 <= point.control_mode <= HIGHEST_CONTROL_MODE:
            found.append(
                f"{where}point {number}: control mode {point.control_mode} is outside "
                f"0 to {HIGHEST_CONTROL_MODE}"
            )
    return tuple(found)
