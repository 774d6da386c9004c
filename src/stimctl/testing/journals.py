"""Judges the record of a twin in another process together with the journals of who drove it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_sim.invariant import BARE, Judge, check_record, fitted, judge_by
from stimctl.session.row_base import Kind
from stimctl.testing.marks import SessionMarks

_MARKING = (Kind.STATE, Kind.STOPPING, Kind.RESUME)


def judge(record: Path, device: str, journals: Iterable[Path] = ()) -> Judge:
    """Judge a record by what holds for its device; InvariantBrokenError at the first violation.

    With the journal of a session that ran, output also needs that session's arming and start.
    """
    rows = _rows(record)
    bare = fitted(BARE, device)
    if not any(row["kind"] == "rx" for row in rows):  # the electrodes alone can be judged
        bare = replace(bare, line=False)
    if not bare.line:
        return check_record(rows, bare)
    marks = sorted(
        (one for journal in journals for one in _rows(journal) if one["kind"] in _MARKING),
        key=lambda one: int(one["mono_ns"]),
    )
    clock_ns = next((row["monotonic_ns"] for row in rows if row["kind"] == "clock"), None)
    if clock_ns is None or not any(one["data"].get("state") == "running" for one in marks):
        return check_record(rows, bare)
    # A journal's times are those of the disk: it says when output was allowed, not how it rose.
    invariant = judge_by(replace(bare, needs_start=True))
    session = SessionMarks(invariant, clock_ns)
    for row in rows:
        now_ns = clock_ns + row["at_us"] * 1_000 if row["kind"] in ("rx", "tx", "state") else 0
        while marks and marks[0]["mono_ns"] <= now_ns:
            _mark(session, marks.pop(0))
        invariant.row(row)
    return invariant


def is_record(path: Path) -> bool:
    """Whether a file begins as the record of a twin on a line does."""
    return _begins(path, b'{"kind":"clock"')


def recorded_device(path: Path) -> str:
    """Which device a record is of, as its row "clock" says; ValueError where it does not."""
    clock = next((row for row in _rows(path) if row["kind"] == "clock"), {})
    if not isinstance(name := clock.get("device"), str):
        raise ValueError(f"{path} does not say which device it is of: it has no row clock with it")
    return name


def is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does."""
    return _begins(path, b'{"seq":0,')


def _begins(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _mark(session: SessionMarks, row: dict[str, Any]) -> None:
    session.take({**row["data"], "kind": row["kind"], "mono_ns": row["mono_ns"]})


def _rows(path: Path) -> list[dict[str, Any]]:
    """The whole rows of a file of JSON lines; a killed writer may have left half a row."""
    data = path.read_bytes()
    rows = []
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:  # a test of damaged journals: nothing after this counts
            break
    return rows
