"""What the benches of one driver and its twin have in common; the test is the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from stimctl.devices.driver import AnyDriver
from stimctl.devices.events import DriverEvent

MS = 1_000_000
S = 1_000 * MS
E = TypeVar("E")
D = TypeVar("D", bound=AnyDriver)


def of_kind(events: list[DriverEvent], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


class DriverBench(ABC, Generic[D]):
    """Times in ns."""

    driver: D
    now: int
    seen: list[DriverEvent]

    @abstractmethod
    def run(self, span_ns: int = 100 * MS) -> list[DriverEvent]:
        """Let time pass from deadline to deadline; the events of this span."""

    def kept(self, span_ns: int, every_ns: int) -> None:
        """Let time pass as the engine does: a keep-alive by absolute deadline."""
        end, due = self.now + span_ns, self.now
        while due < end:
            self.driver.keep_alive(self.now)
            due += every_ns
            self.run(min(due, end) - self.now)

    def all_of(self, kind: type[E]) -> list[E]:
        return of_kind(self.seen, kind)
