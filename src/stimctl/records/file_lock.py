"""A lock on an open file: the kernel drops it with the process, and nobody waits long for it."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stimctl.records.storage import FILE_MODE

_RETRY_S: Final = 0.005


def take_lock(descriptor: int, wait_s: float, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock was had within this time. `kind`: `fcntl.LOCK_EX` or `fcntl.LOCK_SH`."""
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_RETRY_S)
        else:
            return True


@contextmanager
def locked_file(path: Path, wait_s: float, flags: int = 0) -> Iterator[int]:
    """The open file, made where there is none, for this process alone.

    `flags`: of `os.open`, beside those to read and write. OSError where another program keeps it.
    """
    own = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, own | flags, FILE_MODE)
    try:
        if not take_lock(descriptor, wait_s):
            raise BlockingIOError(
                errno.EWOULDBLOCK, f"another program has kept it for {wait_s:g} s"
            )
        yield descriptor
    finally:
        os.close(descriptor)
