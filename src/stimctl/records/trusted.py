"""Which drivers of other packages were checked here, and which of their releases are trusted.

A driver drives hardware where exactly its files were checked, by this stimctl, and its release is
trusted. Both are kept in one small file of the state folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stimctl.codes import Code
from stimctl.devices.packages import Package
from stimctl.errors import StateError
from stimctl.records.state_files import read_state, write_state
from stimctl.version import code_digest

NOT_SANDBOXED = (
    "A driver runs in the process of stimctl, and code in the same process is not sandboxed: it "
    "can do whatever your account can. The check finds mistakes, not malice. Trust a release only "
    "if you know who made it."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """One check that was passed. `package`: release and hash; `stimctl`: which code has checked.

    `stopped`: the stop sequence has brought its twin to verified zero, from every state.
    """

    package: str
    stimctl: str
    at: str  # UTC
    stopped: bool


def remember_check(state: Path, family: str, package: Package, at: str, *, stopped: bool) -> None:
    """Keep a check that was passed. Raises JournalError where that cannot be written."""
    found = _read(state)
    checked = Checked(str(package), code_digest(), at, stopped)
    found["checked"] = {**_part(found, "checked"), family: asdict(checked)}
    _write(state, found)


def forget_check(state: Path, family: str) -> None:
    """A check has failed: what was passed before no longer counts."""
    found = _read(state)
    left = {name: one for name, one in _part(found, "checked").items() if name != family}
    if left != _part(found, "checked"):
        _write(state, {**found, "checked": left})


def remember_trust(state: Path, release: str, at: str) -> None:
    """Trust a release, DIST==VERSION. Raises JournalError where that cannot be written."""
    found = _read(state)
    found["trusted"] = {**_part(found, "trusted"), release: {"at": at, "told": NOT_SANDBOXED}}
    _write(state, found)


def is_trusted(state: Path, package: Package) -> bool:
    """Whether exactly this release is trusted."""
    return package.release in _part(_read(state), "trusted")


def is_checked(state: Path, family: str, package: Package) -> str:
    """ "" where exactly these files were checked by this stimctl; else what is not so."""
    found = _part(_read(state), "checked").get(family)
    if not isinstance(found, dict):
        return "it was not checked"
    if found.get("package") != str(package):
        return f"{package.release} is not what was checked: its files or its version have changed"
    if found.get("stimctl") != code_digest():
        return "it was checked by another stimctl"
    return "" if found.get("stopped") is True else "its stop sequence was not exercised"


def check_may_drive(state: Path, family: str, package: Package) -> None:
    """StateError, with what is missing and the command for it, where it may drive a twin only."""
    unchecked = is_checked(state, family, package)
    if unchecked:
        raise StateError(
            f"{family} cannot drive a device",
            code=Code.DRIVER_UNCHECKED,
            why=unchecked,
            what_to_do=f"run: stimctl devices check {family}. Its twin is sim:{family}",
        )
    if not is_trusted(state, package):
        raise StateError(
            f"{family} cannot drive a device",
            code=Code.DRIVER_UNTRUSTED,
            why=f"{package.release} is no part of stimctl, and nobody here trusts it",
            what_to_do=f"run: stimctl devices trust {package.release}. Its twin is sim:{family}",
        )


def _read(state: Path) -> dict[str, Any]:
    return dict(read_state(state / "drivers.json"))


def _part(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _write(state: Path, found: Mapping[str, Any]) -> None:
    write_state(state / "drivers.json", {**found, "schema": "stimctl.drivers/1"})
