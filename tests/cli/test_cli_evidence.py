"""verify, sign, amend, station-key, backup and restore, as somebody types them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from stimctl.cli import session_list
from stimctl.errors import ExitCode
from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.signing import sign_at_end
from stimctl.tui.model.replay import amendments_of

HEADER = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11", person="K-17")


def record(state: Path, *, sign: bool = True) -> Path:
    folder = journal_folder(state)
    writer = JournalWriter.open_session(folder, HEADER)
    Catalogue(folder).begin(writer.session, HEADER.as_dict(writer.session), "", writer.anchor)
    end = writer.end({"outcome": "zero verified"})
    Catalogue(folder).finish(writer.session, "2026-11-18T10:26:40Z", "zero verified", end)
    if sign:
        assert sign_at_end(state, writer.path, end, time.time_ns()) == ""
    return writer.path


def test_verify_tells_chain_anchor_and_signature_apart(cli: Any, state: Path) -> None:
    journal = record(state)
    said = cli("sessions", "verify")
    assert said.code == 0
    assert "chain whole, anchor agrees, signature valid by " in said.out
    (told,) = cli("sessions", "verify", "--json").data["sessions"]
    assert (told["chain"], told["anchor"], told["signature"]["says"]) == (
        "whole", "agrees", "valid",
    )  # fmt: skip
    assert told["file"] == str(journal)


def test_a_session_without_a_signature_is_a_fault_where_one_was_asked_for(
    cli: Any, state: Path
) -> None:
    record(state, sign=False)
    assert "signature not-signed: the record has no signature" in cli("sessions", "verify").out
    assert cli("sessions", "verify").code == 0
    assert cli("sessions", "verify", "--signed").code == ExitCode.INTEGRITY
    assert "signed by the station" in cli("sessions", "sign").out
    said = cli("sessions", "verify", "--signed")
    assert (said.code, "made later" in said.out) == (0, True)
    assert cli("sessions", "sign").code == ExitCode.USAGE


def test_a_fingerprint_from_a_paper_is_compared(cli: Any, state: Path) -> None:
    record(state)
    (key,) = cli("station-key", "list", "--json").data["keys"]
    assert key["fingerprint"] in cli("station-key", "list").out
    assert cli("sessions", "verify", "--key", key["fingerprint"].upper()).code == 0
    new = cli("station-key", "new").out.strip()
    assert cli("sessions", "verify", "--key", new).code == ExitCode.INTEGRITY
    assert cli("sessions", "verify").code == 0, "an old key stays known"
    assert cli("station-key", "add", key["public_key"]).out.strip() == key["fingerprint"]
    assert cli("station-key", "add", "nonsense").code == ExitCode.USAGE


def test_a_person_signs_with_a_meaning_and_a_pin_that_is_not_on_the_command_line(
    cli: Any, state: Path, tmp_path: Path
) -> None:
    record(state)
    pin = tmp_path / "pin"
    pin.write_text("12-34-56\n")
    who = ("sessions", "sign", "last", "--as", "P-04")
    assert cli(*who, "--meaning", "reviewed", "--pin", "123456").code == ExitCode.USAGE
    assert cli(*who, "--meaning", "liked", "--pin", f"@{pin}").code == ExitCode.USAGE
    assert cli(*who, "--meaning", "reviewed", "--pin", f"@{pin}").code == 0
    pin.write_text("12-34-57\n")
    wrong = cli(*who, "--meaning", "performed", "--pin", f"@{pin}")
    assert (wrong.code, "PIN" in wrong.err) == (ExitCode.INTEGRITY, True)
    said = cli("sessions", "verify")
    assert said.code == 0
    assert said.out.count("signed by P-04 as reviewed") == 1


@pytest.fixture
def amended(cli: Any, state: Path) -> Path:
    journal = record(state)
    said = ("--note", "electrode 2 was on the left", "--row", "1", "--as", "P-04")
    assert cli("sessions", "amend", "last", *said).code == 0
    return journal


def test_an_amendment_is_shown_as_one_by_every_reader(
    cli: Any, amended: Path, tmp_path: Path
) -> None:
    note = "amended by P-04 (about row 1): electrode 2 was on the left"
    assert note in cli("sessions", "show").out
    assert note in cli("sessions", "verify").out
    assert cli("sessions", "show", "--json").data["added"][0]["text"].startswith("electrode 2")
    page = tmp_path / "page.html"
    assert cli("sessions", "report", "last", "-o", str(page)).code == 0
    text = page.read_text()
    assert "Amendments: added after the end" in text
    assert "amendment on row 1 by P-04" in text
    assert "signed by the station at" in text
    (key,) = cli("station-key", "list", "--json").data["keys"]
    assert key["fingerprint"] in text
    assert key["public_key"] in text
    assert amendments_of(amended) == "electrode 2 was on the left"


def test_what_cannot_be_amended_is_refused(cli: Any, state: Path) -> None:
    record(state)
    assert cli("sessions", "amend", "last").code == ExitCode.USAGE
    assert cli("sessions", "amend", "last", "--note", "x", "--row", "99").code == ExitCode.USAGE
    assert cli("sessions", "amend", "last", "--note", "x", "--as", "Jane Doe").code == (
        ExitCode.USAGE
    )


def test_a_report_of_a_rewritten_session_says_that_it_is_not_what_was_signed(
    cli: Any, amended: Path, tmp_path: Path
) -> None:
    amended.write_bytes(amended.read_bytes().replace(b"zero verified", b"ZERO verified"))
    page = tmp_path / "page.html"
    assert cli("sessions", "report", "last", "-o", str(page)).code == ExitCode.INTEGRITY
    assert "NOT VALID (invalid)" in page.read_text()


def test_a_backup_is_made_and_restored(
    cli: Any, amended: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.tar.gz"
    made = cli("backup", str(target))
    assert made.code == 0
    assert "1 session" in made.out
    assert cli("backup", str(target)).code == ExitCode.USAGE
    assert cli("restore", str(target)).code == ExitCode.USAGE, "the state folder has files"
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "new"))
    back = cli("restore", str(target), "--json")
    assert (back.code, back.data["sessions"], back.data["private_keys"]) == (0, 1, False)
    assert cli("sessions", "verify", "--signed").code == 0


def test_of_many_sessions_the_newest_are_listed_and_the_others_counted(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_list.put_sessions, "__kwdefaults__", {"most": 2, "as_json": False})
    names = [record(state, sign=False).stem for _ in range(4)]
    said = cli("sessions", "list")
    assert [name in said.out for name in names] == [False, False, True, True]
    assert "2 older ones are not listed" in said.err
    assert all(name in cli("sessions", "list", "--all").out for name in names)
    assert len(cli("sessions", "list", "--json").data["sessions"]) == 4
