"""The reducer: what is known of a session from its rows alone, for every face.

Rows come from a supervisor, from its control socket, or from a journal. Set, acknowledged and
measured are never mixed. `SessionModel` does no input or output and keeps no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stimctl.codes import Code
from stimctl.session import host_rows, rows
from stimctl.session.events import event_of
from stimctl.session.measured import measured_of
from stimctl.session.reasons import Reason

Row = Mapping[str, Any]
NO_REASON: Final = Reason("", "")
#: States in which current can flow, or may be flowing for all we know.
OUTPUT_STATES: Final = frozenset({"running", "unknown"})
#: States in which nothing but levels may be changed.
BUSY_STATES: Final = frozenset({"armed", "running", "paused", "unknown"})
_FRESH: Final = frozenset({"identified", "armed", "running"})


@dataclass(slots=True)
class Channel:
    """One channel: levels in the unit of the session and the row times they are from.

    None = never told. What is measured is always a current.
    """

    number: int
    role: str = ""
    set_level: int = 0
    set_ns: int = 0
    acked_level: int | None = None
    acked_ns: int | None = None
    measured_ua: int | None = None
    measured_ns: int | None = None
    pending_level: int | None = None
    ceiling_level: int | None = None
    confirmed_ns: int = 0
    contraction: int = 0
    locked: bool = False
    """Raises are locked after 20 s without a change, and are unlocked first."""
    impedance_ohm: deque[int] = field(default_factory=lambda: deque(maxlen=16))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the people at the session; `channel` 0 where it is about all of them."""

    id: str
    text: str
    channel: int = 0
    at_ns: int = 0


