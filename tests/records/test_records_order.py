"""Sessions are in the order in which they began, whatever the wall clock said, and nothing that
another program does to the catalogue is in the way of a session."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from stimctl.records import numbers, verify
from stimctl.records.catalogue import FILE_NAME, Catalogue
from stimctl.records.history import knows_person, last_plateaus, unclean_end
from stimctl.records.journal import Clocks, Header, JournalWriter
from stimctl.records.numbers import number_of, order_of
from stimctl.records.sessions import list_sessions, rebuild, show_session, verify_all
from stimctl.session.config import EngineConfig
from stimctl.supervisor.journal_thread import open_journal
from stimctl.supervisor.options import Options

DEVICE = "p24:/dev/ttyACM0"
NOW_NS = 1_795_000_000 * 10**9  # in November 2026
YEAR_NS = 365 * 86_400 * 10**9
HOUR_NS = 3_600 * 10**9


def session(
    folder: Path, wall_ns: int = NOW_NS, *, end: bool = True, enter: bool = True, **header: str
) -> str:
    told = Header(
        device=DEVICE, sim=False, stimctl="0", python="3", person="K-17",
        protocol=header.get("protocol", "tens"),
    )  # fmt: skip
    writer = JournalWriter.open_session(folder, told, clocks=Clocks(wall_ns=lambda: wall_ns))
    catalogue = Catalogue(folder)
    if enter:
        started = "2026-01-01T00:00:00Z"
        catalogue.begin(writer.session, told.as_dict(writer.session), started, writer.anchor)
    writer.append("state", {"state": "armed"})
    writer.append("set", {"channel": 1, "plateau_ua": 1_500, "by": "hand"})
    if not end:
        writer.abandon()
        return writer.session
    anchor = writer.end({"outcome": "zero verified"})
    if enter:
        catalogue.finish(writer.session, "2026-01-01T00:01:00Z", "zero verified", anchor)
    return writer.session


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program keeps the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.hazard("H03")
@pytest.mark.parametrize(
    "wall_ns",
    [
        (NOW_NS + YEAR_NS, NOW_NS, NOW_NS + 1),  # once a year ahead
        (NOW_NS, NOW_NS - YEAR_NS, NOW_NS - YEAR_NS + 1),  # then a year back
        (NOW_NS + HOUR_NS, NOW_NS, NOW_NS + 1),  # local time was taken for UTC
        (NOW_NS, NOW_NS, NOW_NS),  # all in one moment
        (NOW_NS, 0, NOW_NS),  # no battery in the clock
    ],
)
def test_sessions_are_in_order_whatever_the_clock_says(
    tmp_path: Path, wall_ns: tuple[int, ...]
) -> None:
    *before, last = [session(tmp_path, one) for one in wall_ns]
    killed = session(tmp_path, wall_ns[-1], end=False)
    names = [*before, last, killed]
    assert [one.session for one in list_sessions(tmp_path)] == names
    assert [one.path.stem for one in verify_all(tmp_path)] == names
    assert show_session(tmp_path, "last").entry.session == killed
    found = unclean_end(tmp_path, DEVICE)
    assert found is not None
    assert found.session == killed
    rebuild(tmp_path)
    (tmp_path / numbers.FILE_NAME).unlink()
    assert [one.session for one in list_sessions(tmp_path)] == names
    after = session(tmp_path, 1)
    assert order_of(after) > order_of(killed)
    assert unclean_end(tmp_path, DEVICE) is None


def test_numbers_go_on_where_the_journals_were_moved_away(tmp_path: Path) -> None:
    first = session(tmp_path)
    for path in tmp_path.glob("*.jsonl"):
        path.rename(path.with_suffix(".away"))
    assert number_of(session(tmp_path)) == number_of(first) + 1


@pytest.mark.parametrize("text", [b"", b"nonsense", b"\xff" * 40, b"-5", b"9" * 60])
def test_a_counter_that_says_nonsense_is_no_reason_to_go_back(tmp_path: Path, text: bytes) -> None:
    first = session(tmp_path)
    (tmp_path / numbers.FILE_NAME).write_bytes(text)
    assert number_of(session(tmp_path)) == number_of(first) + 1


def test_a_counter_that_another_program_keeps_holds_nobody_up(tmp_path: Path) -> None:
    first = session(tmp_path)
    with (tmp_path / numbers.FILE_NAME).open("rb") as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        assert number_of(session(tmp_path)) == number_of(first) + 1


def test_many_that_begin_at_once_have_numbers_of_their_own(tmp_path: Path) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(numbers.next_number(tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 9))


def test_sessions_from_before_there_were_numbers_come_first(tmp_path: Path) -> None:
    old = session(tmp_path, NOW_NS + YEAR_NS)
    ancient = tmp_path / (old.replace("-n000001", "") + ".jsonl")
    (tmp_path / f"{old}.jsonl").rename(ancient)
    (tmp_path / FILE_NAME).unlink()
    assert number_of(ancient.stem) == 0
    new = session(tmp_path)
    assert [one.session for one in list_sessions(tmp_path)] == [ancient.stem, new]


@pytest.mark.hazard("H03")
@pytest.mark.parametrize("trouble", ["locked", "damaged", "a folder", "gone"])
def test_what_was_before_is_known_without_the_catalogue(tmp_path: Path, trouble: str) -> None:
    session(tmp_path)
    killed = session(tmp_path, end=False)
    path = tmp_path / FILE_NAME

    def ask() -> None:
        found = unclean_end(tmp_path, DEVICE)
        assert found is not None
        assert found.session == killed
        assert knows_person(tmp_path, "K-17")
        assert not knows_person(tmp_path, "K-18")
        assert last_plateaus(tmp_path, "K-17", "tens") == {1: 1_500}

    if trouble == "locked":
        with locked(tmp_path):
            ask()
        return
    path.unlink()
    if trouble == "damaged":
        path.write_bytes(b"no database" * 500)
    elif trouble == "a folder":
        path.mkdir()
    ask()


@pytest.mark.hazard("H03")
def test_an_end_that_the_catalogue_missed_is_no_unclean_end(tmp_path: Path) -> None:
    name = session(tmp_path, end=False)
    assert unclean_end(tmp_path, DEVICE) is not None
    (tmp_path / f"{name}.jsonl").unlink()
    session(tmp_path, enter=False)
    assert unclean_end(tmp_path, DEVICE) is None


@pytest.mark.clock
@pytest.mark.parametrize("when", ["begin", "end", "both"])
def test_a_catalogue_that_is_locked_is_in_nobodys_way(tmp_path: Path, when: str) -> None:
    options = Options(DEVICE, "", False, tmp_path, tmp_path, "K-17", EngineConfig())
    begun = time.monotonic()
    with locked(tmp_path) if when != "end" else closing(sqlite3.connect(":memory:")):
        thread = open_journal(options, {}, {}, lambda _fact: None)
        assert ("another program keeps it locked" in thread.notice) == (when != "end")
        assert "\n" not in thread.notice
        if when == "both":
            assert thread.finish({"outcome": "zero verified"}, 5) is None
    if when != "both":
        with locked(tmp_path) if when == "end" else closing(sqlite3.connect(":memory:")):
            assert thread.finish({"outcome": "zero verified"}, 5) is None
    assert ("locked" in thread.notice) == (when != "begin")
    assert time.monotonic() - begun < 8, "less than the face waits for an answer"
    (entry,) = list_sessions(tmp_path)  # enters it afterwards
    assert (entry.state, entry.outcome) == ("complete", "zero verified")
    assert all(one.ok for one in verify_all(tmp_path))


def test_verifying_all_reads_every_file_once_and_the_catalogue_once(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    for _ in range(12):
        session(tmp_path)
    entries = mocker.spy(Catalogue, "entries")
    opened = mocker.spy(verify, "read_rows")
    assert len(verify_all(tmp_path)) == 12
    assert entries.call_count == 1
    assert opened.call_count == 12


def test_the_counter_is_for_its_owner_only(tmp_path: Path) -> None:
    session(tmp_path)
    assert (tmp_path / numbers.FILE_NAME).stat().st_mode & 0o777 == 0o600
