"""What alarms now, the worst first, and how often it rings; conventions of IEC 60601-1-8 (M+).

An alarm is told by its marker, its words, its place and the bell, never by a colour alone. A newer
alarm never hides a worse one. Acknowledging silences an alarm; it stays as long as its condition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from stimctl.session.alarms import Condition
from stimctl.tui.model.words import alarm_marker

_ORDER = ("high", "medium", "low", "information")
#: How often each priority rings, 2 s apart at the soonest: high until it ends, medium three
#: times, low once (M+: 10, 3 and 1 or 2 pulses; a terminal has one bell).
_RINGS = {"high": None, "medium": 3, "low": 1, "information": 0}
EVERY_NS = 2_000_000_000
UNKNOWN_EVERY_NS = 1_000_000_000
PAUSE_NS = 120_000_000_000
_KEPT = 100

State = Literal["active", "acknowledged", "over"]
_STATES: Final[tuple[State, ...]] = ("active", "acknowledged", "over")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One condition, by its code. `at_ns`: when it began, so that a second time rings again.

    `where` and `do`: the place, and what people do about it. `stops`: output ends by it;
    `high_at_zero`: it stays high once zero is known. `times`: how often it rings, -1 as its
    priority says.
    """

    code: str
    priority: str
    what: str
    action: str
    at_ns: int = 0
    where: str = ""
    do: str = ""
    since: str = ""
    stops: bool = False
    high_at_zero: bool = False
    times: int = -1

    @property
    def words(self) -> str:
        """Marker, what and where it is, and what is being done about it."""
        where = f", {self.where}" if self.where else ""
        return f"{alarm_marker(self.priority)} {self.what}{where}: {self.action}".strip()


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """One line of the list: what, where, what to do. `at`: when it was acknowledged, or over."""

    priority: str
    what: str
    where: str
    do: str
    since: str
    state: State
    at: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    alarm: Alarm
    acknowledged: str = ""
    over: str = ""
    off_since: str = ""

    @property
    def state(self) -> State:
        return "over" if self.over else "acknowledged" if self.acknowledged else "active"

    def shown(self) -> AlarmShown:
        alarm = self.alarm
        do = alarm.do or alarm.action
        if self.over:
            do = f"was {alarm.since} to {self.over}" if alarm.since else f"over {self.over}"
        elif self.off_since:
            do = f"Output off since {self.off_since}. {do[:1].upper()}{do[1:]}"
        at = self.over or self.acknowledged
        return AlarmShown(alarm.priority, alarm.what, alarm.where, do, alarm.since, self.state, at)


