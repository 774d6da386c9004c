"""What stands around the engine on the bench: line, port and journal, all of which can fail."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from stimctl.devices.driver import Frame
from stimctl.session.events import SessionEvent

Hook = Callable[[int, bytes], bytes]
"""What happens to bytes on the line at a time (ns): returned as they arrive, empty = lost."""

PORT_BUFFER_BYTES = 4_096
"""What a system takes for a port whose device does not read (D: the buffer of a Linux tty)."""


@dataclass
class BenchJournal:
    """A journal in memory. `delay_ns`: None = it never reports anything as durable."""

    delay_ns: int | None = 0
    rows: list[SessionEvent] = field(default_factory=list)
    durable_seq: int = 0
    _due: deque[tuple[int, int]] = field(default_factory=deque)

    def take(self, now_ns: int, events: list[SessionEvent]) -> None:
        """Write events."""
        self.rows.extend(events)
        if self.delay_ns is not None:
            newest = max((one.seq for one in events if one.durable), default=None)
            if newest is not None:
                self._due.append((now_ns + self.delay_ns, newest))

    def deadline(self) -> int | None:
        """When more is durable."""
        return self._due[0][0] if self._due else None

    def durable(self, now_ns: int) -> int | None:
        """The highest number that is durable by now, once."""
        seq = None
        while self._due and self._due[0][0] <= now_ns:
            seq = self.durable_seq = self._due.popleft()[1]
        return seq


class Line:
    """One direction of the serial line."""

    def __init__(self, latency_ns: int, hook: Hook | None) -> None:
        self.latency_ns = latency_ns
        self.hook = hook
        self._under_way: deque[tuple[int, bytes]] = deque()
        self.due: int | None = None

    def send(self, now_ns: int, data: bytes) -> None:
        """Put bytes on the line."""
        self.go_on(now_ns, data)

    def go_on(self, now_ns: int, data: bytes) -> None:
        """Put bytes on the line that were sent before and had to wait."""
        if self.hook is not None:
            data = self.hook(now_ns, data)
        if data:
            self._under_way.append((now_ns + self.latency_ns, data))
            self.due = self._under_way[0][0]

    def arrived(self, now_ns: int) -> list[bytes]:
        """What has arrived by now, in portions as sent."""
        portions = []
        while self._under_way and self._under_way[0][0] <= now_ns:
            portions.append(self._under_way.popleft()[1])
        self.due = self._under_way[0][0] if self._under_way else None
        return portions


class UnreadPort:
    """What was written to a device that does not read: the system's buffer, then our own.

    As with a real port, a stop discards all of it, and a raise that waited too long outside the
    system's buffer is thrown away.
    """

    def __init__(self) -> None:
        self._in_system: deque[bytes] = deque()
        self._unsent: deque[Frame] = deque()
        self._bytes = 0

    def write(self, frame: Frame) -> None:
        """Take a frame."""
        if frame.urgent:
            self.clear()
        if self._bytes < PORT_BUFFER_BYTES:
            self._bytes += len(frame.data)
            self._in_system.append(frame.data)
        else:
            self._unsent.append(frame)

    def clear(self) -> None:
        """Forget everything."""
        self._in_system.clear()
        self._unsent.clear()
        self._bytes = 0

    def release(self, now_ns: int) -> list[bytes]:
        """The device reads again: what reaches it, in order."""
        unsent = [
            one.data for one in self._unsent if one.expires_ns is None or now_ns <= one.expires_ns
        ]
        portions = [*self._in_system, *unsent]
        self.clear()
        return portions
