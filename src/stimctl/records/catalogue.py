"""The SQLite index of all sessions, and the anchor of each journal outside its file.

An anchor is a row count and the hash of that row. A hash chain alone cannot show that
its last rows were cut away; the anchor can. The index can be made again from the files,
but anchors made that way only prove that nothing has changed since (`origin` says so).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stimctl.errors import IntegrityError, JournalError
from stimctl.records.journal import Anchor
from stimctl.records.numbers import order_of
from stimctl.records.rows import SUFFIX
from stimctl.records.storage import FILE_MODE, FOLDER_MODE
from stimctl.records.verify import Verification

FILE_NAME: Final = "catalogue.sqlite3"
BY_WRITER: Final = "writer"  # the anchor was set while the session was recorded
BY_FILE: Final = "file"  # the anchor was read from the file afterwards
_BUSY_S: Final = 2.0
_AT_ONCE: Final = 500  # SQLite takes 999 values in one question
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS sessions (
    session TEXT PRIMARY KEY,
    started TEXT NOT NULL DEFAULT '',
    device TEXT NOT NULL DEFAULT '',
    sim INTEGER NOT NULL DEFAULT 0,
    protocol TEXT NOT NULL DEFAULT '',
    person TEXT NOT NULL DEFAULT '',
    ended TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT '',
    rows INTEGER NOT NULL,
    last_hash TEXT NOT NULL,
    origin TEXT NOT NULL
)
"""
# What brings an index up to a version from the one before. Journals are never rewritten.
_MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (_TABLE,),
    2: (  # how far the additions of a session go
        "ALTER TABLE sessions ADD COLUMN added INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE sessions ADD COLUMN added_hash TEXT NOT NULL DEFAULT ''",
    ),
}
_VERSION: Final = max(_MIGRATIONS)
_RAISE_ANCHOR: Final = """
INSERT INTO sessions (session, rows, last_hash, origin) VALUES (?, ?, ?, ?)
ON CONFLICT (session) DO UPDATE SET rows = excluded.rows, last_hash = excluded.last_hash
WHERE excluded.rows > sessions.rows
"""


