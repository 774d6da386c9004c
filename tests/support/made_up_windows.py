"""Makes this Python process one on Windows, as far as that can be played on Linux.

What Windows has not is taken away: modules, functions and constants of the system. What it does
otherwise is done so: `select` waits for sockets alone, `os.kill` ends a process there and then, a
folder cannot be opened, nothing is renamed over another file, no file is removed while this process
has it open, a file that `os.open` has opened without O_BINARY is text. Locks are those of `msvcrt`.

`os.name` stays "posix": paths, and the standard library, are those of this system. So this shows
nothing of drive letters and backslashes, of files that another process has open, of consoles, of
the clock's steps, or of what packages of others do on Windows.
"""

from __future__ import annotations

import errno
import importlib
import importlib.abc
import io
import os
import select
import signal
import socket
import stat
import sys
import types
from collections.abc import Sequence
from typing import Any

MODULES = frozenset({
    "_curses", "_posixsubprocess", "crypt", "curses", "fcntl", "grp", "nis", "ossaudiodev", "pty",
    "pwd", "readline", "resource", "spwd", "syslog", "termios", "tty",
})  # fmt: skip
#: Of the standard library, which sees the system at its first import: loaded as it is here.
_LIBRARY = (
    "asyncio", "concurrent.futures.process", "ctypes", "getpass", "http.client", "logging.handlers",
    "multiprocessing", "pathlib", "platform", "selectors", "shutil", "sqlite3", "ssl", "subprocess",
    "tarfile", "tempfile", "threading", "uuid", "webbrowser", "zipfile",
)  # fmt: skip
ATTRIBUTES: dict[types.ModuleType, str] = {
    os: """
        chown chroot confstr ctermid eventfd fchdir fchmod fchown fdatasync fork forkpty fpathconf
        fstatvfs get_blocking getegid geteuid getgid getgroups getloadavg getpgid getpgrp
        getpriority getresgid getresuid getsid getuid initgroups killpg lchown lockf login_tty
        major makedev minor mkfifo mknod nice openpty pathconf pidfd_open pipe2 posix_fadvise
        posix_fallocate posix_openpt posix_spawn posix_spawnp pread preadv ptsname pwrite pwritev
        readv register_at_fork sched_getaffinity sched_param sched_setaffinity sched_setscheduler
        sched_yield set_blocking setegid seteuid setgid setgroups setpgid setpriority
        setsid setuid statvfs sync sysconf tcgetpgrp tcsetpgrp ttyname uname unshare wait wait3
        wait4 waitid writev
        EX_OK EX_USAGE O_ACCMODE O_ASYNC O_CLOEXEC O_DIRECTORY O_DSYNC O_NOCTTY O_NOFOLLOW
        O_NONBLOCK O_SYNC POSIX_SPAWN_OPEN PRIO_PROCESS SCHED_IDLE WEXITSTATUS WIFEXITED
        WIFSIGNALED WTERMSIG
        """,
    signal: """
        SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT
        SIGSTOP SIGSYS SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH
        SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK SIG_UNBLOCK ITIMER_REAL ITIMER_PROF ITIMER_VIRTUAL
        alarm getitimer pause pidfd_send_signal pthread_kill pthread_sigmask setitimer siginterrupt
        sigpending sigtimedwait sigwait sigwaitinfo
        """,
    socket: "AF_UNIX SO_PEERCRED SO_REUSEPORT SCM_RIGHTS CMSG_LEN CMSG_SPACE MSG_DONTWAIT",
    select: "devpoll epoll kqueue poll POLLIN POLLOUT POLLHUP POLLERR POLLNVAL POLLPRI",
}  # fmt: skip
_OURS = ("stimctl", "firmware_sim")
_O_BINARY = 0x8000
_text: dict[int, tuple[int, int]] = {}  # open in text mode: which file the number stands for


class _Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def become_windows(packages: Sequence[str] = ()) -> None:
    """From now on. `packages` of others are loaded before, and so are what they are here."""
    for name in (*_LIBRARY, *packages):
        importlib.import_module(name)
    sys.modules["platform"].uname()  # which asks the system once, as the next does
    importlib.import_module("sysconfig").get_config_vars()
    locks = importlib.import_module("fcntl")
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Missing())
    sys.modules["msvcrt"] = _msvcrt(locks)
    _change_calls(kill=signal.SIGKILL)
    for module, names in ATTRIBUTES.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    # Since Python 3.15 the library itself waits for a process by a call that was taken away.
    vars(sys.modules["subprocess"])["_CAN_USE_PIDFD_OPEN"] = False
    sys.platform = "win32"


