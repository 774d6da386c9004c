"""Keeps out of the way of sessions: sees whether one is running here, and runs after all others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from stimctl.supervisor.lock_files import Holder, candidate_names, holders_of


def running_sessions() -> tuple[Holder, ...]:
    """Every living process of this user that holds a device."""
    keys = {
        path.name.removesuffix(".lock")
        for folder in candidate_names()
        for path in Path(folder, "locks").glob("*.lock")
    }
    return tuple(holders_of(sorted(keys)))


def step_back() -> None:
    """From now on this process gets only what processor time is left. Where it may not: nothing."""
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)
