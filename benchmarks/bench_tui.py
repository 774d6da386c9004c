"""The terminal UI in a real pty: STOP, first paint, reaction, redraw traffic, processor, memory.

Method: `stimctl --demo` runs in a pty of 80x24 with its real supervisor and the P24 twin. STOP is
timed from the write of the space to the pty until the stop frame is read by the twin, by the twin's
own record (both on CLOCK_MONOTONIC; the twin's reading is inside the figure). Each press finds the
session running at 0 mA. "Spinning" is the same with the UI's event loop made busy in Python for
90 ms of every 100 ms. First paint is from process start to the first byte, and to the last line of
the first screen, for the chooser. Reaction is from a key that moves the picked line to the first
byte of the redraw. Traffic, processor time and resident memory are taken over a running session
with one channel up. Figures: median and 99th percentile (nearest rank).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bench_start import _percentile, _script
from stimctl.testing.terminal import Terminal

BUDGETS = {
    "stop_idle": "p99 <= 15 ms",
    "stop_spinning": "p50 <= 5 ms, p99 <= 25 ms",
    "first_paint": "<= 350 ms",
    "reaction": "p50 <= 20 ms",
}
_SPIN = """
import sys, time
from stimctl.tui import app
first = app.StimctlApp.on_mount
def on_mount(self):
    first(self)
    def spin():
        until = time.perf_counter() + 0.09
        while time.perf_counter() < until:
            pass
    self.set_interval(0.1, spin)
