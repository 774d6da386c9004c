"""Hangs the invariant on a twin in this process, or reads a record that another process wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from firmware_sim.firmware.recorder import Recorder

from .families import fitted
from .judge import Judge
from .judges import judge_by
from .rules import BARE, Rules, Violation


def watch(
    recorder: Recorder,
    rules: Rules,
    *,
    raising: bool = True,
    log: list[Violation] | None = None,
) -> Judge:
    """Have the twin of this recorder judged as it goes: all rows, and all bytes that arrive."""
    invariant = judge_by(rules, raising=raising, log=log)
    recorder.tap(invariant.row, line=True)
    return invariant


def check_record(
    rows: Iterable[Mapping[str, Any]] | Path, rules: Rules = BARE, *, until_us: int | None = None
) -> Judge:
    """Judge a whole record, or what there is of one; raises InvariantBrokenError.

    Rules that name no family are fitted to the device that the record names: that of a twin on a
    line does so in its row "clock". The record needs its bytes (a twin started with --wiretap), or
    rules with line=False.
    """
    if isinstance(rows, Path):
        text = rows.read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    rows = list(rows)
    clock = next((row for row in rows if row["kind"] == "clock"), {})
    if not rules.family and "device" in clock:
        rules = fitted(rules, clock["device"])
    invariant = judge_by(rules)
    for row in rows:
        invariant.row(row)
    if until_us is not None:
        invariant.advance(until_us)
    return invariant
