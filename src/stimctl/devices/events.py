"""What a driver reports: one frozen class per kind of event, the same for every device family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from stimctl.codes import Code


def _no_errors() -> Mapping[int, str]:
    return MappingProxyType({})


class Doing(StrEnum):
    """What a request is for; the `what` of the events below."""

    CONNECT = "connect"
    IDENTIFY = "identify"
    START = "start"  # bring the device to the level at which it can stimulate
    APPLY = "apply"
    PULSE = "pulse"
    KEEP_ALIVE = "keep-alive"
    STOP = "stop"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class ChannelSet:
    """What was sent for one channel, with the values the device can represent.

    `level`: on the scale of the sheet. A device without current control has no width and period.
    `pulses`: in each period.
    """

    channel: int
    level: int
    phase_width_us: int = 0
    period_asked_us: int = 0
    period_us: int = 0  # used: the asked one rounded up, never faster
    pulses: int = 1


@dataclass(frozen=True, slots=True)
class Identified:
    """The device named itself. `serial` is what it reports, padding removed; it may be empty."""

    family: str
    serial: str
    firmware: str
    protocol: str
    firmware_hash: str


@dataclass(frozen=True, slots=True)
class WrongDevice:
    """What answers is another kind of device than the driver is for; `found` says how it is known.

    The driver has latched, and does not become ready.
    """

    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Identified and verified at zero: the driver takes set points from here on."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The device confirmed a request. `latency_ns` counts from its last transmission.

    `ticket` is what `apply()` or `pulse()` returned, 0 for the fallback that follows a
    RaiseDropped, None for the others. `channels` is what the
    device accepted with an apply: exactly the channels that are on, the others are off.
    `in_force`: the channels, on or off, that are as the call has them, where the device takes one
    at a time and more is to follow; None: the whole call is in force.
    """

    what: Doing
    latency_ns: int
    ticket: int | None = None
    channels: tuple[ChannelSet, ...] = ()
    in_force: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class AckedOvertaken:
    """The device confirmed an apply after a newer one had overtaken it: it was in force meanwhile.

    `ticket`, `latency_ns` and `channels` as in an `Acked`.
    """

    ticket: int
    latency_ns: int
    channels: tuple[ChannelSet, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The device refused a request; `result` is the name of its result code.

    Unless `retried`, the driver has latched: it sends no stimulation command until stop() has
    been verified or connect() has been through.
    """

    what: Doing
    result: str
    code: int
    ticket: int | None = None
    retried: bool = False


@dataclass(frozen=True, slots=True)
class StatusRead:
    """The device reported its state: the channels it is driving now, and channels in error."""

    active: frozenset[int]
    errors: Mapping[int, str] = field(default_factory=_no_errors)
    latency_ns: int = 0


@dataclass(frozen=True, slots=True)
class ZeroVerified:
    """Stop was acknowledged and the device reports that nothing is initialised.

    `already_off`: what was to be stopped was off already, so that the device may have been reset
    since it was last heard (or only the answer to an earlier round of the stop was lost).
    `reset_seen`: it was off before any stop of ours could have done it: reset, or let go.
    """

    latency_ns: int  # since stop() or connect() was called
    rounds: int  # how often the stop was sent
    already_off: bool = False
    reset_seen: bool = False


@dataclass(frozen=True, slots=True)
class AnswerLate:
    """A transmission is unanswered for longer than the device should need. Once for each."""

    what: Doing
    latency_ns: int


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing valid came although an answer was due. The driver has latched.

    For 1 s, or while connecting as long as the device may need to start.
    """

    what: Doing
    since_ns: int  # the clock reading at which the oldest unanswered request was sent


@dataclass(frozen=True, slots=True)
class RaiseDropped:
    """An apply that raises was given up after 250 ms.

    `sent` is False when it never left: the set points before it stay in force. It is True when it
    left and was not confirmed: the driver then sends the lowest of what may be in force, which an
    Acked with ticket 0 confirms. The engine applies again what it wants. `falls_to`: that lowest,
    or what the device has confirmed since, exactly the channels that are on; None where that is
    what the latest whole call was.
    """

    ticket: int
    age_ns: int
    sent: bool
    falls_to: tuple[ChannelSet, ...] | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """The final output check keeps a channel off that was to be on: see `output_check`.

    `until_ns`: when the set points may be asked for again; None: not before the channel was off
    in between. `closed`: it was on, and is being switched off.
    """

    channel: int
    until_ns: int | None
    reason: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class UnexpectedState:
    """The device is not in the state it was left in: reset, expired, or driven by someone else.

    `expected` and `found` are words for a person; the channel sets are given where they are what
    differs. The driver has latched. `restarted`: the device has restarted, so that only connect()
    leads on.
    """

    expected: str
    found: str
    channels_expected: frozenset[int] | None = None
    channels_found: frozenset[int] | None = None
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class Restarting:
    """The driver restarts the device by its line, which ends its output.

    Until `until_ns` it may say nothing, as it always does when it starts; zero is verified when it
    is heard again.
    """

    until_ns: int


@dataclass(frozen=True, slots=True)
class DeviceError:
    """The device reported an error on its own, on `channels` where it says so. Latched."""

    result: str
    code: int
    channels: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class StrayAnswer:
    """A valid answer to a question never asked: a second writer is on the line. Latched."""

    command: int
    packet_number: int


@dataclass(frozen=True, slots=True)
class LineError:
    """Bytes were damaged or lost; `kind` says how. Harmless alone, a bad line when frequent.

    The kinds of the frame decoder, and: "timeout" (a frame broke off), "transfer" (the device
    says that it received a damaged frame), "duplicate" (an answer came twice), "content" (a
    sound frame whose content cannot be an answer).
    """

    kind: str


@dataclass(frozen=True, slots=True)
class ParametersRead:
    """The device reported what it is driving (read-back `parameters` or better): all of it."""

    channels: tuple[ChannelSet, ...]
    latency_ns: int = 0


@dataclass(frozen=True, slots=True)
class ContactRead:
    """The device measured the electrodes of one channel (read-back `measured`).

    `resistance_ohm`: None = open circuit. `at_plateau`: measured by the stimulation itself, not by
    a test pulse. `clipping`: the device was at its voltage limit. `measured_ua`: None = not known.
    """

    channel: int
    resistance_ohm: int | None
    at_plateau: bool
    clipping: bool = False
    measured_ua: int | None = None


@dataclass(frozen=True, slots=True)
class StoppedAtDevice:
    """The person's hand switch, or a stop key at the device, ended the output; `by` names it."""

    by: str


@dataclass(frozen=True, slots=True)
class DriverBroken:
    """The guard around a driver of another package has ended it; its stop sequence is at work.

    `code`: the rule that was broken . Only a new session leads on.
    """

    code: Code
    what: str


DriverEvent = (
    Identified
    | WrongDevice
    | Ready
    | Acked
    | AckedOvertaken
    | Rejected
    | StatusRead
    | ZeroVerified
    | AnswerLate
    | NoAnswer
    | RaiseDropped
    | Withheld
    | UnexpectedState
    | Restarting
    | DeviceError
    | StrayAnswer
    | LineError
    | ParametersRead
    | ContactRead
    | StoppedAtDevice
    | DriverBroken
)
