"""A verified copy of the state folder, and the way back.

A backup is a folder, or a tar file of one, with everything that stimctl has recorded and
`backup.json`, which has the SHA-256 of each file. It is made beside its place under another name,
checked there, and given its name last: what has the name is whole. One that was cut off is
continued. Private keys are in it only where that was asked for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stimctl.errors import IntegrityError, JournalError, UsageError
from stimctl.records import catalogue
from stimctl.records.checked import evidence_of_all
from stimctl.records.places import journal_folder
from stimctl.records.rows import SUFFIX
from stimctl.records.signers import PERSONS
from stimctl.records.state_files import read_state, write_state
from stimctl.records.station_keys import FOLDER as KEYS
from stimctl.records.station_keys import PRIVATE_FILE, public_key
from stimctl.records.storage import FILE_MODE, FOLDER_MODE, LocalFileSystem, is_being_written
from stimctl.version import __version__

MANIFEST: Final = "backup.json"
SCHEMA: Final = "stimctl.backup/1"
_PARTIAL: Final = ".partial"
_TAR: Final = (".tar", ".tar.gz", ".tgz")
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in one. `sha256`: of `backup.json`, which stands for all of it on a paper.

    `faulty`: sessions that were not sound when it was made. `station_key`: "" where nothing was
    signed yet.
    """

    path: Path
    files: int
    size: int
    sessions: int
    faulty: tuple[str, ...]
    private_keys: bool
    station_key: str
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "files": self.files,
            "bytes": self.size,
            "sessions": self.sessions,
            "faulty": list(self.faulty),
            "private_keys": self.private_keys,
            "station_key": self.station_key,
            "sha256": self.sha256,
        }


def make_backup(state: Path, target: Path, made: str, *, private_keys: bool = False) -> Backup:
    """Copy what is recorded in `state` to `target`, a folder or a name that ends in .tar, .tar.gz.

    `made`: UTC text. Raises UsageError where `target` is there or a session is running,
    IntegrityError where the copy is not what was there, JournalError where it cannot be written.
    """
    try:
        _refuse_place(state, target)
        _refuse_running(state)
        partial = target.with_name(target.name + _PARTIAL)
        before = _journals(state)
        wanted = {name: path for name, path in _files(state) if private_keys or not _secret(name)}
        hashes = {name: _copy(path, partial / name) for name, path in wanted.items()}
        if not private_keys:
            hashes |= _public_halves(state, partial)
        hashes |= _catalogue(state, partial)
        _drop_others(partial, hashes)
        if _journals(state) != before or _running(state):
            raise UsageError(
                "a session has begun meanwhile",
                what_to_do="repeat the backup when it has ended; what is copied is kept",
            )
        _write_manifest(partial, hashes, made, private_keys=private_keys)
        checked = check_backup(partial)
        if not target.name.endswith(_TAR):
            LocalFileSystem().sync_folder(partial.parent)
            partial.rename(target)
            return _named(checked, target)
        packed = target.with_name(f"{target.name}.packing")
        _pack(partial, packed)
        _check_packed(packed, partial)
        os.link(packed, target)  # fails where somebody else has made it meanwhile
        packed.unlink()
        shutil.rmtree(partial)
        return _named(checked, target)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise _failed("no backup was made", target, error) from error


def restore_backup(backup: Path, state: Path) -> Backup:
    """Make `state` what the backup has. Everything is checked before anything gets its name.

    Raises UsageError where `state` has files, IntegrityError where the backup is not whole,
    JournalError where it cannot be written.
    """
    try:
        if any(path.is_file() or path.is_symlink() for path in state.rglob("*")):
            raise UsageError(
                f"{state} is not empty",
                why="a backup is never written over what is there",
                what_to_do="move that folder away, or set STIMCTL_STATE_HOME to another one",
            )
        partial = state.with_name(state.name + _PARTIAL)
        shutil.rmtree(partial, ignore_errors=True)
        if backup.is_dir():
            for name, path in _files(backup, every=True):
                _copy(path, partial / name)
        else:
            _unpack(backup, partial)
        _own_modes(partial)
        checked = check_backup(partial)
        (partial / MANIFEST).unlink()
        if state.exists():
            shutil.rmtree(state)  # folders only
        partial.rename(state)
        return _named(checked, backup)
    except (OSError, tarfile.TarError) as error:
        raise _failed("nothing was restored", backup, error) from error


