"""The files of an export come into a folder of their own together, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.errors import UsageError
from stimctl.export.folder import write_folder

FILES = {"a.csv": b"1", "sub/ses/b.tsv": b"2"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_or_empty_folder_gets_all_files_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        write_folder(tmp_path / name, FILES)
        assert tree(tmp_path / name) == FILES
        for path in [tmp_path / name, *(tmp_path / name).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["empty", "new"]


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_full_folder(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_text("mine")


def a_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize("there", [a_file, a_full_folder, a_link])
def test_what_is_there_is_left_as_it_is(there: Callable[[Path], None], tmp_path: Path) -> None:
    there(tmp_path / "out")
    before = tree(tmp_path)
    with pytest.raises(UsageError) as caught:
        write_folder(tmp_path / "out", FILES)
    assert "--out" in caught.value.what_to_do
    assert tree(tmp_path) == before
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_where_a_write_fails_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write_folder(tmp_path / "out", FILES)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory"):
        write_folder(tmp_path / "nowhere" / "out", FILES)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
