"""Writes a file whole or not at all, for its owner only; a failure leaves nothing behind."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stimctl.records.storage import FILE_MODE


def write_whole(path: Path, data: str | bytes, *, replace: bool = True) -> None:
    """Write `data`, text as UTF-8, under a passing name, and give it its name when it is safe.

    Raises OSError; FileExistsError where the name is taken and may not be replaced.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(descriptor)
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)  # fails where the name is taken, in one step
    finally:
        temporary.unlink(missing_ok=True)
