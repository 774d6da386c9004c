"""The append-only record of one session: one file, one hash chain, one writer.

Each row goes out as one write() on an append-only descriptor, so a killed process
leaves whole rows. A row that must survive a power cut is synced before `append`
returns. The first failure latches: a journal with a hole in it is not continued.
"""

from __future__ import annotations

import errno
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from stimctl.errors import JournalError
from stimctl.records.numbers import next_number
from stimctl.records.rows import (
    FIRST_PREVIOUS,
    SCHEMA,
    SUFFIX,
    RowError,
    digest_of,
    pack_row,
    utc_text,
)
from stimctl.records.storage import FileSystem, LocalFileSystem
from stimctl.session.row_base import Kind

_WHAT_TO_DO = "Stop the session. Free or repair the disk, then start a new session"
_CREATE_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where a journal gets its times: UTC nanoseconds since 1970, and monotonic nanoseconds."""

    wall_ns: Callable[[], int] = time.time_ns
    mono_ns: Callable[[], int] = time.monotonic_ns


@dataclass(frozen=True, slots=True)
class Header:
    """What was fixed before the first byte went out; row 0 of every journal.

    `person` is a key (see `stimctl.records.people.keys`), never a code or a name.
    `limits_digest` and `protocol_sha256` are SHA-256 in hex; "" where there is none.
    """

    device: str
    sim: bool
    stimctl: str
    python: str
    limits_digest: str = ""
    protocol: str = ""
    protocol_sha256: str = ""
    plan_digest: str = ""
    person: str = ""
    notes: Mapping[str, Any] | None = None

    def as_dict(self, session: str) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "session": session,
            "stimctl": self.stimctl,
            "python": self.python,
            "device": self.device,
            "sim": self.sim,
            "limits_digest": self.limits_digest,
            "protocol": self.protocol,
            "protocol_sha256": self.protocol_sha256,
            "plan_digest": self.plan_digest,
            "person": self.person,
            "notes": dict(self.notes or {}),
        }


@dataclass(frozen=True, slots=True)
class Anchor:
    """What has to be in the file, kept outside of it: its row count and its last hash."""

    rows: int
    last_hash: str


class JournalWriter:
    """Writes one journal file. Safe to call from several threads.

    Every method raises JournalError when the file cannot be written, now or earlier.
    """

    def __init__(self, path: Path, descriptor: int, clocks: Clocks, files: FileSystem) -> None:
        """Take over an open, empty file. Journals begin with `open_session`."""
        self.path = path
        self._descriptor = descriptor
        self._clocks = clocks
        self._files = files
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._next_seq = 0
        self._last_hash = FIRST_PREVIOUS
        self._durable_seq = -1
        self._failure: str | None = None
        self._ended = False

    @classmethod
    def open_session(
        cls,
        folder: Path,
        header: Header,
        *,
        clocks: Clocks | None = None,
        files: FileSystem | None = None,
        token: Callable[[], str] = lambda: secrets.token_hex(4),
        number: Callable[[Path], int] = next_number,
    ) -> Self:
        """Start a journal in `folder` with a durable header row; the file name holds no person.

        Raises JournalError when the folder, the file or the header cannot be written.
        """
        files = files or LocalFileSystem()
        try:
            files.make_folder(folder)
            writer = cls._create(folder, clocks or Clocks(), files, token, number(folder))
        except OSError as error:
            raise _cannot_start(folder, error) from error
        try:
            writer.append(Kind.HEADER, header.as_dict(writer.session), durable=True)
            writer._sync_name()
        except JournalError:
            writer.abandon()
            raise
        return writer

    @classmethod
    def _create(
        cls,
        folder: Path,
        clocks: Clocks,
        files: FileSystem,
        token: Callable[[], str],
        number: int,
    ) -> Self:
        # The time is for people; the number says which session came after which.
        stamp = utc_text(clocks.wall_ns())[:26].replace("-", "").replace(":", "")
        for _ in range(_CREATE_ATTEMPTS):
            path = folder / f"{stamp}Z-n{number:06d}-{token()}{SUFFIX}"
            try:
                return cls(path, files.create(path), clocks, files)
            except FileExistsError:
                continue  # two sessions of one microsecond drew the same token
        raise FileExistsError(errno.EEXIST, "no free name for a journal", str(folder))

    @property
    def session(self) -> str:
        """The session's id: the file's name without its suffix."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def anchor(self) -> Anchor:
        """Row count and hash of the last row written so far."""
        with self._lock:
            return Anchor(self._next_seq, self._last_hash)

    @property
    def durable_seq(self) -> int:
        """Sequence number of the newest row known to survive a power cut; -1 before the first."""
        return self._durable_seq

    @property
    def failure(self) -> str | None:
        """Why nothing can be written any more, or None."""
        return self._failure

    def append(self, kind: str, data: Mapping[str, Any], *, durable: bool = False) -> int:
        """Write one row and return its sequence number; durable: only after the sync.

        `data` must be JSON without NaN or infinity. Raises JournalError.
        """
        with self._lock:
            seq = self._append(kind, data)
        if durable:
            self.sync()
        return seq

    def sync(self) -> int:
        """Make everything written so far durable; return the newest durable sequence number."""
        with self._sync_lock:
            with self._lock:
                self._refuse_if_failed()
                newest = self._next_seq - 1
            if newest > self._durable_seq:
                try:
                    self._files.sync(self._descriptor)
                except OSError as error:
                    # After a failed sync the kernel may drop the pages: trying again would lie.
                    self._fail("could not be synced to the disk", error)
                self._durable_seq = newest
            return self._durable_seq

    def end(self, data: Mapping[str, Any]) -> Anchor:
        """Write the closing row, durable, and close. Its absence is the evidence of a crash."""
        self.append(Kind.END, data, durable=True)
        anchor = self.anchor
        self._ended = True
        self._close()
        return anchor

    def abandon(self) -> None:
        """Close without a closing row, after a failure. Never raises."""
        if not self._ended:
            self._ended = True
            self._failure = self._failure or "was abandoned"
            try:
                self._files.close(self._descriptor)
            except OSError:
                return

    def _append(self, kind: str, data: Mapping[str, Any]) -> int:
        self._refuse_if_failed()
        seq = self._next_seq
        wall_ns, mono_ns = self._clocks.wall_ns(), self._clocks.mono_ns()
        try:
            line = pack_row(seq, self._last_hash, wall_ns, mono_ns, kind, data)
        except RowError as error:
            self._fail("could not take a row", error)
        try:
            taken = self._files.write(self._descriptor, line)
        except OSError as error:
            self._fail("could not be written", error)
        if taken != len(line):
            self._fail("was cut short", f"{taken} of {len(line)} bytes were taken")
        self._next_seq = seq + 1
        self._last_hash = digest_of(line)
        return seq

    def _sync_name(self) -> None:
        try:
            self._files.sync_folder(self.path.parent)
        except OSError as error:
            self._fail("could not be entered in its folder", error)

    def _close(self) -> None:
        try:
            self._files.close(self._descriptor)
        except OSError as error:
            self._fail("could not be closed", error)

    def _refuse_if_failed(self) -> None:
        if self._failure is not None:
            raise JournalError(
                f"the journal {self.path.name} takes no more rows",
                why=f"it {self._failure}",
                what_to_do=_WHAT_TO_DO,
            )
        if self._ended:
            raise JournalError(
                f"the journal {self.path.name} takes no more rows",
                why="its closing row has been written",
                what_to_do="Start a new session",
            )

    def _fail(self, how: str, why: object) -> NoReturn:
        self._failure = f"{how} ({_reason(why)})"
        raise JournalError(
            f"the journal {self.path} {how}", why=_reason(why), what_to_do=_WHAT_TO_DO
        ) from (why if isinstance(why, BaseException) else None)


def _reason(why: object) -> str:
    if isinstance(why, OSError) and why.errno is not None:
        return f"{why.strerror or 'system error'} [{errno.errorcode.get(why.errno, why.errno)}]"
    return str(why)


def _cannot_start(folder: Path, error: OSError) -> JournalError:
    return JournalError(
        f"no journal can be started in {folder}",
        why=_reason(error),
        what_to_do="Without a journal no session runs. Make the folder writable, free some "
        "space, or choose another state folder with STIMCTL_STATE_HOME",
    )
