"""One device on one person: every program of this user that arms hardware for a code says so.

Each session has a lock file of its own, named by a hash of the code and by its device; the kernel
drops the lock with the process, however it ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

from stimctl import supervisor
from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.supervisor.locks import port_key, sub_folder
from stimctl.system_files import OWN_FILE, lock, read_at, write_at

_LENGTH = 16


class PersonLock:
    """The lock of one session; `others` are the sessions of the same person elsewhere."""

    def __init__(self, person: str, device: str, address: str) -> None:
        self._prefix = hashlib.sha256(person.encode("utf-8")).hexdigest()[:_LENGTH]
        self._device = device
        self._path = _folder() / f"{self._prefix}.{port_key(address)}.lock"
        self._fd: int | None = None

    def take(self) -> None:
        """Say that this session is for that person; harmless when repeated."""
        if self._fd is not None:
            return
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | OWN_FILE, 0o600)
        if not _locked(fd):
            os.close(fd)
            raise StateError(
                "the lock of this person cannot be taken",
                code=Code.PERSON_LOCKED,
                why=f"another program holds {self._path}",
                what_to_do="end the other session of this person, then try again",
            )
        os.ftruncate(fd, 0)
        write_at(fd, f"{self._device}, pid {os.getpid()}".encode(), 0)
        self._fd = fd

    def others(self) -> tuple[str, ...]:
        """The other living sessions of the same person, in words."""
        found = []
        for path in sorted(_folder().glob(f"{self._prefix}.*.lock")):
            told = None if path == self._path else _told_if_held(path)
            if told is not None:
                found.append(told)
        return tuple(found)

    def release(self) -> None:
        """Give it back; harmless when it is not held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.ftruncate(fd, 0)
            os.close(fd)


def forget_person(person: str) -> None:
    """Remove what lock files of ended sessions are left: their names come from the code."""
    if not supervisor.RUNS_HERE:
        return
    prefix = hashlib.sha256(person.encode("utf-8")).hexdigest()[:_LENGTH]
    for path in _folder().glob(f"{prefix}.*.lock"):
        if _told_if_held(path) is None:
            path.unlink(missing_ok=True)


def _locked(fd: int) -> bool:
    """Take it; another session may be looking at it just now, so try for 50 ms."""
    for _ in range(10):
        with contextlib.suppress(OSError):
            lock(fd)
            return True
        time.sleep(0.005)
    return False


def _folder() -> Path:
    return sub_folder("persons")


def _told_if_held(path: Path) -> str | None:
    """What the file says, where another process holds it; None where it is left over."""
    try:
        fd = os.open(path, os.O_RDWR | OWN_FILE)
    except OSError:
        return None
    try:
        lock(fd)
    except OSError:
        return read_at(fd, 200, 0).decode("utf-8", "replace") or "a session that does not say more"
    finally:
        os.close(fd)
    return None
