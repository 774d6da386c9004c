"""Signatures: made at a session's end, told apart from chain and anchor, never in its way."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from stimctl.errors import IntegrityError, KeyFileError, UsageError
from stimctl.records.additions import additions_path
from stimctl.records.catalogue import Catalogue
from stimctl.records.evidence import AnchorSays, Chain, Evidence, SignatureSays
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.sessions import evidence_of_session
from stimctl.records.signers import make_signer, open_signer
from stimctl.records.signing import (
    Meaning,
    amend,
    countersign,
    sign_at_end,
    sign_session,
    sign_what_was_left,
)
from stimctl.records.station_keys import add_key, known_keys, new_key, open_key, public_key
from stimctl.records.verify import Finding

NOW_NS = 1_795_000_000_000_000_000
NOW = "2026-11-18T10:26:40.000000000Z"
HEADER = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11", person="K-17")
PRIVATE = Path("keys") / "station.key"


def record(state: Path, *, sign: bool = True, end: bool = True, rows: int = 3) -> Path:
    """A session as the supervisor records one."""
    folder = journal_folder(state)
    writer = JournalWriter.open_session(folder, HEADER)
    catalogue = Catalogue(folder)
    catalogue.begin(writer.session, HEADER.as_dict(writer.session), NOW, writer.anchor)
    for number in range(rows):
        writer.append("telemetry", {"n": number})
    if not end:
        writer.abandon()
        return writer.path
    anchor = writer.end({"outcome": "zero verified"})
    catalogue.finish(writer.session, NOW, "zero verified", anchor)
    if sign:
        assert sign_at_end(state, writer.path, anchor, NOW_NS) == ""
    return writer.path


def evidence(state: Path, journal: Path) -> Evidence:
    return evidence_of_session(journal_folder(state), state, journal.stem)


def test_a_session_is_signed_at_its_end_and_the_three_are_told_apart(tmp_path: Path) -> None:
    found = evidence(tmp_path, record(tmp_path))
    assert found.ok, found.problems
    assert (found.chain, found.anchor) == (Chain.WHOLE, AnchorSays.AGREES)
    assert found.signature.says is SignatureSays.VALID
    assert found.signature.made == "at-end"
    assert found.signature.key == public_key(tmp_path).fingerprint
