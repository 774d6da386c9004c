"""Rule A20: a raise in the weak part of a programme must not be a jump in its strong part.

Where pulse width, level or rate change much over time, a plateau rises by a little until every
value was met at it, confirmed by the device. Then it may rise by as much again.
"""

from stimctl.treatment.program import CurrentChannel, PlanChannel
from stimctl.treatment.scripted_raise import SETTLED_UA


class Settling:
    """One channel in one stage, in microampere."""

    def __init__(self, planned: PlanChannel | None) -> None:
        one = planned if isinstance(planned, CurrentChannel) else None
        self._round_ns = 0 if one is None else one.round_us * 1_000
        self._met = 0
        """The plateau at which every value was met."""
        self._plateau = 0
        self._for_ns = self._last_ns = 0
        self._was_there = False

    def passes(self, now_ns: int, plateau: int, *, there: bool) -> None:
        """Time goes on; `there`: the channel is at its plateau, and the device has confirmed it."""
        if not self._round_ns:
            return
        if self._was_there and plateau == self._plateau:  # until now, whatever it is from now on
            self._for_ns += now_ns - self._last_ns
        if plateau != self._plateau:
            self._met = min(self._met, plateau)
            self._plateau, self._for_ns = plateau, 0
        self._last_ns, self._was_there = now_ns, there
        if self._for_ns >= self._round_ns:
            self._met = plateau

    def due_ns(self, plateau: int) -> int | None:
        """When every value will have been met; None where that is not in sight."""
        if not self._was_there or plateau != self._plateau or not self._round_ns:
            return None
        left_ns = self._round_ns - self._for_ns
        return self._last_ns + left_ns if left_ns > 0 else None

    def refuses(self, plateau: int) -> bool:
        """Whether this plateau is too far above what was met."""
        return bool(self._round_ns) and plateau > self._met + SETTLED_UA
