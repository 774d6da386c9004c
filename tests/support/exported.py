"""Recorded sessions for the tests of exports, and each form read as others read it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stimctl.bench import Bench
from stimctl.export.content import SessionContent
from stimctl.export.formats import Format, files_of
from stimctl.export.recorded import recorded_content
from stimctl.records.planned import planned_notes
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import Close, Lower, Pause, Resume, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.prediction import predict
from stimctl.treatment.program import makes_current
from tests.support.delivered import WHOLE, started
from tests.support.recorded import Extra, record

_FORM = "pain before 0-10: 6; pain after 0-10: 4; skin: slightly red; comfort: bearable"
NAME = "Erika Mustermann"
_SAID: list[Extra] = [
    ("note", {"topic": "pain before 0-10", "text": "6"}),
    ("note", {"topic": "threshold", "text": "sensory ch1 left-forearm-flexor 2.5 mA"}),
    ("note", {"topic": "threshold", "text": "motor ch1 left-forearm-flexor 4 mA"}),
    ("note", {"topic": "correction", "text": "taken back: threshold: motor ch1 left-forearm-flexor "
              "4 mA"}),
    ("note", {"topic": "note", "text": f"{NAME} was late"}),
    ("note", {"topic": "outcome", "text": f"{_FORM}; tolerance: {NAME}"}),
]  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A session, what the bench saw of it, and what an export is made of."""

    bench: Bench
    journal: Path
    content: SessionContent
    whole: bool
    """Every answer came, so that the figure is exact."""


def _completed(bench: Bench) -> None:
    assert bench.run_to_state(State.STOPPED, within_ns=125 * SECOND)


def _stopped(after_ms: int) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.run_for(after_ms * MS)
        bench.command(Stop())
        assert bench.run_to_state(State.STOPPED, within_ns=SECOND)

    return run


