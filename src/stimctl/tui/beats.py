"""When the screens tell their supervisor that they live.

Beats come from the event loop that keys and drawing depend on, as long as the app's queue of
messages moves too. That queue waits while a screen is put up: 0.2 s, on a busy machine over half a
second; each step of it is short, so the loop goes on. Where the queue stands still for 500 ms, no
more beats go out, and the supervisor stops 500 ms later. Both figures: decided here (D).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

QUEUE_STILL_NS = 500_000_000


class Beats:
    """`beat` is called every `every_s` seconds while the queue moves; `now_ns` is monotonic."""

    def __init__(self, beat: Callable[[], None], now_ns: Callable[[], int], every_s: float) -> None:
        self._beat = beat
        self._now_ns = now_ns
        self._every_s = every_s
        self._moved_ns: int | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat in this loop, until it ends."""
        self.due()
        loop.call_later(self._every_s, self.begin, loop)

    def queue_moves(self) -> None:
        """A message has come through the queue."""
        self._moved_ns = self._now_ns()

    def due(self) -> None:
        """Tell that the face lives, if it does."""
        if self._moved_ns is not None and self._now_ns() - self._moved_ns <= QUEUE_STILL_NS:
            self._beat()
