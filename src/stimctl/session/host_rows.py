"""Events about the program that runs a session: what it is, what it has found, what has failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.session.row_base import Event, Kind, OpenEvent


@dataclass(frozen=True, slots=True)
class Hello(Event):
    """The supervisor is ready; nothing was sent to the device yet. `line`: what is known of the
    port. `runs_after_host_death_us`: how long output can go on after the host has died."""

    kind = Kind.HELLO
    device: str
    address: str
    line: Mapping[str, Any] | None = None
    pid: int | None = None
    runs_after_host_death_us: int | None = None
    boot_us: int | None = None


@dataclass(frozen=True, slots=True)
class Header(OpenEvent):
    """The first row of a journal: device, versions and digests, fixed before the first byte."""

    kind = Kind.HEADER


@dataclass(frozen=True, slots=True)
class JournalClosed(OpenEvent):
    """The last row of a journal: `outcome`, and the reason why the program ended."""

    kind = Kind.END


@dataclass(frozen=True, slots=True)
class JournalOpened(Event):
    """The session is on the record from here on."""

    kind = Kind.JOURNAL
    session: str
    file: str


@dataclass(frozen=True, slots=True)
class UncleanEnd(Event):
    """The last session on this device has no end on record."""

    kind = Kind.UNCLEAN_END
    session: str
    started: str
    device: str
    what: str
    why: str
    what_to_do: str
    marker: str = ""


@dataclass(frozen=True, slots=True)
class LineKind(Event):
    """What is at the other end: a simulated device, or a real one. `why`: one sentence."""

    kind = Kind.LINE_KIND
    simulation: bool
    why: str


@dataclass(frozen=True, slots=True)
class Ready(OpenEvent):
    """Nothing is missing before output on hardware, and who has said what. `shown_as`: the name of
    the device for people."""

    kind = Kind.READY


@dataclass(frozen=True, slots=True)
class Presence(Event):
    """A question at the terminal has ended: somebody has answered (`by`), or nobody (`why`)."""

    kind = Kind.PRESENCE
    given: bool
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class OperatorChanged(Event):
    """Another person is in charge, by a code."""

    kind = Kind.OPERATOR
    code: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Note(OpenEvent):
    """What the face knows and the record needs, such as screening answers: `topic` and `text`."""

    kind = Kind.NOTE


@dataclass(frozen=True, slots=True)
class Beat(Event):
    """The supervisor is alive, five times a second. `simulation`: null before it is known."""

    kind = Kind.BEAT
    state: str
    simulation: bool | None = None


@dataclass(frozen=True, slots=True)
class StopReceived(Event):
    """A stop was asked for, and its bytes have left."""

    kind = Kind.STOP_RECEIVED
    reason: str


@dataclass(frozen=True, slots=True)
class ErrorReported(OpenEvent):
    """Something that no command was waiting for has failed: `error`, `what`, `why`, `what_to_do`.
    Where a command was waiting its answer says it."""

    kind = Kind.ERROR


@dataclass(frozen=True, slots=True)
class Fatal(Event):
    """The supervisor has failed and ends. `error`: as in an answer."""

    kind = Kind.FATAL
    error: Mapping[str, Any]
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Bye(Event):
    """The supervisor ends. `exit_code` 6: zero was not verified."""

    kind = Kind.BYE
    exit_code: int
    zero_verified: bool
    reason: str = ""
