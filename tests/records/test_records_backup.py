"""Backup and restore: verified both ways, nothing written over, nothing while a session runs."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.errors import IntegrityError, JournalError, UsageError
from stimctl.records import backup as module
from stimctl.records.backup import MANIFEST, make_backup, restore_backup
from stimctl.records.catalogue import Catalogue
from stimctl.records.checked import evidence_of_all
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.signers import has_signer, make_signer
from stimctl.records.signing import amend, sign_at_end
from stimctl.records.state_files import write_state

NOW_NS = 1_795_000_000_000_000_000
MADE = "2026-11-18T10:26:40Z"
HEADER = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11", person="K-17")


def record(state: Path) -> Path:
    folder = journal_folder(state)
    writer = JournalWriter.open_session(folder, HEADER)
    Catalogue(folder).begin(writer.session, HEADER.as_dict(writer.session), MADE, writer.anchor)
    writer.append("telemetry", {"n": 1})
    end = writer.end({"outcome": "zero verified"})
    Catalogue(folder).finish(writer.session, MADE, "zero verified", end)
    assert sign_at_end(state, writer.path, end, NOW_NS) == ""
    return writer.path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("made") / "state"
    amend(state, record(state), NOW_NS, "a note")
    record(state)
    write_state(state / "persons" / "K-17.json", {"second": "1234"})
    make_signer(state, "P-04", "123456")
    return state


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "state")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["copy", "copy.tar", "copy.tar.gz"])
def test_what_was_backed_up_is_restored_with_its_chains_anchors_and_signatures(
    state: Path, tmp_path: Path, name: str
) -> None:
    done = make_backup(state, tmp_path / name, MADE, private_keys=True)
    assert (done.sessions, done.faulty, done.private_keys) == (2, (), True)
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
    new = tmp_path / "new" / "state"
    assert restore_backup(tmp_path / name, new).sha256 == done.sha256
    copied, index = contents(new), "journal/catalogue.sqlite3"
    assert {**copied, index: b""} == {**contents(state), index: b""}
    known = [Catalogue(journal_folder(folder)).entries() for folder in (state, new)]
    assert known[0] == known[1]
    for one in evidence_of_all(journal_folder(new), new):
        assert (one.ok, one.anchor, one.signature.says) == (True, "agrees", "valid")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (new, *new.rglob("*"))}
    assert modes == {0o600, 0o700}


def test_private_keys_are_in_a_backup_only_where_that_was_asked_for(
    state: Path, tmp_path: Path
) -> None:
    private = (state / "keys" / "station.key").read_bytes()
    locked = json.loads((state / "keys" / "persons" / "P-04.json").read_text())["locked"]
    make_backup(state, tmp_path / "copy", MADE)
    for name, data in contents(tmp_path / "copy").items():
        assert private.strip() not in data, name
        assert locked.encode() not in data, name
    restore_backup(tmp_path / "copy", tmp_path / "new")
    assert has_signer(tmp_path / "new", "P-04")
    assert all(
        one.ok for one in evidence_of_all(journal_folder(tmp_path / "new"), tmp_path / "new")
    )


def test_a_backup_is_never_written_over_a_file_and_never_restored_over_one(
    state: Path, tmp_path: Path
) -> None:
    make_backup(state, tmp_path / "copy", MADE)
    before = contents(tmp_path)
    for source, target in (
        (state, tmp_path / "copy"), (state, state / "copy"), (tmp_path / "nothing", tmp_path / "x"),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            make_backup(source, target, MADE)
    with pytest.raises(UsageError):
        restore_backup(tmp_path / "copy", state)
    assert contents(tmp_path) == before


def test_nothing_is_copied_while_a_session_is_running(state: Path, tmp_path: Path) -> None:
    writer = JournalWriter.open_session(journal_folder(state), HEADER)
    with pytest.raises(UsageError, match="running"):
        make_backup(state, tmp_path / "copy", MADE)
    writer.append("telemetry", {})
    writer.end({})
    make_backup(state, tmp_path / "copy", MADE)


def test_a_session_that_begins_meanwhile_is_noticed(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = module._catalogue

    def slow(*folders: Path) -> dict[str, str]:
        record(state)
        return catalogue(*folders)

    with monkeypatch.context() as patched:
        patched.setattr(module, "_catalogue", slow)
        with pytest.raises(UsageError, match="meanwhile"):
            make_backup(state, tmp_path / "copy", MADE)
    assert not (tmp_path / "copy").exists()
    assert make_backup(state, tmp_path / "copy", MADE).sessions == 3, "it goes on"


def test_a_backup_that_was_cut_off_is_continued(state: Path, tmp_path: Path) -> None:
    partial = tmp_path / "copy.partial"
    (partial / "journal").mkdir(parents=True)
    journal = min(journal_folder(state).glob("*.jsonl"))
    (partial / "journal" / journal.name).write_bytes(journal.read_bytes()[:100])
    (partial / "journal" / "gone.jsonl").write_bytes(b"of an earlier attempt")
    make_backup(state, tmp_path / "copy", MADE)
    assert not partial.exists()
    assert contents(tmp_path / "copy")[f"journal/{journal.name}"] == journal.read_bytes()
    assert "journal/gone.jsonl" not in contents(tmp_path / "copy")


def a_byte(folder: Path, name: str) -> None:
    path = max(folder.rglob(name))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def with_a_new_hash(folder: Path) -> None:
    """A journal is changed, and the list of hashes with it."""
    a_byte(folder, "*.jsonl")
    told = json.loads((folder / MANIFEST).read_text())
    for name, path in module._files(folder, every=True):
        if name in told["files"]:
            told["files"][name] = module._digest(path)
    (folder / MANIFEST).write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: a_byte(folder, "*.jsonl"), "another hash"),
        (lambda folder: a_byte(folder, "*.sqlite3"), "another hash"),
        (lambda folder: a_byte(folder, "K-17.json"), "another hash"),
        (lambda folder: max(folder.rglob("*.additions")).unlink(), "is gone"),
        (lambda folder: (folder / "more").write_text("x"), "not listed"),
        (lambda folder: (folder / MANIFEST).unlink(), "no backup.json"),
        (with_a_new_hash, "not as it was"),
    ],
)
def test_a_backup_that_is_not_whole_is_not_restored(
    state: Path, tmp_path: Path, spoil: Callable[[Path], object], why: str
) -> None:
    make_backup(state, tmp_path / "copy", MADE)
    spoil(tmp_path / "copy")
    with pytest.raises(IntegrityError, match=why):
        restore_backup(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside-of-a-backup"])
def test_a_tar_file_cannot_write_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    with pytest.raises(IntegrityError):
        restore_backup(tmp_path / "bad.tar", tmp_path / "new")
    assert not (tmp_path / "outside").exists()


def test_a_session_that_was_damaged_before_is_copied_and_named(state: Path, tmp_path: Path) -> None:
    journal = max(journal_folder(state).glob("*.jsonl"))
    a_byte(journal.parent, journal.name)
    done = make_backup(state, tmp_path / "copy", MADE)
    assert done.faulty == (journal.stem,)
    assert restore_backup(tmp_path / "copy", tmp_path / "new").faulty == (journal.stem,)


def test_a_place_that_cannot_be_written_is_an_error_that_says_so(
    state: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(JournalError, match="no backup was made"):
        make_backup(state, tmp_path / "file" / "copy", MADE)
    with pytest.raises(JournalError, match="nothing was restored"):
        restore_backup(tmp_path / "missing.tar", tmp_path / "new")
