"""What is kept of a person between sessions, under a code: screening answers and thresholds.

An amplitude kept here is shown and never set: every session begins at zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from stimctl.records.people.change import Told, change_person
from stimctl.records.people.keys import person_file
from stimctl.records.state_files import read_state
from stimctl.session.answer_age import ANSWERS_FOR_DAYS


@dataclass(frozen=True, slots=True)
class Mark:
    """One threshold: what, on which channel and site, when (Unix s), and at which level.

    Either an amplitude, or an intensity in percent of a device that knows no current. `channel` is
    0 where it was entered by hand; `electrodes`: the name under which they are kept, or "".
    """

    what: str
    channel: int
    site: str
    area_mm2: int
    at_s: int
    amplitude_ua: int | None = None
    intensity_percent: int | None = None
    electrodes: str = ""

    @property
    def text(self) -> str:
        """At which level, with its unit."""
        if self.intensity_percent is not None:
            return f"{self.intensity_percent} %"
        return f"{(self.amplitude_ua or 0) / 1000:.1f} mA"


Place = tuple[int, str, int]
"""Channel, site ("": none), and area in mm2."""
Change = tuple[int, str, str, int]
"""Role's number, table and key in the protocol file, and the value in the base unit of its kind."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session ran with beside its electrodes: device by name, length, changed values, and
    whether its channels took turns."""

    device: str
    duration_us: int
    changes: tuple[Change, ...] = ()
    alternates: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """Answers (condition id: present), when they were given (Unix s), the last thresholds, what is
    kept of the PIN (`stimctl.session.pin`), and for each protocol, the last one last, where its
    electrodes were and how it was set. No amplitude is kept to begin with. `key`: what journals
    hold of the person, "" before the first session. `expires`: the last day (2026-11-29) on which
    the answers count, where that is less than the usual 90 days, else ""."""

    answers: Mapping[str, bool]
    answered_s: int
    marks: tuple[Mark, ...]
    second: str = ""
    places: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    settings: Mapping[str, Settings] = field(default_factory=dict)
    levels: tuple[Mark, ...] = ()
    key: str = ""
    expires: str = ""

    @property
    def answers_until(self) -> date:
        """The last day on which the answers count."""
        answered = datetime.fromtimestamp(self.answered_s).astimezone().date()
        latest = answered + timedelta(days=ANSWERS_FOR_DAYS)
        return min(latest, date.fromisoformat(self.expires)) if self.expires else latest

    def screening_is_recent(self, now_s: int) -> bool:
        """Whether only what changed is to be asked."""
        today = datetime.fromtimestamp(now_s).astimezone().date()
        return bool(self.answers) and today <= self.answers_until

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """With these fields; those by protocol are added to, the newest one last."""
        added = {
            name: _last_one_last(getattr(self, name), value)
            for name, value in changes.items()
            if name in ("places", "settings")
        }
        return replace(self, **{**changes, **added})


NOTHING = Remembered({}, 0, ())


def remembered(state: Path, code: str) -> Remembered:
    """What is kept under a code; nothing where the file is not there or not ours."""
    return read_remembered(read_state(person_file(state, code)))


def read_remembered(found: Told) -> Remembered:
    """The same of what a person's file holds."""
    try:
        places = {
            str(name): tuple((int(n), str(site), int(mm2)) for n, site, mm2 in pads)
            for name, pads in found.get("places", {}).items()
        }
        kept = Remembered(
            answers={str(id_): yes is True for id_, yes in found.get("answers", {}).items()},
            answered_s=int(found.get("answered_s", 0)),
            marks=marks_of(found.get("marks", ())),
            second=str(found.get("second", "")),
            places=places,
            settings={
                str(name): _settings_of(one) for name, one in found.get("settings", {}).items()
            },
            levels=marks_of(found.get("levels", ())),
            key=str(found.get("key", "")),
            expires=_day(found.get("expires", "")),
        )
        kept.answers_until  # noqa: B018 - a time beyond every calendar is found here, not on a screen
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        return NOTHING
    return kept


def _day(text: str) -> str:
    """A day as it is written, "" for none. Raises ValueError."""
    return date.fromisoformat(text).isoformat() if text else ""


def marks_of(found: Iterable[Mapping[str, Any]]) -> tuple[Mark, ...]:
    """Marks from a file. Raises TypeError where it holds something else."""
    return tuple(Mark(**one) for one in found)


def _settings_of(one: Mapping[str, Any]) -> Settings:
    changes = tuple((int(r), str(table), str(key), int(v)) for r, table, key, v in one["changes"])
    return Settings(str(one["device"]), int(one["duration_us"]), changes, one["alternates"] is True)


def remember(
    state: Path,
    code: str,
    changes: Mapping[str, Any],
    *,
    key: str = "",
    before: Iterable[Mark] = (),
) -> str:
    """Keep these fields of `Remembered`, and nothing else of what is kept; the person's key.

    `key`: the person it is about, "" where it has none yet. `before`: marks that were kept for
    this session, and count only as far as `marks` still has them. Raises JournalError, StateError.
    """

    def changed(found: dict[str, Any]) -> Told:
        told = dict(found)
        for name, value in changes.items():
            told[name] = _kept(name, value, found)
        if "marks" in changes:
            dropped = [asdict(one) for one in before]
            kept = [one for one in thresholds_of(found) if one not in dropped]
            told["thresholds"] = [*kept, *(one for one in told["marks"] if one not in kept)]
        return told

    return str(change_person(state, code, changed, key=key)["key"])


def thresholds_of(found: Told) -> list[Mapping[str, Any]]:
    """Every threshold that was ever kept; files of older programs have those of the last time."""
    return list(found.get("thresholds", found.get("marks", ())))


def _kept(name: str, value: Any, found: Told) -> Any:
    match name:
        case "answers":
            return dict(value)
        case "marks" | "levels":
            return [asdict(mark) for mark in value]
        case "places":
            told = {protocol: [list(one) for one in pads] for protocol, pads in value.items()}
            return _last_one_last(found.get(name, {}), told)
        case "settings":
            settings = {protocol: asdict(one) for protocol, one in value.items()}
            return _last_one_last(found.get(name, {}), settings)
        case "second":
            return found.get(name) or value  # whoever typed it was asked for the one that is kept
    return value


def _last_one_last(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: one for name, one in old.items() if name not in new}, **new}
