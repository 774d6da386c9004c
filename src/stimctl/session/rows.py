"""Every event of a session as a class: what its row has to say, with units.

Three numbers are never mixed: `set` is what was asked of the device, `acked` what it has accepted,
`measured` what it has measured (null where a device measures nothing).

A level is an integer in `unit`: "uA", or "%" of the own scale of a device without current control.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.session.event_rows import EventOver as EventOver
from stimctl.session.event_rows import Result as Result
from stimctl.session.people_rows import (
    Attendance as Attendance,
)
from stimctl.session.people_rows import (
    ChannelFound as ChannelFound,
)
from stimctl.session.people_rows import (
    ChannelMismatch as ChannelMismatch,
)
from stimctl.session.people_rows import (
    Felt as Felt,
)
from stimctl.session.people_rows import (
    LeadsChecked as LeadsChecked,
)
from stimctl.session.people_rows import (
    PromptShown as PromptShown,
)
from stimctl.session.people_rows import (
    StopFace as StopFace,
)
from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event as Event
from stimctl.session.row_base import Kind as Kind
from stimctl.session.row_base import OpenEvent as OpenEvent
from stimctl.session.stage_rows import Followed as Followed
from stimctl.session.stage_rows import StageBegun as StageBegun

Levels = Mapping[int, int]
"""By channel, a level."""


@dataclass(frozen=True, slots=True)
class StateEntered(Event):
    """The session is in another state. `why` has a code where it is the cause of a stop."""

    kind = Kind.STATE
    state: str
    was: str
    why: Reason


@dataclass(frozen=True, slots=True)
class Identity(Event):
    """What the device has told of itself."""

    kind = Kind.IDENTITY
    family: str
    serial: str
    firmware: str
    protocol: str
    firmware_hash: str
    package: str = ""
    """Whose driver it is, with version and hash of its files; "" for stimctl's own."""


@dataclass(frozen=True, slots=True)
class ConnectFailed(Event):
    """No device was identified; the session stays disconnected."""

    kind = Kind.CONNECT_FAILED
    reason: Reason


@dataclass(frozen=True, slots=True)
class PlannedChannel:
    """One channel of a plan: its role, and the highest level that was cleared."""

    channel: int
    role: str
    cleared: int


@dataclass(frozen=True, slots=True)
class PlanLoaded(Event):
    """A plan. `left_us`: what a start may go on with, of what was delivered of it before."""

    kind = Kind.PLAN
    digest: str
    duration_us: int
    channels: tuple[PlannedChannel, ...]
    unit: str
    left_us: int


@dataclass(frozen=True, slots=True)
class Setup(OpenEvent):
    """Everything that a plan, its electrodes, the program and the device were, field by field:
    durable before CHECKED, so before anything can be armed."""

    kind = Kind.SETUP


