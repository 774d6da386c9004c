"""The shape every twin has, wherever it runs: bytes and time in, bytes and record rows out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .firmware.electrodes import Load
from .firmware.recorder import Recorder, Row


class Twin(Protocol):
    """A device behind its serial line. `now_ns` is an integer clock in ns that never goes back."""

    @property
    def now_us(self) -> int:
        """The latest time the twin was told, in us."""

    @property
    def stimulating(self) -> bool:
        """Whether the device may put out current without another command."""

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns."""

    def transmit(self) -> bytes:
        """Return the bytes that are due for the host."""

    def deadline(self) -> int | None:
        """Return when to be woken next, in ns; None when nothing will happen by itself."""

    def records(self) -> list[Row]:
        """Return the record rows held so far."""

    def drain(self) -> list[Row]:
        """Return the record rows held so far, and forget them."""

    def set_load(self, channel: int, load_ohm: int | None, /) -> None:
        """Put another load (ohm; None = open) on channel 1..8 now."""

    def line_lost(self) -> None:
        """Forget a half-received frame: the host went away."""

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record."""


@runtime_checkable
class WornDevice(Protocol):
    """A device at whose leads somebody is, and electrodes can go wrong."""

    def load(self, channel: int) -> Load:
        """What is on channel 1..8 now."""

    def load_moved(self, channel: int) -> None:
        """Go on with a load that changed by itself."""


class LocalTwin(Twin, Protocol):
    """A twin in this process: others may add rows to its record, and put models on its leads."""

    @property
    def recorder(self) -> Recorder:
        """Where the rows go."""

    def set_load(self, channel: int, load: Load, /) -> None:
        """Put another load (ohm; None = open; a model) on channel 1..8 now."""
