"""The content of an export, from a folder of journals."""

from __future__ import annotations

from pathlib import Path

from stimctl.export.content import SessionContent, content_of
from stimctl.records.rows import Row
from stimctl.records.sessions import find_session, state_of
from stimctl.records.verify import read_rows, verify_journal


def recorded_content(folder: Path, name: str) -> SessionContent:
    """By id, by the beginning of one, or by the word `last`. Raises UsageError, IntegrityError."""
    path, entry = find_session(folder, name)
    verification = verify_journal(path, entry.anchor if entry else None)
    rows = [item for item in read_rows(path) if isinstance(item, Row)]
    return content_of(rows, verification, state_of(verification).value)