@dataclass(frozen=True, slots=True)
class DeadMan(Event):
    """The watchdog test. `outcome`: "begun", "passed" or "failed"."""

    kind = Kind.DEAD_MAN
    outcome: str
    watchdog_us: int | None = None


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The durable row before the first output; the run begins when it is on the disk.
    `start_from`: "beginning", or "what-is-left" from the plan time `from_us`. For a record that
    ends early: `runs_on_us`, how long the device goes on when nothing commands it any more (null:
    nothing bounds it), and `fastest`, by channel how many pulses it gives in a second and how wide
    their first phases are, at most."""

    kind = Kind.START
    plan: str
    duration_us: int
    start_from: str
    from_us: int
    runs_on_us: int | None = None
    fastest: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """The same for going on after a pause, softly or from zero."""

    kind = Kind.RESUME
    plan_time_us: int
    paused_us: int
    from_zero: bool


@dataclass(frozen=True, slots=True)
class Raise(Event):
    """A raise, durable before it goes out. `by`: "hand", "program", "script" or "follow". With
    `pending` it goes out with the next on ramp, if at all."""

    kind = Kind.RAISE
    channel: int
    level: int
    before: int
    unit: str
    by: str
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Pending(Event):
    """What became of raises in the off time of a cycle: "taken" (`level` is all of
    them, and takes the place of the row before), "applied" or "discarded"."""

    kind = Kind.PENDING
    channel: int
    level: int
    unit: str
    outcome: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Linked(Event):
    """Channels that are raised and lowered together."""

    kind = Kind.LINKED
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Contraction(Event):
    """Durable before the ramp of an on/off cycle begins."""

    kind = Kind.CONTRACTION
    channel: int
    number: int
    level: int
    unit: str


@dataclass(frozen=True, slots=True)
class Contracted(Event):
    """A contraction is over; `level` was in effect at its end, and `acked` is the highest output
    that the device has accepted in it."""

    kind = Kind.CONTRACTED
    channel: int
    number: int
    level: int
    acked: int
    unit: str


@dataclass(frozen=True, slots=True)
class PulseCommanded(Event):
    """A single pulse; durable before it goes out."""

    kind = Kind.PULSE
    channel: int
    amplitude_ua: int


@dataclass(frozen=True, slots=True)
class PulseAcked(Event):
    """The device has acknowledged the pulse whose row has the number `pulse`; times of the
    monotonic clock."""

    kind = Kind.PULSE_ACKED
    channel: int
    amplitude_ua: int
    pulse: int
    asked_ns: int
    sent_ns: int
    acked_ns: int


@dataclass(frozen=True, slots=True)
class LevelSet(Event):
    """The level now in effect. `by`: "hand", "program", "script", "follow" where a program has a
    target, "stage" where a stage begins, "line" where a raise never reached the device."""

    kind = Kind.SET
    channel: int
    level: int
    unit: str
    by: str


@dataclass(frozen=True, slots=True)
class Unlocked(Event):
    """Raises of a channel were locked after 20 s without a change, and are open again; `level` is
    as it was."""

    kind = Kind.UNLOCKED
    channel: int
    level: int
    unit: str


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """The device accepted these levels; a channel that is not named is off."""

    kind = Kind.ACK
    channels: Levels
    unit: str


@dataclass(frozen=True, slots=True)
class Telemetry(Event):
    """Each second of a run. `levels`: what was raised. `locked`: channels whose raises are locked
    after 20 s without a change. `set`, `acked`: the output of this moment. `highest`: by these two
    names, what was above it since the row before, as a burst that has ended was.
    `acknowledged` (here, in `unknown` and in `ended`) counts the run so far by channel, from the
    set points that the device has accepted: {"pulses", "charge_nc", "peak_ua", "on_ms"}, or
    {"peak_percent", "on_ms"}. It is computed: no device tells its pulses. In it `bounds` has, by
    figure, what was given at least and at most (null: not bounded)."""

    kind = Kind.TELEMETRY
    plan_time_us: int
    set: Levels
    acked: Levels
    measured: Mapping[str, Any] | None
    levels: Levels
    unit: str
    link: str
    acknowledged: Mapping[str, Any]
    locked: tuple[int, ...] = ()
    highest: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """A command, a raise, a pulse or a contraction that was dropped, not queued. `pulse`: the
    number of its row. `sent`: some of its bytes had left."""

    kind = Kind.REFUSED
    intent: str
    reason: Reason
    channel: int | None = None
    asked: int | None = None
    unit: str | None = None
    sent: bool | None = None
    pulse: int | None = None


@dataclass(frozen=True, slots=True)
class Withheld(Event):
    """The final output check keeps a channel off, or (`closed`) has switched it off. `for_us`: it
    is asked for again after that; null: with the next burst. `more`: how many of the kind went
    before it without a row, within a second."""

    kind = Kind.WITHHELD
    channel: int
    closed: bool
    reason: Reason
    for_us: int | None
    more: int


@dataclass(frozen=True, slots=True)
class Limit(Event):
    """A raise above what was cleared."""

    kind = Kind.LIMIT
    channel: int
    asked: int
    allowed: int
    unit: str
    limit: str
    code: str


@dataclass(frozen=True, slots=True)
class LinkChanged(Event):
    """`quality`: "good", "degraded", "lost", "up" or "restarting"."""

    kind = Kind.LINK
    quality: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class AlarmRaised(Event):
    """`priority`: "high", "medium" or "low". `marker`: the text that stands for it. `action`: what
    the session does about it by itself. `channels`: those that it is about; empty: all."""

    kind = Kind.ALARM
    what: Reason
    priority: str
    marker: str = ""
    action: str = ""
    channels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopping(Event):
    """The stop has gone out. `purpose`: "stop", "pause", "arm" or "trip" (the watchdog test)."""

    kind = Kind.STOPPING
    reason: Reason
    purpose: str


@dataclass(frozen=True, slots=True)
class ZeroVerified(Event):
    """The device confirmed zero."""

    kind = Kind.ZERO_VERIFIED
    after_us: int
    purpose: str


@dataclass(frozen=True, slots=True)
class OutputUnknown(Event):
    """OUTPUT NOT CONFIRMED."""

    kind = Kind.UNKNOWN
    reason: Reason
    what_to_do: str = ""
    what: str = ""
    acknowledged: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ClockStepped(Event):
    """The wall clock was changed."""

    kind = Kind.CLOCK
    step_us: int


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The run is over and zero is verified. `outcome`: "completed", "stopped" or "fault".
    `left_us`: what a start may go on with, 0 where it can only begin again."""

    kind = Kind.ENDED
    outcome: str
    reason: Reason
    plan_time_us: int | None = None
    acknowledged: Mapping[str, Any] | None = None
    left_us: int | None = None
    exit_code: int | None = None
