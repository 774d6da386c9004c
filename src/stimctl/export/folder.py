"""Puts the files of an export on the disk: all of them in a folder of their own, or none."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from stimctl.errors import UsageError

_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
"""An export is about a person."""


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files, by path within it, for their owner only.

    They are made beside it under another name, which is changed when all are on the disk.
    UsageError where the folder holds something, or cannot be written.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        _refuse_what_is_there(folder)
        try:
            temporary.mkdir(mode=_FOLDER_MODE)
            for name, data in files.items():
                _write(temporary.joinpath(*PurePosixPath(name).parts), data)
            if (
                sys.platform == "win32" and folder.exists()
            ):  # no folder takes the place of one there
                folder.rmdir()
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            f"the export cannot be written to {folder}",
            why=error.strerror or str(error),
            what_to_do="Name a folder in a place of yours with --out; nothing was left behind",
        ) from error


def _refuse_what_is_there(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        if not any(folder.iterdir()):
            return
        why = "it holds something, and an export is not mixed with what is there"
    elif folder.exists() or folder.is_symlink():
        why = "it is there and is no folder"
    else:
        return
    raise UsageError(
        f"the export is not written to {folder}",
        why=why,
        what_to_do="Name a new folder with --out, or remove this one first",
    )


def _make(folder: Path) -> None:
    """With its parents, each with the mode: `mkdir` gives that to the last one only."""
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(mode=_FOLDER_MODE)


def _write(path: Path, data: bytes) -> None:
    _make(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