def check_backup(folder: Path) -> Backup:
    """Check a backup: each file by its hash, each session by chain, anchor and signature.

    Raises IntegrityError with the first file or session that is not what it was.
    """
    told = read_state(folder / MANIFEST)
    files = told.get("files")
    if told.get("schema") != SCHEMA or not isinstance(files, Mapping):
        raise IntegrityError(f"{folder} is no backup", why=f"it has no {MANIFEST} of this program")
    here = {name for name, _ in _files(folder, every=True)} - {MANIFEST}
    if here != files.keys():
        odd = sorted(here ^ files.keys())[0]
        where = "is not listed" if odd in here else "is gone"
        raise _not_whole(f"{odd} {where}")
    for name, sha256 in files.items():
        if _digest(folder / name) != sha256:
            raise _not_whole(f"{name} has another hash")
    faulty = tuple(_faulty(folder))
    listed = told.get("faulty")
    if listed is not None and list(faulty) != listed:
        new = sorted(set(faulty) ^ set(listed))[0]
        raise _not_whole(f"the session {new} is not as it was")
    if listed is None:
        write_state(folder / MANIFEST, {**told, "faulty": list(faulty)})
    return Backup(
        path=folder,
        files=len(files),
        size=sum((folder / name).stat().st_size for name in files),
        sessions=sum(name.endswith(SUFFIX) for name in files),
        faulty=faulty,
        private_keys=told.get("private_keys") is True,
        station_key=str(told.get("station_key", "")),
        sha256=_digest(folder / MANIFEST),
    )


def _faulty(folder: Path) -> Iterator[str]:
    if journal_folder(folder).is_dir():
        for one in evidence_of_all(journal_folder(folder), folder):
            if not one.ok:
                yield one.session


def _files(folder: Path, *, every: bool = False) -> Iterator[tuple[str, Path]]:
    """Every regular file by its name from `folder` on; without what is written half or elsewhere.

    `every`: of a backup, where all that is there has to be listed.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        is_ours = not path.name.startswith(".") and not path.name.startswith(catalogue.FILE_NAME)
        if path.is_file() and not path.is_symlink() and (every or is_ours):
            yield name, path


def _secret(name: str) -> bool:
    return name == f"{KEYS}/{PRIVATE_FILE}" or name.startswith(f"{KEYS}/{PERSONS}/")


def _public_halves(state: Path, partial: Path) -> dict[str, str]:
    """The persons' keys without what is under their PINs."""
    found: dict[str, str] = {}
    for path in sorted((state / KEYS / PERSONS).glob("*.json")):
        name = f"{KEYS}/{PERSONS}/{path.name}"
        told = {key: value for key, value in read_state(path).items() if key != "locked"}
        write_state(partial / name, told)
        found[name] = _digest(partial / name)
    return found


def _catalogue(state: Path, partial: Path) -> dict[str, str]:
    """A copy that is of one moment, also where somebody writes to it."""
    source = journal_folder(state) / catalogue.FILE_NAME
    if not source.exists():
        return {}
    copy = journal_folder(partial) / catalogue.FILE_NAME
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(copy)) as there:
        here.backup(there)
    return {copy.relative_to(partial).as_posix(): _digest(copy)}


def _copy(source: Path, target: Path) -> str:
    """Copy one file, durable, unless it is there already; its SHA-256."""
    wanted = _digest(source)
    if target.exists() and _digest(target) == wanted:
        return wanted
    target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
        shutil.copyfileobj(read, write, _CHUNK)
        write.flush()
        os.fsync(descriptor)
    return wanted


