"""The report of a session in a folder of journals."""

from __future__ import annotations

from pathlib import Path

from stimctl.records.checked import evidence_of_file
from stimctl.records.rows import SUFFIX, Row
from stimctl.records.sessions import find_session, state_of
from stimctl.records.signers import signers
from stimctl.records.station_keys import known_keys
from stimctl.records.verify import read_rows, verify_journal
from stimctl.report.evidence_text import with_evidence
from stimctl.report.file import write_page
from stimctl.report.gather import report_of
from stimctl.report.html import render_session
from stimctl.report.model import SessionReport


def write_recorded(journal: Path, folder: Path) -> Path:
    """The page of the session in this journal, into a folder of such pages; one that is there is
    replaced. Raises UsageError, IntegrityError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = recorded_report(journal.parent, journal.name.removesuffix(SUFFIX))
    path = folder / f"{made.session}.html"
    write_page(path, render_session(made), replace=True)
    return path


def recorded_report(folder: Path, name: str) -> SessionReport:
    """By id, by the beginning of one, or by the word `last`. Raises UsageError, IntegrityError."""
    path, entry = find_session(folder, name)
    verification = verify_journal(path, entry.anchor if entry else None)
    rows = (item for item in read_rows(path) if isinstance(item, Row))
    state = path.parent.parent  # the folder that has this journal folder has the keys
    found = evidence_of_file(path, entry, known_keys(state), signers(state))
    return with_evidence(report_of(rows, verification, state_of(verification).value), found)
