"""Numbers the session's events and remembers which of them are on the disk."""

from collections import deque
from dataclasses import dataclass

from stimctl.session.config import DURABLE_WAIT_NS
from stimctl.session.events import Event, SessionEvent


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that may go out only when its row is durable, and not later than 250 ms."""

    seq: int
    asked_ns: int

    def stale_ns(self) -> int:
        """The clock reading after which it is dropped."""
        return self.asked_ns + DURABLE_WAIT_NS


class EventLog:
    """The events of one session, in order, and the journal's progress through them."""

    def __init__(self) -> None:
        self._seq = 0
        self._untaken: list[SessionEvent] = []
        self._not_durable: deque[tuple[int, int]] = deque()
        self.durable_seq = 0
        self.newest_durable_ns: int | None = None
        """When the newest row that is known to be on the disk was made, not when it got there."""

    def emit(self, now_ns: int, event: Event, *, durable: bool = False) -> int:
        """Record one event; gives its number."""
        self._seq += 1
        self._untaken.append(SessionEvent(self._seq, now_ns, event, durable))
        if durable:
            self._not_durable.append((self._seq, now_ns))
        return self._seq

    @property
    def newest(self) -> int:
        """The number of the last event; the next one has the number after it."""
        return self._seq

    def emit_waiting(self, now_ns: int, event: Event) -> Waiting:
        """Record the durable row that something waits for."""
        return Waiting(self.emit(now_ns, event, durable=True), now_ns)

    def made_durable(self, seq: int) -> None:
        """The journal has everything up to `seq`. A number never given out is not believed."""
        if seq > self._seq:
            return
        self.durable_seq = max(self.durable_seq, seq)
        while self._not_durable and self._not_durable[0][0] <= seq:
            self.newest_durable_ns = self._not_durable.popleft()[1]

    def has_on_disk(self, waiting: Waiting) -> bool:
        """Whether the row is durable."""
        return waiting.seq <= self.durable_seq

    def take(self) -> list[SessionEvent]:
        """The events since the last call."""
        taken, self._untaken = self._untaken, []
        return taken
