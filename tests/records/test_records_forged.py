"""A stored, signed session that somebody or something changes: found every time, the row named."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stimctl.records.additions import additions_path
from stimctl.records.catalogue import Catalogue
from stimctl.records.checked import evidence_of_file, evidence_of_session
from stimctl.records.evidence import AnchorSays, Chain, Evidence, SignatureSays
from stimctl.records.journal import Anchor, Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.signers import signers
from stimctl.records.signing import amend, sign_at_end, sign_session
from stimctl.records.station_keys import known_keys
from tests.support.forged import Forged, Stored, accident, rewritten, shortened

NOW_NS = 1_795_000_000_000_000_000
ROWS = 24
Forge = Callable[[random.Random, Stored], Forged]


def a_signed_session(state: Path) -> Path:
    folder = journal_folder(state)
    header = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11", person="K-17")
    writer = JournalWriter.open_session(folder, header)
    Catalogue(folder).begin(writer.session, header.as_dict(writer.session), "", writer.anchor)
    for number in range(ROWS):
        writer.append("set", {"channel": 1, "level": 1_000 + 500 * number, "unit": "uA"})
    end = writer.end({"outcome": "zero verified"})
    Catalogue(folder).finish(writer.session, "2026-11-18T10:26:40Z", "zero verified", end)
    assert sign_at_end(state, writer.path, end, NOW_NS) == ""
    amend(state, writer.path, NOW_NS, "electrode 2 was on the left")
    return writer.path


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    for _ in range(2):
        a_signed_session(folder)
    return folder


@pytest.fixture
def stored(state: Path) -> Iterator[tuple[Path, Stored]]:
    """The first session; it is put back after the test."""
    journal = min(journal_folder(state).glob("*.jsonl"))
    kept = Stored.read(journal)
    yield journal, kept
    kept.write(journal)


def seen_after(journal: Path, forged: Forged, state: Path) -> Evidence:
    forged.stored.write(journal)
    return evidence_of_session(journal.parent, state, journal.stem)


def named(found: Evidence) -> set[int]:
    """Every row that a problem names."""
    words = " ".join(problem.message for problem in found.problems)
    numbers = {int(number) for number in re.findall(r"row (\d+)", words)}
    return numbers | {problem.row for problem in found.problems}


def every_accident_is_found(
    journal: Path, stored: Stored, state: Path, seeds: range, with_catalogue: bool
) -> None:
    keys, persons = known_keys(state), signers(state)
    entry = Catalogue(journal.parent).entry(journal.stem) if with_catalogue else None
    changed = 0
    for seed in seeds:
        # Additions have no closing row: without a catalogue nothing knows of one that is gone.
        forged = accident(random.Random(seed), stored, journal_only=not with_catalogue)
        if forged.stored == stored:
            continue
        changed += 1
        forged.stored.write(journal)
        found = evidence_of_file(journal, entry, keys, persons)
        assert not found.ok, (seed, forged.what)
        assert forged.row in named(found), (seed, forged.what, forged.row, found.problems)
    assert changed >= len(seeds) * 0.95


@pytest.mark.hazard("H51")
def test_random_changes_are_found_and_the_row_is_named(
    stored: tuple[Path, Stored], state: Path
) -> None:
    every_accident_is_found(*stored, state, range(60), with_catalogue=True)


@pytest.mark.soak
@pytest.mark.parametrize("with_catalogue", [True, False])
def test_a_thousand_random_changes_are_found_and_the_row_is_named(
    stored: tuple[Path, Stored], state: Path, with_catalogue: bool
) -> None:
    every_accident_is_found(*stored, state, range(1_000), with_catalogue)


@pytest.mark.hazard("H51")
@pytest.mark.parametrize("forge", [rewritten, shortened])
@pytest.mark.parametrize("seed", range(4))
def test_a_chain_with_recomputed_hashes_is_whole_and_neither_anchored_nor_signed(
    stored: tuple[Path, Stored],
    state: Path,
    forge: Callable[[random.Random, Stored], Forged],
    seed: int,
) -> None:
    journal, kept = stored
    found = seen_after(journal, forge(random.Random(seed), kept), state)
    assert found.chain is Chain.WHOLE
    assert found.anchor is AnchorSays.DIFFERS
    assert found.signature.says is SignatureSays.INVALID
    assert not found.ok


def test_with_a_catalogue_made_again_the_signature_alone_finds_a_rewritten_chain(
    stored: tuple[Path, Stored], state: Path
) -> None:
    journal, kept = stored
    rewritten(random.Random(1), kept).stored.write(journal)
    found = evidence_of_file(journal, None, known_keys(state), {})
    assert (found.chain, found.anchor) == (Chain.WHOLE, AnchorSays.NONE)
    assert found.signature.says is SignatureSays.INVALID


def test_who_signs_a_rewritten_chain_with_another_key_is_not_believed(
    stored: tuple[Path, Stored], state: Path, tmp_path: Path
) -> None:
    journal, kept = stored
    rewritten(random.Random(1), kept).stored.write(journal)
    additions_path(journal).unlink()
    sign_session(tmp_path, journal, NOW_NS)
    found = evidence_of_file(journal, None, known_keys(state), {})
    assert found.signature.says is SignatureSays.UNKNOWN_KEY
    assert not found.ok


def test_files_that_change_names_are_found(state: Path, tmp_path: Path) -> None:
    shutil.copytree(state, tmp_path / "state")
    state = tmp_path / "state"
    first, second = sorted(journal_folder(state).glob("*.jsonl"))
    one, other = Stored.read(first), Stored.read(second)
    for here, there in ((other, one), (Stored(one.journal, other.additions), other)):
        here.write(first)
        there.write(second)
        found = evidence_of_session(journal_folder(state), state, first.stem)
        assert not found.ok
        assert found.signature.says is SignatureSays.INVALID
    one.write(second)
    found = evidence_of_file(second, None, known_keys(state), {})
    assert found.chain is Chain.DAMAGED, "row 0 says whose rows these are"


def test_anchors_are_of_the_length_that_was_recorded(state: Path) -> None:
    for entry in Catalogue(journal_folder(state)).entries():
        assert entry.anchor.rows == ROWS + 2
        assert entry.additions == Anchor(ROWS + 4, entry.additions.last_hash)
