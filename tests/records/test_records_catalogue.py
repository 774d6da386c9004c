"""The catalogue: anchors never move back, concurrent writers are safe, files can rebuild it."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from stimctl.errors import IntegrityError, JournalError, UsageError
from stimctl.records.catalogue import BY_FILE, BY_WRITER, FILE_NAME, Catalogue
from stimctl.records.journal import Anchor, Header, JournalWriter
from stimctl.records.sessions import (
    SessionState,
    list_sessions,
    rebuild,
    show_session,
    verify_all,
    verify_session,
)
from stimctl.records.verify import Finding

HEADER = Header(
    device="sim:p24", sim=True, stimctl="0.1.0", python="3.11", protocol="tens-burst", person="K-17"
)


def write_session(folder: Path, *, end: bool = True, enter: bool = True) -> JournalWriter:
    writer = JournalWriter.open_session(folder, HEADER)
    catalogue = Catalogue(folder)
    if enter:
        catalogue.begin(
            writer.session, HEADER.as_dict(writer.session), "2026-11-21T10:31:02Z", writer.anchor
        )
    for number in range(3):
        writer.append("telemetry", {"n": number})
    writer.append("stop", {"by": "operator"}, durable=True)
    if enter:
        catalogue.anchor(writer.session, writer.anchor)
    if end:
        anchor = writer.end({"outcome": "done"})
        if enter:
            catalogue.finish(writer.session, "2026-11-21T10:32:02Z", "done", anchor)
    else:
        writer.abandon()
    return writer


def test_a_session_is_listed_with_what_its_header_said(tmp_path: Path) -> None:
    writer = write_session(tmp_path)
    (entry,) = list_sessions(tmp_path)
    assert entry.session == writer.session
    assert entry.state is SessionState.COMPLETE
    assert (entry.device, entry.sim, entry.protocol, entry.person) == (
        "sim:p24",
        True,
        "tens-burst",
        "K-17",
    )
    assert (entry.outcome, entry.rows) == ("done", 6)
    assert entry.as_dict()["state"] == "complete"


def test_the_index_is_for_its_owner_only(tmp_path: Path) -> None:
    write_session(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_no_folder_and_an_empty_folder_list_nothing(tmp_path: Path) -> None:
    assert list_sessions(tmp_path / "missing") == ()
    assert list_sessions(tmp_path) == ()
    assert verify_all(tmp_path) == ()
    with pytest.raises(UsageError, match="no session yet"):
        show_session(tmp_path, "last")


@pytest.mark.hazard("H03")
def test_a_session_without_a_closing_row_is_listed_as_unfinished(tmp_path: Path) -> None:
    write_session(tmp_path, end=False)
    assert [entry.state for entry in list_sessions(tmp_path)] == [SessionState.UNFINISHED]


def test_a_file_the_catalogue_does_not_know_is_entered_when_listed(tmp_path: Path) -> None:
    writer = write_session(tmp_path, enter=False)
    (entry,) = list_sessions(tmp_path)
    assert entry.state is SessionState.COMPLETE
    stored = Catalogue(tmp_path).entry(writer.session)
    assert stored is not None
    assert (stored.origin, stored.anchor) == (BY_FILE, writer.anchor)
    assert list_sessions(tmp_path) == (entry,)


def test_a_session_whose_program_died_is_completed_from_its_file(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER)
    Catalogue(tmp_path).begin(writer.session, HEADER.as_dict(writer.session), "t", writer.anchor)
    writer.end({"outcome": "stopped"})
    (entry,) = list_sessions(tmp_path)
    assert (entry.state, entry.outcome) == (SessionState.COMPLETE, "stopped")
    stored = Catalogue(tmp_path).entry(writer.session)
    assert stored is not None
    assert (stored.anchor, stored.origin) == (writer.anchor, BY_WRITER)


@pytest.mark.hazard("H51")
def test_a_removed_tail_is_found(tmp_path: Path) -> None:
    writer = write_session(tmp_path, end=False)
    lines = writer.path.read_bytes().splitlines(keepends=True)
    writer.path.write_bytes(b"".join(lines[:-1]))
    verification = verify_session(tmp_path, writer.session)
    assert Finding.SHORTER in {problem.finding for problem in verification.problems}
    (entry,) = list_sessions(tmp_path)
    assert entry.state is SessionState.DAMAGED
    stored = Catalogue(tmp_path).entry(writer.session)
    assert stored is not None
    assert stored.anchor.rows == 5, "a damaged file does not move its anchor"


def test_a_removed_file_is_found(tmp_path: Path) -> None:
    writer = write_session(tmp_path)
    writer.path.unlink()
    (entry,) = list_sessions(tmp_path)
    assert entry.state is SessionState.MISSING
    for verification in (verify_session(tmp_path, "last"), *verify_all(tmp_path)):
        assert [problem.finding for problem in verification.problems] == [Finding.MISSING]
    with pytest.raises(IntegrityError):
        show_session(tmp_path, writer.session)


def test_an_anchor_never_moves_back(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path)
    catalogue.anchor("a", Anchor(5, "five"))
    catalogue.anchor("a", Anchor(3, "three"))
    catalogue.anchor("a", Anchor(5, "other"))
    entry = catalogue.entry("a")
    assert entry is not None
    assert entry.anchor == Anchor(5, "five")
    catalogue.anchor("a", Anchor(6, "six"))
    entry = catalogue.entry("a")
    assert entry is not None
    assert entry.anchor == Anchor(6, "six")
    assert catalogue.entry("b") is None


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for rows in range(1, 16):
                # However long the machine lets one wait: what is lost here, no clock has lost.
                Catalogue(tmp_path, busy_s=3_600).anchor(name, Anchor(rows, f"{name}{rows}"))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    anchors = {entry.session: entry.anchor for entry in Catalogue(tmp_path).entries()}
    assert anchors == {name: Anchor(15, f"{name}15") for name in "abcd"}


def test_show_counts_rows_and_leaves_frequent_ones_out_of_the_timeline(tmp_path: Path) -> None:
    writer = write_session(tmp_path)
    record = show_session(tmp_path, writer.session[:20])
    assert record.counts == {"header": 1, "telemetry": 3, "stop": 1, "end": 1}
    assert [row.kind for row in record.timeline] == ["header", "stop", "end"]
    assert record.end == {"outcome": "done"}
    assert record.as_dict()["verification"]["ok"] is True


def test_show_reads_a_damaged_file_as_far_as_it_is_sound(tmp_path: Path) -> None:
    writer = write_session(tmp_path)
    data = writer.path.read_bytes()
    writer.path.write_bytes(data[:-10])
    record = show_session(tmp_path, "last")
    assert record.entry.state is SessionState.DAMAGED
    assert record.counts["stop"] == 1
    assert record.end is None


def test_names_are_matched_exactly_by_beginning_or_suggested(tmp_path: Path) -> None:
    first, second = write_session(tmp_path), write_session(tmp_path)
    assert show_session(tmp_path, first.session).entry.session == first.session
    with pytest.raises(UsageError, match="is not one session"):
        show_session(tmp_path, first.session[:4])
    with pytest.raises(UsageError, match="Did you mean"):
        show_session(tmp_path, second.session[:-1] + "z")
    for name in ("", "nonsense", "../../etc/passwd"):
        with pytest.raises(UsageError):
            show_session(tmp_path, name)


def test_a_damaged_index_says_how_to_make_a_new_one_and_that_works(tmp_path: Path) -> None:
    writer = write_session(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(IntegrityError, match="--rebuild"):
        list_sessions(tmp_path)
    aside = rebuild(tmp_path)
    assert aside is not None
    assert aside.exists()
    assert [entry.session for entry in list_sessions(tmp_path)] == [writer.session]
    assert verify_session(tmp_path, "last").ok
    assert rebuild(tmp_path) != aside
    (tmp_path / FILE_NAME).unlink()
    assert rebuild(tmp_path) is None


def test_an_index_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 9")
        connection.commit()
    with pytest.raises(IntegrityError, match="newer stimctl"):
        Catalogue(tmp_path).entries()


def test_an_index_that_cannot_be_opened_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(JournalError, match="cannot be used now"):
        Catalogue(tmp_path).anchor("a", Anchor(1, "x"))
