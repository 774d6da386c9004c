"""Writes a file whole or not at all; a failure leaves nothing behind."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path
from typing import Final

from stimctl.records.storage import FILE_MODE
from stimctl.system_files import OWN_FILE

FOR_OTHERS_TOO: Final = 0o666
"""The mode of a file that others may read as far as this user's mask lets them."""
_NO_SECOND_NAME: Final = frozenset({errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What a file system says that has one name for each file: FAT, and some of networks."""


def write_whole(
    path: Path, data: str | bytes, *, replace: bool = True, mode: int = FILE_MODE
) -> None:
    """Write `data`, text as UTF-8, under a passing name, and give it its name when it is safe.

    For its owner only, unless `mode` says otherwise. Raises OSError; FileExistsError where the name
    is taken and may not be replaced.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | OWN_FILE, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(descriptor)
        if replace:
            temporary.replace(path)
        else:
            _name_it(temporary, path, mode)
    finally:
        temporary.unlink(missing_ok=True)


def _name_it(temporary: Path, path: Path, mode: int) -> None:
    """Give the file its name, which must be free."""
    try:
        path.hardlink_to(temporary)  # fails where the name is taken, in one step
    except OSError as error:
        if error.errno not in _NO_SECOND_NAME:
            raise
        # The name is taken first, and empty for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | OWN_FILE, mode))
        try:
            temporary.replace(path)
        except OSError:
            path.unlink(missing_ok=True)
            raise
