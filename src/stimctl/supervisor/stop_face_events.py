"""What a pedal's input events and a line's levels mean; bytes and levels in, signs out."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import Enum, auto

# struct input_event of <linux/input.h>: a time in two C longs, then type, code and value.
_EVENT = struct.Struct("@llHHi")
EVENT_BYTES = _EVENT.size
_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED = 3
_RELEASED, _AUTOREPEAT = 0, 2


class Sign(Enum):
    """What the contact of a stop face did."""

    DOWN = auto()
    """Pressed: a key went down, or the line left its level of rest."""
    HELD = auto()
    """It is down, and when it was pressed has not been seen (at opening; an autorepeat)."""
    UP = auto()
    """Released: no key is down any more."""
    MISSED = auto()
    """The system has thrown events away: a press may be among them."""


class KeyEvents:
    """Decodes what an input device sends. Every key counts; `down` are those known to be down."""

    def __init__(self, down: Iterable[int] = ()) -> None:
        self.down = set(down)
        self._rest = b""

    def feed(self, data: bytes) -> list[Sign]:
        """The signs in the next bytes, in any portions."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT_BYTES
        self._rest = data[whole:]
        signs = []
        for _, _, kind, code, value in _EVENT.iter_unpack(data[:whole]):
            if kind == _EV_SYN and code == _SYN_DROPPED:
                signs.append(Sign.MISSED)
            elif kind == _EV_KEY:
                signs += self._key(code, value)
        return signs

    def _key(self, code: int, value: int) -> list[Sign]:
        if value == _RELEASED:
            was_down = bool(self.down)
            self.down.discard(code)
            return [Sign.UP] if was_down and not self.down else []
        known = code in self.down
        self.down.add(code)
        if value == _AUTOREPEAT:
            return [] if known else [Sign.HELD]
        return [Sign.DOWN]  # whatever else a value may mean: rather a stop too many


class LineLevels:
    """Turns the levels of a control line into signs.

    normally open: pressed raises the line. Else it rests raised, and pressed, a pulled plug and a
    cut wire alike lower it.
    """

    def __init__(self, *, normally_open: bool) -> None:
        self._normally_open = normally_open
        self._down: bool | None = None

    def feed(self, *, raised: bool) -> list[Sign]:
        """What the level of now says."""
        down = raised is self._normally_open
        before, self._down = self._down, down
        if before is None:
            return [Sign.HELD] if down else []
        return [] if down is before else [Sign.DOWN if down else Sign.UP]
