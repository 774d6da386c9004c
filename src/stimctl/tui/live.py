"""What the face knows of a session, gathered from its rows alone: from a supervisor, from its
control socket, or from a journal. Set, acknowledged and measured are never mixed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from stimctl.session.alarms import Condition
from stimctl.session.events import as_schema_2
from stimctl.supervisor.phrases import sentence_of
from stimctl.tui.alarms import Alarm, Alarms
from stimctl.tui.channel import Asked, Channel
from stimctl.tui.course import Course
from stimctl.tui.measure import CURRENT, Measure, measure_of_device, measure_told
from stimctl.tui.text import safe
from stimctl.tui.words import local_time

Row = Mapping[str, Any]
STALE_NS = 1_500_000_000  # three heartbeats of the P24's 500 ms
WAIT_NS = 200_000_000
_LOG_LINES = 200
#: Who set a plateau, in the words of the last change; the line, where a raise did not get through.
_BY = {"hand": "you", "program": "program", "script": "script", "line": "it never got through"}
#: States in which current can flow, or may be flowing for all we know.
OUTPUT_STATES = frozenset({"running", "unknown"})
#: States in which no free text is taken and nothing but amplitudes may be changed.
BUSY_STATES = frozenset({"armed", "running", "paused", "unknown"})


class Live:
    """Takes rows; a row of an unknown kind is kept in the log only where it has words."""

    def __init__(self, measure: Measure = CURRENT) -> None:
        #: In what every level here is: of the device at first, then of the rows themselves.
        self.measure = measure
        self.state = "disconnected"
        self.why = ""
        self.device = self.address = self.serial = self.firmware = ""
        #: The device has said who it is; not every family tells a serial number.
        self.identified = False
        self.line: Mapping[str, Any] = {}
        self.sim = False
        self.shown_as = ""
        self.link, self.link_why = "", ""
        self.dead_man = "not due"
        self.session = self.journal = ""
        self.duration_us = self.plan_time_us = self.resumable_us = 0
        self.plan_ns: int | None = None
        self.channels: dict[int, Channel] = {}
        self.links: tuple[tuple[int, ...], ...] = ()
        self.last = self.refused = ""
        self.alarms = Alarms()
        self.asked: Asked | None = None
        #: A channel was felt at another site than planned, and nobody has mended it yet.
        self.mismatch = ""
        self.course = Course()
        self.unknown = self.unknown_what_to_do = ""
        self.stopping_ns: int | None = None
        self.zero = ""
        self.zero_ns: int | None = None
        self.attend_until_ns: int | None = None
        self.ended = ""
        self.failed = ""
        self.paused_ns: int | None = None
        self.newest_ns = 0
        #: The number of the newest event on the screen: a raise was decided knowing it.
        self.newest_event = 0
        self.log: deque[tuple[str, str]] = deque(maxlen=_LOG_LINES)

    @property
    def busy(self) -> bool:
        """Armed, on, paused, not confirmed, or zero is being verified after a stop."""
        return self.state in BUSY_STATES or self.stopping_ns is not None

    @property
    def may_be_on(self) -> bool:
        """Current may be flowing."""
        return self.state in OUTPUT_STATES or self.stopping_ns is not None

    def left_us(self, now_ns: int) -> int:
        """How much of the plan is left, carried on between rows while it runs."""
        gone_us = self.plan_time_us
        if self.state == "running" and self.plan_ns is not None:
            gone_us += max(0, now_ns - self.plan_ns) // 1_000
        return max(0, self.duration_us - gone_us)

    def channel(self, number: int) -> Channel:
        """The channel, made when it is first heard of."""
        return self.channels.setdefault(number, Channel(number))

    def take(self, row: Row) -> None:
        """Learn from one row."""
        kind = str(row["kind"])
        row = as_schema_2(kind, row)
        self.newest_ns = max(self.newest_ns, int(row.get("mono_ns", 0)))
        self.newest_event = max(self.newest_event, int(row.get("seq", 0)))
        self.measure = measure_told(row) or self.measure
        self.course.take(row)
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            handler(row)
        words = sentence_of(row)
        if words:
            self.log.append((local_time(row), safe(words)))

    # -- one method per kind of row ------------------------------------------------------------

    def _on_hello(self, row: Row) -> None:
        self.device, self.address = safe(row["device"]), safe(row["address"])
        self.measure = measure_of_device(self.device)
        self.sim = self.device.startswith("sim:")
        self.line = row.get("line") or {}

    def _on_header(self, row: Row) -> None:
        self.device, self.sim = safe(row.get("device", "")), row.get("sim") is True
        self.measure = measure_of_device(self.device)

    def _on_journal(self, row: Row) -> None:
        self.session, self.journal = str(row["session"]), str(row["file"])

    def _on_identity(self, row: Row) -> None:
        self.serial, self.firmware = safe(row.get("serial", "")), safe(row.get("firmware", ""))
        self.identified, self.link, self.failed = True, "good", ""

    def _on_line_kind(self, row: Row) -> None:
        self.sim = row["simulation"] is True

    def _on_ready(self, row: Row) -> None:
        self.shown_as = safe(row.get("shown_as", ""))

    def _on_channel_mismatch(self, row: Row) -> None:
        self.mismatch = safe(row.get("reason", ""))

    def _on_leads_checked(self, _row: Row) -> None:
        self.mismatch = ""

    def _on_connect_failed(self, row: Row) -> None:
        self.failed = safe(row["reason"])

    def _on_beat(self, row: Row) -> None:
        if row.get("simulation") is not None:  # for who began to watch after it was told
            self.sim = row["simulation"]
        if row["state"] != self.state:
            self._enter(str(row["state"]), int(row["mono_ns"]))

    def _on_state(self, row: Row) -> None:
        self.why = safe(row.get("why", ""))
        self._enter(str(row["state"]), int(row["mono_ns"]))

    def _enter(self, state: str, at_ns: int) -> None:
        left = self.state == "fault" and state not in ("fault", "unknown")
        if left or state == "running":
            self.alarms.end()  # what was wrong before is over, or has been acknowledged
        self.state = state
        if state in ("armed", "running"):
            self.asked = None  # what the session before asked for would hide behind this one
        if state == "running":
            self.plan_ns, self.ended, self.zero, self.zero_ns = at_ns, "", "", None
        if state == "paused":
            self.paused_ns = at_ns
        if state != "unknown":
            self.unknown = ""
        if state not in ("running", "paused"):
            self.attend_until_ns = None

    def _on_plan(self, row: Row) -> None:
        self.duration_us, self.plan_time_us = int(row["duration_us"]), 0
        self.resumable_us = int(row.get("left_us", 0))
        self.channels = {}
        for one in row["channels"]:
            channel = self.channel(int(one["channel"]))
            channel.role = safe(one["role"])
            channel.ceiling_level = int(one["cleared"])

    def _on_dead_man(self, row: Row) -> None:
        self.dead_man = str(row["outcome"])

    def _on_start(self, row: Row) -> None:
        self.plan_time_us = int(row.get("from_us", 0))
        self._zero_sets(int(row["mono_ns"]))

    def _on_resume(self, row: Row) -> None:
        if row.get("from_zero"):
            self._zero_sets(int(row["mono_ns"]))

    def _zero_sets(self, at_ns: int) -> None:
        """From zero, which was verified before: set anew, and nothing waits for the device."""
        for one in self.channels.values():
            one.set_level = one.told_level = 0
            one.pending_level = None
            one.set_ns = one.confirmed_ns = at_ns

    def _on_set(self, row: Row) -> None:
        channel = self.channel(int(row["channel"]))
        was, now = channel.set_level, int(row["level"])
        channel.set_level, channel.set_ns, channel.pending_level = now, int(row["mono_ns"]), None
        by = _BY.get(str(row.get("by")), "script")
        if now == was:
            return
        change, to = self.measure.change(was, now), self.measure.text(now)
        self.last = f"{local_time(row)}  ch{channel.number} {change} → {to} ({by})"

    def _on_pending(self, row: Row) -> None:
        waits = row["outcome"] == "taken"
        level = int(row["level"]) if waits else None
        self.channel(int(row["channel"])).pending_level = level

    def _on_linked(self, row: Row) -> None:
        self.links = tuple(tuple(int(one) for one in group) for group in row["groups"])

    def _on_contracted(self, row: Row) -> None:
        self.channel(int(row["channel"])).contraction = int(row["number"])

    def _on_ack(self, row: Row) -> None:
        at_ns = int(row["mono_ns"])
        self._acked(row["channels"], at_ns)
        for one in self.channels.values():
            one.confirmed_ns = at_ns

    def _acked(self, acked: Mapping[str, int], at_ns: int) -> None:
        for one in self.channels.values():
            one.acked_level, one.acked_ns = int(acked.get(str(one.number), 0)), at_ns

    def _on_telemetry(self, row: Row) -> None:
        at_ns = int(row["mono_ns"])
        self.plan_time_us, self.plan_ns = int(row["plan_time_us"]), at_ns
        self.link = str(row.get("link", self.link))
        for number, level in row.get("levels", {}).items():
            self.channel(int(number)).set_level = int(level)
        self._acked(row.get("acked") or {}, at_ns)
        told, measured = row.get("set") or {}, row.get("measured")
        for one in self.channels.values():
            one.told_level = int(told.get(str(one.number), 0))
            if isinstance(measured, Mapping) and str(one.number) in measured:
                self._measured(one, measured[str(one.number)], at_ns)

    @staticmethod
    def _measured(channel: Channel, told: Any, at_ns: int) -> None:
        if isinstance(told, Mapping):
            if isinstance(told.get("current_ua"), int):
                channel.measured_ua, channel.measured_ns = told["current_ua"], at_ns
            if isinstance(told.get("impedance_ohm"), int):
                channel.impedance_ohm.append(told["impedance_ohm"])
        elif isinstance(told, int):
            channel.measured_ua, channel.measured_ns = told, at_ns

    def _on_refused(self, row: Row) -> None:
        words = safe(sentence_of(row) or "").removeprefix("refused: ")
        self.refused = f"{local_time(row)}  {words}"

    _on_limit = _on_refused

    def _on_link(self, row: Row) -> None:
        self.link, self.link_why = str(row["quality"]), safe(row.get("reason", ""))
        if self.link == "good":
            self.alarms.end(Condition.LINK_DEGRADED)

    def _on_alarm(self, row: Row) -> None:
        what, action = safe(row["what"]), safe(row["action"])
        code, priority = str(row.get("code", "")), str(row["priority"])
        self.alarms.begin(Alarm(code, priority, what, action, int(row["mono_ns"])))

    def _on_prompt(self, row: Row) -> None:
        id_, channel = str(row["prompt"]), int(row.get("channel", 0))
        self.asked = Asked(id_, safe(row.get("text", id_), 300), channel)

    def _on_attendance(self, row: Row) -> None:
        prompts = bool(row.get("prompt"))
        within_ns = int(row.get("answer_within_us", 0)) * 1_000
        self.attend_until_ns = int(row["mono_ns"]) + within_ns if prompts else None

    def _on_stopping(self, row: Row) -> None:
        if row.get("purpose", "stop") in ("stop", "pause"):
            self.stopping_ns, self.zero, self.zero_ns = int(row["mono_ns"]), "", None

    def _on_zero_verified(self, row: Row) -> None:
        self.stopping_ns, self.unknown = None, ""
        self.alarms.end(Condition.OUTPUT_NOT_CONFIRMED)
        at_ns = int(row["mono_ns"])
        self.zero_ns = at_ns
        if row.get("purpose", "stop") == "stop":
            self._zero_sets(at_ns)
        after_ms = int(row.get("after_us", 0)) // 1_000
        at = local_time(row, thousandths=True)
        self.zero = f"■ OUTPUT OFF — confirmed {self.measure.zero} at {at} ({after_ms} ms)"
        if self.state == "unknown" and row.get("source") == "face":
            self._enter("stopped", at_ns)
        for one in self.channels.values():
            one.told_level, one.acked_level, one.acked_ns, one.confirmed_ns = 0, 0, at_ns, at_ns

    def _on_unknown(self, row: Row) -> None:
        self.unknown = safe(row.get("reason", "")) or "zero was not confirmed"
        self.unknown_what_to_do = safe(row.get("what_to_do", ""))
        self.state, self.zero, self.zero_ns = "unknown", "", None

    def _on_ended(self, row: Row) -> None:
        self.ended = f"{safe(row['outcome'])}: {safe(row.get('reason', ''))}".rstrip(": ")
        self.plan_time_us = int(row.get("plan_time_us", self.plan_time_us))
        self.resumable_us = int(row.get("left_us", 0))
        self.stopping_ns = None if self.zero_ns is not None else self.stopping_ns

    def _on_bye(self, row: Row) -> None:
        self.stopping_ns = None
        if row.get("zero_verified"):
            self._enter("closed", int(row["mono_ns"]))
        else:
            self.unknown = self.unknown or safe(row.get("reason", "")) or "zero was not confirmed"
            self.state = "unknown"
