"""Signatures: made at a session's end, told apart from chain and anchor, never in its way."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.errors import IntegrityError, JournalError, KeyFileError, UsageError
from stimctl.records.additions import additions_path
from stimctl.records.catalogue import Catalogue
from stimctl.records.checked import evidence_of_session
from stimctl.records.evidence import AnchorSays, Chain, Evidence, SignatureSays
from stimctl.records.journal import Anchor, Header, JournalWriter
from stimctl.records.places import journal_folder
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


def test_the_private_key_is_for_its_owner_only_and_no_repr_shows_it(tmp_path: Path) -> None:
    key = open_key(tmp_path, NOW)
    assert stat.S_IMODE((tmp_path / PRIVATE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / PRIVATE).parent.stat().st_mode) == 0o700
    assert key.private.hex() not in repr(key)
    assert open_key(tmp_path, NOW).private == key.private


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.chmod(0o640), "0640"),
        (lambda file: file.write_text("nonsense"), "64 digits"),
        (lambda file: (file.unlink(), file.mkdir()), "directory"),
        (lambda file: file.unlink(), "has been here"),
        (lambda file: (file.unlink(), file.symlink_to("/dev/zero")), "symbolic links"),
    ],
)
def test_a_session_whose_key_cannot_be_used_is_on_record_and_told_as_not_signed(
    tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    good = open_key(tmp_path, NOW).private
    spoil(tmp_path / PRIVATE)
    journal = record(tmp_path, sign=False)
    found = evidence(tmp_path, journal)
    told = sign_at_end(tmp_path, journal, end_of(found), NOW_NS)
    assert reason.lower() in told.lower()
    found = evidence(tmp_path, journal)
    assert found.ok
    assert found.signature.says is SignatureSays.NOT_SIGNED
    assert reason.lower() in found.signature.why.lower()
    assert str(tmp_path) not in found.signature.why, "a path may hold the name of a user"
    with pytest.raises(KeyFileError):
        sign_session(tmp_path, journal, NOW_NS)
    remove(tmp_path / PRIVATE)
    (tmp_path / PRIVATE).touch(0o600)
    (tmp_path / PRIVATE).write_text(good.hex())
    sign_session(tmp_path, journal, NOW_NS)
    assert evidence(tmp_path, journal).signature.made == "later"
    with pytest.raises(UsageError, match="already"):
        sign_session(tmp_path, journal, NOW_NS)


def test_after_a_change_of_keys_old_signatures_stay_valid(tmp_path: Path) -> None:
    before = record(tmp_path)
    old = public_key(tmp_path)
    new = new_key(tmp_path, "2026-11-19T00:00:00Z")
    after = record(tmp_path)
    assert evidence(tmp_path, before).signature.key == old.fingerprint
    assert evidence(tmp_path, after).signature.key == new.public.fingerprint
    assert evidence(tmp_path, before).ok
    assert evidence(tmp_path, after).ok
    assert known_keys(tmp_path)[old.fingerprint].retired


def test_a_retired_key_signs_no_more(tmp_path: Path) -> None:
    stolen = open_key(tmp_path, NOW).private
    new_key(tmp_path, "2026-01-01T00:00:00Z")
    (tmp_path / PRIVATE).write_text(stolen.hex())
    with pytest.raises(KeyFileError, match="retired"):
        open_key(tmp_path, NOW)
    journal = record(tmp_path, sign=False)
    here = tmp_path / "keys" / "station-keys.json"
    kept = here.read_bytes()
    here.unlink()
    assert sign_at_end(tmp_path, journal, end_of(evidence(tmp_path, journal)), NOW_NS) == ""
    here.write_bytes(kept)
    found = evidence(tmp_path, journal)
    assert found.signature.says is SignatureSays.RETIRED_KEY
    assert not found.ok


def test_a_signature_by_an_unknown_key_is_never_called_valid(tmp_path: Path) -> None:
    journal = record(tmp_path)
    public = public_key(tmp_path).public_key
    remove(tmp_path / "keys")
    found = evidence(tmp_path, journal)
    assert found.signature.says is SignatureSays.UNKNOWN_KEY
    assert not found.ok
    add_key(tmp_path, public, NOW)
    assert evidence(tmp_path, journal).signature.says is SignatureSays.VALID
    assert public_key(tmp_path) is None, "it is another station's: this one does not sign with it"


def test_a_session_whose_program_died_is_signed_later_as_it_was_found(tmp_path: Path) -> None:
    record(tmp_path)
    died = record(tmp_path, end=False)
    with died.open("ab") as file:
        file.write(b'{"seq":4,"prev":"to')
    assert sign_what_was_left(tmp_path, journal_folder(tmp_path), NOW_NS, most=3) == 1
    assert sign_what_was_left(tmp_path, journal_folder(tmp_path), NOW_NS, most=3) == 0
    found = evidence(tmp_path, died)
    assert found.signature.says is SignatureSays.VALID
    assert found.signature.made == "at-recovery"
    with died.open("ab") as file:
        file.write(b"r")
    found = evidence(tmp_path, died)
    assert found.signature.says is SignatureSays.INVALID
    assert "behind row 3" in found.signature.why


def test_a_running_session_is_not_signed_and_not_amended(tmp_path: Path) -> None:
    open_key(tmp_path, "2026-01-01T00:00:00Z")
    writer = JournalWriter.open_session(journal_folder(tmp_path), HEADER)
    assert sign_what_was_left(tmp_path, journal_folder(tmp_path), NOW_NS, most=3) == 0
    with pytest.raises(UsageError, match="still running"):
        sign_session(tmp_path, writer.path, NOW_NS)
    with pytest.raises(UsageError, match="still running"):
        amend(tmp_path, writer.path, NOW_NS, "a note")
    writer.append("telemetry", {})
    writer.end({})
    sign_session(tmp_path, writer.path, NOW_NS)


def test_a_damaged_session_is_not_signed(tmp_path: Path) -> None:
    journal = record(tmp_path, sign=False)
    journal.write_bytes(journal.read_bytes().replace(b'"n":1', b'"n":7'))
    with pytest.raises(IntegrityError, match="damaged"):
        sign_session(tmp_path, journal, NOW_NS)


def test_amendments_and_countersignatures_are_rows_and_change_nothing(tmp_path: Path) -> None:
    journal = record(tmp_path)
    before = journal.read_bytes(), additions_path(journal).read_bytes()
    amend(tmp_path, journal, NOW_NS, "electrode 2 was on the left", "P-04", about_row=1)
    signer = make_signer(tmp_path, "P-04", "123456")
    countersign(tmp_path, journal, NOW_NS, signer, Meaning.REVIEWED)
    assert journal.read_bytes() == before[0]
    assert additions_path(journal).read_bytes().startswith(before[1])
    found = evidence(tmp_path, journal)
    assert found.ok, found.problems
    assert [(one.kind, one.by, one.text, one.about_row) for one in found.added] == [
        ("amendment", "P-04", "electrode 2 was on the left", 1),
        ("countersignature", "P-04", "reviewed", None),
    ]


def test_a_person_signs_with_code_and_pin(tmp_path: Path) -> None:
    made = make_signer(tmp_path, "P-04", "123456")
    assert open_signer(tmp_path, "P-04", "123456").private == made.private
    with pytest.raises(KeyFileError, match="PIN"):
        open_signer(tmp_path, "P-04", "123457")
    with pytest.raises(KeyFileError, match="no key of P-05"):
        open_signer(tmp_path, "P-05", "123456")
    with pytest.raises(UsageError, match="no PIN"):
        make_signer(tmp_path, "P-06", "12345")
    with pytest.raises(UsageError, match="already"):
        make_signer(tmp_path, "P-04", "654321")
    journal = record(tmp_path)
    countersign(tmp_path, journal, NOW_NS, made, Meaning.PERFORMED)
    (tmp_path / "keys" / "persons" / "P-04.json").unlink()
    found = evidence(tmp_path, journal)
    assert found.added[0].says is SignatureSays.UNKNOWN_KEY
    assert not found.ok


def test_an_addition_that_was_cut_by_a_power_failure_gives_way_to_the_next(tmp_path: Path) -> None:
    journal = record(tmp_path)
    with additions_path(journal).open("ab") as file:
        file.write(b'{"seq":6,"pr')
    assert Finding.ADDITIONS in {one.finding for one in evidence(tmp_path, journal).problems}
    amend(tmp_path, journal, NOW_NS, "a note")
    assert evidence(tmp_path, journal).ok


def test_nothing_is_added_behind_a_changed_addition(tmp_path: Path) -> None:
    journal = record(tmp_path)
    path = additions_path(journal)
    path.write_bytes(path.read_bytes().replace(b'"seq":', b'"sep":'))
    with pytest.raises(JournalError, match="nothing can be added"):
        amend(tmp_path, journal, NOW_NS, "a note")


def test_a_removed_signature_and_a_removed_amendment_are_found(tmp_path: Path) -> None:
    journal = record(tmp_path)
    amend(tmp_path, journal, NOW_NS, "a note")
    path = additions_path(journal)
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(first)
    found = evidence(tmp_path, journal)
    assert (found.signature.says, found.anchor) == (SignatureSays.VALID, AnchorSays.DIFFERS)
    path.unlink()
    found = evidence(tmp_path, journal)
    assert (found.chain, found.anchor) == (Chain.WHOLE, AnchorSays.DIFFERS)
    assert found.signature.says is SignatureSays.NOT_SIGNED
    assert not found.ok


def end_of(found: Evidence) -> Anchor:
    return Anchor(found.verification.rows, found.verification.last_hash)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
