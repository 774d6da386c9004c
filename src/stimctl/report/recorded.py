"""The report of a session in a folder of journals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stimctl.errors import UsageError
from stimctl.records.catalogue import Entry
from stimctl.records.checked import evidence_of_file
from stimctl.records.history import newest_first
from stimctl.records.people.keys import PersonNames
from stimctl.records.person import check_person_code
from stimctl.records.rows import SUFFIX, Row
from stimctl.records.sessions import find_session, state_of
from stimctl.records.signers import signers
from stimctl.records.station_keys import known_keys
from stimctl.records.verify import read_rows, verify_journal
from stimctl.report.course import PersonCourse, course_of
from stimctl.report.evidence_text import with_evidence
from stimctl.report.file import write_page
from stimctl.report.forms import FORM_BY_ID
from stimctl.report.gather import report_of
from stimctl.report.model import SessionReport


def write_recorded(journal: Path, folder: Path, form: str = "html") -> Path:
    """The session in this journal in one of the forms, into a folder of such pages; one that is
    there is replaced. Raises UsageError, IntegrityError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = recorded_report(journal.parent, journal.name.removesuffix(SUFFIX))
    wanted = FORM_BY_ID[form]
    path = folder / f"{made.session}{wanted.ending}"
    write_page(path, wanted.make(made), replace=True)
    return path


def recorded_report(folder: Path, name: str) -> SessionReport:
    """By id, by the beginning of one, or by the word `last`. Raises UsageError, IntegrityError."""
    return _report_of(*find_session(folder, name))


def recorded_course(folder: Path, person: str) -> PersonCourse:
    """All sessions of a person, oldest first. UsageError where there is none."""
    person, names = check_person_code(person), PersonNames(folder)
    known = [one for one in newest_first(folder) if names.of(one.session, one.person) == person]
    if not known:
        raise UsageError(
            f"there is no session of {person}",
            why=f"no journal in {folder} has this code",
            what_to_do="See the codes: stimctl sessions list",
        )
    files = [(folder / (one.session + SUFFIX), one) for one in reversed(known)]
    missing = tuple(one.session for path, one in files if not path.exists())
    reports = (_report_of(path, one) for path, one in files if path.exists())
    return course_of(person, reports, missing)


def _report_of(path: Path, entry: Entry | None) -> SessionReport:
    verification = verify_journal(path, entry.anchor if entry else None)
    rows = (item for item in read_rows(path) if isinstance(item, Row))
    state = path.parent.parent  # the folder that has this journal folder has the keys
    found = evidence_of_file(path, entry, known_keys(state), signers(state))
    made = with_evidence(report_of(rows, verification, state_of(verification).value), found)
    return replace(made, person=PersonNames(path.parent).of(made.session, made.person))
