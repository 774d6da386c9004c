"""A twin that belongs to a program ends with it, however that ends."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

#: How often it is looked where the system has no descriptor for the end of a process.
_LOOK_EVERY_S = 0.2


def end_with(owner: int) -> None:
    """Tell this process to end (SIGTERM, so that its record is complete) when its owner, the
    process that has started it, has ended.

    On Windows, which tells nobody the end of another process: when stdin ends, which is a pipe that
    only its owner holds."""
    threading.Thread(target=_wait_for, args=(owner,), name="owner", daemon=True).start()


def _wait_for(owner: int) -> None:
    if sys.platform == "win32":
        while os.read(0, 4096):
            pass
        signal.raise_signal(signal.SIGTERM)  # `os.kill` would end it there and then
        return
    watched: list[int] = []
    wait_s: float | None = _LOOK_EVERY_S
    try:
        watched, wait_s = [os.pidfd_open(owner)], None
    except (AttributeError, OSError):
        watched = []
    while os.getppid() == owner:  # whose parent ends gets another one
        select.select(watched, [], [], wait_s)
    os.kill(os.getpid(), signal.SIGTERM)
