"""What the world around the engine reports: faces, journal, link, clock. One frozen record each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceAlive:
    """The face's event loop has just beaten (every 100 ms; silent for 500 ms = gone)."""


@dataclass(frozen=True, slots=True)
class JournalDurable:
    """Every event up to and including this `SessionEvent.seq` is on the disk."""

    seq: int


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """The journal can no longer be written: the session ends."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The port has gone (unplugged, closed, write error)."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The port is open again. Nothing resumes; stop attempts reach the device again."""


@dataclass(frozen=True, slots=True)
class SuspendGap:
    """The host slept for this long (microseconds): more than 1 s counts as link loss."""

    gap_us: int


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock was changed by this much (microseconds, signed); recorded, nothing more."""

    step_us: int


@dataclass(frozen=True, slots=True)
class HostPower:
    """The battery of this computer, and whether it runs on it. Told when it changes."""

    percent: int
    on_battery: bool


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """How much room the journal's disk has. Told when it changes."""

    free_bytes: int


Fact = (
    FaceAlive
    | JournalDurable
    | JournalFailed
    | LinkDown
    | LinkUp
    | SuspendGap
    | ClockStep
    | HostPower
    | DiskSpace
)
