"""What the invariant knows of the toy: what its host orders, and that it obeys at once."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_sim.invariant.families import Family
from firmware_sim.invariant.notices import Ending
from firmware_sim.invariant.orders import Order, Train
from firmware_sim.invariant.unread import Silent

from .line import Ear, wanted_of
from .twin import WATCHDOG_US

_ON, _OFF, _SAY = 1, 2, 3


class Reader:
    """Finds the orders in the bytes of a host."""

    def __init__(self) -> None:
        self._ear = Ear()

    def feed(self, data: bytes) -> Iterator[Order]:
        """What these bytes complete."""
        for _, words in self._ear.feed(data):
            if words == ["off"]:
                yield Order(_OFF, stops=True)
            elif words == ["say"]:
                yield Order(_SAY, feeds=True)
            elif words[0] == "on" and (wanted := wanted_of(words)) is not None:
                trains = {channel: Train(*one) for channel, one in wanted.items()}
                yield Order(_ON, trains=trains, feeds=True)


class Obedience:
    """It obeys when a line is complete."""

    def __init__(self) -> None:
        self._reader = Reader()

    def receive(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Each order at once."""
        for order in self._reader.feed(data):
            yield at_us, order

    def settle(self, at_us: int) -> Iterator[tuple[int, Order]]:
        """Nothing waits."""
        return iter(())

    def told(self, at_us: int, data: bytes) -> Iterator[tuple[int, Order]]:
        """Nothing waits for an answer."""
        return iter(())

    def ended(self, at_us: int, event: str) -> Order | None:
        """Of what it has ended nothing comes any more."""
        return None


_ENDINGS = {
    "watchdog": Ending("the device heard nothing that feeds its watchdog"),
    "power off": Ending("the device lost its supply"),
}

FAMILY = Family(Reader, Obedience, Silent, _ENDINGS, 500, WATCHDOG_US, channels=2)
