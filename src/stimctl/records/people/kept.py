"""What is kept of a person for the list of what is missing, and entries that are made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from stimctl.errors import JournalError, StimctlError, UsageError
from stimctl.records.people.change import Told, change_person
from stimctl.records.people.electrodes import kept_electrodes
from stimctl.records.people.keys import person_file
from stimctl.records.people.remembered import Mark, read_remembered, thresholds_of
from stimctl.records.state_files import read_state
from stimctl.safety.sites import pad_sites
from stimctl.session.needs import Maximum, Preparation
from stimctl.stimulus.level import CURRENT, AnyLevel, Level

THRESHOLDS: Final = ("sensory", "motor", "tolerance")


def kept_for(state: Path, code: str, key: str = "", *, named: bool = True) -> dict[str, Any]:
    """The fields of `Known` that come from what is kept of this person; `key` as the session has
    it, `named`: electrodes are named. Raises JournalError where what limits the person cannot be
    read."""
    found = read_state(person_file(state, code)) if code else {}
    kept = read_remembered(found)
    return {
        "maxima": maxima_of(code, found),
        "electrodes": kept_electrodes(state, key or str(found.get("key", ""))) if named else {},
        "kept_answers": kept.answers,
        "kept_answered": day_of_s(kept.answered_s) if kept.answers else None,
    }


def maxima_of(code: str, found: Told) -> tuple[Maximum, ...]:
    """Every maximum that was set, the oldest first. Raises JournalError for what is none."""
    try:
        return tuple(
            Maximum(
                str(one["site"]), int(one["area_mm2"]), Level.parse(one["level"]),
                date.fromisoformat(one["day"]),
            )
            for one in found.get("maxima", ())
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, StimctlError) as error:
        raise JournalError(
            f"the maxima of {code} cannot be read",
            why=f"an entry of the person's file is damaged ({error!r})",
            what_to_do="put back a copy of the file; a person's limit is never guessed",
        ) from error


def set_maximum(
    state: Path, code: str, site: str, area_mm2: int, level: AnyLevel, day: date, electrodes: str
) -> None:
    """From now on nothing goes higher there. Earlier entries stay and are dated."""
    new = {
        "site": _site(site), "area_mm2": area_mm2, "level": str(level), "day": day.isoformat(),
        "electrodes": electrodes,
    }  # fmt: skip
    _append(state, code, "maxima", new)


def add_threshold(
    state: Path, code: str, kind: str, site: str, area_mm2: int, level: AnyLevel, at_s: int,
    electrodes: str,
) -> None:  # fmt: skip
    """A threshold that was found elsewhere than on the screens. It is shown and never set."""
    if kind not in THRESHOLDS:
        known = ", ".join(THRESHOLDS)
        raise UsageError(f"{kind!r} is no threshold", what_to_do=f"use one of {known}")
    is_current = level.scale is CURRENT
    mark = Mark(
        kind, 0, _site(site), area_mm2, at_s,
        amplitude_ua=level.value if is_current else None,
        intensity_percent=None if is_current else level.value,
        electrodes=electrodes,
    )  # fmt: skip

    def added(found: dict[str, Any]) -> Told:
        return {**found, "thresholds": [*thresholds_of(found), asdict(mark)]}

    change_person(state, code, added)


def keep_answers(state: Path, code: str, said: Preparation) -> None:
    """Keep the answers with which output was allowed, unless newer ones are kept."""
    if said.answered is None or not said.answers:
        return
    at_s = int(datetime.combine(said.answered, datetime.min.time()).timestamp())

    def changed(found: dict[str, Any]) -> Told:
        kept = read_remembered(found)
        if kept.answers and said.answered and day_of_s(kept.answered_s) >= said.answered:
            return found
        expires = "" if said.expires is None else said.expires.isoformat()
        answers = dict(said.answers)
        return {**found, "answers": answers, "answered_s": at_s, "expires": expires}

    change_person(state, code, changed)


def day_of_s(at_s: int) -> date:
    """The day here of a Unix time."""
    return datetime.fromtimestamp(at_s).astimezone().date()


def _append(state: Path, code: str, name: str, entry: Mapping[str, Any]) -> None:
    change_person(state, code, lambda found: {**found, name: [*found.get(name, ()), dict(entry)]})


def _site(site: str) -> str:
    pad_sites(site)  # UsageError for a site that is not known
    return site
