"""What a person's body has been given in the last day, from the records of this computer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stimctl.errors import UsageError
from stimctl.records.catalogue import Entry
from stimctl.records.delivered import Delivered, most_of
from stimctl.records.history import is_of, newest_first
from stimctl.records.rows import SUFFIX, Row
from stimctl.records.verify import Problem, read_rows
from stimctl.safety.day_budget import DAY_US, Given, as_given
from stimctl.safety.sites import pad_sites
from stimctl.session.row_base import Kind

_LONGEST_SESSION_US = DAY_US  # a session that began before the day may have ended in it


def given_today(
    folder: Path, person: str, now: datetime, but: str = "", *, key: str = ""
) -> tuple[Given, ...]:
    """What sessions of `person` on hardware gave in the 24 hours before `now` (with time zone).

    `but`: a session that is not looked at. `key`: what journals hold of this person. A session with
    a time to come counts as of now: the clock was set back, and nothing says for how long ago it
    was.
    """
    found: list[Given] = []
    for entry in newest_first(folder):
        if not is_of(entry, person, key) or entry.sim or entry.session == but:
            continue
        if _us_between(entry.started, now) < DAY_US + _LONGEST_SESSION_US:
            found += _given_by(folder, entry, now)
    return tuple(one for one in found if one.ended_us_ago < DAY_US)


def _given_by(folder: Path, entry: Entry, now: datetime) -> Iterator[Given]:
    path = folder / (entry.session + SUFFIX)
    regions: dict[int, tuple[frozenset[str], bool]] = {}
    counted, last = Delivered(), entry.started
    for row in read_rows(path) if path.exists() else ():
        if isinstance(row, Problem):
            continue
        if row.kind == Kind.SETUP:
            yield from _of_setup(regions, counted, _us_between(last, now))
            regions, counted = _regions_of(row), Delivered()
        counted.take(row.kind, row.data)
        last = row.t
    yield from _of_setup(regions, counted, _us_between(last, now))


def _of_setup(
    regions: Mapping[int, tuple[frozenset[str], bool]], counted: Delivered, ago_us: int
) -> Iterator[Given]:
    # What may have been given counts, not only what was acknowledged.
    numbers = {
        int(channel): (most_of(one, "on_ms") * 1_000, most_of(one, "charge_nc"))
        for channel, one in counted.by_channel.items()
    }
    return as_given(regions, numbers, max(0, ago_us))


def _regions_of(row: Row) -> dict[int, tuple[frozenset[str], bool]]:
    found: dict[int, tuple[frozenset[str], bool]] = {}
    channels = row.data.get("channels")
    for one in channels if isinstance(channels, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("channel"), int):
            found[one["channel"]] = (_regions(one), _moves_muscle(one))
    return found


def _regions(one: Mapping[str, Any]) -> frozenset[str]:
    electrode = one.get("electrode")
    site = electrode.get("site") if isinstance(electrode, Mapping) else None
    try:
        return (
            frozenset(pad.region for pad in pad_sites(site))
            if isinstance(site, str)
            else frozenset()
        )
    except UsageError:  # of another version of the program
        return frozenset()


def _moves_muscle(one: Mapping[str, Any]) -> bool:
    stimulus = one.get("stimulus")
    return (stimulus if isinstance(stimulus, Mapping) else one).get("motor") is True


def _us_between(start: str, now: datetime) -> int:
    """From a row's time to now, at least 0; 0 for a time that cannot be read."""
    try:
        passed = now - datetime.fromisoformat(start)
    except (ValueError, TypeError):
        return 0
    return max(0, int(passed.total_seconds() * 1_000_000))
