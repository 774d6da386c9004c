"""What alarms now, the worst first, and how often it rings; conventions of IEC 60601-1-8 (M+).

An alarm is told by its marker, its words, its place and the bell, never by a colour alone. A newer
alarm never hides a worse one.
"""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.alarms import Condition
from stimctl.tui.model.words import alarm_marker

_ORDER = ("high", "medium", "low", "information")
#: How often each priority rings, 2 s apart at the soonest: high until it ends, medium three
#: times, low once (M+: 10, 3 and 1 or 2 pulses; a terminal has one bell).
_RINGS = {"high": None, "medium": 3, "low": 1, "information": 0}
EVERY_NS = 2_000_000_000
UNKNOWN_EVERY_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """One condition, by its code. `at_ns`: when it began, so that a second time rings again."""

    code: str
    priority: str
    what: str
    action: str
    at_ns: int = 0

    @property
    def words(self) -> str:
        """Marker, what it is, and what is being done about it."""
        return f"{alarm_marker(self.priority)} {self.what}: {self.action}".strip()


class Alarms:
    """Every alarm that has not ended; at most one for each condition."""

    def __init__(self) -> None:
        self._by_code: dict[str, Alarm] = {}

    def begin(self, alarm: Alarm) -> None:
        """It is there (again)."""
        key = alarm.code or alarm.what  # rows of schema 1 have no code
        self._by_code.pop(key, None)
        self._by_code[key] = alarm

    def end(self, *codes: Condition) -> None:
        """These are over; without any, all of them."""
        kept = self._by_code if codes else {}
        self._by_code = {key: one for key, one in kept.items() if one.code not in codes}

    def worst(self) -> Alarm | None:
        """The newest of the highest priority."""
        newest_first = reversed(self._by_code.values())
        return min(newest_first, key=_rank, default=None)

    @property
    def words(self) -> str:
        """The worst in words, and how many more there are; "" where there is none."""
        worst = self.worst()
        more = len(self._by_code) - 1
        return "" if worst is None else worst.words + (f"   (+{more} more)" if more else "")


def _rank(alarm: Alarm) -> int:
    return _ORDER.index(alarm.priority) if alarm.priority in _ORDER else 0


class Bell:
    """When the terminal's bell is due. Output that is not confirmed rings every second."""

    def __init__(self) -> None:
        self._for: tuple[str, int] | None = None
        self._rung = 0
        self._last_ns = -EVERY_NS

    def due(self, now_ns: int, alarm: Alarm | None, *, unknown: bool) -> bool:
        """Whether it rings now; it is taken to have rung then."""
        if unknown:
            return self._ring(now_ns, UNKNOWN_EVERY_NS)
        if alarm is None:
            return False
        if self._for != (alarm.code, alarm.at_ns):
            self._for, self._rung = (alarm.code, alarm.at_ns), 0
        most = _RINGS.get(alarm.priority)
        if most is not None and self._rung >= most:
            return False
        rings = self._ring(now_ns, EVERY_NS)
        self._rung += rings
        return rings

    def _ring(self, now_ns: int, every_ns: int) -> bool:
        if now_ns - self._last_ns < every_ns:
            return False
        self._last_ns = now_ns
        return True
