"""Who holds which port: lock files that name a living process, and where a session listens.

On the stop path: even `json` would be felt in its 60 ms, so a lock file has lines of `name=value`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stimctl.errors import NoDeviceError, PortBusyError
from stimctl.supervisor.port_names import port_key, port_keys
from stimctl.supervisor.runtime_folders import candidates, runtime_folder, sub_folder

__all__ = [
    "PortLock",
    "candidates",
    "port_key",
    "read_holder",
    "runtime_folder",
    "socket_path",
    "sub_folder",
]

# sun_path holds 108 bytes on Linux and 104 on macOS, its final NUL included.
_LONGEST_SOCKET_PATH = 100
_LONGEST_LOCK_BYTES = 16384


def socket_path(address: str) -> Path:
    """Where the supervisor that holds `address` listens for `stop` and `watch`."""
    whole = runtime_folder() / f"{port_key(address)}.sock"
    for path in _forms(whole):
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and path.parent.is_dir():
            return path
    return _forms(whole)[-1]


def _forms(path: Path) -> list[Path]:
    """The path, or what stands for one that is too long for a socket.

    The folder goes into the name, so that two runtime folders never share a socket.
    """
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return [path]
    name = f"{zlib.crc32(os.fsencode(path)):08x}.sock"
    return [folder / name for folder in candidates()]


def socket_addresses(keys: Iterable[str]) -> list[str]:
    """Every place where a supervisor that holds one of these keys may listen."""
    paths = [folder / f"{key}.sock" for folder in candidates() for key in keys]
    return [*abstract_sockets(keys), *(os.fspath(one) for path in paths for one in _forms(path))]


def abstract_sockets(keys: Iterable[str]) -> list[str]:
    """Names of sockets that need no folder; only Linux has them.

    Anybody may take such a name: who answers there is believed only if it is this user.
    """
    if sys.platform != "linux":
        return []
    return [f"\0stimctl/{os.getuid()}/{key}" for key in keys]


def boot_id() -> str:
    """Names this start of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def start_time_of(pid: int) -> str | None:
    """When process `pid` started, in the system's own words, or None if there is no such process.

    A pid alone may have been given to another process since; a pid and a start time may not.
    """
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        except OSError:
            return None
        # Field 2 is the program's name in brackets and may hold blanks; field 22 is the start time.
        fields = text[text.rfind(")") + 2 :].split()
        # A process that is just ending may leave nothing to read, or a zombie.
        return None if len(fields) < 20 or fields[0] in "ZX" else fields[19]
    import subprocess  # 5 ms that only systems without /proc pay

    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


class Holder(NamedTuple):
    """Who holds a port, as its lock file says."""

    pid: int
    start_time: str
    boot_id: str
    since: str  # local time, ISO 8601
    program: str  # "supervisor" or "stop"
    node: str = ""  # the device it opened, as it was found then
    socket: str = ""  # where it listens

    def is_alive(self) -> bool:
        """True if exactly this process still runs."""
        return self.boot_id == boot_id() and start_time_of(self.pid) == self.start_time

    def __str__(self) -> str:
        return f"stimctl pid {self.pid}, started {self.since[11:16]}"


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
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
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

    def listens_at(self, socket: str) -> None:
        """Add to the lock where its holder listens."""
        with contextlib.suppress(OSError):
            self._write(_myself(self.program, self._node, socket))

    def _write(self, holder: Holder) -> None:
        said = holder._asdict().items()
        lines = [f"{name}={value}\n" for name, value in said if "\n" not in str(value)]
        text = os.fsencode("".join(lines))
        for fd in self._held.values():
            os.ftruncate(fd, 0)
            os.pwrite(fd, text, 0)

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
                fcntl.flock(fd, fcntl.LOCK_UN)  # a fork of this process may hold a copy of it
            os.close(fd)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


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


def holders_of(keys: Iterable[str]) -> list[Holder]:
    """Every living process that holds one of these keys, in whichever folder it noted that."""
    found: dict[int, Holder] = {}
    for folder in candidates():
        for key in keys:
            holder = _read_lock(folder / "locks" / f"{key}.lock")
            if holder is not None and holder.pid not in found and holder.is_alive():
                found[holder.pid] = holder
    return list(found.values())


def _read_lock(path: Path) -> Holder | None:
    """What a lock file says; nothing where somebody else wrote it, or where it is no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            ours = os.fstat(fd).st_uid == os.getuid()
            lines = os.fsdecode(os.read(fd, _LONGEST_LOCK_BYTES)).split("\n") if ours else []
        finally:
            os.close(fd)
        said = dict(line.split("=", 1) for line in lines if line)
        return Holder(int(said.pop("pid")), **said)
    except (OSError, ValueError, TypeError, KeyError):
        return None


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
