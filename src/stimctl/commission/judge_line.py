"""The settings of the line, as the port was opened, against what the sheet says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stimctl.commission.results import Finding, Result, Verdict
from stimctl.devices.sheet import CapabilitySheet

MOST_LATENCY_MS: Final = 1
_LINE: Final = re.compile(r"(\d+) 8([NE])([12])( RTS/CTS)?")


def judge_line(step: str, sheet: CapabilitySheet, line: Mapping[str, Any]) -> Iterator[Result]:
    """Bit rate with parity, and the latency timer of the adapter where it has one."""
    facts = [one for one in sheet.facts if one.name.startswith("line_")]
    wanted = [one.value for one in facts]
    baud = line.get("baud")
    if not facts or baud is None:
        yield _not_applicable(step, "bit rate and parity", "this line has none")
    else:
        found = f"{baud} 8{line.get('parity', '')}{line.get('stop_bits', '')}"
        good = any(_fits(value, line) for value in wanted)
        yield Result(
            step, "bit rate and parity", Finding.LINE, " or ".join(wanted), "exact",
            f"{facts[0].source} ({facts[0].certainty})", found,
            Verdict.PASSED if good else Verdict.FAILED,
        )  # fmt: skip
    timer = line.get("latency_timer_ms")
    if timer is None:
        yield _not_applicable(step, "latency timer of the adapter", "this line has none")
        return
    yield Result(
        step, "latency timer of the adapter", Finding.LINE, "1 ms", "exact",
        "every answer waits so long in the adapter, each round of a stop too ([DOC], R)",
        f"{timer} ms", Verdict.PASSED if int(timer) <= MOST_LATENCY_MS else Verdict.FAILED,
    )  # fmt: skip


def _fits(value: str, line: Mapping[str, Any]) -> bool:
    found = _LINE.fullmatch(value)
    if found is None:
        return False
    # A pseudo terminal has no parity, and is opened without.
    parity = line.get("parity") in (found[2], "N" if line.get("exclusive") == "flock" else "")
    stop_bits = line.get("stop_bits") in (None, int(found[3]))
    return int(found[1]) == line["baud"] and parity and stop_bits


def _not_applicable(step: str, about: str, why: str) -> Result:
    return Result(step, about, Finding.LINE, "-", "", why, "-", Verdict.NOT_APPLICABLE)
