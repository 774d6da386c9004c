"""A clinic's protocol folder, signed as a whole: `library.json` names every file and its SHA-256.

    library.json    {"schema", "name", "version", "signed", "files": {file: sha256},
                     "public_key", "signature"}: Ed25519 over the rest, as canonical JSON

The folder may have a folder `gated` for files in percent. A file that is changed, added or removed
after signing makes the whole library invalid, not this file alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stimctl.codes import Code
from stimctl.errors import KeyFileError, ProtocolFileError, StateError, UsageError
from stimctl.records.protocol_files import GATED, SUFFIX
from stimctl.records.state_files import write_state
from stimctl.records.station_keys import fingerprint_of
from stimctl.records.text_files import read_text_file
from stimctl.records.whole_file import write_whole
from stimctl.system_files import is_open_to_others

MANIFEST: Final = "library.json"
SCHEMA: Final = "stimctl.library/1"
_HEX_64: Final = re.compile(r"[0-9a-f]{64}")
_HEX_128: Final = re.compile(r"[0-9a-f]{128}")
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERSION: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,2}")
_SIGNED_PARTS: Final = ("schema", "name", "version", "signed", "files", "public_key")


@dataclass(frozen=True, slots=True)
class SignedLibrary:
    """A list of files whose signature is valid. `fingerprint`: of the key that has signed it."""

    name: str
    version: str
    signed: str  # UTC
    files: Mapping[str, str]
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}, signed {self.signed} by {self.fingerprint}"


def library_folder(protocol: Path) -> Path:
    """The folder of the library that a protocol file would be of."""
    folder = protocol.resolve().parent
    return folder.parent if folder.name == GATED else folder


def open_library(folder: Path) -> SignedLibrary:
    """The signed list of a folder. StateError: there is none, or it is not what was signed."""
    path = folder / MANIFEST
    if not path.is_file():
        raise StateError(
            f"{folder} is not a signed library",
            code=Code.LIBRARY_UNSIGNED,
            why=f"it has no {MANIFEST}",
            what_to_do="have it signed: stimctl protocols sign FOLDER --key FILE",
        )
    try:
        told = json.loads(read_text_file(path, "signed list").text)
    except (ProtocolFileError, ValueError, RecursionError) as error:
        raise _invalid(folder, f"{MANIFEST} cannot be read: {error}") from error
    if not _well_formed(told):
        raise _invalid(folder, f"{MANIFEST} is not of the form {SCHEMA}")
    try:
        from stimctl.records import ed25519
    except ImportError as error:  # then nothing is known of any signature
        raise _invalid(folder, f"signatures cannot be checked here: {error}") from error

    public = bytes.fromhex(told["public_key"])
    if not ed25519.is_signed(public, _message(told), bytes.fromhex(told["signature"])):
        raise _invalid(folder, f"the signature is not valid for what {MANIFEST} says")
    return SignedLibrary(
        told["name"], told["version"], told["signed"], told["files"], fingerprint_of(public)
    )


def check_files(folder: Path, library: SignedLibrary) -> None:
    """Every file is what was signed, none is missing, none is new. StateError names the first."""
    there = hashes_of(folder)
    for name in sorted(library.files.keys() | there.keys()):
        signed, found = library.files.get(name), there.get(name)
        if signed == found:
            continue
        happened = "was removed" if found is None else "was added"
        raise changed_file(folder, name, happened if signed is None or found is None else
                           "was changed")  # fmt: skip


def changed_file(folder: Path, name: str, happened: str) -> StateError:
    """The error about one file that is not what was signed."""
    return StateError(
        f"the signed library {folder} has changed",
        code=Code.LIBRARY_CHANGED,
        why=f"{name} {happened} after it was signed",
        what_to_do="put the folder back as it was signed, or have the change looked at and the "
        "library signed again",
    )


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every protocol file of a folder, `gated` included. Raises ProtocolFileError."""
    paths = [*folder.glob("*" + SUFFIX), *(folder / GATED).glob("*" + SUFFIX)]
    return {
        path.relative_to(folder).as_posix(): read_text_file(path, "protocol").sha256
        for path in paths
    }


