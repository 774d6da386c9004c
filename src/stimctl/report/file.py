"""Puts a finished page on the disk, whole or not at all, and shows it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from stimctl.errors import UsageError
from stimctl.records.whole_file import write_whole

_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


def write_page(path: Path, page: str | bytes, *, replace: bool = False) -> None:
    """Write the file, for its owner only. UsageError where it exists and may not be replaced, or
    cannot be written."""
    try:
        write_whole(path, page, replace=replace)
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already",
            why="a report is not written over another file unless that is meant",
            what_to_do="Name another file with --output, or add --force",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            what_to_do="Name a file in a folder of yours with --output",
        ) from error


def open_page(path: Path) -> bool:
    """Show it in the browser of the desktop; False where there is none.

    A browser in the terminal is not asked: there is where the session is shown. What the other one
    says goes nowhere, for the same reason.
    """
    macos = sys.platform == "darwin"
    opener = shutil.which("open" if macos else "xdg-open")
    if opener is None or not (macos or any(os.environ.get(name) for name in _SCREENS)):
        return False
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    try:
        os.posix_spawn(
            opener, [opener, str(path.resolve())], os.environ, file_actions=quiet, setpgroup=0
        )
    except OSError:
        return False
    return True
