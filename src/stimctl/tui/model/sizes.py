"""How large a terminal has to be."""

from __future__ import annotations

WIDTH_MIN, HEIGHT_MIN = 80, 24
#: `ON 29:57` above `SPACE STOP`.
_LEAST_WIDTH, _LEAST_HEIGHT = 12, 2


def too_small(width: int, height: int) -> bool:
    """Whether the screens do not fit; nothing is started then."""
    return width < WIDTH_MIN or height < HEIGHT_MIN


def unreadable(width: int, height: int) -> bool:
    """Whether not even the state and the STOP key can be read (H31): what is on is stopped."""
    return width < _LEAST_WIDTH or height < _LEAST_HEIGHT
