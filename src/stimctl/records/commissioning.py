"""The record of a commissioning, `stimctl.commissioning/1`: one signed JSON file each.

    commissioning/STARTED-FAMILY.json   {"schema", ..., "results": [...], "key", "public_key",
                                         "signature"}: Ed25519 over the rest, as canonical JSON
    commissioning/STARTED-FAMILY/       the captures, recordings and protocols it names

It names the sessions it ran, with their rows and last hashes, the captures of the line and the
recordings of the oscilloscope, with their SHA-256: a change of any of them is found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from stimctl.errors import IntegrityError, UsageError
from stimctl.records.approvals import uncommissioned_in_use
from stimctl.records.rows import SUFFIX
from stimctl.records.state_files import write_state
from stimctl.records.station_keys import (
    StationKey,
    fingerprint_of,
    known_keys,
)
from stimctl.records.verify import verify_journal
from stimctl.session.commissioning import Commissioning, DeviceNow, why_not_commissioned

SCHEMA: Final = "stimctl.commissioning/1"
FOLDER: Final = "commissioning"
_HEX_64: Final = re.compile(r"[0-9a-f]{64}")
_HEX_128: Final = re.compile(r"[0-9a-f]{128}")
_LARGEST_BYTES: Final = 4 << 20
_DRIVES: Final = ("devices", "wire")
"""The packages whose code decides what a device is told."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that belongs to a commissioning: what it is, its name, SHA-256 and where it was."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CommissioningRecord:
    """A commissioning as it is signed. Times are UTC text; `results`: one mapping a line.

    `name`: what tells the device from others, "" where nothing does; `label`: the serial number
    that was read from the device. `findings`: the codes of what has failed.
    """

    family: str
    model: str
    name: str
    names: tuple[str, ...]
    serial: str
    label: str
    firmware: str
    protocol: str
    driver_sha256: str
    address: str
    line: Mapping[str, Any]
    simulation: bool
    load_ohm: int
    nobody: str
    operator: str
    started: str
    ended: str
    stimctl: str
    code_sha256: str
    passed: bool
    findings: tuple[str, ...]
    results: tuple[Mapping[str, Any], ...]
    sessions: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it, without a signature."""
        told: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"schema": SCHEMA, **told}


@dataclass(frozen=True, slots=True)
class Signed:
    """A record as read back. `sound`: the signature is valid and by a known key; else `why`."""

    told: Mapping[str, Any]
    sound: bool
    why: str = ""

    @property
    def name(self) -> str:
        """What tells the device from others."""
        return str(self.told.get("name", ""))

    @property
    def passed(self) -> bool:
        """Whether everything passed, and the record is sound."""
        return self.sound and self.told.get("passed") is True


def write_commissioning(folder: Path, record: CommissioningRecord, key: StationKey) -> Path:
    """Sign it and write it; gives its path. JournalError where it cannot be written."""
    told = {
        **record.as_dict(),
        "key": key.public.fingerprint,
        "public_key": key.public.public_key,
    }
    told["signature"] = key.sign(_message(told)).hex()
    path = folder / f"{stem_of(record.started, record.family)}.json"
    write_state(path, told)
    return path


def stem_of(started: str, family: str) -> str:
    """The name of a record and of its folder; the newest sorts last."""
    return f"{started[:19].replace(':', '')}Z-{family}"


def read_commissioning(path: Path, state: Path) -> Signed:
    """A record and what its signature is worth. UsageError where the file is no such record."""
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST_BYTES else b""
        told = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} cannot be read as a commissioning", why=str(error), what_to_do="Check the path"
        ) from error
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise UsageError(
            f"{path} is no commissioning", why=f"its schema is not {SCHEMA}",
            what_to_do="name a file that `stimctl commission` has written",
        )  # fmt: skip
    why = _why_unsound(told, state)
    return Signed(told, not why, why)


def check_evidence(path: Path, signed: Signed) -> None:
    """The files that belong to it are as they were. IntegrityError names the first that is not."""
    for one in signed.told.get("evidence", ()):
        file = path.with_suffix("") / str(one["name"])
        try:
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise IntegrityError(
                f"{file} is missing", why=str(error.strerror),
                what_to_do="copy the folder of the commissioning again from where it was made",
            ) from error  # fmt: skip
        if found != one["sha256"]:
            raise IntegrityError(
                f"{file} has changed", why="its SHA-256 is not the one that was signed",
                what_to_do="copy the folder of the commissioning again from where it was made",
            )  # fmt: skip


def check_sessions(journals: Path, signed: Signed) -> None:
    """The journals that it names are as they were. IntegrityError names the first that is not."""
    for one in signed.told.get("sessions", ()):
        found = session_end(journals, str(one["session"]))
        if found != one:
            raise IntegrityError(
                f"session {one['session']} is not as it was signed",
                why="its rows or their last hash are others",
                what_to_do="restore the journal from a backup: stimctl sessions verify",
            )


def session_end(journals: Path, session: str) -> Mapping[str, Any]:
    """What a record says of a session: its number of rows and the hash of the last."""
    found = verify_journal(journals / f"{session}{SUFFIX}")
    return {"session": session, "rows": found.rows, "last_hash": found.last_hash}


def newest_commissioning(state: Path, names: Sequence[str]) -> Commissioning | None:
    """The newest commissioning of a device with one of these names; None where there is none.

    Files that cannot be read are passed over: they are of no device. One of a simulation is none
    of a device. A newer one that was not passed counts, and not the one before it.
    """
    wanted = set(names)
    for path in sorted((state / FOLDER).glob("*.json"), reverse=True):
        try:
            signed = read_commissioning(path, state)
        except UsageError:
            continue
        if signed.name and signed.name in wanted and signed.told.get("simulation") is False:
            return _as_known(signed)
    return None


def why_uncommissioned(
    state: Path, names: Sequence[str], family: str, firmware: str, package: str, today: date
) -> str:
    """Why the device with these names does not count as commissioned here, or ""."""
    now = DeviceNow(tuple(names), family, firmware, driver_digest(package), today)
    found = newest_commissioning(state, names)
    return why_not_commissioned(found, now, uncommissioned_in_use(state))


def _as_known(signed: Signed) -> Commissioning | None:
    told = signed.told
    try:
        return Commissioning(
            name=signed.name,
            family=str(told["family"]),
            firmware=str(told["firmware"]),
            driver_sha256=str(told["driver_sha256"]),
            day=date.fromisoformat(str(told["started"])[:10]),
            passed=told["passed"] is True,
            sound=signed.sound,
            why=signed.why,
        )
    except (KeyError, ValueError):
        return None


def _why_unsound(told: Mapping[str, Any], state: Path) -> str:
    public, signature = str(told.get("public_key", "")), str(told.get("signature", ""))
    if not _HEX_64.fullmatch(public) or not _HEX_128.fullmatch(signature):
        return "it is not signed"
    name = fingerprint_of(bytes.fromhex(public))
    if name not in known_keys(state):
        return f"this station does not know the key {name}"
    try:
        from stimctl.records import ed25519
    except ImportError as error:  # then nothing is known of any signature
        return f"signatures cannot be checked here: {error}"
    if not ed25519.is_signed(bytes.fromhex(public), _message(told), bytes.fromhex(signature)):
        return "it was changed after it was signed"
    return ""


def _message(told: Mapping[str, Any]) -> bytes:
    body = {key: value for key, value in told.items() if key != "signature"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{SCHEMA}\n{text}".encode("ascii")).digest()


@cache
def driver_digest(package: str = "") -> str:
    """SHA-256 (hex) of the code that decides what a device is told: drivers and wire protocols.

    Of all families together: they share most of it. `package`: whose driver it is, with the hash of
    its files, where it is another package's.
    """
    whole = hashlib.sha256(f"{package}\0".encode())
    for name in _DRIVES:
        folder = Path(str(files("stimctl") / name))
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            whole.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            whole.update(content)
    return whole.hexdigest()
