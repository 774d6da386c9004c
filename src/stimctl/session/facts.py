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


@dataclass(frozen=True, slots=True)
class StopFaceTested:
    """A stop face (a pedal, a button, a line) was pressed at zero, and the press has arrived.

    `name` names it in records and messages, such as "pedal 05f3:00ff". It has to be tested again
    after each loss and for each connection.
    """

    name: str


@dataclass(frozen=True, slots=True)
class StopFaceLost:
    """A stop face can no longer stop: it was unplugged, or its reader failed.

    Output of a session that has tested it ends.
    """

    name: str


@dataclass(frozen=True, slots=True)
class PersonPresent:
    """A person at the machine has just answered: at its terminal, or with a stop face.

    `by` says how, such as "terminal /dev/pts/3" or "pedal 05f3:00ff". A program cannot cause this
    fact: commands of a face never become one.
    """

    by: str


@dataclass(frozen=True, slots=True)
class PresenceRequired:
    """From now on the attendance prompt is asked, and only `PersonPresent` answers it; what a
    program commands (raise, lower, attend, felt, pause) does not."""


@dataclass(frozen=True, slots=True)
class InputSample:
    """What an input says, as it has just arrived; nothing of it is believed as it is.

    `seq` rises with each sample of one sender. `value`: 0 or 1 of a state, the angle of a phase,
    percent of a level; None for an event. `beat`: the sender is there, and nothing has happened.
    `age_us`: how old it was when it arrived, as far as anybody knows. `arrived_ns`: when that was,
    by the receiver's clock; None where it is handled at once. `keyed`: a key of a face was pressed,
    and nothing comes in between.
    """

    input: str
    seq: int
    value: float | bool | None = None
    beat: bool = False
    age_us: int = 0
    keyed: bool = False
    source: str = "api"
    """By what way it came; `sim`: a made-up sensor, which no device with current is given."""
    arrived_ns: int | None = None


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
    | StopFaceTested
    | StopFaceLost
    | PersonPresent
    | PresenceRequired
    | InputSample
)
