"""Small JSON files of the state folder: written whole or not at all; a damaged one is none."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stimctl.errors import JournalError
from stimctl.records.storage import FILE_MODE, FOLDER_MODE


def read_state(path: Path) -> Mapping[str, Any]:
    """What the file holds; empty where it is not there, not ours or damaged."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}  # then it has not been recorded
    return value if isinstance(value, dict) else {}


def write_state(path: Path, value: Mapping[str, Any]) -> None:
    """Replace the file, for its owner only. Raises JournalError where that cannot be."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(value, indent=1) + "\n")
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            what_to_do="Free some space, make the folder writable, or set STIMCTL_STATE_HOME to "
            "one that is; `stimctl doctor` looks at it",
        ) from error
