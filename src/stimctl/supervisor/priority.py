"""Asks the system to run this thread, or this process, before others. Where it may not be: nothing.

On Linux a user needs RLIMIT_NICE for it (`nice` in /etc/security/limits.conf).
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_NICE = -10
#: A screen's thread beats and draws; the supervisor goes before it.
FACE_NICE = -5


def prefer_this_thread(nice: int = _NICE) -> None:
    """For the thread that beats: a beat that comes late ends the output."""
    if sys.platform == "linux":  # elsewhere this would be the whole process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, nice)


def prefer_this_process() -> None:
    """For the supervisor, before it starts its threads; it is a session of its own, so its share
    among the sessions of a desktop is asked for as well."""
    prefer_this_thread()
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE), "ascii")
