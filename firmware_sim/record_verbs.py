"""`python -m firmware_sim judge RECORD` and `ledger RECORD`: for programs in any language.

One JSON object on stdout; times in us of the twin's clock, like the rows of the record.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .invariant import BARE, InvariantBrokenError, Rules, check_record, fitted
from .ledger import ChannelLedger, Ledger
from .options import RECORD_VERBS
from .serve import complain

KEPT, BROKEN, UNUSABLE = 0, 1, 2

Row = dict[str, Any]


class _UnusableError(Exception):
    """Nothing can be said of this record."""


def run_record_verb(words: Sequence[str]) -> int:
    """Run the verb; 0, or 1 where a rule is broken, or 2 where the record cannot be judged."""
    told = _parser().parse_args(words)
    try:
        rows = _rows(told.record)
        answer = _ledger(rows) if told.verb == "ledger" else _judged(rows, told)
    except _UnusableError as unusable:
        complain(f"{told.verb}: {told.record}: {unusable}")
        return UNUSABLE
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return KEPT if answer.get("kept", True) else BROKEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="firmware_sim")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, what in RECORD_VERBS.items():
        one = verbs.add_parser(verb, help=what, description=f"{what[0].upper()}{what[1:]}.")
        one.add_argument("record", type=Path, metavar="RECORD", help="the file of --record")
        if verb == "judge":
            _add_rules(one)
    return parser


def _add_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", metavar="NAME", help="of which twin it is, where the record does not say"
    )
    parser.add_argument(
        "--limit-rise",
        action="store_true",
        help="also: no jump of more than one step or 1 mA in 250 ms, no ramp shorter than 0.5 s",
    )
    parser.add_argument(
        "--ceiling",
        type=int,
        metavar="LEVEL",
        help="no output above it: uA, or %% of an attenuator",
    )
    parser.add_argument(
        "--electrodes-only",
        action="store_true",
        help="the record has no bytes: judge the limits of the device and the rise alone",
    )


def _rows(record: Path) -> list[Row]:
    """The whole rows; a last one that is being written is left out."""
    try:
        text = record.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _UnusableError(getattr(error, "strerror", None) or "not UTF-8") from error
    rows: list[Row] = []
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), 1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict) or "kind" not in row:
            raise _UnusableError(f"line {number} is no row of a record")
        rows.append(row)
    return rows


def _clock(rows: Sequence[Row]) -> Mapping[str, Any]:
    return next((row for row in rows if row["kind"] == "clock"), {})


def _judged(rows: Sequence[Row], told: argparse.Namespace) -> Row:
    device = told.device or _clock(rows).get("device", "")
    kinds = {row["kind"] for row in rows}
    if not told.electrodes_only and "rx" not in kinds and kinds & {"train_open", "pulse", "output"}:
        raise _UnusableError(
            "it has output and no bytes: start the twin with --wiretap, or add --electrodes-only"
        )
    asked: Rules = replace(BARE, line=not told.electrodes_only, limits_rise=told.limit_rise)
    broken: list[Row] = []
    try:
        rules = fitted(asked, device) if device else asked
        if told.ceiling is not None:
            rules = replace(rules, ceiling=told.ceiling)
        check_record(rows, rules)
    except InvariantBrokenError as error:
        found = error.violation
        broken = [
            {
                "rule": found.rule.value,
                "at_us": found.at_us,
                "channel": found.channel,
                "what": found.words,
            }
        ]
    except ValueError as error:
        raise _UnusableError(f"{error}" if device else "of which twin? Add --device") from error
    return {
        "schema": "firmware_sim.judge/1",
        "device": device,
        "kept": not broken,
        "broken": broken,
        "bytes": not told.electrodes_only,
        "rows": len(rows),
    }


def _ledger(rows: Sequence[Row]) -> Row:
    ledger, clock = Ledger(rows), _clock(rows)
    return {
        "schema": "firmware_sim.ledger/1",
        "device": clock.get("device", ""),
        "monotonic_ns_at_0": clock.get("monotonic_ns"),
        "latest_us": ledger.latest_us,
        "last_output_us": ledger.last_output_us,
        "running": ledger.running,
        "channels": {str(n): _channel(one) for n, one in sorted(ledger.channels.items())},
        "possible": _possible(rows, ledger.latest_us),
    }


def _channel(one: ChannelLedger) -> Row:
    return {
        "pulses": one.pulses,
        "peak_ma": one.peak_ma,
        "charge_uc": one.charge_uc,
        "net_charge_uc": one.net_charge_uc,
        "rms_worst_second_ma": one.rms_worst_second_ma,
        "first_output_us": one.first_output_us,
        "last_output_us": one.last_output_us,
        "test_pulses": one.test_pulses,
        "test_charge_uc": one.test_charge_uc,
    }


def _possible(rows: Sequence[Row], latest_us: int) -> Row:
    """For how long current was possible on a channel, and whether it still is. An attenuator's
    record has this and no pulses."""
    on_us: dict[int, int] = {}
    since: dict[int, int] = {}
    for row in rows:
        if row["kind"] == "output":
            channel = row["channel"]
            on_us.setdefault(channel, 0)
            if row["on"]:
                since.setdefault(channel, row["at_us"])
            elif channel in since:
                on_us[channel] += row["at_us"] - since.pop(channel)
    for channel, at_us in since.items():
        on_us[channel] += max(0, latest_us - at_us)
    return {str(n): {"on_us": us, "on": n in since} for n, us in sorted(on_us.items())}
