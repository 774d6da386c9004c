"""What the screens know of a session: the reducer of all faces, and what only screens show."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from stimctl.session import host_rows, rows
from stimctl.session.alarms import Condition
from stimctl.session.events import as_schema_2
from stimctl.supervisor.alarm_words import stops, words_of
from stimctl.supervisor.phrases import describe
from stimctl.supervisor.session_model import BUSY_STATES, OUTPUT_STATES, SessionModel
from stimctl.tui.model.alarms import Alarm, Alarms
from stimctl.tui.model.course import Course
from stimctl.tui.model.history import History
from stimctl.tui.model.measure import CURRENT, Measure, measure_of_device, measure_told
from stimctl.tui.model.text import safe
from stimctl.tui.model.unconfirmed import Unconfirmed
from stimctl.tui.model.words import local_time

__all__ = ["BUSY_STATES", "LOG_LINES", "OUTPUT_STATES", "STALE_NS", "WAIT_NS", "Live", "Row"]

Row = Mapping[str, Any]
STALE_NS = 1_500_000_000  # three heartbeats of the P24's 500 ms
WAIT_NS = 200_000_000
LOG_LINES = 200
#: States that are entered once zero has been verified, and not before.
_ZERO_SEEN = ("identified", "stopped", "closed", "fault")
#: They are of this computer, and outlast a session.
_LASTING = (Condition.BATTERY_LOW, Condition.BATTERY_CRITICAL, Condition.DISK_LOW)
_LONGEST = 300
#: Who set a plateau, in the words of the last change; the line, where a raise did not get through.
_BY = {
    "hand": "you", "program": "program", "script": "script", "follow": "target",
    "line": "it never got through",
}  # fmt: skip


class Live(SessionModel):
    """Takes rows; a row of an unknown kind is kept in the log only where it has words."""

    def __init__(self, measure: Measure = CURRENT) -> None:
        super().__init__()
        #: In what every level here is: of the device at first, then of the rows themselves.
        self.measure = measure
        self.last = self.refused = ""
        self.alarms = Alarms()
        self.course = Course()
        self.history = History()
        self.log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        #: By channel why its last raise was refused; until its level changes.
        self.refusals: dict[int, str] = {}
        #: The device of a session before whose zero is still to be confirmed.
        self.expects: Unconfirmed | None = None
        self._zero_at = self._now = ""
        self.completed_ns: int | None = None

    @property
    def zero(self) -> str:
        """The zero that was verified, in words; "" where output may have begun since."""
        if self.zero_ns is None:
            return ""
        after_ms = (self.zero_after_us or 0) // 1_000
        return f"■ OUTPUT OFF — confirmed {self.measure.zero} at {self._zero_at} ({after_ms} ms)"

    @property
    def ended(self) -> str:
        """How the last run ended, and why."""
        return f"{self.outcome}: {self.ended_why}".rstrip(": ")

    def take(self, row: Row) -> rows.Event | None:
        """Learn from one row. Nothing in it can move a cursor."""
        raw, row = row, _printable(as_schema_2(str(row["kind"]), row))
        self.measure = measure_told(row) or self.measure
        self._now = local_time(row)
        before = {number: one.set_level for number, one in self.channels.items()}
        event = super().take(row)
        self.course.take(event, local_time(row))
        self.history.take(event)
        if isinstance(event, host_rows.Hello | host_rows.Header):
            self.measure = measure_of_device(self.device)
        elif isinstance(event, host_rows.JournalOpened):
            self.journal = str(raw["file"])  # a path is opened by its own characters
        elif event is not None:
            self._show(event, row, before)
        words = None if event is None else describe(event)
        if words:
            self.log.append((local_time(row), words))
            if isinstance(event, rows.Refused | rows.Limit):
                self.refused = f"{local_time(row)}  {words.removeprefix('refused: ')}"
        return event

    def _show(self, event: rows.Event, row: Row, before: Mapping[int, int]) -> None:
        match event:
            case rows.Refused(reason=reason, channel=int(channel)):
                self.refusals[channel] = reason.text
            case rows.LevelSet(channel):
                self.refusals.pop(channel, None)
        match event:
            case rows.LevelSet(channel, now, _, by) if now != before.get(channel, 0):
                change, to = (
                    self.measure.change(before.get(channel, 0), now),
                    self.measure.text(now),
                )
                by = _BY.get(by, "script")
                self.last = f"{local_time(row)}  ch{channel} {change} → {to} ({by})"
            case rows.LinkChanged("good"):
                self.alarms.end(Condition.LINK_DEGRADED, at=self._now)
            case rows.AlarmRaised() as raised:
                self.alarms.begin(self._alarm(raised, int(row["mono_ns"])))
            case rows.ZeroVerified(purpose=purpose):
                self.alarms.end(Condition.OUTPUT_NOT_CONFIRMED, at=self._now)
                if purpose == "stop":
                    self.alarms.zero_verified(self._now)
                self._zero_at = local_time(row, thousandths=True)
            case rows.Ended("completed"):
                self.completed_ns = int(row["mono_ns"])

    def _alarm(self, raised: rows.AlarmRaised, at_ns: int) -> Alarm:
        what, action = raised.what, raised.action
        words, where = words_of(what, action), ", ".join(map(self._place, raised.channels))
        return Alarm(
            what.code, raised.priority, words.what, action, at_ns, where, words.do, self._now,
            stops(what.code), words.high_at_zero,
        )  # fmt: skip

    def _place(self, channel: int) -> str:
        role = self.channels[channel].role if channel in self.channels else ""
        return f"channel {channel}{f' ({role})' if role else ''}"

    @property
    def completed(self) -> bool:
        """The plan is over, as it was meant to be; not stopped."""
        return self.completed_ns is not None

    def enter(self, state: str, at_ns: int) -> None:
        """The session is in this state now; where another one left an output unconfirmed, only
        once its device has answered at zero."""
        if self.expects is not None:
            refusal = self.expects.refusal(self) if self.identified else self.unknown
            if refusal or state not in _ZERO_SEEN:
                self.unknown = refusal or self.unknown
                return
            self.expects = None
        if state in ("armed", "running"):
            self.completed_ns = None
        if self.state == "fault" and state not in ("fault", "unknown"):
            self.alarms.acknowledge(self._now)  # with its reason
        if state in ("running", "stopped", "closed", "disconnected"):
            slow = (Condition.LINK_DEGRADED,) if self.link == "degraded" else ()
            self.alarms.end(at=self._now, but=(*slow, *_LASTING))
        if state == "running":
            self.alarms.forget_over()
        super().enter(state, at_ns)


def _printable(value: Any) -> Any:
    """The same without a character that a terminal would obey."""
    if isinstance(value, str):
        return safe(value, _LONGEST)
    if isinstance(value, Mapping):
        return {key: _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value


def still_unknown(live: Live, lost: Unconfirmed) -> None:
    """A session that begins without knowing that the output of the one before is at zero."""
    live.expects, live.state = lost, "unknown"
    live.unknown, live.unknown_what_to_do = lost.why, lost.what_to_do
