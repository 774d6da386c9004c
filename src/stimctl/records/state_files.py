"""Small JSON files of the state folder: written whole or not at all; a damaged one is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stimctl.errors import JournalError
from stimctl.records.storage import FOLDER_MODE
from stimctl.records.whole_file import write_whole


def read_state(path: Path) -> Mapping[str, Any]:
    """What the file holds; empty where it is not there, not ours or damaged."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}  # then it has not been recorded
    return value if isinstance(value, dict) else {}


def write_state(path: Path, value: Mapping[str, Any]) -> None:
    """Replace the file, for its owner only. Raises JournalError where that cannot be."""
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        write_whole(path, json.dumps(value, indent=1) + "\n")
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            what_to_do="Free some space, make the folder writable, or set STIMCTL_STATE_HOME to "
            "one that is; `stimctl doctor` looks at it",
        ) from error
