"""What a device says and when: wire bytes that leave in order, each not before its time."""

from __future__ import annotations

from collections import deque


class Outbox:
    """Bytes on their way to the host; times in us."""

    def __init__(self) -> None:
        self._queue: deque[tuple[int, bytes]] = deque()

    def next_us(self) -> int | None:
        """Return when the next bytes leave."""
        return self._queue[0][0] if self._queue else None

    def take(self, now_us: int) -> bytes:
        """Return the bytes whose time has come."""
        queue = self._queue
        if not queue or queue[0][0] > now_us:
            return b""
        out = queue.popleft()[1]
        while queue and queue[0][0] <= now_us:
            out += queue.popleft()[1]
        return out

    def clear(self) -> None:
        """Forget what was not said yet."""
        self._queue.clear()

    def put(self, ready_us: int, wire: bytes) -> None:
        """Say something at ready_us, or when what was put in before has left."""
        if self._queue:
            ready_us = max(ready_us, self._queue[-1][0])
        self._queue.append((ready_us, wire))
