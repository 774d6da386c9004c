"""A file is written whole or not at all, and a failure leaves nothing behind."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import JournalError, StimctlError, UsageError
from stimctl.records.forks import fork
from stimctl.records.protocol_files import read_protocol
from stimctl.records.signed_library import make_key
from stimctl.records.state_files import write_state
from stimctl.records.station_keys import open_key
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


def one_name_for_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What FAT and some network file systems are like."""

    def refuse(_path: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refuse)


def test_a_file_system_without_second_names_takes_it_too_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_name_for_each_file(monkeypatch)
    path = tmp_path / "file"
    write_whole(path, "new", replace=False)
    with pytest.raises(FileExistsError):
        write_whole(path, "newer", replace=False)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def no_room(*_arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_new_file(path: Path, flags: int, mode: int = 0o777, *, whole: Any = os.open) -> int:
    if flags & os.O_EXCL:
        no_room()
    return int(whole(path, flags, mode))


#: Each step that a full disk can refuse, and whether the file system has second names.
STEPS = {
    "the file": (os, "open", no_new_file, True),
    "its bytes": (os, "fsync", no_room, True),
    "its name": (Path, "hardlink_to", no_room, True),
    "its only name": (Path, "replace", no_room, False),
}
TKA = read_protocol("nmes-tka")
WRITERS: dict[str, Callable[[Path], object]] = {
    "a page": lambda path: write_page(path, "x" * 100),
    "a fork": lambda path: fork(TKA, path.stem, path.parent, ()),
    "the key of a library": make_key,
    "the key of a station": lambda path: open_key(path.parent, "2026-11-30T10:00:00Z"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_at_any_step_leaves_no_part_of_a_file_and_nothing_in_the_way(
    what: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, refuse, second_names = STEPS[step]
    with monkeypatch.context() as full:
        if not second_names:
            one_name_for_each_file(full)
        full.setattr(owner, name, refuse)
        with pytest.raises(StimctlError) as error:
            WRITERS[what](tmp_path / "mine.toml")
    assert os.strerror(errno.ENOSPC) in str(error.value)
    left = [one.name for one in tmp_path.rglob("*") if one.is_file()]
    assert set(left) <= {".lock"}
    WRITERS[what](tmp_path / "mine.toml")


def test_a_fork_may_be_read_by_others_as_far_as_the_mask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        made = fork(TKA, "mine", tmp_path, ())
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o640


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