def _drop_others(partial: Path, hashes: Mapping[str, str]) -> None:
    """What an earlier attempt has left and is no longer there."""
    for name, path in list(_files(partial, every=True)):
        if name not in hashes:
            path.unlink()


def _write_manifest(
    partial: Path, hashes: Mapping[str, str], made: str, *, private_keys: bool
) -> None:
    key = public_key(partial)
    told = {
        "schema": SCHEMA,
        "made": made,
        "stimctl": __version__,
        "private_keys": private_keys,
        "station_key": "" if key is None else key.fingerprint,
        "files": dict(sorted(hashes.items())),
    }
    write_state(partial / MANIFEST, told)


def _pack(folder: Path, packed: Path) -> None:
    packed.unlink(missing_ok=True)
    descriptor = os.open(packed, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE_MODE)
    mode = "w" if ".tar.packing" in packed.name else "w:gz"
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
            for name, path in _files(folder, every=True):
                archive.add(path, arcname=name, recursive=False)
        file.flush()
        os.fsync(descriptor)


def _unpack(packed: Path, folder: Path) -> None:
    """Regular files within the folder, and nothing else."""
    with tarfile.open(packed) as archive:
        for member in archive:
            target = folder / member.name
            read = archive.extractfile(member) if member.isfile() else None
            if read is None or not target.resolve().is_relative_to(folder.resolve()):
                raise _not_whole(f"{member.name} in {packed.name} is no file of a backup")
            target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            with target.open("xb") as write:
                shutil.copyfileobj(read, write, _CHUNK)
                write.flush()
                os.fsync(write.fileno())


def _check_packed(packed: Path, folder: Path) -> None:
    """Each member is the file that was checked."""
    files = {name: _digest(path) for name, path in _files(folder, every=True)}
    with tarfile.open(packed) as archive:
        for member in archive:
            read = archive.extractfile(member)
            if read is None or files.pop(member.name, "") != _digest_of(_pieces(read)):
                raise _not_whole(f"{member.name} in {packed.name} has another hash")
    if files:
        raise _not_whole(f"{sorted(files)[0]} is not in {packed.name}")


def _pieces(file: Any) -> Iterator[bytes]:
    """What is left in an open file, a piece at a time."""
    while piece := file.read(_CHUNK):
        yield piece


def _digest_of(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _digest_of(_pieces(file))


def _own_modes(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)


def _journals(state: Path) -> set[str]:
    return {path.name for path in journal_folder(state).glob("*" + SUFFIX)}


def _running(state: Path) -> str:
    """A session that is being written now, or ""."""
    found = (path for path in journal_folder(state).glob("*" + SUFFIX) if is_being_written(path))
    return next((path.name.removesuffix(SUFFIX) for path in found), "")


def _refuse_running(state: Path) -> None:
    session = _running(state)
    if session:
        raise UsageError(
            "no backup was made",
            why=f"the session {session} is running",
            what_to_do="repeat it when the session has ended",
        )
    if not any(True for _ in _files(state)):
        raise UsageError("there is nothing to back up", why=f"{state} has no files")


def _refuse_place(state: Path, target: Path) -> None:
    if target.resolve().is_relative_to(state.resolve()):
        raise UsageError(
            "a backup does not belong into what it copies",
            why=f"{target} is in {state}",
            what_to_do="name a place on another disk",
        )
    if target.exists() or target.is_symlink():
        raise UsageError(
            f"{target} is there already",
            why="a backup is never written over another file",
            what_to_do="give another name",
        )


def _named(checked: Backup, path: Path) -> Backup:
    return replace(checked, path=path)


def _not_whole(why: str) -> IntegrityError:
    return IntegrityError(
        "the backup is not whole", why=why, what_to_do="nothing was restored or kept; use another"
    )


def _failed(what: str, path: Path, error: Exception) -> JournalError:
    return JournalError(
        what,
        why=f"{path}: {getattr(error, 'strerror', None) or error}",
        what_to_do="check that the place is there, writable and not full; then repeat it",
    )
