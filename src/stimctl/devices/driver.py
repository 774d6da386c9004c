"""What the session engine may ask of any driver: the sans-IO contract of `devices`.

A driver owns no clock and no port. `now_ns` is an integer reading of a monotonic clock that the
caller owns and that never goes back. After every call the caller sends what `transmit()` gives,
reads `events()`, and comes back with `advance()` at `deadline()` at the latest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from stimctl.codes import Code
from stimctl.devices.events import Doing, DriverEvent
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.sealed import OutputPoint

P = TypeVar("P", bound=OutputPoint, contravariant=True)


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that must go out.

    `urgent`: overtakes and discards whatever still waits to be written.
    `expires_ns`: the bytes raise output; where they could not be written by this clock reading
    they must be thrown away, not sent late. None: never thrown away.
    `resets`: in place of bytes, the line that restarts the device (DTR) is pulsed.
    `doing`: what the bytes are for. The guard around a driver of another package needs it.
    """

    data: bytes
    urgent: bool = False
    expires_ns: int | None = None
    resets: bool = False
    doing: Doing | None = None


@runtime_checkable
class Driver(Protocol[P]):
    """One device on one line. All calls return at once; what came of them is in `events()`.

    `P`: the kind of point that it takes; its level is on the scale of the sheet.

    Errors: LimitRefusedError when a set point is not genuine or not one for this device (nothing
    is sent), StateError when the call makes no sense in the present state (nothing is sent).
    `stop()`, `receive()` and `advance()` never raise either of them.
    """

    @property
    def sheet(self) -> CapabilitySheet:
        """What the driver assumes about its device."""

    @property
    def latched(self) -> bool:
        """True after a discontinuity: only stop() and connect() are accepted."""

    def connect(self, now_ns: int) -> None:
        """Find out the device's state, bring it to verified zero, identify it; then `Ready`."""

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, P],
        planned: Collection[int] = frozenset(),
    ) -> int:
        """Make exactly these channels run, absolutely, for the whole device; empty = all off.

        The latest call wins. What only lowers leaves at once, or as soon as a device that takes one
        channel at a time has answered; what raises waits for the request in flight and is dropped
        and reported after 250 ms. Returns the ticket of the call, which its `Acked` names. A
        channel with which a second would hold more than was cleared stays off, or is switched off
        while it runs (`Withheld`); its `Acked` then lacks it. Output that lasts one burst is
        renewed by `keep_alive` only.

        `planned`: channels on which a decrease is a step of the plan's own ramp and no more. Such
        a step may wait for one message of another channel; every other decrease goes first.
        """

    def pulse(self, now_ns: int, channel: int, set_point: P) -> int:
        """One single pulse on one channel; refused while a train runs, or where it comes too soon.

        It waits for the answer to a keep-alive, at most 250 ms. Returns a ticket. StateError on a
        device that makes no single pulses: see `no_pulses`.
        """

    def keep_alive(self, now_ns: int) -> None:
        """Ask for the device's state, which also restarts its watchdog. The caller is the gate."""

    def stop(self, now_ns: int) -> None:
        """Everything off, at once and over everything, repeated until zero is verified."""

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes that arrived, in any portions."""

    def advance(self, now_ns: int) -> None:
        """Let the timers fire that are due."""

    def transmit(self) -> list[Frame]:
        """What must go out now, in order; handed out once."""

    def events(self) -> list[DriverEvent]:
        """What happened since the last call, in order; handed out once."""

    def deadline(self) -> int | None:
        """The clock reading at which advance() must be called, or None."""


AnyDriver: TypeAlias = Driver[Any]
"""A driver on whichever scale its sheet names."""


def no_pulses() -> StateError:
    """The refusal of single pulses on a device that makes none."""
    return StateError(
        "no single pulses", code=Code.NO_PULSES, why="the device generates no pulses of its own"
    )
