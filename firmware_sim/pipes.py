"""Waits for what another process says on a pipe, but not for ever."""

from __future__ import annotations

import queue
import select
import sys
import threading
from collections.abc import Callable
from typing import IO


def read_within(stream: IO[bytes], read: Callable[[], bytes], within_s: float) -> bytes | None:
    """What `read()` gives once `stream` can be read; None where it cannot within that time.

    Windows waits for sockets alone: there a thread reads. One that has waited in vain reads on, so
    the stream is of no use after a None.
    """
    if sys.platform != "win32":
        ready, _, _ = select.select([stream], [], [], within_s)
        return read() if ready else None
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=lambda: heard.put(read()), name="pipe", daemon=True).start()
    try:
        return heard.get(timeout=within_s)
    except queue.Empty:
        return None
