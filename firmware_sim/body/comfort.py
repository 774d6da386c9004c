"""Startle: current that rises too fast after a pause long enough to have been forgotten.

By more than 30 % within 200 ms, after more than 1 s without anything felt; then the person starts
with a probability of 0.8 (all D). The 30 % are taken of the highest current of the stretch before
the pause, or of the sensory threshold where that is higher or nothing went before (D).
"""

from __future__ import annotations

from collections import deque

RISE_PERMILLE = 300
WITHIN_US = 200_000
GAP_US = 1_000_000


class Comfort:
    """Watches the felt current of one site; times in us, currents in uA."""

    __slots__ = ("_judged", "_levels", "_onset", "_quiet_since", "_reference", "_stretch")

    def __init__(self) -> None:
        self._levels: deque[tuple[int, int]] = deque([(-GAP_US, 0)])
        self._quiet_since: int | None = -GAP_US - 1  # None while something is felt
        self._onset = 0
        self._judged = True
        self._stretch = 0
        self._reference = 0

    def level(self, at_us: int, peak_ua: int, threshold_ua: int) -> int | None:
        """Take the current that flows from at_us on; return the rise if it is one to start at.

        A rise is returned at most once after each pause.
        """
        felt = peak_ua >= threshold_ua
        if felt and self._quiet_since is not None:
            if at_us - self._quiet_since > GAP_US:
                self._onset, self._judged = at_us, False
                self._reference, self._stretch = self._stretch, 0
            self._quiet_since = None
        elif not felt and self._quiet_since is None:
            self._quiet_since = at_us
        if felt:
            self._stretch = max(self._stretch, peak_ua)
        self._levels.append((at_us, peak_ua))
        rise = peak_ua - self._lowest(at_us)
        if not felt or self._judged or at_us - self._onset > WITHIN_US:
            return None
        if rise * 1000 <= RISE_PERMILLE * max(self._reference, threshold_ua):
            return None
        self._judged = True
        return rise

    def _lowest(self, at_us: int) -> int:
        """Return the lowest current of the last 200 ms, with what was in force as they began."""
        levels = self._levels
        while len(levels) > 1 and levels[1][0] <= at_us - WITHIN_US:
            levels.popleft()
        return min(current for _, current in levels)
