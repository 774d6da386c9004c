"""Judges the line to the device: good, degraded or lost, from how its answers arrive."""

from collections import deque
from enum import StrEnum

from stimctl.session.config import (
    ANSWER_LATE_NS,
    LATE_ANSWERS_DEGRADE,
    LINE_ERROR_WINDOW_NS,
    LINE_ERRORS_STOP,
    TIMELY_ANSWERS_RESTORE,
)


class Quality(StrEnum):
    """How well the device answers."""

    GOOD = "good"
    DEGRADED = "degraded"
    LOST = "lost"


class LinkWatch:
    """Counts late and timely answers and damaged frames. Raises need a good link."""

    def __init__(self) -> None:
        self.quality = Quality.GOOD
        self._late = 0
        self._timely = 0
        self._errors_ns: deque[int] = deque(maxlen=LINE_ERRORS_STOP)

    def reset(self) -> None:
        """A new connection begins."""
        self.quality = Quality.GOOD
        self._late = self._timely = 0
        self._errors_ns.clear()

    def answer_late(self) -> bool:
        """One more late answer; True when this one degrades the link."""
        self._late += 1
        self._timely = 0
        if self._late < LATE_ANSWERS_DEGRADE or self.quality is not Quality.GOOD:
            return False
        self.quality = Quality.DEGRADED
        return True

    def answered(self, latency_ns: int) -> bool:
        """An answer came; True when it makes a degraded link good again."""
        if not self._late or latency_ns > ANSWER_LATE_NS:
            return False
        self._timely += 1
        if self._timely < TIMELY_ANSWERS_RESTORE:
            return False
        self._late = self._timely = 0
        if self.quality is not Quality.DEGRADED:
            return False
        self.quality = Quality.GOOD
        return True

    def lost(self) -> None:
        """No answer, no port, or the host slept: only a new connection makes it good."""
        self.quality = Quality.LOST

    def line_error(self, now_ns: int) -> bool:
        """A damaged frame; True when there were too many in too short a time."""
        self._errors_ns.append(now_ns)
        return (
            len(self._errors_ns) == LINE_ERRORS_STOP
            and now_ns - self._errors_ns[0] <= LINE_ERROR_WINDOW_NS
        )
