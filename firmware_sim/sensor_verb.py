"""`python -m firmware_sim sensor NAME@RATE`: a made-up sensor in real time, a line for each sample.

It ends with its stdin.
"""

from __future__ import annotations

import json
import select
import sys
import time

from .virtual_inputs import named


def run_sensor(name: str) -> int:
    """Speak until stdin ends or nobody listens; the exit code. ValueError for an unknown name."""
    origin_us = time.monotonic_ns() // 1_000
    for number, one in enumerate(named(name), start=1):
        wait_s = max(0.0, (origin_us + one.at_us - time.monotonic_ns() // 1_000) / 1e6)
        if select.select([sys.stdin], [], [], wait_s)[0]:
            return 0
        said: dict[str, object] = {"seq": number, "value": one.value}
        if one.beat:
            said["beat"] = True
        try:
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()
        except OSError:
            return 0
    return 0
