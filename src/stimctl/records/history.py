"""What earlier sessions say to the next: an end that is missing, amplitudes that were reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stimctl.records.catalogue import Catalogue, Entry
from stimctl.records.rows import SUFFIX
from stimctl.records.verify import Problem, read_rows


def unclean_end(folder: Path, device: str) -> Entry | None:
    """The last session on `device`, if nothing is recorded of its end (H03).

    It was killed, its computer died, or it is still going on elsewhere. Raises `JournalError` or
    `IntegrityError` where the catalogue cannot be read.
    """
    entries = [entry for entry in Catalogue(folder).entries() if entry.device == device]
    if not entries or entries[-1].ended:
        return None
    return entries[-1]


def knows_person(folder: Path, person: str) -> bool:
    """Whether any session of this person is on record in `folder` (H25)."""
    return any(entry.person == person for entry in Catalogue(folder).entries())


def last_plateaus(folder: Path, person: str, protocol: str) -> Mapping[int, int]:
    """By channel, the highest plateau (uA) of the person's last session with `protocol` (H18).

    Empty where there was none, or where nothing was raised in it. It is never a value to start
    from: a session begins at zero whatever was reached before.
    """
    for entry in reversed(Catalogue(folder).entries()):
        if person and entry.person == person and entry.protocol == protocol:
            reached = _reached(folder / (entry.session + SUFFIX))
            if reached:
                return reached
    return {}


def _reached(path: Path) -> dict[int, int]:
    reached: dict[int, int] = {}
    before: dict[int, int] = {}
    if not path.exists():
        return reached
    for row in read_rows(path):
        if isinstance(row, Problem) or row.kind != "set":
            continue
        channel, plateau_ua = row.data.get("channel"), row.data.get("plateau_ua")
        if not (isinstance(channel, int) and isinstance(plateau_ua, int)):
            continue
        if row.data.get("by") == "line":  # the raise before it was never felt
            reached[channel] = before.get(channel, 0)
            continue
        before[channel] = reached.get(channel, 0)
        reached[channel] = max(plateau_ua, before[channel])
    return {channel: plateau_ua for channel, plateau_ua in reached.items() if plateau_ua > 0}
