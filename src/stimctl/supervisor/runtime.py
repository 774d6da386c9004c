"""The runtime folder and who holds which port: lock files that name a living process.

On the stop path: even `json` would be felt in its 60 ms, so a lock file has lines of `name=value`.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from stimctl.errors import NoDeviceError, PortBusyError

# sun_path holds 108 bytes on Linux and 104 on macOS, its final NUL included.
_LONGEST_SOCKET_PATH = 100


def runtime_folder() -> Path:
    """The folder for locks, sockets and twins of this user: mode 0700, made if missing.

    `$XDG_RUNTIME_DIR/stimctl`, else `/run/user/UID/stimctl`, else `/tmp/stimctl-UID`; every program
    of one user has to find the same one, or the stop path would look in vain.
    Raises `NoDeviceError` where the folder is somebody else's or open to others.
    """
    configured = os.environ.get("XDG_RUNTIME_DIR")
    system = Path(f"/run/user/{os.getuid()}")
    if configured and Path(configured).is_dir():
        folder = Path(configured) / "stimctl"
    elif system.is_dir() and os.access(system, os.W_OK):
        folder = system / "stimctl"
    else:
        folder = _fallback_folder()
    return _private(folder)


def _fallback_folder() -> Path:
    return Path(f"/tmp/stimctl-{os.getuid()}")


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NoDeviceError(
            f"the runtime folder {folder} cannot be trusted",
            why="it is not a folder of yours alone, so another user could take the locks in it",
            what_to_do=f"remove it, or `chmod 700 {folder}` if it is yours",
        )
    return folder


def sub_folder(name: str) -> Path:
    """A private folder inside the runtime folder."""
    return _private(runtime_folder() / name)


def port_key(address: str) -> str:
    """A short file name for a port: the same for every path that leads to it."""
    resolved = address if "://" in address else os.path.realpath(address)
    readable = "".join(c if c.isalnum() else "-" for c in resolved.rsplit("/", 1)[-1])[-24:]
    return f"{readable}-{zlib.crc32(os.fsencode(resolved)):08x}"


def socket_path(address: str) -> Path:
    """Where the supervisor that holds `address` listens for `stop` and `watch`."""
    path = runtime_folder() / f"{port_key(address)}.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    # The folder goes into the name, so that two runtime folders never share a socket.
    name = f"{zlib.crc32(os.fsencode(path)):08x}"
    return _private(_fallback_folder()) / f"{name}.sock"


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

    def is_alive(self) -> bool:
        """True if exactly this process still runs."""
        return self.boot_id == boot_id() and start_time_of(self.pid) == self.start_time

    def __str__(self) -> str:
        return f"stimctl pid {self.pid}, started {self.since[11:16]}"


class PortLock:
    """An exclusive lock on one port, by name: flock on a file that tells who holds it.

    The file stays when the lock goes (removing it would let two programs lock two files of one
    name); the kernel drops the flock with the process, however it ends.
    """

    def __init__(self, address: str, program: str) -> None:
        self.address = address
        self.program = program
        self.path = sub_folder("locks") / f"{port_key(address)}.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `PortBusyError` that names the holder."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise busy_error(self.address, _holder_soon(self.address)) from None
        self._fd = fd
        os.ftruncate(fd, 0)
        lines = [f"{name}={value}\n" for name, value in _myself(self.program)._asdict().items()]
        os.pwrite(fd, "".join(lines).encode(), 0)

    def still_held(self) -> bool:
        """True while the file of that name is the one this process locked (checked every 5 s)."""
        if self._fd is None:
            return False
        try:
            named, held = self.path.stat(), os.fstat(self._fd)
        except OSError:
            return False
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.ftruncate(fd, 0)
            os.close(fd)


def _holder_soon(address: str) -> Holder | None:
    """The holder; waits up to 50 ms for one that has the lock and has not written its name."""
    for _ in range(10):
        holder = read_holder(address)
        if holder is not None:
            return holder
        time.sleep(0.005)
    return None


def _myself(program: str) -> Holder:
    pid = os.getpid()
    since = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return Holder(pid, start_time_of(pid) or "", boot_id(), since, program)


def read_holder(address: str) -> Holder | None:
    """The living process that holds `address` as its lock file says, or None."""
    path = sub_folder("locks") / f"{port_key(address)}.lock"
    try:
        lines = path.read_text("utf-8").splitlines()
        said = dict(line.split("=", 1) for line in lines)
        holder = Holder(int(said.pop("pid")), **said)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return holder if holder.is_alive() else None


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
