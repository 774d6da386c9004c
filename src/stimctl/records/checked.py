"""Chain, anchor and signature of the sessions of one journal folder, with the keys known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from stimctl.records.additions import additions_path, lines_of, read_additions
from stimctl.records.catalogue import Entry
from stimctl.records.evidence import Evidence, Seen, evidence_of
from stimctl.records.journal import Anchor
from stimctl.records.rows import SUFFIX
from stimctl.records.sessions import each_session, find_session, verified_file
from stimctl.records.signers import signers
from stimctl.records.signing import tail_sha256
from stimctl.records.station_keys import PublicKey, known_keys


def evidence_of_session(folder: Path, state: Path, name: str) -> Evidence:
    """Chain, anchor and signature of one session, told apart; `state` has the known keys."""
    return evidence_of_file(*find_session(folder, name), known_keys(state), signers(state))


def evidence_of_all(folder: Path, state: Path) -> Iterator[Evidence]:
    """The same of every session, one after the other, those whose file is gone included."""
    keys, persons = known_keys(state), signers(state)
    for path, entry in each_session(folder):
        yield evidence_of_file(path, entry, keys, persons)


def evidence_of_file(
    path: Path, entry: Entry | None, keys: Mapping[str, PublicKey], persons: Mapping[str, str]
) -> Evidence:
    """The same of one journal and the additions beside it.

    `entry`: what a catalogue has of it; `keys`: the public keys that are known; `persons`: the
    fingerprint of each person's key, by code. Raises IntegrityError, JournalError.
    """
    found = verified_file(path, entry)
    end = Anchor(found.rows, found.last_hash)
    missing = entry is not None and not path.exists()
    return evidence_of(
        path.name.removesuffix(SUFFIX),
        found,
        read_additions([] if missing else lines_of(additions_path(path)), end, strict=False),
        keys,
        persons,
        None if entry is None else Seen(entry.origin, entry.additions),
        "" if missing else tail_sha256(path, found),
    )
