"""The signature at a session's end is never in its way: not by its key, its disk or its time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from stimctl.records import signing
from stimctl.records.checked import evidence_of_session
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.station_keys import open_key
from stimctl.session.facts import Fact
from stimctl.supervisor.journal_thread import Entry, JournalThread

HEADER = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11")


def ended(state: Path) -> JournalThread:
    """The journal of a session that has just ended."""
    writer = JournalWriter.open_session(journal_folder(state), HEADER)
    told: list[Fact] = []
    journal = JournalThread(writer, HEADER.as_dict(writer.session), told.append)
    journal.put(Entry("start", {}, 1, durable=True))
    assert journal.finish({"outcome": "zero verified"}, 10) is None
    return journal


def test_a_session_that_has_ended_is_signed(tmp_path: Path) -> None:
    journal = ended(tmp_path)
    journal.sign(tmp_path, 60)
    journal.sign(tmp_path, 60)
    assert journal.notice == ""
    found = evidence_of_session(journal_folder(tmp_path), tmp_path, "last")
    assert (found.ok, found.signature.says, found.signature.made) == (True, "valid", "at-end")


def test_a_key_that_others_can_read_is_told_and_the_record_is_whole(tmp_path: Path) -> None:
    open_key(tmp_path, "2026-01-01T00:00:00Z")
    (tmp_path / "keys" / "station.key").chmod(0o644)
    journal = ended(tmp_path)
    journal.sign(tmp_path, 60)
    assert "not signed" in journal.notice
    assert "chmod 600" in journal.notice
    found = evidence_of_session(journal_folder(tmp_path), tmp_path, "last")
    assert (found.ok, found.chain, found.signature.says) == (True, "whole", "not-signed")


@pytest.mark.clock
def test_a_key_that_does_not_answer_keeps_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()

    def hangs(*_: object) -> str:
        answers.wait(60)
        return ""

    monkeypatch.setattr(signing, "sign_at_end", hangs)
    monkeypatch.setattr(signing, "sign_what_was_left", lambda *_: 0)
    try:
        journal = ended(tmp_path)
        journal.sign(tmp_path, 0.05)
        assert journal.notice.endswith("not signed: the key or the disk does not answer")
    finally:
        answers.set()


def test_a_journal_that_was_not_closed_is_not_signed(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(journal_folder(tmp_path), HEADER)
    journal = JournalThread(writer, HEADER.as_dict(writer.session), lambda _: None)
    writer.abandon()
    assert journal.finish({}, 10)
    journal.sign(tmp_path, 60)
    assert not list(tmp_path.rglob("*.additions"))
