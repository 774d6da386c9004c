"""The serial port of an openEMSstim: 19200 baud, a ring of 63 bytes, a writer that blocks."""

from __future__ import annotations

from collections import deque

from .outbox import Outbox

#: Ten bits at 19200 baud.
BYTE_NS = 10 * 1_000_000_000 // 19_200
#: Bytes that are kept for the firmware; what comes on top is lost [E].
RING = 63
#: What the writer can hand over before it must wait: 63 in the buffer, two in the UART.
AHEAD = 65


def _us(time_ns: int) -> int:
    return -(-time_ns // 1000)


class Receiver:
    """Bytes on the wire to the device, and those that wait there; times in us."""

    def __init__(self) -> None:
        self.ring: deque[int] = deque()
        self._wire: deque[tuple[int, int]] = deque()  # when complete, in ns, and the byte
        self._free_ns = 0

    def put(self, at_us: int, data: bytes) -> None:
        """Send bytes from at_us on, or when those before are through."""
        for byte in data:
            self._free_ns = max(self._free_ns, at_us * 1000) + BYTE_NS
            self._wire.append((self._free_ns, byte))

    def next_us(self) -> int | None:
        """Return when the next byte is complete."""
        return _us(self._wire[0][0]) if self._wire else None

    def settle(self, at_us: int) -> int:
        """Take in what is complete by at_us; return how many bytes found no room."""
        lost = 0
        while self._wire and self._wire[0][0] <= at_us * 1000:
            byte = self._wire.popleft()[1]
            if len(self.ring) < RING:
                self.ring.append(byte)
            else:
                lost += 1
        return lost

    def clear(self) -> None:
        """Forget everything: the device was reset."""
        self.ring.clear()
        self._wire.clear()


class Transmitter:
    """Bytes on their way to the host; times in us."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._leaves_ns: deque[int] = deque(maxlen=AHEAD)  # when each of the latest is through

    def write(self, at_us: int, text: str) -> int:
        """Print text from at_us on; return when the writer gets back control."""
        now_ns = at_us * 1000
        for byte in text.encode("latin-1"):
            if len(self._leaves_ns) == AHEAD:
                now_ns = max(now_ns, self._leaves_ns[0])
            before_ns = self._leaves_ns[-1] if self._leaves_ns else 0
            leaves_ns = max(before_ns, now_ns) + BYTE_NS
            self._leaves_ns.append(leaves_ns)
            self._outbox.put(_us(leaves_ns), bytes((byte,)))
        return _us(now_ns)

    def idle_us(self) -> int:
        """Return when everything is through."""
        return _us(self._leaves_ns[-1]) if self._leaves_ns else 0

    def cut(self) -> None:
        """Forget what is not through yet: the device has stopped."""
        self._outbox.clear()
        self._leaves_ns.clear()