app.StimctlApp.on_mount = on_mount
from stimctl.__main__ import main
sys.exit(main(["--demo"]))
"""


class Demo:
    """One demo session in a pty."""

    def __init__(self, folder: Path, *, spinning: bool = False) -> None:
        runtime = folder / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.record = folder / f"twin-{time.monotonic_ns()}.jsonl"
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "SSH_CONNECTION")},
            "XDG_RUNTIME_DIR": str(runtime), "STIMCTL_STATE_HOME": str(folder / "state"),
            "STIMCTL_TWIN_RECORD": str(self.record), "STIMCTL_TWIN_OPTIONS": "--wiretap",
            "TERM": "xterm-256color", "COLORTERM": "truecolor",
        }  # fmt: skip
        command = [sys.executable, "-c", _SPIN] if spinning else [*_script(), "--demo"]
        self.terminal = Terminal(command, environment)
        self.terminal.wait_for("0.0 mA confirmed", within_s=30)
        for title in ("SET-UP", "ADJUST", "RUN"):
            self.terminal.key(b"\r")
            self.terminal.wait_for(f"┌ {title}")
        self.terminal.wait_for("READY")

    def run(self) -> None:
        """Arm and go."""
        self.terminal.key(b"a")
        self.terminal.wait_for("▲ ARMED")
        self.terminal.settle(0.45)
        self.terminal.key(b"g")
        self.terminal.wait_for("● STIM")

    def stop(self) -> int:
        """Press space; returns when."""
        at_ns = self.terminal.key(b" ")
        self.terminal.wait_for("■ STOPPED")
        return at_ns

    def stops_ns(self) -> list[int]:
        """When stop frames reached the twin."""
        rows = [json.loads(line) for line in self.record.read_text("utf-8").splitlines() if line]
        zero = next(row["monotonic_ns"] for row in rows if row["kind"] == "clock")
        return [
            zero + row["at_us"] * 1_000
            for row in rows
            if row["kind"] == "rx" and "0f0ff0" in row["hex"]
        ]

    def close(self) -> None:
        self.terminal.key(b"q")
        self.terminal.settle(0.5)
        self.terminal.close()


def _stops(folder: Path, count: int, *, spinning: bool) -> list[float]:
    demo = Demo(folder, spinning=spinning)
    pressed = []
    for number in range(count):
        demo.run()
        demo.terminal.settle(0.05 + (number * 37 % 100) / 1000)  # at every phase of the spin
        pressed.append(demo.stop())
        demo.terminal.settle(0.25)
    time.sleep(0.3)
    arrived = demo.stops_ns()
    demo.close()
    return [min(at for at in arrived if at >= key) / 1e6 - key / 1e6 for key in pressed]


def _first_paint(folder: Path) -> tuple[float, float]:
    environment = {**os.environ, "STIMCTL_STATE_HOME": str(folder / "none"),
                   "TERM": "xterm-256color"}  # fmt: skip
    terminal = Terminal(_script(), environment)
    try:
        painted = terminal.wait_for("Enter choose")
        assert terminal.first_byte_s is not None
        begun = terminal.begun_s
        return (terminal.first_byte_s - begun) * 1e3, (painted - begun) * 1e3
    finally:
        terminal.key(b"q")
        terminal.end()
        terminal.close()


def _reaction(demo: Demo, count: int) -> list[float]:
    demo.terminal.key(b"\x10")
    demo.terminal.wait_for("whose session it is")
    found = []
    for number in range(count):
        demo.terminal.settle(0.12)
        at = demo.terminal.key(b"\x1b[B" if number % 2 else b"\x1b[A")
        if not number % 2:
            continue
        while not demo.terminal.hear(1.0):
            pass
        found.append((time.monotonic_ns() - at) / 1e6)
        demo.terminal.settle(0.05)
        demo.terminal.key(b"\x1b[A")
    demo.terminal.key(b"\x1b[D")
    demo.terminal.settle(0.3)
    return found


def _running(folder: Path, seconds: float) -> dict[str, float]:
    demo = Demo(folder)
    reaction = _reaction(demo, 40)
    demo.run()
    demo.terminal.key(b"1")
    demo.terminal.settle(0.3)
    demo.terminal.key(b"\x1b[A")
    demo.terminal.settle(1.0)
    pid = demo.terminal.process.pid
    heard, busy, begun = demo.terminal.heard, _cpu_s(pid), time.monotonic()
    demo.terminal.settle(seconds)
    took = time.monotonic() - begun
    result = {
        "traffic_kib_s": round((demo.terminal.heard - heard) / 1024 / took, 2),
        "cpu_percent": round((_cpu_s(pid) - busy) / took * 100, 1),
        "memory_mib": round(_rss_mib(pid), 1),
        "reaction_p50_ms": round(_percentile(reaction, 0.5), 1),
        "reaction_p99_ms": round(_percentile(reaction, 0.99), 1),
    }
    demo.stop()
    demo.close()
    return result


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(found.stdout) / 1024


def _shares(samples: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(_percentile(samples, 0.5), 2),
        "p99_ms": round(_percentile(samples, 0.99), 2),
        "n": len(samples),
    }


def measure(*, quick: bool = False) -> dict[str, Any]:
    presses = 5 if quick else 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paints = [_first_paint(folder) for _ in range(3 if quick else 15)]
        return {
            "stop_idle": _shares(_stops(folder, presses, spinning=False)),
            "stop_spinning": _shares(_stops(folder, presses, spinning=True)),
            "first_byte": _shares([first for first, _ in paints]),
            "first_paint": _shares([whole for _, whole in paints]),
            "running": _running(folder, 3.0 if quick else 20.0),
        }


def report(result: dict[str, Any]) -> str:
    lines = ["terminal UI in a pty          p50 ms   p99 ms      n   promise"]
    for name in ("stop_idle", "stop_spinning", "first_byte", "first_paint"):
        row = result[name]
        figures = f"{row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['n']:6d}"
        lines.append(f"  {name:26s} {figures}   {BUDGETS.get(name, '')}")
    row = result["running"]
    lines += [
        f"  {'reaction':26s} {row['reaction_p50_ms']:8.2f} {row['reaction_p99_ms']:8.2f}          "
        f"{BUDGETS['reaction']}",
        f"  while running: {row['traffic_kib_s']} KiB/s (<= 15), {row['cpu_percent']} % of a core "
        f"(< 10), {row['memory_mib']} MiB resident (< 80)",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
