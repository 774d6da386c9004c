"""Runs every benchmark and prints one table: `make bench`, or `python -m benchmarks [--json]`."""

from __future__ import annotations

import argparse
import json
import platform
import sys

from benchmarks import (
    bench_capture,
    bench_codec,
    bench_functional,
    bench_output_check,
    bench_plugin,
    bench_pulses,
    bench_records,
    bench_rehearse,
    bench_roundtrip,
    bench_sm2,
    bench_start,
    bench_tui,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="fewer repeats; for a smoke test")
    arguments = parser.parse_args()
    results = {
        "schema": "stimctl.benchmarks/1",
        "machine": f"{platform.machine()} {platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    modules = (
        bench_codec,
        bench_roundtrip,
        bench_capture,
        bench_output_check,
        bench_start,
        bench_plugin,
        bench_pulses,
        bench_rehearse,
        bench_functional,
        bench_records,
        bench_sm2,
        bench_tui,
    )
    for module in modules:
        name = module.__name__.rsplit(".", 1)[-1].removeprefix("bench_")
        results[name] = module.measure(quick=arguments.quick)
        if not arguments.json:
            print(module.report(results[name]), flush=True)
    if arguments.json:
        json.dump(results, sys.stdout, indent=1)
        print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
