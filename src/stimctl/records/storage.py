"""The few operating-system calls a journal is made of, behind a door that tests can rig.

Every call that can lose data goes through a `FileSystem`, so that a test can make
the n-th one fail, for every n, and look at what is left on the disk.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Protocol

from stimctl.system_files import OWN_FILE, lock

FILE_MODE = 0o600
FOLDER_MODE = 0o700


class FileSystem(Protocol):
    """What a journal needs of a file system. Every method may raise OSError."""

    def make_folder(self, folder: Path) -> None:
        """Make `folder` and its parents; readable by its owner only."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist yet, for appending; return its descriptor."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Append with one system call; return the number of bytes taken."""

    def sync(self, descriptor: int) -> None:
        """Return when what was written would survive a power cut."""

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in `folder` would survive a power cut."""

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""


class LocalFileSystem:
    """The real one: POSIX calls, nothing buffered in this process."""

    def make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # An existing folder keeps its mode through mkdir; records of persons are for one user.
        if folder.stat().st_mode & 0o077:
            folder.chmod(FOLDER_MODE)

    def create(self, path: Path) -> int:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        descriptor = os.open(path, flags | OWN_FILE, FILE_MODE)
        # Says that it is being written, until this process closes it or dies. Not every file
        # system can; a journal does not depend on it.
        with contextlib.suppress(OSError):
            lock(descriptor)
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        # macOS has no fdatasync, and Windows only fsync.
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def sync_folder(self, folder: Path) -> None:
        if sys.platform == "win32":  # Windows can neither open nor sync a folder
            return
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)


def is_being_written(path: Path) -> bool:
    """Whether a process has this journal open to write it. Raises OSError where it is not there."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        lock(descriptor, shared=True)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