def _msvcrt(locks: Any) -> Any:
    """Byte ranges that one open file has to itself, by Linux's locks of open file descriptions."""
    import struct

    made: Any = types.ModuleType("msvcrt")
    made.LK_UNLCK, made.LK_LOCK, made.LK_NBLCK, made.LK_RLCK, made.LK_NBRLCK = range(5)

    def locking(descriptor: int, mode: int, length: int) -> None:
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        if at > 0x7FFF_FFFF:
            raise OSError(errno.EINVAL, "no such place")
        assert mode in (made.LK_NBLCK, made.LK_UNLCK), "played are these two"
        # Linux locks for writing only what is open for that; Windows is content with reading.
        kind = locks.F_UNLCK if mode == made.LK_UNLCK else locks.F_WRLCK
        if kind == locks.F_WRLCK and not locks.fcntl(descriptor, locks.F_GETFL) & 3:
            kind = locks.F_RDLCK
        asked = struct.pack("hhqqi4x", kind, os.SEEK_SET, at, length, 0)
        try:
            locks.fcntl(descriptor, 37, asked)  # F_OFD_SETLK
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error

    made.locking = locking
    return made


def _change_calls(kill: int) -> None:
    import functools
    import shutil
    import subprocess

    real_kill, real_open, real_rename = os.kill, os.open, os.rename
    statvfs = os.statvfs
    real_unlink, real_replace = os.unlink, os.replace
    real_read, real_write, real_select = os.read, os.write, select.select

    def ends(pid: int, _number: int) -> None:
        real_kill(pid, kill)

    def opens(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if os.path.isdir(path):  # noqa: PTH112 - bytes, too
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        opened = real_open(path, flags & ~_O_BINARY, mode, dir_fd=dir_fd)
        _text.pop(opened, None)
        if not flags & _O_BINARY and _asked_by_us():
            _text[opened] = _file_of(opened)
        return opened

    def removes(path: Any, **more: Any) -> None:
        if sys._getframe(1).f_globals.get("__name__") != "tempfile":  # which asks Windows otherwise
            _refuse_open(path)
        real_unlink(path, **more)

    def replaces(source: Any, target: Any, **more: Any) -> None:
        _refuse_open(source)
        _refuse_open(target)
        real_replace(source, target, **more)

    def renames(source: Any, target: Any, **more: Any) -> None:
        _refuse_open(source)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "there is such a file", os.fspath(target))
        real_rename(source, target, **more)

    def reads(descriptor: int, length: int) -> bytes:
        _refuse_text(descriptor)
        return real_read(descriptor, length)

    def writes(descriptor: int, data: Any) -> int:
        _refuse_text(descriptor)
        return real_write(descriptor, data)

    def selects(*lists: Any) -> Any:
        watched = [one for some in lists[:3] for one in some]
        numbers = [one if isinstance(one, int) else one.fileno() for one in watched]
        if not numbers:
            raise OSError(10022, "an invalid argument was supplied")
        if not all(stat.S_ISSOCK(os.fstat(number).st_mode) for number in numbers):
            raise OSError(10038, "an operation was attempted on something that is not a socket")
        return real_select(*lists)

    os.kill, os.open, os.rename = ends, opens, renames  # type: ignore[assignment]
    os.unlink = os.remove = removes
    os.replace = replaces  # type: ignore[assignment]
    os.read, os.write, select.select = reads, writes, selects
    os.O_BINARY = _O_BINARY  # type: ignore[attr-defined]
    io._WindowsConsoleIO = type("_WindowsConsoleIO", (), {})  # type: ignore[attr-defined]
    # The library asks Windows otherwise for these.
    files: Any = shutil
    files._use_fd_functions = False
    files._rmtree_impl = getattr(shutil, "_rmtree_unsafe", None)
    processes: Any = subprocess
    processes._USE_POSIX_SPAWN = False
    socket.socketpair = functools.partial(socket.socketpair, socket.AF_UNIX)
    shutil.disk_usage = lambda path: _usage(statvfs(path))


def _refuse_open(path: Any) -> None:
    """What this process has open; what another has is not looked for."""
    wanted = os.path.realpath(path)
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            found = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
        except OSError:
            continue
        if found == wanted:
            raise PermissionError(errno.EACCES, "it is used by a process", os.fspath(path))


def _usage(told: os.statvfs_result) -> Any:
    free, size = told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize
    return types.SimpleNamespace(total=size, used=size - free, free=free)


def _asked_by_us() -> bool:
    return str(sys._getframe(2).f_globals.get("__name__")).startswith(_OURS)


def _file_of(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _refuse_text(descriptor: int) -> None:
    if descriptor in _text and _text[descriptor] == _file_of(descriptor):
        raise RuntimeError("os.open without O_BINARY: Windows would change newlines")
