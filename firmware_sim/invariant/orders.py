"""What a host orders and what a device then owes, whatever wire they speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Train:
    """One channel's pulses: their level (in uA, or in the unit of the rules where there is no
    current), the width of the first phase, the period, ramp pulses."""

    level: int
    width_us: int
    period_us: int = 0
    ramp: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What one intact command means.

    trains: of every channel that is to be on, the others are off; pulses: single ones; both by
    channel. may: where a device takes its time to obey, the most (uA) that each channel may get
    from now on, a channel that is missing nothing; None = what trains and pulses say, at once.
    stops: it ends all output for good. initialises: it makes the device ready, which ends what
    runs. feeds: it puts the dead-man off.
    """

    command: int
    trains: Mapping[int, Train] | None = None
    pulses: Mapping[int, Train] | None = None
    may: Mapping[int, int] | None = None
    stops: bool = False
    initialises: bool = False
    feeds: bool = False

    @property
    def gives_output(self) -> bool:
        """Whether it asks for current."""
        return any(
            one.level for some in (self.trains, self.pulses) if some for one in some.values()
        )


class Reader(Protocol):
    """Finds the orders in the bytes of a host."""

    def feed(self, data: bytes) -> Iterator[Order]:
        """Yield what these bytes complete; what orders nothing may be left out."""


class CommandEffects(Protocol):
    """When a device obeys which order; all times us, none before the one told last."""

    def receive(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Take bytes that have arrived, and yield what follows at once, with its time."""

    def settle(self, at_us: int) -> Iterator[tuple[int, Order]]:
        """Yield what changes by itself until then, each with its time."""

    def told(self, at_us: int, data: bytes, /) -> Iterator[tuple[int, Order]]:
        """Take bytes that leave the device, and yield what they confirm."""

    def ended(self, at_us: int, event: str, /) -> Order | None:
        """The device has ended output by itself: what may still come; None = nothing of it."""


class AnswerReader(Protocol):
    """Finds in the bytes of a device that it tells of an error."""

    def feed(self, data: bytes) -> Iterable[set[int]]:
        """Yield the channels each answer names."""
