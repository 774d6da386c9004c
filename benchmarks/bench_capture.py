"""What it costs to capture a session: commands per second over a pty with and without a capture.

Method: as `bench_roundtrip` for stimctl (driver, port, reader thread, inbox; the device answers
after 1 ms), with and without a capture in turn, each round on a twin of its own. The capture is
written to a file in the system's folder for temporary files. And the time of one row where it is
noted, beside the port: a write that nobody takes.

Figures: ratio of the medians of the rates; median nanoseconds of noting one row.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bench_roundtrip import Responder, through_stimctl
from stimctl.devices.family import family_row
from stimctl.records.captures import Kind, read_capture
from stimctl.supervisor.link_capture import LinkCapture

_COUNT = 600
_NOTES = 20_000


def _captured(address: str, count: int, folder: Path) -> float:
    path = folder / f"{time.monotonic_ns()}.capture.jsonl"
    capture = LinkCapture(path, family_row("p24"), origin="benchmark")
    try:
        rate = through_stimctl(address, count, capture.opener)
    finally:
        capture.close()
    captured = sum(1 for _ in read_capture(path).of(Kind.SENT))
    if captured < count:
        raise RuntimeError(f"only {captured} of {count} commands were captured")
    return rate


def _note_ns(folder: Path) -> float:
    """Median over rounds of the mean time to note one row."""
    means = []
    for number in range(5):
        path = folder / f"notes-{number}.capture.jsonl"
        capture = LinkCapture(path, family_row("p24"), origin="benchmark")
        data = bytes(13)
        begun = time.perf_counter_ns()
        for _ in range(_NOTES):
            capture.note(Kind.SENT, data)
        means.append((time.perf_counter_ns() - begun) / _NOTES)
        capture.close()
    return statistics.median(means)


def measure(*, quick: bool = False) -> dict[str, Any]:
    count = _COUNT // 4 if quick else _COUNT
    plain: list[float] = []
    captured: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(2 if quick else 9):
            with Responder() as address:
                plain.append(through_stimctl(address, count))
            with Responder() as address:
                captured.append(_captured(address, count, folder))
        note_ns = _note_ns(folder)
    rates = statistics.median(plain), statistics.median(captured)
    return {
        "commands_per_second": {"plain": round(rates[0]), "captured": round(rates[1])},
        "time_ratio": round(rates[0] / rates[1], 3),
        "note_ns": round(note_ns),
    }


def report(result: dict[str, Any]) -> str:
    rates = result["commands_per_second"]
    return "\n".join(
        [
            "commands per second over a pty, device answers after 1 ms",
            f"  without a capture {rates['plain']:6d}",
            f"  with a capture    {rates['captured']:6d}  ({result['time_ratio']} times the time; "
            "promise: at most 1.05)",
            f"  noting one row    {result['note_ns']:6d} ns",
        ]
    )


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
