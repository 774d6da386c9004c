"""A state folder of stimctl 0.1.0, before there were signatures: read, verified, signed, listed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stimctl.errors import IntegrityError
from stimctl.records import additions, backup, catalogue, signers, station_keys
from stimctl.records.catalogue import FILE_NAME, Catalogue
from stimctl.records.checked import evidence_of_session
from stimctl.records.evidence import AnchorSays, Chain, SignatureSays
from stimctl.records.places import journal_folder
from stimctl.records.rows import READABLE
from stimctl.records.sessions import SessionState, list_sessions, show_session
from stimctl.records.signing import amend, sign_session, sign_what_was_left
from stimctl.report.recorded import recorded_report

OLD = Path(__file__).resolve().parents[1] / "data" / "written_by_0_1_0"
NOW_NS = 1_800_000_000_000_000_000  # after it was recorded


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = shutil.copytree(OLD, journal_folder(tmp_path))
    dump = folder / "catalogue.sql"
    with closing(sqlite3.connect(folder / FILE_NAME)) as index:
        index.executescript(dump.read_text("utf-8"))
    dump.unlink()
    return tmp_path


def version_of(state: Path) -> int:
    with closing(sqlite3.connect(journal_folder(state) / FILE_NAME)) as index:
        return int(index.execute("PRAGMA user_version").fetchone()[0])


def test_a_session_from_before_signatures_is_whole_anchored_and_told_as_not_signed(
    state: Path,
) -> None:
    folder = journal_folder(state)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (entry,) = list_sessions(folder)
    assert (entry.state, entry.protocol, entry.rows) == (
        SessionState.COMPLETE, "tens-conventional", 107,
    )  # fmt: skip
    found = evidence_of_session(folder, state, "last")
    assert (found.ok, found.chain, found.anchor) == (True, Chain.WHOLE, AnchorSays.AGREES)
    assert found.signature.says is SignatureSays.NOT_SIGNED
    assert show_session(folder, "last").counts["telemetry"] > 10
    assert recorded_report(folder, "last").integrity.ok
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "only read"


def test_it_is_never_signed_by_itself_but_on_request_and_its_catalogue_is_migrated(
    state: Path,
) -> None:
    folder = journal_folder(state)
    assert version_of(state) == 1
    assert sign_what_was_left(state, folder, NOW_NS, most=3) == 0
    (journal,) = folder.glob("*.jsonl")
    anchor = Catalogue(folder).entry(journal.stem).anchor
    sign_session(state, journal, NOW_NS)
    amend(state, journal, NOW_NS, "a note")
    assert version_of(state) == 2
    found = evidence_of_session(folder, state, "last")
    assert (found.ok, found.signature.made) == (True, "later")
    assert Catalogue(folder).entry(journal.stem).anchor == anchor


def test_a_catalogue_of_a_newer_program_is_left_alone(state: Path) -> None:
    with closing(sqlite3.connect(journal_folder(state) / FILE_NAME)) as index:
        index.execute("PRAGMA user_version = 99")
    with pytest.raises(IntegrityError, match="newer"):
        Catalogue(journal_folder(state)).entries()


def test_the_page_of_versions_names_what_the_program_writes_and_reads() -> None:
    page = (OLD.parents[2] / "docs" / "explanation" / "signatures.md").read_text("utf-8")
    table = page[page.index("## Versions") :]
    schemas = (*READABLE, additions.SCHEMA, station_keys.SCHEMA, signers.SCHEMA, backup.SCHEMA)
    assert all(f"`{schema}`" in table for schema in schemas)
    assert f"| catalogue | {max(catalogue._MIGRATIONS)} | 1 |" in table
