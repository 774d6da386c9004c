"""What the procedure needs of a device and of what is read at its load: two protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from stimctl.commission.settings import Setting
from stimctl.commission.waveform import Reading, Train

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What a device and its line say of themselves. `names`: of this very device, the surest
    first; none where nothing tells it from another. `line`: how the port was opened."""

    family: str
    serial: str = ""
    firmware: str = ""
    protocol: str = ""
    names: tuple[str, ...] = ()
    line: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One event of a session, at a time of the host's monotonic clock."""

    at_ns: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be read. `file`: the name of its recording, without an ending. `wants`: the
    quantities that are judged; a recording shows them all, a person types these."""

    file: str
    channel: int
    text: str
    wants: tuple[str, ...] = ("amplitude",)


class Rig(Protocol):
    """A device behind its session. Everything raises StimctlError where it cannot be done."""

    def connect(self) -> Found:
        """Begin a session: identify the device, verify zero."""

    def check(self, setting: Setting) -> str:
        """Load a plan and test the watchdog: "passed", "failed", "not due"."""

    def begin(self, setting: Setting) -> None:
        """Load a plan, arm and start, at zero."""

    def raise_to(self, channel: int, level: int) -> None:
        """Raise to a level of the device's scale; returns when the device has acknowledged it."""

    def hold(self, work: Callable[[], T]) -> T:
        """Keep the output as it is while something is done at the load, and give what it gives."""

    def stop(self) -> int | None:
        """Stop; how long zero took to be verified (us), None where it was not."""

    def fault_within(self, seconds: float) -> str:
        """The code of what has stopped the session by itself within a time, or ""."""

    def host_kill(self, setting: Setting, level: int) -> tuple[Sequence[Seen], int]:
        """Raise to a level, wait a second, kill every process of the host at once.

        The events up to then, and when it was (ns). No session is left.
        """

    def wait(self, seconds: float) -> None:
        """Let time pass with nothing connected."""

    def events(self) -> Sequence[Seen]:
        """The events of the present session so far."""

    def close(self) -> None:
        """End the session, if there is one; zero is verified."""


class Instrument(Protocol):
    """The load, and what is read at it."""

    def place(self, channel: int) -> None:
        """Put the load and the probe on a channel; nothing is on."""

    def read(self, ask: Ask) -> Reading:
        """Measure a steady train that is on."""

    def ready(self, ask: Ask) -> None:
        """Get ready to record a whole train, which begins next."""

    def train(self, ask: Ask) -> Train | None:
        """What was recorded since `ready`; None where no train is on it."""

    def open(self, channel: int) -> None:
        """Take the load off while output is on."""

    def restore(self, channel: int) -> None:
        """Put the load back; nothing is on."""