def _paused(bench: Bench) -> None:
    bench.run_for(12 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    bench.run_for(2 * SECOND)
    bench.command(Pause())
    bench.run_for(3 * SECOND)
    bench.command(Resume())
    _stopped(9_000)(bench)


def _faulted(bench: Bench) -> None:
    bench.run_to_state(State.STOPPED, State.FAULT, State.UNKNOWN, within_ns=60 * SECOND)
    if bench.state is State.STOPPED:
        bench.command(Close())
    bench.run_for(10 * SECOND)


def _killed(bench: Bench) -> None:
    """The host dies: nothing is sent any more, and the device's watchdog ends the output."""
    bench.to_device.hook = lambda _now, _data: b""
    bench.run_for(5 * SECOND)


#: Name: plan of `WHOLE`, fault, what happens, whether every answer came.
SESSIONS: Mapping[str, tuple[str, str, Callable[[Bench], None], bool]] = {
    "trains, completed": ("trains", "", _completed, True),
    "two channels, completed": ("two channels", "", _completed, True),
    "modulated, stopped early": ("modulated", "", _stopped(29_770), True),
    "contractions, completed": ("contractions", "", _completed, True),
    "bursts, stopped early": ("bursts", "", _stopped(17_003), True),
    "bursts in cycles, completed": ("doublets in cycles", "", _completed, True),
    "bursts in cycles, stopped early": ("slow bursts in cycles", "", _stopped(29_770), True),
    "stages, completed": ("stages", "", _completed, True),
    "stages, stopped in a rest": ("stages", "", _stopped(30_000), True),
    "RehaStim2, stopped early": ("RehaStim2", "", _stopped(17_003), True),
    "RehaMove3, stopped early": ("RehaMove3", "", _stopped(23_456), True),
    "trains, paused and gone on with": ("trains", "", _paused, True),
    "link ended": ("trains", "unplug@20s", _faulted, False),
    "bursts in cycles, answers lost": (
        "doublets in cycles", "drop@8s,permille=600,for=3s", _faulted, False,
    ),
    "two channels, device reset": ("two channels", "reset@8s", _faulted, False),
    "bursts in cycles, host killed": ("doublets in cycles", "", _killed, False),
}  # fmt: skip


def recorded(name: str, folder: Path) -> Recorded:
    """One of the sessions, run and recorded."""
    which, fault, happens, whole = SESSIONS[name]
    plan, family = WHOLE[which]
    bench = started(plan, *([fault] if fault else []), family=family)
    until = None
    if happens is _killed:
        bench.run_for(20 * SECOND)
        until = len(bench.events)
    happens(bench)
    extra: list[Extra] = []
    if makes_current(plan) and until is None:
        notes = planned_notes(predict(plan))
        extra = [("note", {"topic": topic, "text": text}) for topic, text in notes.items()] + _SAID
    journal = record(bench, folder, extra=extra, closed=until is None, until=until)
    return Recorded(bench, journal, recorded_content(folder, "last"), whole)


Figure = tuple[float | None, float | None, float | None]
"""The value, the least and the most; None: not told."""
Delivered = dict[int, dict[str, Figure]]
_NAMES = {"pulses": "pulses", "charge_uc": "charge_nc", "peak_ma": "peak_ua"}
_IN_RECORD = {"pulses": 1, "charge_uc": 1_000, "peak_ma": 1_000}


def delivered_in(content: SessionContent, form: Format) -> Delivered:
    """What an export says was acknowledged, in the units of a record; read from its bytes alone."""
    return _READERS[form](files_of(content, form))


def table(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a text table."""
    return list(csv.DictReader(io.StringIO(data.decode()), delimiter=delimiter))


def _of_rows(rows: list[dict[str, Any]]) -> Delivered:
    """From rows of the table `channels`, as any reader has them."""
    told: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row["source"] == "acknowledged":
            told.setdefault(int(row["channel"]), {})[row["bound"]] = row
    return {channel: _figures(partial(_in_row, one)) for channel, one in told.items()}


def _in_row(told: Mapping[str, Mapping[str, Any]], bound: str, name: str) -> Any:
    return told.get(bound, {}).get(name)


def _figures(get: Callable[[str, str], Any]) -> dict[str, Figure]:
    def value(bound: str, name: str) -> float | None:
        found = get(bound, name)
        return None if found in (None, "", "n/a") else float(found) * _IN_RECORD[name]

    return {
        ours: (value("figure", name), value("at_least", name), value("at_most", name))
        for name, ours in _NAMES.items()
    }


def _from_csv(files: Mapping[str, bytes]) -> Delivered:
    return _of_rows(table(files["channels.csv"]))


def _from_parquet(files: Mapping[str, bytes]) -> Delivered:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(io.BytesIO(files["channels.parquet"])).to_pylist()
    return _of_rows(rows)


def _from_jsonl(files: Mapping[str, bytes]) -> Delivered:
    lines = [json.loads(line) for line in files["session.jsonl"].splitlines()]
    return _of_rows([line for line in lines if line["table"] == "channels"])


def _from_nibs_bids(files: Mapping[str, bytes]) -> Delivered:
    (data,) = (one for name, one in files.items() if name.endswith("_nibs.tsv"))
    prefix = {"figure": "", "at_least": "_at_least", "at_most": "_at_most"}

    def figures(row: Mapping[str, str]) -> dict[str, Figure]:
        return _figures(lambda bound, name: row[f"acknowledged{prefix[bound]}_{name}"])

    rows = [row for row in table(data, "\t") if "stage" not in row["nibs_event_id"]]
    return {int(row["nibs_event_id"].removeprefix("ch")): figures(row) for row in rows}


def _from_redcap(files: Mapping[str, bytes]) -> Delivered:
    (row,) = table(files["redcap-row.csv"])
    prefix = {"figure": "ack", "at_least": "lo", "at_most": "hi"}

    def figures(number: int) -> dict[str, Figure]:
        return _figures(lambda bound, name: row[f"st_c{number}_{prefix[bound]}_{name}"])

    return {number: figures(number) for number in range(1, 5) if row[f"st_c{number}_ack_pulses"]}


def _from_fhir(files: Mapping[str, bytes]) -> Delivered:
    from fhir.resources.R4B.bundle import Bundle

    bundle: Any = Bundle.model_validate_json(files["bundle.json"])
    told: Delivered = {}
    for entry in bundle.entry:
        one = entry.resource
        if type(one).__name__ != "Observation" or one.code.text[:12] != "Acknowledged":
            continue
        parts = {part.code.coding[0].code.replace("-", "_"): part for part in one.component}

        def get(bound: str, name: str, parts: Mapping[str, Any] = parts) -> Any:
            if bound == "figure":
                return parts[name].valueQuantity.value if name in parts else None
            if f"{name}_bounds" not in parts:
                return None
            span = parts[f"{name}_bounds"].valueRange
            end = span.low if bound == "at_least" else span.high
            return None if end is None else end.value

        told[one.extension[0].valueInteger] = _figures(get)
    return told


_READERS: Mapping[Format, Callable[[Mapping[str, bytes]], Delivered]] = {
    Format.CSV: _from_csv,
    Format.PARQUET: _from_parquet,
    Format.JSONL: _from_jsonl,
    Format.NIBS_BIDS: _from_nibs_bids,
    Format.FHIR: _from_fhir,
    Format.REDCAP: _from_redcap,
}
