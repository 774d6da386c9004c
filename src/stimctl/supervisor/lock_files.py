"""Where the sessions of one user leave their locks and sockets, and what a lock file says.

On the stop path, before its first byte: names are plain texts here, and even `json` would be felt,
so a lock file has lines of `name=value`.
"""

from __future__ import annotations

import binascii
import os
import stat
import sys

from stimctl import supervisor

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple
else:
    from stimctl.light_tuple import NamedTuple

# sun_path holds 108 bytes on Linux and 104 on macOS, its final NUL included.
LONGEST_SOCKET_PATH = 100
_LONGEST_LOCK_BYTES = 16384


def candidate_names() -> list[str]:
    """Every folder that a program of this user may have taken, best first; none need exist.

    `$XDG_RUNTIME_DIR/stimctl` and `/run/user/UID/stimctl` where the outer folder belongs to this
    user (after `su` the variable still names somebody else's), then `stimctl-UID` in `/tmp`, in
    the folder of `TMPDIR`, in `/var/tmp` and in `/dev/shm`. None where no session can run.
    """
    if not supervisor.RUNS_HERE:
        return []
    uid = os.getuid()
    login = (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{uid}")
    found = [folder for base in login if (folder := login_name(base))]
    shared = ("/tmp", *(os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")))
    shared += ("/var/tmp", "/dev/shm")
    found += [f"{_plain(base)}stimctl-{uid}" for base in shared if base.startswith("/")]
    return list(dict.fromkeys(found))


def login_name(base: str) -> str:
    """Our folder in the one that a login made for this user; "" where that is not this user's."""
    try:
        found = os.stat(base) if base.startswith("/") else None  # noqa: PTH116 - never a `Path`
    except (OSError, ValueError):
        return ""
    if found is None or not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return ""
    return f"{_plain(base)}stimctl"


def _plain(folder: str) -> str:
    """The folder with one slash at its end, written as `Path` would write it."""
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    return "/".join(("", *parts, ""))


def socket_forms(path: str) -> list[str]:
    """The path, or what stands for one that is too long for a socket.

    The folder goes into the name, so that two runtime folders never share a socket.
    """
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return [path]
    name = f"{binascii.crc32(os.fsencode(path)):08x}.sock"
    return [f"{folder}/{name}" for folder in candidate_names()]


def socket_addresses(keys: Iterable[str]) -> list[str]:
    """Every place where a supervisor that holds one of these keys may listen."""
    paths = [f"{folder}/{key}.sock" for folder in candidate_names() for key in keys]
    return [*abstract_sockets(keys), *(form for path in paths for form in socket_forms(path))]


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
        return text_of("/proc/sys/kernel/random/boot_id").strip()
    except OSError:
        return ""


def start_time_of(pid: int) -> str | None:
    """When process `pid` started, in the system's own words, or None if there is no such process.

    A pid alone may have been given to another process since; a pid and a start time may not.
    """
    if sys.platform == "linux":
        try:
            text = text_of(f"/proc/{pid}/stat")
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


def text_of(path: str) -> str:
    """The first bytes of a small file of the system's; OSError where there is none."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096).decode("utf-8", "replace")
    finally:
        os.close(fd)


class Holder(NamedTuple):
    """Who holds a port, as its lock file says."""

    pid: int
    start_time: str
    boot_id: str
    since: str  # local time, ISO 8601
    program: str  # "supervisor" or "stop"
    node: str = ""  # the device it opened, as it was found then
    socket: str = ""  # where it listens
    row: str = ""  # what stops a device whose driver is another package's

    def is_alive(self) -> bool:
        """True if exactly this process still runs."""
        return self.boot_id == boot_id() and start_time_of(self.pid) == self.start_time

    def __str__(self) -> str:
        return f"stimctl pid {self.pid}, started {self.since[11:16]}"


def holders_of(keys: Iterable[str]) -> list[Holder]:
    """Every living process that holds one of these keys, in whichever folder it noted that."""
    found: dict[int, Holder] = {}
    for folder in candidate_names():
        for key in keys:
            holder = _read_lock(f"{folder}/locks/{key}.lock")
            if holder is not None and holder.pid not in found and holder.is_alive():
                found[holder.pid] = holder
    return list(found.values())


def _read_lock(path: str) -> Holder | None:
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
