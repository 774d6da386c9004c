"""What is kept of a person between sessions, under a code: screening answers and thresholds.

An amplitude kept here is shown and never set: every session begins at zero.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stimctl.records.person import check_person_code
from stimctl.records.places import journal_folder
from stimctl.records.storage import FOLDER_MODE
from stimctl.records.whole_file import write_whole
from stimctl.tui.model.measure import CURRENT, PERCENT

UNCHANGED_FOR_DAYS = 90
#: Nobody: whose sessions the demo has. Never listed among patients.
DEMO = "DEMO-1"
THRESHOLDS_FOR_H = 24


@dataclass(frozen=True, slots=True)
class Mark:
    """One threshold: what, on which channel and site, when (Unix s), and at which level.

    Either an amplitude, or an intensity in percent of a device that knows no current.
    """

    what: str
    channel: int
    site: str
    area_mm2: int
    at_s: int
    amplitude_ua: int | None = None
    intensity_percent: int | None = None

    @property
    def text(self) -> str:
        """At which level, with its unit."""
        measure = CURRENT if self.intensity_percent is None else PERCENT
        return measure.text(int(getattr(self, measure.mark) or 0))


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
    """Answers (condition id: present), when they were given (Unix s), the last thresholds, the
    second identifier (four digits that the person can tell, or ""), and for each protocol, the last
    one last, where its electrodes were and how it was set. No amplitude is kept to begin with."""

    answers: Mapping[str, bool]
    answered_s: int
    marks: tuple[Mark, ...]
    second: str = ""
    places: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    settings: Mapping[str, Settings] = field(default_factory=dict)
    levels: tuple[Mark, ...] = ()

    def screening_is_recent(self, now_s: int) -> bool:
        """Whether only what changed is to be asked."""
        return bool(self.answers) and now_s - self.answered_s < UNCHANGED_FOR_DAYS * 86_400


NOTHING = Remembered({}, 0, ())


def remembered(state: Path, code: str) -> Remembered:
    """What is kept under a code; nothing where the file is not there or not ours."""
    try:
        found = json.loads(_path(state, code).read_text("utf-8"))
        marks = tuple(Mark(**one) for one in found["marks"])
        answers = {str(id_): yes is True for id_, yes in found["answers"].items()}
        second = str(found.get("second", ""))
        places = {
            str(name): tuple((int(n), str(site), int(mm2)) for n, site, mm2 in pads)
            for name, pads in found.get("places", {}).items()
        }
        settings = {
            str(name): Settings(
                str(one["device"]),
                int(one["duration_us"]),
                tuple(
                    (int(r), str(table), str(key), int(v)) for r, table, key, v in one["changes"]
                ),
                one["alternates"] is True,
            )
            for name, one in found.get("settings", {}).items()
        }
        levels = tuple(Mark(**one) for one in found.get("levels", ()))
        answered_s = int(found["answered_s"])
        return Remembered(answers, answered_s, marks, second, places, settings, levels)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return NOTHING


def remember(state: Path, code: str, what: Remembered) -> None:
    """Keep it; a disk that refuses is no reason to keep a person waiting."""
    path = _path(state, code)
    told = {
        "schema": "stimctl.person/1",
        "answers": dict(what.answers),
        "answered_s": what.answered_s,
        "marks": [asdict(mark) for mark in what.marks],
        "levels": [asdict(mark) for mark in what.levels],
        "second": what.second,
        "places": {name: list(pads) for name, pads in what.places.items()},
        "settings": {name: asdict(one) for name, one in what.settings.items()},
    }
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        write_whole(path, json.dumps(told, indent=1) + "\n")


def known_persons(state: Path) -> list[tuple[str, str]]:
    """Every patient's code with its last session's day and protocol, the latest first."""
    from stimctl.records.sessions import list_sessions

    last: dict[str, str] = {}
    for entry in list_sessions(journal_folder(state)):
        if entry.person and entry.person != DEMO:
            last.pop(entry.person, None)
            kind = " (simulation)" if entry.sim else ""
            last[entry.person] = f"{entry.started[:10]} {entry.protocol or '-'}{kind}"
    return list(reversed(last.items()))


def last_device(memory: Remembered) -> str:
    """The device of the last session, by name; "" where there was none."""
    return ["", *(one.device for one in memory.settings.values())][-1]


def now_s() -> int:
    """Unix time in whole seconds."""
    return int(time.time())


def _path(state: Path, code: str) -> Path:
    return state / "persons" / f"{check_person_code(code)}.json"
