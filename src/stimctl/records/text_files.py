"""Reads a text file that a user named: bounded, regular, UTF-8, or an error that says why not."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimctl.errors import ProtocolFileError

# The shipped protocols are below 8 kB; this bound only keeps a wrong file from being swallowed.
LARGEST_FILE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file as read once, with its path and the SHA-256 (hex) of its bytes."""

    path: Path
    text: str
    sha256: str


def read_text_file(path: Path, purpose: str) -> TextFile:
    """The file at `path`; `purpose` is a noun for the messages ("protocol", "limit file").

    Raises ProtocolFileError for what is missing, not readable, not a regular file, over
    64 KiB, empty, or not UTF-8 without a byte order mark.
    """
    data = _bytes_of(path, purpose)
    if not data.strip():
        raise _wrong(path, purpose, "it is empty", "Write the file, or name another one")
    if data.startswith(_BYTE_ORDER_MARK) or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _wrong(
            path, purpose, "it begins with a byte order mark", "Save it as UTF-8 without a mark"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProtocolFileError(
            f"the {purpose} cannot be used",
            why=f"line {line} has a byte that is not UTF-8 (0x{data[error.start]:02x})",
            what_to_do="Save it as UTF-8",
            file=str(path),
            line=line,
        ) from error
    return TextFile(path, text, hashlib.sha256(data).hexdigest())


def _bytes_of(path: Path, purpose: str) -> bytes:
    try:
        # Not blocking: opening a named pipe would otherwise wait for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise _not_regular(path, purpose)
            data = file.read(LARGEST_FILE_BYTES + 1)
    except IsADirectoryError as error:
        raise _not_regular(path, purpose) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or str(error)
        raise _wrong(path, purpose, why.lower(), "Check the path") from error
    if len(data) > LARGEST_FILE_BYTES:
        why = f"it is over {LARGEST_FILE_BYTES // 1024} KiB"
        raise _wrong(path, purpose, why, f"A {purpose} is a short TOML file; name that one")
    return data


def _not_regular(path: Path, purpose: str) -> ProtocolFileError:
    why = "it is a folder" if path.is_dir() else "it is not a regular file"
    return _wrong(path, purpose, why, f"Name the {purpose} itself")


def _wrong(path: Path, purpose: str, why: str, what_to_do: str) -> ProtocolFileError:
    return ProtocolFileError(
        f"the {purpose} cannot be used", why=why, what_to_do=what_to_do, file=str(path)
    )
