"""How fast `stimctl rehearse` of the 30-minute tens-modulated is, whole process.

Method: the console script is started five times, warm; wall clock from process start to end,
median. The physical limit beside it is the session itself: 1 800 s of stimulation in real time.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.bench_start import _script

SESSION_S = 1800


def measure(*, quick: bool = False) -> dict[str, Any]:
    command = [
        *_script(), "rehearse", "tens-modulated", "--device", "sim:p24",
        "--amplitude", "1=12mA", "--area", "1=25cm2",
    ]  # fmt: skip
    walls: list[float] = []
    for _ in range(2 if quick else 5):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - begun)
    median = statistics.median(walls)
    return {
        "session_s": SESSION_S,
        "wall_s": round(median, 2),
        "times_real_time": round(SESSION_S / median),
    }


def report(result: dict[str, Any]) -> str:
    return (
        f"rehearsal of a {result['session_s']} s session: {result['wall_s']} s "
        f"({result['times_real_time']} times real time; promise: under 3 s)"
    )


if __name__ == "__main__":
    outcome = measure()
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
