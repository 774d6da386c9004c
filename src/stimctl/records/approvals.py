"""What has to be on record before a run on hardware: the acceptance of use, and the rehearsal.

Both live in the state folder as small JSON files of their own, written whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from stimctl.records.state_files import read_state, write_state

STATEMENT: Final = (
    "stimctl is research and simulation software. It is not a medical device, it has no "
    "conformity assessment, and its protocols are starting points for a qualified person, not "
    "prescriptions. Whoever runs it on hardware is responsible for the device, for the person at "
    "the electrodes, and for a stop within reach. A device that was not commissioned on the bench "
    "is used on a person only where this acceptance names it."
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A successful rehearsal. `digest` is the plan's (SHA-256, hex), `confirmation` what a person
    copies from the rehearsal to the run. `device` names the one device it is for, where that was
    known ("serial 2103-17", "usb 0403:6001:A50"), else ""."""

    digest: str
    confirmation: str
    protocol: str
    family: str
    rehearsed: str  # UTC
    stimctl: str
    device: str = ""


def remember_rehearsal(state: Path, rehearsal: Rehearsal) -> None:
    """Keep a successful rehearsal. Raises JournalError when that cannot be written."""
    path = state / "rehearsals" / f"{rehearsal.digest}.json"
    write_state(path, {"schema": "stimctl.rehearsal/1", **asdict(rehearsal)})


def find_rehearsal(state: Path, digest: str) -> Rehearsal | None:
    """The successful rehearsal of the plan with this digest, or None."""
    found = read_state(state / "rehearsals" / f"{digest}.json")
    try:
        told = {name: str(found[name]) for name in Rehearsal.__slots__ if name != "device"}
        rehearsal = Rehearsal(**told, device=str(found.get("device", "")))
    except KeyError:
        return None
    return rehearsal if rehearsal.digest == digest else None


def accept_use(
    state: Path, accepted: str, stimctl: str, uncommissioned: Collection[str] = ()
) -> None:
    """Record that the statement of use was accepted at `accepted` (UTC text).

    `uncommissioned`: devices, by name ("serial 2103-17"), that it names beside those that were
    named before: they are used without a commissioning.
    """
    named = sorted({*uncommissioned_in_use(state), *uncommissioned})
    told = {"statement_sha256": _statement_digest(), "accepted": accepted, "stimctl": stimctl}
    extra = {"uncommissioned": named} if named else {}
    write_state(state / "acceptance.json", {"schema": "stimctl.acceptance/1", **told, **extra})


def uncommissioned_in_use(state: Path) -> tuple[str, ...]:
    """The devices that the accepted statement of use names; none where it is not accepted."""
    found = read_state(state / "acceptance.json")
    named = found.get("uncommissioned")
    accepted = found.get("statement_sha256") == _statement_digest()
    return tuple(map(str, named)) if accepted and isinstance(named, list) else ()


def use_is_accepted(state: Path) -> bool:
    """True when the present statement of use has been accepted; a changed one has not been."""
    found = read_state(state / "acceptance.json")
    return found.get("statement_sha256") == _statement_digest()


def _statement_digest() -> str:
    return hashlib.sha256(STATEMENT.encode("utf-8")).hexdigest()