class SessionModel:
    """Takes rows in order; a row of an unknown kind changes nothing but times and numbers."""

    def __init__(self) -> None:
        self.state = "disconnected"
        self.why = ""
        """Why it is in that state."""
        self.cause = NO_REASON
        """Why output is being stopped or was, or there is no device; no code while all is well."""
        self.unit = ""
        self.device = self.address = self.serial = self.firmware = ""
        self.identified = False
        """The device has said who it is; not every family tells a serial number."""
        self.line: Mapping[str, Any] = {}
        self.simulation: bool | None = None
        """Whether a twin is on the line; None before that is known."""
        self.shown_as = ""
        self.link, self.link_why = "", ""
        self.dead_man = "not due"
        self.session = self.journal = ""
        self.duration_us = self.plan_time_us = self.resumable_us = 0
        self.plan_ns: int | None = None
        self.channels: dict[int, Channel] = {}
        self.links: tuple[tuple[int, ...], ...] = ()
        self.asked: Asked | None = None
        self.mismatch = ""
        """A channel was felt at another site than planned, and nobody has mended it yet."""
        self.unknown = self.unknown_what_to_do = ""
        self.stopping_ns: int | None = None
        self.zero_ns: int | None = None
        self.zero_after_us: int | None = None
        self.attend_until_ns: int | None = None
        self.outcome = ""
        self.ended_why = NO_REASON
        self.failed = ""
        """Why no device was identified."""
        self.presence = 0
        """How many questions at the terminal have ended, answered or not."""
        self.paused_ns: int | None = None
        self.newest_ns = 0
        self.newest_event = 0
        """The number of the newest event: a raise is decided knowing it."""

    @property
    def busy(self) -> bool:
        """Armed, on, paused, not confirmed, or zero is being verified after a stop."""
        return self.state in BUSY_STATES or self.stopping_ns is not None

    @property
    def may_be_on(self) -> bool:
        """Current may be flowing."""
        return self.state in OUTPUT_STATES or self.stopping_ns is not None

    @property
    def sim(self) -> bool:
        """A twin is known to be on the line."""
        return self.simulation is True

    @sim.setter
    def sim(self, is_twin: bool) -> None:
        self.simulation = is_twin

    @property
    def plan_ended(self) -> bool:
        """The run was over because its plan was."""
        return self.cause.code == Code.ENDED

    @property
    def other_stop(self) -> str:
        """Why output was stopped last, where that was not the press of a stop face; else ""."""
        return "" if self.cause.code == Code.STOP_FACE_PRESSED else self.cause.text

    def past_us(self, now_ns: int) -> int:
        """How much of the plan is over, carried on between rows while it runs."""
        gone_us = self.plan_time_us
        if self.state == "running" and self.plan_ns is not None:
            gone_us += max(0, now_ns - self.plan_ns) // 1_000
        return min(gone_us, self.duration_us)

    def left_us(self, now_ns: int) -> int:
        """How much of the plan is left."""
        return self.duration_us - self.past_us(now_ns)

    def channel(self, number: int) -> Channel:
        """The channel, made when it is first heard of."""
        return self.channels.setdefault(number, Channel(number))

    def level(self, number: int) -> int:
        """The level that was raised; 0 for a channel that was never heard of."""
        found = self.channels.get(number)
        return 0 if found is None else found.set_level

    def take(self, row: Row) -> rows.Event | None:
        """Learn from one row; gives its event, None for what is none."""
        at_ns = int(row.get("mono_ns", 0))
        self.newest_ns = max(self.newest_ns, at_ns)
        self.newest_event = max(self.newest_event, int(row.get("seq", 0)))
        event = event_of(row)
        if event is not None:
            self.unit = getattr(event, "unit", None) or self.unit
            learn = _LEARN.get(type(event))
            if learn is not None:
                learn(self, event, at_ns)
            stood_in = row.get("source") == "face" and isinstance(event, rows.ZeroVerified)
            if stood_in and self.state == "unknown":
                self.enter("stopped", at_ns)
        return event

    # -- of the program that runs the session --------------------------------------------------

    def _hello(self, event: host_rows.Hello, _at_ns: int) -> None:
        self.device, self.address = event.device, event.address
        self.simulation = True if self.device.startswith("sim:") else None
        self.line = event.line or {}

    def _header(self, event: host_rows.Header, _at_ns: int) -> None:
        told = event.fields
        self.device, self.simulation = str(told.get("device", "")), told.get("sim") is True

    def _journal(self, event: host_rows.JournalOpened, _at_ns: int) -> None:
        self.session, self.journal = event.session, event.file

    def _line_kind(self, event: host_rows.LineKind, _at_ns: int) -> None:
        self.simulation = event.simulation

    def _ready(self, event: host_rows.Ready, _at_ns: int) -> None:
        self.shown_as = str(event.fields.get("shown_as", ""))

    def _presence(self, _event: host_rows.Presence, _at_ns: int) -> None:
        self.presence += 1

    def _beat(self, event: host_rows.Beat, at_ns: int) -> None:
        if event.simulation is not None:  # for who began to watch after it was told
            self.simulation = event.simulation
        if event.state != self.state:
            self.enter(event.state, at_ns)

    def _bye(self, event: host_rows.Bye, at_ns: int) -> None:
        self.stopping_ns = None
        if event.zero_verified:
            self.enter("closed", at_ns)
        else:
            self.unknown = self.unknown or event.reason or "zero was not confirmed"
            self.state = "unknown"

    # -- events ------------------------------------------------------------------------------

    def _identity(self, event: rows.Identity, _at_ns: int) -> None:
        self.serial, self.firmware = event.serial, event.firmware
        self.identified, self.link, self.failed = True, "good", ""

    def _mismatch(self, event: rows.ChannelMismatch, _at_ns: int) -> None:
        self.mismatch = event.reason.text

    def _leads_checked(self, _event: rows.LeadsChecked, _at_ns: int) -> None:
        self.mismatch = ""

    def _connect_failed(self, event: rows.ConnectFailed, _at_ns: int) -> None:
        self.failed = event.reason.text or "no device was identified"
        self._because(event.reason)

    def _because(self, reason: Reason) -> None:
        """The first cause is the one to tell."""
        if not self.cause.text:
            self.cause = reason

    def _state(self, event: rows.StateEntered, at_ns: int) -> None:
        self.why = event.why.text
        self.enter(event.state, at_ns)

    def enter(self, state: str, at_ns: int) -> None:
        """The session is in this state now."""
        self.state = state
        if state in _FRESH:
            self.cause = NO_REASON
        if state in ("armed", "running"):
            self.asked = None  # what the session before asked for would hide behind this one
        if state == "running":
            self.plan_ns, self.outcome, self.ended_why = at_ns, "", NO_REASON
            self.zero_ns = self.zero_after_us = None
        if state == "paused":
            self.paused_ns = at_ns
        if state != "unknown":
            self.unknown = ""
        if state not in ("running", "paused"):
            self.attend_until_ns = None

    def _plan(self, event: rows.PlanLoaded, _at_ns: int) -> None:
        self.duration_us, self.plan_time_us = event.duration_us, 0
        self.resumable_us = event.left_us
        self.channels = {}
        for one in event.channels:
            channel = self.channel(one.channel)
            channel.role, channel.ceiling_level = one.role, one.cleared

    def _dead_man(self, event: rows.DeadMan, _at_ns: int) -> None:
        self.dead_man = event.outcome

    def _start(self, event: rows.Started, at_ns: int) -> None:
        self.plan_time_us = event.from_us
        self._from_zero(at_ns)

    def _resume(self, event: rows.Resumed, at_ns: int) -> None:
        if event.from_zero:
            self._from_zero(at_ns)

    def _from_zero(self, at_ns: int) -> None:
        """From zero, which was verified before: set anew, and nothing waits for the device."""
        for one in self.channels.values():
            one.set_level = 0
            one.pending_level, one.locked = None, False
            one.set_ns = one.confirmed_ns = at_ns

    def _set(self, event: rows.LevelSet, at_ns: int) -> None:
        channel = self.channel(event.channel)
        channel.set_level, channel.set_ns, channel.pending_level = event.level, at_ns, None
        channel.locked = False

    def _unlocked(self, event: rows.Unlocked, _at_ns: int) -> None:
        self.channel(event.channel).locked = False

    def _refused(self, event: rows.Refused, _at_ns: int) -> None:
        if event.channel is not None and event.reason.code == Code.AUTO_LOCKED:
            self.channel(event.channel).locked = True

    def _pending(self, event: rows.Pending, _at_ns: int) -> None:
        waits = event.outcome == "taken"
        self.channel(event.channel).pending_level = event.level if waits else None

    def _linked(self, event: rows.Linked, _at_ns: int) -> None:
        self.links = event.groups

    def _contracted(self, event: rows.Contracted, _at_ns: int) -> None:
        self.channel(event.channel).contraction = event.number

    def _ack(self, event: rows.Acknowledged, at_ns: int) -> None:
        self._acked(event.channels, at_ns)
        for one in self.channels.values():
            one.confirmed_ns = at_ns

    def _acked(self, acked: rows.Levels, at_ns: int) -> None:
        for one in self.channels.values():
            one.acked_level, one.acked_ns = acked.get(one.number, 0), at_ns

    def _telemetry(self, event: rows.Telemetry, at_ns: int) -> None:
        self.plan_time_us, self.plan_ns, self.link = event.plan_time_us, at_ns, event.link
        for number, level in event.levels.items():
            self.channel(number).set_level = level
        self._acked(event.acked, at_ns)
        for one in self.channels.values():
            one.locked = one.number in event.locked
            if event.measured is not None:
                _measured(one, event.measured.get(str(one.number)), at_ns)

    def _link(self, event: rows.LinkChanged, _at_ns: int) -> None:
        self.link, self.link_why = event.quality, event.reason.text

    def _prompt(self, event: rows.PromptShown, at_ns: int) -> None:
        self.asked = Asked(event.prompt, event.text, event.channel or 0, at_ns)

    def _attendance(self, event: rows.Attendance, at_ns: int) -> None:
        within_ns = (event.answer_within_us or 0) * 1_000
        self.attend_until_ns = at_ns + within_ns if event.prompt else None

    def _stopping(self, event: rows.Stopping, at_ns: int) -> None:
        if event.purpose in ("stop", "pause"):
            self.stopping_ns, self.zero_ns, self.zero_after_us = at_ns, None, None
        if event.purpose == "stop":
            self._because(event.reason)

    def _zero_verified(self, event: rows.ZeroVerified, at_ns: int) -> None:
        self.stopping_ns, self.unknown = None, ""
        self.zero_ns, self.zero_after_us = at_ns, event.after_us
        if event.purpose == "stop":
            self._from_zero(at_ns)
        for one in self.channels.values():
            one.acked_level, one.acked_ns, one.confirmed_ns = 0, at_ns, at_ns

    def _unknown(self, event: rows.OutputUnknown, _at_ns: int) -> None:
        self.unknown = event.reason.text or "zero was not confirmed"
        self.unknown_what_to_do = event.what_to_do
        self.state, self.zero_ns, self.zero_after_us = "unknown", None, None
        self._because(event.reason)

    def _ended(self, event: rows.Ended, _at_ns: int) -> None:
        self.outcome, self.ended_why = event.outcome, event.reason
        if event.plan_time_us is not None:
            self.plan_time_us = event.plan_time_us
        self.resumable_us = event.left_us or 0
        self.stopping_ns = None if self.zero_ns is not None else self.stopping_ns


