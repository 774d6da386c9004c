"""From the call of a single pulse to its bytes at the device, without and with ten marker outputs.

Method: sessions of the Python API on a P24 twin (pty, journal on the disk), in turn without a
marker output and with ten, which are functions that take 1 ms. In each so many pulses are asked
for at uneven distances. The twin's record says when the bytes of each pulse were there, on the
monotonic clock of the computer, on which the program notes when it has called.

Figures: milliseconds from the call to the bytes at the twin, and the ratio of the medians with ten
outputs and with none. They are of this computer: everything else that runs is in them.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import Marker

_OUTPUTS = 10
_AMPLITUDE = "1 mA"


def _slow(_marker: Marker) -> None:
    time.sleep(0.001)


def _session(folder: Path, count: int, outputs: int) -> list[float]:
    """One session; by pulse, how long its bytes took."""
    record = folder / "twin.jsonl"
    record.unlink(missing_ok=True)
    os.environ["STIMCTL_TWIN_RECORD"] = str(record)
    chance, called = random.Random(1), []
    # Each is a function of its own: the same one would be one output.
    markers = [partial(_slow) for _ in range(outputs)]
    device = stimctl.connect("sim:p24", journal=folder, single_pulses=True, markers=markers)
    with device:
        device.load("tens-conventional", amplitudes={1: "2 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start(hold="10 s")
        device.raise_to(1, _AMPLITUDE)
        for _ in range(count):
            device.renew()
            time.sleep(chance.uniform(0.02, 0.03))
            called.append(time.monotonic_ns())
            device.pulse(1, _AMPLITUDE)
        device.stop()
    ledger = Ledger.from_file(record)
    there = sorted(ledger.monotonic_us(run.start_us) * 1_000 for run in ledger[1].runs)
    if len(there) != count:
        raise RuntimeError(f"{count} pulses were called for, and {len(there)} were given")
    return [(at_ns - asked_ns) / 1e6 for asked_ns, at_ns in zip(called, there, strict=True)]


def _figures(samples: list[float]) -> dict[str, float]:
    ordered = sorted(samples)
    found = {
        name: ordered[int(len(ordered) * share)] for name, share in (("p95", 0.95), ("p99", 0.99))
    }
    figures = {"median": statistics.median(ordered), **found, "max": ordered[-1]}
    return {name: round(value, 2) for name, value in figures.items()}


def measure(*, quick: bool = False) -> dict[str, Any]:
    samples: dict[int, list[float]] = {0: [], _OUTPUTS: []}
    before = os.environ.get("STIMCTL_TWIN_RECORD")
    try:
        for _ in range(1 if quick else 3):
            for outputs, found in samples.items():
                with tempfile.TemporaryDirectory() as folder:
                    found += _session(Path(folder), 30 if quick else 200, outputs)
    finally:
        os.environ.pop("STIMCTL_TWIN_RECORD", None)
        if before is not None:
            os.environ["STIMCTL_TWIN_RECORD"] = before
    medians = {outputs: statistics.median(found) for outputs, found in samples.items()}
    return {
        "call_to_bytes_ms": _figures(samples[0]),
        "call_to_bytes_with_ten_outputs_ms": _figures(samples[_OUTPUTS]),
        "times_with_ten_outputs": round(medians[_OUTPUTS] / medians[0], 3),
    }


def report(result: dict[str, Any]) -> str:
    lines = ["from the call of a pulse to its bytes at the device, milliseconds"]
    for name, key in (
        ("no marker output", "call_to_bytes_ms"),
        ("ten of them", "call_to_bytes_with_ten_outputs_ms"),
    ):
        told = ", ".join(f"{what} {value}" for what, value in result[key].items())
        lines.append(f"  {name:17s} {told}")
    lines.append(
        f"  with ten outputs {result['times_with_ten_outputs']} times as long "
        "(promise: median 3.5 ms and p99 12 ms on a quiet machine, outputs change nothing)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
