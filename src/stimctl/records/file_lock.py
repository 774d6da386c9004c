"""A lock on an open file: the kernel drops it with the process, and nobody waits long for it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from stimctl.records.storage import FILE_MODE
from stimctl.system_files import OWN_FILE, lock

_RETRY_S: Final = 0.005


def take_lock(descriptor: int, wait_s: float, *, shared: bool = False) -> bool:
    """Whether the lock was had within this time; `shared`: with others who want it shared."""
    until = time.monotonic() + wait_s
    while True:
        try:
            lock(descriptor, shared=shared)
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
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | OWN_FILE | flags, FILE_MODE)
    try:
        if not take_lock(descriptor, wait_s):
            raise BlockingIOError(
                errno.EWOULDBLOCK, f"another program has kept it for {wait_s:g} s"
            )
        yield descriptor
    finally:
        os.close(descriptor)
