"""Rule W17 of one channel: how long and how often it was on in the last 60 s, and may be."""

from collections import deque

from stimctl.codes import Code
from stimctl.session.reasons import Reason
from stimctl.stimulus.modulation import Window
from stimctl.treatment.activation import Phase

MINUTE_US = 60_000_000
COUNTED_US = MINUTE_US + 200_000
"""A start counts for so long after its full level: its first pulse has come by then, but for a
period and the device's answer (D)."""
_TOO_MANY = Reason(Code.TOO_MANY_STARTS, "it has had its starts of this minute")
_DUTY = Reason(Code.DUTY_SPENT, "it would be on for more of 60 s than the plan allows")
_RESTING = Reason(Code.STILL_RESTING, "the time without output after an on time is not over")


class OnTimes:
    """Counts before each start as if it lasted its longest, so that no 60 s ever hold too much."""

    def __init__(self, window: Window, longest_us: int) -> None:
        self._window, self._longest_us = window, longest_us
        self._starts: deque[int] = deque()
        """Of each on time of the last minute, when it had given its first pulse at the latest."""
        self._rises = False
        self._were: deque[tuple[int, int]] = deque()
        """Beginnings and ends of the on times that are over."""
        self._began_us: int | None = None
        self.last_us = 0
        """How long the last one was."""

    @property
    def is_on(self) -> bool:
        """Whether an on time is under way."""
        return self._began_us is not None

    def against(self, now_us: int, phase: Phase) -> Reason | None:
        """Why a start gives nothing now."""
        if phase is not Phase.IDLE:
            return _RESTING
        while self._starts and self._starts[0] <= now_us - COUNTED_US:
            self._starts.popleft()
        if len(self._starts) >= self._window.per_minute:
            return _TOO_MANY
        # Of the 60 s that end with this one: those before it reach back as far as that.
        from_us = now_us + self._longest_us - MINUTE_US
        while self._were and self._were[0][1] <= now_us - MINUTE_US:
            self._were.popleft()
        had_us = sum(end - max(begin, from_us) for begin, end in self._were if end > from_us)
        return _DUTY if had_us + self._longest_us > self._window.on_in_a_minute_us else None

    def begins(self, now_us: int) -> None:
        """An on time begins."""
        self._starts.append(now_us)
        self._began_us, self._rises = now_us, True

    def up(self, now_us: int) -> None:
        """Its full level is reached. A start counts from here, for a slow ramp, or one that fades
        in, gives its first pulse late: no 60 s of pulses may hold more starts than those of starts.
        """
        if self._rises:
            self._starts[-1], self._rises = now_us, False

    def ends(self, now_us: int) -> bool:
        """It is over; False where none was under way."""
        if self._began_us is None:
            return False
        self.up(now_us)
        self._were.append((self._began_us, now_us))
        self.last_us = now_us - self._began_us
        self._began_us = None
        return True
