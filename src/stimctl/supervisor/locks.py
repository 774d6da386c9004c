"""Takes the lock of a port and finds who has it; says where a session listens.

The stop path takes its lock after its first byte, so it loads this module late.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from stimctl.errors import NoDeviceError, PortBusyError
from stimctl.supervisor.lock_files import (
    LONGEST_SOCKET_PATH,
    Holder,
    abstract_sockets,
    boot_id,
    holders_of,
    socket_addresses,
    socket_forms,
    start_time_of,
)
from stimctl.supervisor.port_names import port_key, port_keys
from stimctl.supervisor.runtime_folders import candidates, runtime_folder, sub_folder
from stimctl.system_files import OWN_FILE, lock, unlock, write_at

__all__ = [
    "Holder",
    "PortLock",
    "abstract_sockets",
    "candidates",
    "holders_of",
    "port_key",
    "read_holder",
    "runtime_folder",
    "socket_addresses",
    "socket_path",
    "start_time_of",
    "sub_folder",
]


def socket_path(address: str) -> Path:
    """Where the supervisor that holds `address` listens for `stop` and `watch`."""
    whole = runtime_folder() / f"{port_key(address)}.sock"
    forms = [Path(form) for form in socket_forms(os.fspath(whole))]
    for path in forms:
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and path.parent.is_dir():
            return path
    return forms[-1]


class PortLock:
    """An exclusive lock on one port: flock on files that tell who holds it, a file for each key.

    The files stay when the lock goes (removing one would let two programs lock two files of one
    name); the kernel drops the flock with the process, however it ends.
    """

    def __init__(self, address: str, program: str) -> None:
        self.address = address
        self.program = program
        self.keys = port_keys(address)
        self._node = os.path.realpath(address)  # later the name may lead elsewhere
        folder = sub_folder("locks")
        self._paths = [folder / f"{key}.lock" for key in self.keys]
        self.path = self._paths[0]
        self._held: dict[Path, int] = {}

    def acquire(self) -> None:
        """Take the lock. Raises `PortBusyError` that names the holder, wherever it has its lock.

        `NoDeviceError` where the lock cannot be written.
        """
        try:
            for path in self._paths:
                self._held[path] = fd = _open_lock(path)
                lock(fd)
            self._refuse_beside_another()
            self._write(_myself(self.program, self._node))
        except BlockingIOError:
            self._let_go()
            raise busy_error(self.address, _holder_soon(self.address)) from None
        except PortBusyError:
            self._let_go()
            raise
        except OSError as error:
            self._let_go()
            raise NoDeviceError(
                f"the lock of {self.address} cannot be written",
                why=f"{self.path}: {error.strerror or error}",
                what_to_do="free some space, or set XDG_RUNTIME_DIR to a folder of yours with room",
            ) from error

    def _refuse_beside_another(self) -> None:
        """A program with other variables has its lock in another folder."""
        for holder in holders_of(self.keys):
            if holder.pid != os.getpid():
                raise busy_error(self.address, holder)

    def listens_at(self, socket: str, row: str = "") -> None:
        """Add to the lock where its holder listens, and `row`: what a stop must know of a driver
        of another package (`stop_row`)."""
        with contextlib.suppress(OSError):
            self._write(_myself(self.program, self._node, socket)._replace(row=row))

    def _write(self, holder: Holder) -> None:
        said = holder._asdict().items()
        lines = [f"{name}={value}\n" for name, value in said if "\n" not in str(value)]
        text = os.fsencode("".join(lines))
        for fd in self._held.values():
            os.ftruncate(fd, 0)
            write_at(fd, text, 0)

    def still_held(self) -> bool:
        """True while the files of that name are those this process locked (checked every 5 s)."""
        try:
            return bool(self._held) and all(
                os.path.samestat(path.stat(), os.fstat(fd)) for path, fd in self._held.items()
            )
        except OSError:
            return False

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        for fd in self._held.values():
            with contextlib.suppress(OSError):
                os.ftruncate(fd, 0)
        self._let_go()

    def _let_go(self) -> None:
        """Close the files; what they say stays, it may be another program's."""
        held, self._held = self._held, {}
        for fd in held.values():
            with contextlib.suppress(OSError):
                unlock(fd)
            os.close(fd)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | OWN_FILE, 0o600)


def _holder_soon(address: str) -> Holder | None:
    """The holder; waits up to 50 ms for one that has the lock and has not written its name."""
    for _ in range(10):
        holder = read_holder(address)
        if holder is not None:
            return holder
        time.sleep(0.005)
    return None


def _myself(program: str, node: str, socket: str = "") -> Holder:
    pid = os.getpid()
    since = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return Holder(pid, start_time_of(pid) or "", boot_id(), since, program, node, socket)


def read_holder(address: str) -> Holder | None:
    """The living process that holds `address` as a lock file says, or None. Never raises."""
    return next(iter(holders_of(port_keys(address))), None)


def busy_error(address: str, holder: Holder | None) -> PortBusyError:
    """The error for a port that somebody else uses, with the holder's name where it is known."""
    if holder is None:
        return PortBusyError(
            f"{address} is already used by another program",
            why="it holds an exclusive lock and stimctl did not start it",
            what_to_do=f"close that program (`fuser {address}` may name it) and try again",
            holder="",
        )
    return PortBusyError(
        f"{address} is already used by {holder}",
        why="one device takes commands from one program only",
        what_to_do="stop that session, or run `stimctl stop` on the device",
        holder=str(holder),
    )
