"""The one time base of an export: the monotonic clock, and the wall clock with its uncertainty.

Every row of a journal has read both clocks of the computer that drove the device. The wall clock of
an export is the monotonic clock plus one offset, the median of all rows; the uncertainty is how far
the reading of any row lies from that. So a wall clock that was set or slewed in a session widens
the uncertainty and moves no interval. How far the computer's clock was from UTC is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import Final

from stimctl.records.rows import Row, utc_text
from stimctl.session.row_base import Kind

_NS_IN_S: Final = 1_000_000_000
_NS_IN_US: Final = 1_000
_LEAST_US: Final = 1
"""Two clocks are never read at the same instant."""


@dataclass(frozen=True, slots=True)
class TimeBase:
    """`offset_ns`: wall clock (ns since 1970, UTC) minus monotonic clock. `start_ns`: of the first
    start of output, on the monotonic clock; None where there was none."""

    offset_ns: int
    uncertainty_us: int
    start_ns: int | None
    clock_steps: int

    def wall_utc(self, monotonic_ns: int) -> str:
        """The wall clock at that instant, ISO 8601 with nine decimals."""
        return utc_text(monotonic_ns + self.offset_ns)

    def since_start_s(self, monotonic_ns: int) -> float | None:
        """Seconds since the first start of output; negative before it."""
        return None if self.start_ns is None else (monotonic_ns - self.start_ns) / _NS_IN_S

    def at(self, since_start_s: float) -> int:
        """The instant on the monotonic clock."""
        return (self.start_ns or 0) + round(since_start_s * _NS_IN_S)


def monotonic_of(row: Row) -> int:
    """When what a row tells happened; it may have been written a little later."""
    at_ns = row.data.get("at_ns")
    return at_ns if isinstance(at_ns, int) else row.mono_ns


def time_base_of(rows: Iterable[Row]) -> TimeBase:
    """The time base of one journal."""
    offsets: list[int] = []
    start_ns, steps = None, 0
    for row in rows:
        offsets.append(_since_1970_ns(row.t) - row.mono_ns)
        steps += row.kind == Kind.CLOCK
        if row.kind == Kind.START and start_ns is None:
            start_ns = monotonic_of(row)
    offset = median_low(offsets) if offsets else 0
    farthest = max((abs(one - offset) for one in offsets), default=0)
    return TimeBase(offset, max(_LEAST_US, -(-farthest // _NS_IN_US)), start_ns, steps)


def _since_1970_ns(t: str) -> int:
    """Exact, which a float of seconds is not."""
    whole, _, fraction = t.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * _NS_IN_S + int(fraction.ljust(9, "0"))