def sign_library(
    folder: Path, private: bytes, *, name: str, version: str, at: str, taken: Collection[str]
) -> SignedLibrary:
    """Write the signed list. Each file must be a valid protocol, and none have a name of `taken`
    (those of the shipped ones). Raises UsageError, ProtocolFileError, JournalError."""
    from stimctl.records import ed25519
    from stimctl.treatment.load import load_any

    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise UsageError(
            f"{name!r} {version!r} is not a name and a version of a library",
            what_to_do="such as --name our-clinic --version 1.0",
        )
    files = hashes_of(folder)
    if not files:
        raise UsageError(f"{folder} has no protocol files", what_to_do="name another folder")
    for file in files:
        path = folder / file
        if path.stem in taken:
            raise UsageError(
                f"{file} has the name of a shipped protocol",
                why="a name would mean one file here and another one elsewhere",
                what_to_do=f"fork it under a new name: stimctl protocols fork {path.stem} NEW-NAME",
            )
        load_any(read_text_file(path, "protocol").text, path.name)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "signed": at,
        "files": files,
        "public_key": ed25519.public_of(private).hex(),
    }
    signature = ed25519.sign(private, _message(told))
    write_state(folder / MANIFEST, {**told, "signature": signature.hex()})
    (folder / MANIFEST).chmod(0o644)  # a list to be read by every station
    return open_library(folder)


def read_key(path: Path) -> bytes:
    """The private key of a clinic: 64 hex digits in a file that only its owner reads, as a
    station's key is. Raises KeyFileError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            text = file.read(256).decode("ascii", "replace").strip()
    except OSError as error:
        raise KeyFileError(
            f"the key {path} cannot be read",
            why=error.strerror or str(error),
            what_to_do="check the path; a new key is made with --new-key",
        ) from error
    if not stat.S_ISREG(mode) or not _HEX_64.fullmatch(text):
        raise KeyFileError(
            f"{path} is not a key", why="it does not hold 64 digits of 0-9 and a-f",
            what_to_do="name the key's file",
        )  # fmt: skip
    if is_open_to_others(mode):
        raise KeyFileError(
            f"the key {path} is not used",
            why=f"others may read or change it: its mode is {stat.S_IMODE(mode):04o}",
            what_to_do=f"run: chmod 600 {path}. If somebody may have read it, make a new one",
        )
    return bytes.fromhex(text)


def make_key(path: Path) -> bytes:
    """A new private key in a file that was not there. Raises KeyFileError."""
    from stimctl.records import ed25519

    private = ed25519.new_private()
    try:
        write_whole(path, private.hex() + "\n", replace=False)
    except OSError as error:
        raise KeyFileError(
            f"no key can be made at {path}",
            why=error.strerror or str(error),
            what_to_do="name a file that is not there yet, in a folder of yours",
        ) from error
    return private


def _message(told: Mapping[str, Any]) -> bytes:
    body = {part: told[part] for part in _SIGNED_PARTS}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{SCHEMA}\n{text}".encode("ascii")).digest()


def _well_formed(told: object) -> bool:
    if not isinstance(told, dict) or set(told) != {*_SIGNED_PARTS, "signature"}:
        return False
    files = told["files"]
    texts = [told[part] for part in ("schema", "name", "version", "signed", "public_key")]
    return (
        all(isinstance(one, str) and one.isprintable() for one in (*texts, told["signature"]))
        and told["schema"] == SCHEMA
        and isinstance(files, dict)
        and all(isinstance(one, str) and _HEX_64.fullmatch(one) for one in files.values())
        and bool(_HEX_64.fullmatch(told["public_key"]))
        and bool(_HEX_128.fullmatch(told["signature"]))
    )


def _invalid(folder: Path, why: str) -> StateError:
    return StateError(
        f"the signed library {folder} is not valid",
        code=Code.LIBRARY_INVALID,
        why=why,
        what_to_do="copy the library again from where it was signed",
    )
