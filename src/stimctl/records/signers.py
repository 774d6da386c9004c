"""The keys of persons who countersign: each under a PIN of its own, by a person's code.

    keys/persons/CODE.json  the public half, and the private half under the PIN

Code and PIN are the two components of such a signature. A PIN is short: who may read the file can
try all of them in the end. It is no more than a hurdle for who sits down at an open terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimctl.errors import KeyFileError, UsageError
from stimctl.records.person import check_person_code
from stimctl.records.state_files import read_state, write_state
from stimctl.records.station_keys import FOLDER, fingerprint_of

PERSONS: Final = "persons"
SCHEMA: Final = "stimctl.signer/1"
SHORTEST_PIN: Final = 6  # [POLICY]
LONGEST_PIN: Final = 128


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who can countersign now: the PIN was right."""

    code: str
    fingerprint: str
    public: bytes
    private: bytes

    def __repr__(self) -> str:
        return f"Signer({self.code}, {self.fingerprint})"

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        from stimctl.records import ed25519

        return ed25519.sign(self.private, message)


def has_signer(state: Path, code: str) -> bool:
    """Whether this person has a key here."""
    return _file(state, code).exists()


def make_signer(state: Path, code: str, pin: str) -> Signer:
    """A key for this person, under this PIN. Raises UsageError, KeyFileError, JournalError."""
    from stimctl.records import ed25519

    check_person_code(code)
    if has_signer(state, code):
        raise UsageError(
            f"{code} has a key already",
            what_to_do=f"sign with its PIN. A forgotten PIN: move {_file(state, code)} away first",
        )
    if not SHORTEST_PIN <= len(pin) <= LONGEST_PIN:
        raise UsageError(
            "this is no PIN",
            why=f"one has {SHORTEST_PIN} to {LONGEST_PIN} characters",
            what_to_do="choose a longer one",
        )
    private = ed25519.new_private()
    public = ed25519.public_of(private)
    told = {
        "schema": SCHEMA,
        "code": code,
        "fingerprint": fingerprint_of(public),
        "public_key": public.hex(),
        "locked": ed25519.lock(private, pin).hex(),
    }
    write_state(_file(state, code), told)
    return Signer(code, told["fingerprint"], public, private)


def open_signer(state: Path, code: str, pin: str) -> Signer:
    """The key of this person. Raises KeyFileError where the PIN is wrong or there is no key."""
    from stimctl.records import ed25519

    check_person_code(code)
    found = read_state(_file(state, code))
    try:
        public = bytes.fromhex(str(found["public_key"]))
        locked = bytes.fromhex(str(found["locked"]))
    except (KeyError, ValueError):
        raise KeyFileError(
            f"there is no key of {code}",
            why=f"{_file(state, code)} is not there or damaged",
            what_to_do="make one by signing for the first time, or restore it from a backup",
        ) from None
    private = ed25519.unlock(locked, pin)
    if private is None or ed25519.public_of(private) != public:
        raise KeyFileError(
            f"nothing was signed for {code}", why="the PIN is another one", what_to_do="try again"
        )
    return Signer(code, fingerprint_of(public), public, private)


def signers(state: Path) -> Mapping[str, str]:
    """The fingerprint of each person's key, by code."""
    found: dict[str, str] = {}
    for path in sorted((state / FOLDER / PERSONS).glob("*.json")):
        try:
            public = bytes.fromhex(str(read_state(path).get("public_key", "")))
        except ValueError:
            continue
        found[path.stem] = fingerprint_of(public)
    return found


def _file(state: Path, code: str) -> Path:
    return state / FOLDER / PERSONS / f"{code}.json"
