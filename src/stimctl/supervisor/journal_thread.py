"""The journal's thread: appends rows, syncs them, and tells the engine what is on the disk."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stimctl.errors import StimctlError
from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Anchor, Header, JournalWriter
from stimctl.records.rows import utc_text
from stimctl.session.facts import Fact, JournalDurable, JournalFailed
from stimctl.supervisor.options import Options
from stimctl.version import __version__, code_digest

_ANCHOR_EVERY_S = 5.0
_CATALOGUE_WITHIN_S = 0.25
_SIGN_WITHIN_S = 1.0
_LEFT_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be written; `seq` is the session event's number, 0 for what is none."""

    kind: str
    data: Mapping[str, Any]
    seq: int
    durable: bool


class JournalThread:
    """Owns the writer of one session. `post` takes the facts and must not wait.

    Rows that wait together share one sync. After the first failure nothing more is written: the
    fact `JournalFailed` ends the session. A catalogue that another program keeps, or that is
    damaged, is in nobody's way: `notice` says so in one line.
    """

    def __init__(
        self, writer: JournalWriter, header: Mapping[str, Any], post: Callable[[Fact], None]
    ) -> None:
        self.writer = writer
        self._header = dict(header)
        self._post = post
        self.notice = ""
        self._closed: Anchor | None = None
        self._catalogue = Catalogue(writer.path.parent, busy_s=_CATALOGUE_WITHIN_S)
        self._started = utc_text(time.time_ns())
        self._enter()
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        # SQLite may wait for another process; the journal's own thread must not.
        self._anchoring = threading.Thread(target=self._anchor, name="anchors", daemon=True)
        self._thread.start()
        self._anchoring.start()

    def put(self, entry: Entry) -> None:
        """Queue one row."""
        self._queue.put(entry)

    def describe(self, **fields: str) -> None:
        """Correct what the catalogue says of this session (the protocol, once it is known)."""
        self._header.update(fields)

    def finish(
        self, outcome: Mapping[str, Any], timeout_s: float, sign_in: Path | None = None
    ) -> str | None:
        """Write what waits and the closing row within `timeout_s`; None, or why that failed.

        `sign_in`: the state folder whose key is to sign it then; see `sign`.
        """
        self._queue.put(None)
        self._thread.join(timeout_s)
        self._ended.set()
        if self._thread.is_alive():
            return "the disk does not answer"
        try:
            anchor = self.writer.end(outcome)
        except StimctlError as error:
            self.writer.abandon()
            return str(error)
        self._closed = anchor
        session, now = self.writer.session, utc_text(time.time_ns())
        if self._enter():
            try:
                self._catalogue.finish(session, now, str(outcome.get("outcome", "")), anchor)
            except StimctlError as error:
                self.notice = _notice(error)
        if sign_in is not None:
            self.sign(sign_in)
        return None

    def sign(self, state: Path, within_s: float = _SIGN_WITHIN_S) -> None:
        """Sign once what `finish` has closed; `notice` says why that was not done.

        In a thread of its own: neither a key nor a disk that does not answer keeps a session.
        """
        end, self._closed = self._closed, None
        if end is None:
            return
        told: queue.SimpleQueue[str] = queue.SimpleQueue()
        work = partial(_sign, state, self.writer.path, end, told)
        threading.Thread(target=work, name="signature", daemon=True).start()
        try:
            reason = told.get(timeout=within_s)
        except queue.Empty:
            reason = "the key or the disk does not answer"
        if reason:
            self.notice = f"the session is on record, but not signed: {reason}"

    def _enter(self) -> bool:
        """Tell the catalogue of this session as it is now."""
        try:
            self._catalogue.begin(
                self.writer.session, self._header, self._started, self.writer.anchor
            )
        except StimctlError as error:
            self.notice = _notice(error)
            return False
        self.notice = ""
        return True

    def _run(self) -> None:
        reason = "the thread that writes it failed"
        try:
            while self._write_batch():
                pass
            reason = ""
        except StimctlError as error:
            reason = str(error)
        finally:
            if reason:
                self._post(JournalFailed(reason))

    def _write_batch(self) -> bool:
        entry = self._queue.get()
        durable, newest, more = False, 0, True
        while True:
            if entry is None:
                more = False
                break
            self.writer.append(entry.kind, entry.data)
            durable |= entry.durable
            newest = max(newest, entry.seq)
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                break
        if durable:
            self.writer.sync()
            if newest:
                self._post(JournalDurable(newest))
        return more

    def _anchor(self) -> None:
        while not self._ended.wait(_ANCHOR_EVERY_S):
            self._enter()  # where it fails the next one may get through


def open_journal(
    options: Options,
    line: Mapping[str, Any],
    protocol: Mapping[str, str],
    post: Callable[[Fact], None],
) -> JournalThread:
    """Begin the journal of a session. Raises `JournalError` where it cannot be written."""
    header = Header(
        device=options.device,
        sim=options.sim,
        stimctl=__version__,
        python=sys.version.split()[0],
        person=options.person,
        notes={
            "line": dict(line),
            "config": asdict(options.config),
            "code": code_digest(),
            "operator": options.operator,
            "face": options.face,
        },
        **protocol,
    )
    writer = JournalWriter.open_session(options.journal_folder, header)
    return JournalThread(writer, header.as_dict(writer.session), post)


def _sign(state: Path, journal: Path, end: Anchor, told: queue.SimpleQueue[str]) -> None:
    """This session, then those whose program died before it could."""
    try:
        from stimctl.records.signing import sign_at_end, sign_what_was_left

        told.put(sign_at_end(state, journal, end, time.time_ns()))
        sign_what_was_left(state, journal.parent, time.time_ns(), _LEFT_AT_ONCE)
    except (StimctlError, OSError, ImportError) as error:
        told.put(str(error))


def _notice(error: StimctlError) -> str:
    """One line: the record of the session is whole without the catalogue."""
    return f"this session is not in the catalogue yet: {error.what}: {error.why}"
