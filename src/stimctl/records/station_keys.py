"""The keys of this station: the private one that signs, and every public one that is known.

    keys/station.key        the private key, 64 hex digits; for its owner only (0600)
    keys/station-keys.json  public keys: those of this station, old ones too, and those of others

A signature by a key that is not in the list is never called valid.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from stimctl.errors import KeyFileError, UsageError
from stimctl.records.state_files import read_state, write_state
from stimctl.records.storage import FOLDER_MODE
from stimctl.records.whole_file import write_whole
from stimctl.system_files import OWN_FILE, is_open_to_others

FOLDER: Final = "keys"
PRIVATE_FILE: Final = "station.key"
PUBLIC_FILE: Final = "station-keys.json"
SCHEMA: Final = "stimctl.station-keys/1"
ALGORITHM: Final = "ed25519"
_PRIVATE: Final = re.compile(r"[0-9a-f]{64}\n?")
_PUBLIC: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a station key. Times are UTC text; "" where there is none.

    `own`: this station has made it. `retired`: since then it signs no more.
    """

    fingerprint: str
    public_key: str  # 64 hex digits
    since: str
    retired: str = ""
    own: bool = True

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the list, and in every export."""
        return {"algorithm": ALGORITHM, **asdict(self)}


@dataclass(frozen=True, slots=True)
class StationKey:
    """The key that signs. Its private half is not shown by `repr`."""

    public: PublicKey
    private: bytes

    def __repr__(self) -> str:
        return f"StationKey({self.public.fingerprint})"

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        from stimctl.records import ed25519

        return ed25519.sign(self.private, message)


def fingerprint_of(public: bytes) -> str:
    """What a person compares: the first 128 bits of SHA-256 of the public key, in groups of 4."""
    text = hashlib.sha256(public).hexdigest()[:32]
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def known_keys(state: Path) -> Mapping[str, PublicKey]:
    """Every public key that this station knows, by fingerprint, oldest first.

    An entry whose fingerprint is not that of its key is left out.
    """
    found: dict[str, PublicKey] = {}
    entries = read_state(state / FOLDER / PUBLIC_FILE).get("keys")
    for entry in entries if isinstance(entries, list) else ():
        key = _public_from(entry)
        if key is not None:
            found[key.fingerprint] = key
    return found


def public_key(state: Path) -> PublicKey | None:
    """The public half of the key that signs now; None before the first session was signed.

    For an export: it needs neither the private key nor `cryptography`.
    """
    own = [key for key in known_keys(state).values() if key.own and not key.retired]
    return own[-1] if own else None


def open_key(state: Path, now: str) -> StationKey:
    """The station's key; made at its first use. `now` is UTC text.

    Raises KeyFileError where it cannot be read, is readable by others, or cannot be made.
    """
    path = state / FOLDER / PRIVATE_FILE
    try:
        private = _read_private(path)
    except FileNotFoundError:
        if public_key(state) is not None:
            raise KeyFileError(
                f"the station key {path} is gone",
                why="its public half is known, so it has been here",
                what_to_do="restore it from a backup, or make a new one: stimctl station-key new",
            ) from None
        return _make(state, now)
    return _known(state, private, now)


def new_key(state: Path, now: str) -> StationKey:
    """A new key from now on. The old one's public half stays known, its private half is gone.

    Raises KeyFileError.
    """
    old = state / FOLDER / PRIVATE_FILE
    found = known_keys(state)
    retired = {
        name: key if key.retired or not key.own else _retired(key, now)
        for name, key in found.items()
    }
    with contextlib.suppress(FileNotFoundError):
        old.unlink()
    _write_list(state, retired)
    return _make(state, now)


def add_key(state: Path, public: str, now: str) -> PublicKey:
    """Know another station's key: 64 hex digits of its public half. Raises UsageError."""
    if not _PUBLIC.fullmatch(public):
        raise UsageError(
            "this is not a public key",
            why="one has 64 digits of 0-9 and a-f",
            what_to_do="take it from there with: stimctl station-key list --json",
        )
    name = fingerprint_of(bytes.fromhex(public))
    found = dict(known_keys(state))
    if name not in found:
        found[name] = PublicKey(name, public, now, own=False)
        _write_list(state, found)
    return found[name]


def _make(state: Path, now: str) -> StationKey:
    from stimctl.records import ed25519

    path = state / FOLDER / PRIVATE_FILE
    private = ed25519.new_private()
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        # Two sessions that end at the same time: the second finds the key of the first.
        write_whole(path, private.hex() + "\n", replace=False)
    except FileExistsError:
        private = _read_private(path)
    except OSError as error:
        raise KeyFileError(
            f"no station key can be made in {path.parent}",
            why=error.strerror or str(error),
            what_to_do="make the folder writable; the session itself is on record",
        ) from error
    return _known(state, private, now)


def _read_private(path: Path) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | OWN_FILE | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(file, "rb") as opened:
            mode = os.fstat(file).st_mode
            text = opened.read(256).decode("ascii", "replace") if stat.S_ISREG(mode) else ""
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyFileError(
            f"the station key {path} cannot be read",
            why=error.strerror or str(error),
            what_to_do="make it a file of yours with the mode 0600",
        ) from error
    if is_open_to_others(mode):
        raise KeyFileError(
            f"the station key {path} is not used",
            why=f"others may read or change it: its mode is {stat.S_IMODE(mode):04o}",
            what_to_do=f"run: chmod 600 {path}. If somebody may have read it, also: "
            "stimctl station-key new",
        )
    if not _PRIVATE.fullmatch(text):
        raise KeyFileError(
            f"the station key {path} is damaged",
            why="it is not 64 digits of 0-9 and a-f",
            what_to_do="restore it from a backup, or make a new one: stimctl station-key new",
        )
    return bytes.fromhex(text.strip())


def _known(state: Path, private: bytes, now: str) -> StationKey:
    from stimctl.records import ed25519

    public = ed25519.public_of(private)
    name = fingerprint_of(public)
    found = dict(known_keys(state))
    if name not in found:
        found[name] = PublicKey(name, public.hex(), now)
        _write_list(state, found)
    if found[name].retired:
        raise KeyFileError(
            f"the station key {name} is not used",
            why=f"it was retired at {found[name].retired}",
            what_to_do="make a new one: stimctl station-key new",
        )
    return StationKey(found[name], private)


def _retired(key: PublicKey, now: str) -> PublicKey:
    return PublicKey(key.fingerprint, key.public_key, key.since, now, key.own)


def _write_list(state: Path, keys: Mapping[str, PublicKey]) -> None:
    told = [key.as_dict() for key in keys.values()]
    write_state(state / FOLDER / PUBLIC_FILE, {"schema": SCHEMA, "keys": told})


def _public_from(entry: object) -> PublicKey | None:
    if not isinstance(entry, Mapping) or not _PUBLIC.fullmatch(str(entry.get("public_key", ""))):
        return None
    public = str(entry["public_key"])
    name = fingerprint_of(bytes.fromhex(public))
    if entry.get("fingerprint") != name:
        return None
    since, retired = str(entry.get("since", "")), str(entry.get("retired", ""))
    return PublicKey(name, public, since, retired, entry.get("own") is True)
