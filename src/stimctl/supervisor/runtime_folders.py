"""The folder in which a session keeps its locks, sockets and twins, and those it may be in.

A session takes the first that it can use. A stop looks in all of them and needs none, because the
two may have been started with different variables, or one of them where a disk is full.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from stimctl import supervisor
from stimctl.errors import NoDeviceError
from stimctl.supervisor.lock_files import candidate_names, login_name

_CURE = "set XDG_RUNTIME_DIR to a folder that belongs to you alone and has room"


def candidates() -> list[Path]:
    """Every folder that a program of this user may have taken, best first; none need exist."""
    return [Path(name) for name in candidate_names()]


def login_folder(base: str) -> Path | None:
    """Our folder in the one that a login made for this user; None where that is not this user's."""
    name = login_name(base)
    return Path(name) if name else None


def runtime_folder() -> Path:
    """The folder a session of this user takes: mode 0700, made if missing.

    A candidate that cannot be made or written is passed over. Raises `NoDeviceError` where one is
    this user's and open to others, or where none can be used; `NotOnThisSystemError` where no
    session can run.
    """
    if not supervisor.RUNS_HERE:
        from stimctl.supervisor.platform_support import need_session

        need_session("a session")
    refused: list[str] = []
    for folder in candidates():
        try:
            _private(folder)
            _try_to_write(folder)
        except OSError as error:
            refused.append(f"{folder}: {error.strerror or error}")
        else:
            return folder
    raise NoDeviceError(
        "there is no folder for the locks and sockets of a session",
        why="; ".join(refused),
        what_to_do=_CURE,
    )


def login_is_used() -> bool:
    """Whether a session of this environment takes the folder that `XDG_RUNTIME_DIR` names."""
    ours = login_folder(os.environ.get("XDG_RUNTIME_DIR", ""))
    try:
        return ours is not None and runtime_folder() == ours
    except NoDeviceError:
        return False


def sub_folder(name: str) -> Path:
    """A private folder inside the runtime folder. Raises `NoDeviceError` where there is none."""
    folder = runtime_folder() / name
    try:
        return _private(folder)
    except OSError as error:
        raise NoDeviceError(
            f"{folder} cannot be made", why=error.strerror or str(error), what_to_do=_CURE
        ) from error


def _private(folder: Path) -> Path:
    """Make it, or see that it is ours alone. OSError: not to be had; NoDeviceError: not safe."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)  # whatever the umask has left of it
    found = folder.lstat()
    if found.st_uid != os.getuid():
        raise PermissionError(1, "it belongs to another user")
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise NoDeviceError(
            f"the runtime folder {folder} cannot be trusted",
            why="it is not a folder of yours alone, so another user could take the locks in it",
            what_to_do=f"remove it, or `chmod 700 {folder}` if it is yours",
        )
    return folder


def _try_to_write(folder: Path) -> None:
    """Raise OSError where a lock could not be written: no right to, read-only, no room."""
    probe = os.open(
        folder / ".room", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        os.pwrite(probe, b"x" * 512, 0)
    finally:
        os.close(probe)