class Alarms:
    """Every alarm that has not ended, and what has ended unseen; one for each condition."""

    def __init__(self) -> None:
        self._by_code: dict[str, _Entry] = {}
        self._past: list[AlarmShown] = []

    def begin(self, alarm: Alarm) -> None:
        """It is there (again)."""
        key = alarm.code or alarm.what  # rows of schema 1 have no code
        self._by_code.pop(key, None)
        self._by_code[key] = _Entry(alarm)

    def end(self, *codes: Condition, at: str = "now", but: tuple[Condition, ...] = ()) -> None:
        """These are over; without any, all but those. What nobody has acknowledged stays in the
        list as over."""
        for key, entry in list(self._by_code.items()):
            if (codes and key not in codes) or key in but or entry.over:
                continue
            self._by_code[key] = replace(entry, over=at)
            if entry.acknowledged:
                self._forget(key)

    def acknowledge(self, at: str) -> None:
        """Somebody has read them: silent from now on; what is over is gone."""
        self.forget_over()
        for key, entry in self._by_code.items():
            if not entry.acknowledged:
                self._by_code[key] = replace(entry, acknowledged=at)

    def forget_over(self) -> None:
        """What is over is in the history only: another run begins."""
        for key in [key for key, entry in self._by_code.items() if entry.over]:
            self._forget(key)

    def _forget(self, key: str) -> None:
        self._past = [*self._past[1 - _KEPT :], self._by_code.pop(key).shown()]

    def zero_verified(self, at: str) -> None:
        """Output is off: what has stopped it is less urgent, but for a device not to be trusted."""
        for key, entry in self._by_code.items():
            alarm = entry.alarm
            if entry.over or entry.off_since or not alarm.stops:
                continue
            calmer = alarm.priority == "high" and not alarm.high_at_zero
            priority = "medium" if calmer else alarm.priority
            alarm = replace(alarm, priority=priority, action="output is off")
            self._by_code[key] = replace(entry, alarm=alarm, off_since=at)

    def _in_state(self, state: State) -> list[Alarm]:
        found = [one.alarm for one in reversed(self._by_code.values()) if one.state == state]
        return sorted(found, key=_rank)  # newest first within a priority

    def worst(self) -> Alarm | None:
        """The newest of the highest priority that nobody has acknowledged."""
        return next(iter(self._in_state("active")), None)

    @property
    def unread(self) -> bool:
        """Whether there is something to acknowledge."""
        return any(not one.acknowledged for one in self._by_code.values())

    def listed(self) -> list[AlarmShown]:
        """Active ones first, then acknowledged, then over; the highest priority first in each."""
        newest_first = [one.shown() for one in reversed(self._by_code.values())]
        return sorted(newest_first, key=lambda one: (_STATES.index(one.state), _rank(one)))

    def history(self) -> list[AlarmShown]:
        """The whole list of this session: what is listed, then what is over and acknowledged."""
        return [*self.listed(), *reversed(self._past)]

    @property
    def words(self) -> str:
        """The worst in words, and how many more there are; "" where there is none."""
        lasting = [*self._in_state("active"), *self._in_state("acknowledged")]
        if not lasting:
            return ""
        first = self._by_code[lasting[0].code or lasting[0].what]
        read = f" (acknowledged {first.acknowledged})" if first.acknowledged else ""
        more = len(lasting) - 1
        return lasting[0].words + read + (f"   (+{more} more)" if more else "")


def _rank(alarm: Alarm | AlarmShown) -> int:
    return _ORDER.index(alarm.priority) if alarm.priority in _ORDER else 0


class Bell:
    """When the terminal's bell is due. Output that is not confirmed rings every second.

    It can be paused for 2 minutes, never switched off; another alarm of high priority ends the
    pause.
    """

    def __init__(self) -> None:
        self._for: tuple[str, int] | None = None
        self._rung = 0
        self._last_ns = -EVERY_NS
        self._paused_until_ns = 0
        self._paused_for: tuple[str, int] | None = None

    def pause(self, now_ns: int) -> None:
        """Silent for 2 minutes, for what rings now and for what is less urgent."""
        self._paused_until_ns, self._paused_for = now_ns + PAUSE_NS, self._for

    def paused_ns(self, now_ns: int) -> int:
        """How long it stays silent; to be shown."""
        return max(0, self._paused_until_ns - now_ns)

    def due(self, now_ns: int, alarm: Alarm | None, *, unknown: bool) -> bool:
        """Whether it rings now; it is taken to have rung then."""
        if unknown:
            alarm = Alarm("unknown", "high", "", "")
        if alarm is None:
            return False
        if self._for != (alarm.code, alarm.at_ns):
            self._for, self._rung = (alarm.code, alarm.at_ns), 0
            if alarm.priority == "high" and self._for != self._paused_for:
                self._paused_until_ns = 0
        if self.paused_ns(now_ns):
            return False
        most = _RINGS.get(alarm.priority) if alarm.times < 0 else alarm.times
        if most is not None and self._rung >= most:
            return False
        rings = self._ring(now_ns, UNKNOWN_EVERY_NS if unknown else EVERY_NS)
        self._rung += rings
        return rings

    def _ring(self, now_ns: int, every_ns: int) -> bool:
        if now_ns - self._last_ns < every_ns:
            return False
        self._last_ns = now_ns
        return True
