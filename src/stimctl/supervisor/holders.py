"""Ends the stimctl that holds a port and does not answer. Loaded where there is one."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from stimctl.supervisor.lock_files import Holder, start_time_of

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from stimctl.light_tuple import NamedTuple

_FREE_WITHIN_S = 0.5
_LOCKS = "/proc/locks"
_LONGEST_WORDS = 4096


def end_holder(holder: Holder) -> bool:
    """Kill the process that a lock file names, if exactly that process still runs; True if it did.

    Another `stimctl stop` is given the time to finish: it does what we came for.
    """
    patience = time.monotonic() + _FREE_WITHIN_S
    while holder.program == "stop" and holder.is_alive() and time.monotonic() < patience:
        time.sleep(0.01)
    return holder.is_alive() and end_process(holder.pid, holder.start_time)


def end_process(pid: int, start_time: str | None) -> bool:
    """Kill process `pid` if it still is the one that started then; never this one."""
    if pid <= 0 or pid == os.getpid() or start_time is None:
        return False
    import signal  # 2 ms that a stop that ends nobody does not pay

    pidfd = -1
    if sys.platform == "linux":  # it stays with this process even if the pid is given away
        with contextlib.suppress(OSError):
            pidfd = os.pidfd_open(pid)
    try:
        if start_time_of(pid) != start_time:
            return False
        if pidfd >= 0:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except OSError:
        return False  # it is gone, or not ours: opening the port will tell
    finally:
        if pidfd >= 0:
            os.close(pidfd)
    return True


class Hidden(NamedTuple):
    """Who has a port and is found by the system's own list alone."""

    session: int = 0  # the supervisor that was ended
    worth_waiting: bool = False  # it, or another stop, will let go soon


def end_hidden_holders(address: str) -> Hidden:
    """End the supervisor that has this port and whose folders cannot be found; Linux only.

    Other programs are left alone.
    """
    found = Hidden()
    for pid in _holders_by_the_kernel(address):
        words = _words_of(pid)
        if "stimctl.supervisor" in words and end_process(pid, start_time_of(pid)):
            return Hidden(pid, worth_waiting=True)
        if "stop" in words and any(word.endswith("stimctl") for word in words):
            found = Hidden(worth_waiting=True)
    return found


def _holders_by_the_kernel(address: str) -> list[int]:
    """The processes that have asked to keep it: `1: FLOCK ADVISORY WRITE 123 00:18:7 0 EOF`."""
    try:
        node = os.stat(address)  # noqa: PTH116 - anything a user may write
        with open(_LOCKS, encoding="ascii") as file:  # noqa: PTH123
            rows = [line.split() for line in file]
    except (OSError, ValueError):
        return []
    place = f"{os.major(node.st_dev):02x}:{os.minor(node.st_dev):02x}:{node.st_ino}"
    return [int(row[4]) for row in rows if row[1:2] == ["FLOCK"] and row[5] == place]


def _words_of(pid: int) -> list[str]:
    try:
        fd = os.open(f"/proc/{pid}/cmdline", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, _LONGEST_WORDS).decode("utf-8", "replace").split("\0")
        finally:
            os.close(fd)
    except OSError:
        return []
