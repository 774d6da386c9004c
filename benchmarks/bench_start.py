"""Process start: `stimctl --version`, `stimctl --help`, and the first byte of `stimctl stop`.

Method: the variants are started in turn, interleaved, warm, through the installed console script,
with the compiled modules (.pyc) that an installation has, in a folder of the benchmark's own;
`stop_uncompiled` is the same stop where there are none, as in a working copy with
PYTHONDONTWRITEBYTECODE set. `--version` and `--help` are timed from the start of the
process to its end. `stop` is timed from the start of the process to the first byte that reaches
the other end of a fresh pty whose device never answers and which nobody holds. A bare
interpreter (`python -c pass`) runs in the same rounds: what is above it is ours. Figures: median
and 99th percentile (nearest rank), milliseconds.

`stop_in_broken_places`: the same as an ordinary user, once in each world of
`tests/support/broken_places.py` (folders that are somebody else's, full, read-only or not there, no
home, hardly a descriptor left). Timed from the `exec` of the program, since making the world takes
time of its own. Worlds that this system does not let us make (not root) are left out.
"""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
import tty
from pathlib import Path
from typing import Any

import stimctl
from tests.support.broken_places import PLACES

BUDGET_MS = {
    "version": 120.0,
    "help": 120.0,
    "stop_first_byte": 60.0,
    "stop_uncompiled": 60.0,
    "stop_in_broken_places": 60.0,
}


def _script() -> list[str]:
    script = Path(sys.executable).with_name("stimctl")
    return [str(script)] if script.exists() else [sys.executable, "-m", "stimctl"]


def _environment(folder: Path, *, of_ours: bool) -> dict[str, str]:
    """With compiled modules in that folder: of all, or of all but ours."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for words in (["--version"], ["--help"], ["stop", "p24:/dev/there-is-none"]):
        _run_ms([*_script(), *words], environment)
    _stop_first_byte_ms(environment)
    if not of_ours:
        shutil.rmtree(f"{folder}{Path(stimctl.__file__).parent}")
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment


def _run_ms(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        env=environment,
    )
    return (time.perf_counter() - begun) * 1e3


def _stop_first_byte_ms(environment: dict[str, str]) -> float:
    master, slave = pty.openpty()
    tty.setraw(slave)
    command = [*_script(), "stop", f"p24:{os.ttyname(slave)}"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        ready, _, _ = select.select([master], [], [], 5.0)
        elapsed = (time.perf_counter() - begun) * 1e3
        if not ready:
            raise RuntimeError("stimctl stop wrote nothing within 5 s")
        return elapsed
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def _stop_in(place: str) -> float | None:
    """As `_stop_first_byte_ms`, in a broken world; None where it cannot be made."""
    from tests.support.broken_places import PLACES, CannotError, World

    world = World()
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.chown(os.ttyname(slave), world.uid, -1)
    world.port.symlink_to(os.ttyname(slave))
    stamp = world.folder / "stamp"
    try:
        PLACES[place](world)
        world.start_stop(stamp=str(stamp))
        if not select.select([master], [], [], 5.0)[0]:
            return None
        return (time.monotonic_ns() - int(stamp.read_text())) / 1e6
    except (CannotError, PermissionError):
        return None
    finally:
        world.end()
        os.close(master)
        os.close(slave)


def _percentile(samples: list[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def measure(*, quick: bool = False) -> dict[str, Any]:
    samples: dict[str, list[float]] = {
        name: [] for name in ("bare", "version", "help", "stop_first_byte", "stop_uncompiled")
    }
    with tempfile.TemporaryDirectory(prefix="stimctl-compiled-") as folder:
        compiled = _environment(Path(folder, "all"), of_ours=True)
        uncompiled = _environment(Path(folder, "others"), of_ours=False)
        for _ in range(5 if quick else 101):
            samples["bare"].append(_run_ms([sys.executable, "-c", "pass"], compiled))
            samples["version"].append(_run_ms([*_script(), "--version"], compiled))
            samples["help"].append(_run_ms([*_script(), "--help"], compiled))
            samples["stop_first_byte"].append(_stop_first_byte_ms(compiled))
            samples["stop_uncompiled"].append(_stop_first_byte_ms(uncompiled))
    in_places = [found for _ in range(1 if quick else 3) for found in map(_stop_in, PLACES)]
    samples["stop_in_broken_places"] = [found for found in in_places if found is not None]
    return {
        name: {"p50_ms": round(_percentile(v, 0.5), 1), "p99_ms": round(_percentile(v, 0.99), 1)}
        for name, v in samples.items()
    }


def report(result: dict[str, Any]) -> str:
    lines = ["process start                 p50 ms   p99 ms   promise"]
    for name, row in result.items():
        budget = f"<= {BUDGET_MS[name]:.0f}" if name in BUDGET_MS else ""
        lines.append(f"  {name:26s} {row['p50_ms']:8.1f} {row['p99_ms']:8.1f}   {budget}")
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure()
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
