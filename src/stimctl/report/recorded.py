"""The report of a session in a folder of journals."""

from __future__ import annotations

from pathlib import Path

from stimctl.records.rows import Row
from stimctl.records.sessions import find_session, state_of
from stimctl.records.verify import read_rows, verify_journal
from stimctl.report.gather import report_of
from stimctl.report.model import SessionReport


def recorded_report(folder: Path, name: str) -> SessionReport:
    """By id, by the beginning of one, or by the word `last`. Raises UsageError, IntegrityError."""
    path, entry = find_session(folder, name)
    verification = verify_journal(path, entry.anchor if entry else None)
    rows = (item for item in read_rows(path) if isinstance(item, Row))
    return report_of(rows, verification, state_of(verification).value)