def _measured(channel: Channel, told: Any, at_ns: int) -> None:
    current_ua, impedance_ohm = measured_of(told)
    if current_ua is not None:
        channel.measured_ua, channel.measured_ns = current_ua, at_ns
    if impedance_ohm is not None:
        channel.impedance_ohm.append(impedance_ohm)


_Learn = Callable[[SessionModel, Any, int], None]
_LEARN: Final[Mapping[type, _Learn]] = {
    rows.Identity: SessionModel._identity,
    rows.ChannelMismatch: SessionModel._mismatch,
    rows.LeadsChecked: SessionModel._leads_checked,
    rows.ConnectFailed: SessionModel._connect_failed,
    rows.StateEntered: SessionModel._state,
    rows.PlanLoaded: SessionModel._plan,
    rows.DeadMan: SessionModel._dead_man,
    rows.Started: SessionModel._start,
    rows.Resumed: SessionModel._resume,
    rows.LevelSet: SessionModel._set,
    rows.Unlocked: SessionModel._unlocked,
    rows.Refused: SessionModel._refused,
    rows.Pending: SessionModel._pending,
    rows.Linked: SessionModel._linked,
    rows.Contracted: SessionModel._contracted,
    rows.Acknowledged: SessionModel._ack,
    rows.Telemetry: SessionModel._telemetry,
    rows.LinkChanged: SessionModel._link,
    rows.PromptShown: SessionModel._prompt,
    rows.Attendance: SessionModel._attendance,
    rows.Stopping: SessionModel._stopping,
    rows.ZeroVerified: SessionModel._zero_verified,
    rows.OutputUnknown: SessionModel._unknown,
    rows.Ended: SessionModel._ended,
    host_rows.Hello: SessionModel._hello,
    host_rows.Header: SessionModel._header,
    host_rows.JournalOpened: SessionModel._journal,
    host_rows.LineKind: SessionModel._line_kind,
    host_rows.Ready: SessionModel._ready,
    host_rows.Presence: SessionModel._presence,
    host_rows.Beat: SessionModel._beat,
    host_rows.Bye: SessionModel._bye,
}
