"""A file is written whole or not at all, and a failure leaves nothing behind."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stimctl.errors import JournalError, UsageError
from stimctl.records.state_files import write_state
from stimctl.records.whole_file import write_whole
from stimctl.report.file import write_page
from stimctl.tui.model.persons import remember


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a few bytes: what a full disk does, at the same call."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_it_is_for_its_owner_only_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_whole(path, "nèw")
    assert path.read_text("utf-8") == "nèw"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_that_is_taken_stays_as_it_is_where_nothing_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(FileExistsError):
        write_whole(path, b"new", replace=False)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write_whole(path, "x" * 100_000)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_that_cannot_be_made_safe_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_stays_alone(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "file", "text")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only folder")
def test_a_read_only_folder_stays_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == []


def test_states_pages_and_what_is_kept_of_persons_are_written_that_way(tmp_path: Path) -> None:
    with full_disk():
        with pytest.raises(JournalError, match="cannot be written"):
            write_state(tmp_path / "state.json", {"a": "x" * 100})
        with pytest.raises(UsageError, match="cannot be written"):
            write_page(tmp_path / "page.html", "x" * 100)
        with pytest.raises(JournalError, match="cannot be written"):
            remember(tmp_path, "P-017", {"answered_s": 1})
    left = [one.name for one in tmp_path.rglob("*") if one.is_file()]
    assert left == [".lock"]
