"""Which signed libraries this station trusts, and whether it runs nothing else on hardware.

One small file of the state folder. A damaged one counts as locked with nothing trusted: what was
meant to be strict never becomes loose by a fault of the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.records.state_files import read_state, write_state

FILE: Final = "protocol-library.json"
SCHEMA: Final = "stimctl.protocol-library/1"
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{4}(-[0-9a-f]{4}){7}")


@dataclass(frozen=True, slots=True)
class Station:
    """`trusted`: for each fingerprint, since when (UTC text). `only_signed`: locked mode.
    `with_shipped`: the shipped protocols may run then, too. `damaged`: the file is not readable.
    """

    trusted: Mapping[str, str] = field(default_factory=dict)
    only_signed: bool = False
    with_shipped: bool = False
    damaged: bool = False


def station(state: Path) -> Station:
    """What is set on this station."""
    path = state / FILE
    found = read_state(path)
    if found.get("schema") == SCHEMA and isinstance(found.get("trusted"), dict):
        trusted = {str(name): str(at) for name, at in found["trusted"].items()}
        only, shipped = found.get("only_signed"), found.get("with_shipped")
        if isinstance(only, bool) and isinstance(shipped, bool):
            return Station(trusted, only, shipped)
    if path.exists() or path.is_symlink():
        return Station(only_signed=True, damaged=True)
    return Station()


def trust(state: Path, fingerprint: str, at: str) -> Station:
    """Trust libraries that this key has signed. Raises UsageError, JournalError."""
    now = station(state)
    name = checked_fingerprint(fingerprint)
    return _keep(state, replace(now, trusted={**now.trusted, name: at}))


def distrust(state: Path, fingerprint: str) -> Station:
    """Trust them no more. Raises UsageError, JournalError."""
    now, name = station(state), checked_fingerprint(fingerprint)
    left = {one: at for one, at in now.trusted.items() if one != name}
    return _keep(state, replace(now, trusted=left))


def lock_station(state: Path, *, with_shipped: bool) -> Station:
    """Locked mode: only what a trusted key has signed runs on hardware. Raises JournalError."""
    return _keep(state, replace(station(state), only_signed=True, with_shipped=with_shipped))


def unlock_station(state: Path) -> Station:
    """Every protocol may run again. Raises JournalError."""
    return _keep(state, replace(station(state), only_signed=False, with_shipped=False))


def checked_fingerprint(text: str) -> str:
    """A fingerprint as it is kept: small letters. Raises UsageError."""
    name = text.strip().lower()
    if not _FINGERPRINT.fullmatch(name):
        raise UsageError(
            f"{text[:60]!r} is not a fingerprint",
            why="one has eight groups of four digits of 0-9 and a-f, joined by hyphens",
            what_to_do="take it from whoever has signed the library, on paper or by telephone",
        )
    return name


def _keep(state: Path, new: Station) -> Station:
    told: dict[str, Any] = asdict(new)
    del told["damaged"]
    write_state(state / FILE, {"schema": SCHEMA, **told})
    return replace(new, damaged=False)