_NOTHING: Final = Anchor(0, "")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index. Times are UTC text as in the rows; "" where not known."""

    session: str
    started: str
    device: str
    sim: bool
    protocol: str
    person: str
    ended: str
    outcome: str
    anchor: Anchor
    origin: str
    additions: Anchor = _NOTHING


class Catalogue:
    """The index file in one journal folder. Every call is one transaction of its own.

    Several processes and threads may use one index at the same time: one waits up to
    `busy_s` for another. IntegrityError when the index is damaged, JournalError when it
    cannot be read or written now.
    """

    def __init__(self, folder: Path, *, busy_s: float = _BUSY_S) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self._busy_s = busy_s

    def begin(self, session: str, header: Mapping[str, Any], started: str, anchor: Anchor) -> None:
        """Enter a session that has just begun; `header` is the data of its row 0."""
        with self._transaction() as connection:
            self._raise_anchor(connection, session, anchor, BY_WRITER)
            self._describe(connection, session, header, started)

    def anchor(self, session: str, anchor: Anchor) -> None:
        """Note how far a session's file goes now. An anchor never moves back."""
        with self._transaction() as connection:
            self._raise_anchor(connection, session, anchor, BY_WRITER)

    def finish(self, session: str, ended: str, outcome: str, anchor: Anchor) -> None:
        """Note that a session has ended, with the anchor of its closing row."""
        with self._transaction() as connection:
            self._raise_anchor(connection, session, anchor, BY_WRITER)
            self._close(connection, session, ended, outcome)

    def add(self, session: str, additions: Anchor) -> None:
        """Note how far the additions of a session go. Like an anchor, that never moves back."""
        with self._transaction() as connection:
            self._add(connection, session, additions)

    def adopt(
        self, verifications: Iterable[Verification], additions: Mapping[str, Anchor] | None = None
    ) -> None:
        """Enter or update sessions from what can be read of their files, all at once.

        `additions`: how far those of a session go, by its id.
        """
        with self._transaction() as connection:
            for verification in verifications:
                self._adopt(connection, verification)
            for session, added in (additions or {}).items():
                self._add(connection, session, added)

    def _adopt(self, connection: sqlite3.Connection, verification: Verification) -> None:
        session = verification.path.name.removesuffix(SUFFIX)
        anchor = Anchor(verification.rows, verification.last_hash)
        # Only a sound file may move an anchor: a damaged one proves nothing.
        if verification.ok or verification.unfinished_only or not verification.anchored:
            self._raise_anchor(connection, session, anchor, BY_FILE)
        if verification.header is not None:
            header = verification.header
            self._describe(connection, session, header.data, header.t)
        if verification.end is not None:
            end = verification.end
            self._close(connection, session, end.t, str(end.data.get("outcome", "")))

    def forget_person(self, sessions: Iterable[str]) -> None:
        """These sessions are nobody's now; nothing of whose they were stays in the file."""
        if not self.path.exists():
            return
        with self._opened() as connection:
            connection.execute("PRAGMA secure_delete = ON")  # what is replaced is overwritten
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            connection.executemany(
                "UPDATE sessions SET person = '' WHERE session = ?", [(one,) for one in sessions]
            )
            connection.execute("COMMIT")

    def entries(self) -> tuple[Entry, ...]:
        """All sessions, oldest first."""
        found = map(_entry, self._rows("SELECT * FROM sessions"))
        return tuple(sorted(found, key=lambda entry: order_of(entry.session)))

    def sessions(self) -> set[str]:
        """The ids of all sessions: a hundredth of the time that the entries take."""
        return {row["session"] for row in self._rows("SELECT session FROM sessions")}

    def some(self, sessions: Sequence[str]) -> Mapping[str, Entry]:
        """The entries of those of these sessions that are known, by id."""
        found: dict[str, Entry] = {}
        for at in range(0, len(sessions), _AT_ONCE):
            part = tuple(sessions[at : at + _AT_ONCE])
            marks = ",".join("?" * len(part))
            rows = self._rows(f"SELECT * FROM sessions WHERE session IN ({marks})", part)
            found |= {row["session"]: _entry(row) for row in rows}
        return found

    def entry(self, session: str) -> Entry | None:
        """One session, or None."""
        return self.some((session,)).get(session)

    def _rows(self, query: str, values: Sequence[str] = ()) -> list[sqlite3.Row]:
        if not self.path.exists():
            return []
        with self._opened() as connection:  # a reader does not wait for who only reads, too
            there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sessions'")
            return [] if there.fetchone() is None else connection.execute(query, values).fetchall()

    def set_aside(self) -> Path | None:
        """Move the index file away under a new name; None when there was none."""
        if not self.path.exists():
            return None
        number = 1
        while (target := self.path.with_suffix(f".damaged-{number}")).exists():
            number += 1
        try:
            self.path.rename(target)
        except OSError as error:
            raise _not_now(self.path, error) from error
        return target

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for number in range(version + 1, _VERSION + 1):
                for change in _MIGRATIONS[number]:
                    connection.execute(change)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._open()) as connection:
                yield connection
        except (sqlite3.OperationalError, OSError) as error:
            raise _not_now(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise IntegrityError(
                f"the catalogue {self.path} is damaged",
                why=str(error),
                what_to_do="The journals themselves are not touched by this. Make a new "
                "catalogue from them with: stimctl sessions list --rebuild",
            ) from error

    def _open(self) -> sqlite3.Connection:
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # SQLite would create the file with the umask's mode.
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, FILE_MODE))
        connection = sqlite3.connect(self.path, timeout=self._busy_s, isolation_level=None)
        try:
            self._prepare(connection)
        except BaseException:  # locked, damaged, newer: nobody else would close it
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise IntegrityError(
                f"the catalogue {self.path} was written by a newer stimctl",
                why=f"its version is {version}, this program knows {_VERSION}",
                what_to_do="Use the newer stimctl",
            )

    @staticmethod
    def _raise_anchor(
        connection: sqlite3.Connection, session: str, anchor: Anchor, origin: str
    ) -> None:
        connection.execute(_RAISE_ANCHOR, (session, anchor.rows, anchor.last_hash, origin))

    @staticmethod
    def _add(connection: sqlite3.Connection, session: str, additions: Anchor) -> None:
        connection.execute(
            "UPDATE sessions SET added = ?, added_hash = ? WHERE session = ? AND added < ?",
            (additions.rows, additions.last_hash, session, additions.rows),
        )

    @staticmethod
    def _describe(
        connection: sqlite3.Connection, session: str, header: Mapping[str, Any], started: str
    ) -> None:
        texts = [str(header.get(key) or "") for key in ("device", "protocol", "person")]
        connection.execute(
            "UPDATE sessions SET started = ?, sim = ?, device = ?, protocol = ?, person = ? "
            "WHERE session = ?",
            (started, int(header.get("sim") is True), *texts, session),
        )

    @staticmethod
    def _close(connection: sqlite3.Connection, session: str, ended: str, outcome: str) -> None:
        connection.execute(
            "UPDATE sessions SET ended = ?, outcome = ? WHERE session = ?",
            (ended, outcome, session),
        )


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        session=row["session"],
        started=row["started"],
        device=row["device"],
        sim=bool(row["sim"]),
        protocol=row["protocol"],
        person=row["person"],
        ended=row["ended"],
        outcome=row["outcome"],
        anchor=Anchor(row["rows"], row["last_hash"]),
        origin=row["origin"],
        additions=Anchor(row["added"], row["added_hash"]) if "added" in row.keys() else _NOTHING,  # noqa: SIM118
    )


def _not_now(path: Path, error: Exception) -> JournalError:
    locked = getattr(error, "sqlite_errorcode", None) in (
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
    )  # fmt: skip
    return JournalError(
        f"the catalogue {path} cannot be used now",
        why="another program keeps it locked" if locked else str(error),
        what_to_do="Check that the folder is on a local disk, writable, and not full; "
        "then try again",
    )
