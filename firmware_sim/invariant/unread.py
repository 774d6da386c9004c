"""The reading of a device whose wire nobody here reads: no byte of it means anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .orders import Order


class Unread:
    """Reader, effects and answer reader in one."""

    def feed(self, _data: bytes) -> Iterator[Order]:
        """No order."""
        return iter(())

    def receive(self, _at_us: int, _data: bytes) -> Iterator[tuple[int, Order]]:
        """Nothing follows."""
        return iter(())

    def settle(self, _at_us: int) -> Iterator[tuple[int, Order]]:
        """Nothing changes."""
        return iter(())

    def told(self, _at_us: int, _data: bytes) -> Iterator[tuple[int, Order]]:
        """Nothing is confirmed."""
        return iter(())

    def ended(self, _at_us: int, _event: str) -> Order | None:
        """Nothing may still come."""
        return None


class Silent:
    """Tells of no error."""

    def feed(self, _data: bytes) -> Iterable[set[int]]:
        """No channel."""
        return ()
