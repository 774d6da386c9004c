"""Locks and flags of files, on POSIX systems and on Windows: the one module that knows both.

A lock goes with the process that has it, however it ends. Files of records are opened for bytes,
not inherited by a child, and never through a link, as far as the system can.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Final

OWN_FILE: Final[int] = (
    getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
"""For `os.open`, beside those to read and write."""
CAN_REMOVE_WHAT_IS_OPEN: Final = sys.platform != "win32"

if sys.platform == "win32":
    import msvcrt

    # Windows refuses even to read what is locked, and its locks know no sharing: so one byte is
    # taken where no file of ours has any. `locking` cannot name a place above 2 GiB.
    _LOCKED_AT: Final = 0x7FFF_0000

    def lock(descriptor: int, *, shared: bool = False) -> None:  # noqa: ARG001 - see above
        """Take the lock now. BlockingIOError where another has it; other OSErrors: none is had."""
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            os.lseek(descriptor, _LOCKED_AT, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                raise BlockingIOError(errno.EAGAIN, "another program has locked it") from error
            raise
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)

    def read_at(descriptor: int, length: int, at: int) -> bytes:
        """Read so many bytes from a place."""
        os.lseek(descriptor, at, os.SEEK_SET)
        return os.read(descriptor, length)

    def write_at(descriptor: int, data: bytes, at: int) -> int:
        """Write to a place; how many bytes were taken."""
        os.lseek(descriptor, at, os.SEEK_SET)
        return os.write(descriptor, data)

else:
    import fcntl

    def lock(descriptor: int, *, shared: bool = False) -> None:
        """Take the lock now. BlockingIOError where another has it; other OSErrors: none is had."""
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    read_at, write_at = os.pread, os.pwrite


def unlock(descriptor: int) -> None:
    """Give it back before the descriptor is closed: a fork may hold a copy of that."""
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def is_open_to_others(mode: int) -> bool:
    """Whether other users may use a file of this mode. Windows makes modes up: there the folder of
    the user keeps others out, by its list of rights, which is not looked at."""
    return sys.platform != "win32" and bool(mode & 0o077)
