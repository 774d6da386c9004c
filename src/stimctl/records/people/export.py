"""Everything that is kept of one person, as JSON; without the PIN and without the key."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

from stimctl.errors import UsageError
from stimctl.quantity import format_area
from stimctl.records.devices import device_file
from stimctl.records.pads import all_uses
from stimctl.records.people.change import read_person, refuse_erasing
from stimctl.records.people.electrodes import list_electrodes
from stimctl.records.people.kept import day_of_s, maxima_of
from stimctl.records.people.keys import person_file
from stimctl.records.people.remembered import (
    Mark,
    Remembered,
    marks_of,
    read_remembered,
    thresholds_of,
)
from stimctl.records.places import journal_folder
from stimctl.records.rows import Row
from stimctl.records.sessions import SessionEntry, list_sessions
from stimctl.records.state_files import read_state
from stimctl.records.storage import FILE_MODE
from stimctl.records.verify import read_rows


def gather(
    state: Path, code: str, *, rows: bool = False, today: date | None = None
) -> dict[str, Any]:
    """What is kept of this person, with every row of every session where `rows`. Raises UsageError
    where nothing is, StateError while the person is being erased."""
    found = read_person(person_file(state, code), code)
    refuse_erasing(code, found)
    sessions = [one for one in list_sessions(journal_folder(state)) if one.person == code]
    if not found and not sessions:
        raise UsageError(
            f"there is nobody with the code {code}",
            why="no file and no session here is of this code",
            what_to_do="see: stimctl people list",
        )
    kept = read_remembered(found)
    key = str(found.get("key", ""))
    return {
        "code": code,
        "pin_kept": bool(kept.second),
        "screening": _screening(kept, today or datetime.now().astimezone().date()),
        "maxima": [
            {"day": str(one.day), "site": one.site, "size": format_area(one.area_mm2),
             "electrodes": str(entry.get("electrodes", "")), "maximum": str(one.level)}
            for one, entry in zip(maxima_of(code, found), found.get("maxima", ()), strict=True)
        ],
        "thresholds": [_threshold(one) for one in marks_of(thresholds_of(found))],
        "highest_last_time": [_threshold(one) for one in kept.levels],
        "electrodes": [
            {"name": one.name, "area": format_area(one.area_mm2), "kind": one.kind,
             "sessions": one.sessions, "retired": one.retired}
            for one in list_electrodes(state) if key and one.person == key
        ],
        "pads": [
            {"site": use.pads.site, "area": format_area(use.pads.area_mm2),
             "sessions": use.sessions, "since": str(day_of_s(use.since_s))}
            for use in all_uses(state, code)
        ],
        "last_set_up": {"places": found.get("places", {}), "settings": found.get("settings", {})},
        "devices": dict(read_state(device_file(state, code))),
        "sessions": [_session(one, rows=rows) for one in sessions],
    }  # fmt: skip


def write_export(path: Path, told: dict[str, Any]) -> None:
    """Write it to a new file, for its owner only. Raises UsageError."""
    text = json.dumps({"schema": "stimctl.person-export/1", **told}, indent=1, ensure_ascii=False)
    temporary = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, FILE_MODE)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(descriptor)
            path.hardlink_to(temporary)  # fails where the name is taken, in one step
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            what_to_do="name a new file in a folder of yours with --out",
        ) from error


def _screening(kept: Remembered, today: date) -> dict[str, Any]:
    if not kept.answers:
        return {"answers": {}, "answered": "", "until": "", "expired": False}
    answered = day_of_s(kept.answered_s)
    until = kept.answers_until
    return {
        "answers": {id_: "yes" if yes else "no" for id_, yes in sorted(kept.answers.items())},
        "answered": str(answered),
        "until": str(until),
        "expired": today > until,
    }


def _threshold(mark: Mark) -> dict[str, Any]:
    return {
        "day": str(day_of_s(mark.at_s)),
        "what": mark.what,
        "site": mark.site,
        "size": format_area(mark.area_mm2),
        "electrodes": mark.electrodes,
        "level": mark.text,
        "channel": mark.channel,
    }


def _session(entry: SessionEntry, *, rows: bool) -> dict[str, Any]:
    told = entry.as_dict()
    if not entry.file.exists():
        return told
    told["sha256"] = hashlib.sha256(entry.file.read_bytes()).hexdigest()
    if rows:
        told["rows_of_file"] = [
            row.as_dict() for row in read_rows(entry.file) if isinstance(row, Row)
        ]
    return told
