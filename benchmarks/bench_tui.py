"""The terminal UI in a real pty, against every bar it has, each with PASS or FAIL.

Method: `stimctl --demo` runs in a pty of 80x24 with its real supervisor and the P24 twin.

STOP is timed from the write of the key to the pty until the stop frame is read by the twin, by the
twin's own record (both on CLOCK_MONOTONIC; the twin's reading is inside the figure). Each press
finds the session running at 0 mA, or armed, and takes the next screen or dialog and the next STOP
key in turn, so that each pair of them is pressed in the full run. "Spinning" is the same with the
UI's event loop made busy in Python for 90 ms of every 100 ms.

First paint is from process start until the whole first screen is there, warm; before the first
start counts, one goes by. Reaction is from a key until what it does is read on the screen: another
screen is opened, at zero with one channel, and while eight channels run. Traffic and processor time
are those of the face over running sessions: one channel of a continuous train, one of an on/off
cycle whose envelope is drawn live, at 80x24 and at 140x45, two channels, and eight. Resident
memory is the most of all these programs, the one that has been through every screen included.
Whether memory stays flat is a day simulated on a stepped clock: see `tui_day`, which says what that
is.

A bar is judged by the figure that it names; both percentiles (nearest rank) are told. On a machine
that does other work these are figures of that machine's load: say so where they are quoted.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bench_start import _percentile, _script
from benchmarks.tui_day import DAY_H, FLAT_BLOCKS, FLAT_MIB
from stimctl.testing.demo import ALT_1, EVERYWHERE, STOP_KEYS, UP, DemoSession
from stimctl.testing.terminal import Terminal
from tests.support.tui_pages import write_eight_channels, write_two_channels

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
_EIGHT = "eight-places"
_STIMULI = (
    ("tens-conventional", 80, 24), ("nmes-tka", 80, 24), ("nmes-tka", 140, 45),
    ("both-knees", 100, 30), (_EIGHT, 140, 45),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise: where its figure is in the results, and the most it may be."""

    words: str
    section: str
    figure: str
    most: float
    unit: str

    def judge(self, result: dict[str, Any]) -> tuple[float, bool | None]:
        """The figure, and whether it keeps the promise; None where a day was not a whole one."""
        value = float(result[self.section][self.figure])
        short = self.section == "day" and result["day"]["simulated_h"] < DAY_H
        return value, None if short else value <= self.most


BARS = (
    Bar("key to STOP on the line, idle, p99", "stop_idle", "p99_ms", 5, "ms"),
    Bar("key to STOP on the line, UI spinning, p99", "stop_spinning", "p99_ms", 15, "ms"),
    Bar("first paint, warm, p50", "first_paint", "p50_ms", 500, "ms"),
    Bar("key to visible reaction, idle, p50", "reaction_idle", "p50_ms", 25, "ms"),
    Bar("key to visible reaction, 8 channels, p50", "reaction_running", "p50_ms", 25, "ms"),
    Bar("key to visible reaction, 8 channels, p99", "reaction_running", "p99_ms", 80, "ms"),
    Bar("redraw traffic while running", "running", "traffic_kib_s", 25, "KiB/s"),
    Bar("UI while running, up to two channels", "running", "cpu_percent", 8, "% of a core"),
    Bar("UI while running, eight channels", "eight", "cpu_percent", 15, "% of a core"),
    Bar("resident memory", "memory", "most_mib", 100, "MiB"),
    Bar("memory over a simulated day, resident", "day", "resident_mib_per_day", FLAT_MIB, "MiB"),
    Bar("memory over a simulated day, blocks", "day", "blocks_per_day", FLAT_BLOCKS, "blocks"),
)


@contextmanager
def _session(folder: Path, **how: Any) -> Iterator[DemoSession]:
    """A demo in a folder of its own, left in order."""
    session = DemoSession(Path(tempfile.mkdtemp(dir=folder)), **how)
    try:
        yield session
        session.terminal.key(b"q")
        session.terminal.settle(0.5)
    finally:
        session.close()


def _places(rounds: int) -> list[tuple[str, bytes]]:
    """Where and by which key; after so many rounds as there are pairs, each pair once."""
    keys = list(STOP_KEYS.values())
    turns = itertools.count()
    pairs = [
        (place, keys[(number + turn) % len(keys)])
        for turn in itertools.islice(turns, len(keys))
        for number, place in enumerate(EVERYWHERE)
    ]
    return list(itertools.islice(itertools.cycle(pairs), rounds))


def _stops(folder: Path, rounds: int, *, spinning: bool) -> tuple[list[float], float]:
    """Milliseconds for each press, and the resident memory after all of them."""
    command = (sys.executable, "-P", "-c", _SPIN) if spinning else ()
    pressed = []
    with _session(folder, command=command) as session:
        session.ready()
        for number, (place, key) in enumerate(_places(rounds)):
            session.be_at(place)
            session.terminal.settle(0.05 + (number * 37 % 100) / 1000)  # any phase of the spin
            pressed.append(session.stop(key))
            session.leave(place)
        memory_mib = _rss_mib(session.terminal.process.pid)
        session.terminal.settle(0.3)
        arrived = session.stops_ns()
    return [min(at for at in arrived if at >= key) / 1e6 - key / 1e6 for key in pressed], memory_mib


def _first_paint(folder: Path) -> tuple[float, float]:
    environment = {**os.environ, "STIMCTL_STATE_HOME": str(folder / "none"),
                   "TERM": "xterm-256color"}  # fmt: skip
    terminal = Terminal(_script(), environment)
    try:
        painted = terminal.wait_for("keys")  # its last line
        assert terminal.first_byte_s is not None
        begun = terminal.begun_s
        return (terminal.first_byte_s - begun) * 1e3, (painted - begun) * 1e3
    finally:
        terminal.key(b"q")
        terminal.end()
        terminal.close()


def _until(terminal: Terminal, seen: Callable[[], bool], at_ns: int) -> float:
    """Milliseconds since `at_ns` until something is on the screen."""
    give_up = time.monotonic() + 5.0
    while not seen():
        if time.monotonic() > give_up:
            raise AssertionError(f"a key did nothing:\n{terminal.text()}")
        terminal.hear(1.0)
    return (time.monotonic_ns() - at_ns) / 1e6


def _reaction(session: DemoSession, count: int) -> list[float]:
    """Another screen is opened, and Run again."""
    terminal, found = session.terminal, []
    for number in range(count):
        terminal.settle(0.1 + (number * 37 % 100) / 1000)
        opens = not number % 2
        title = " Thresholds " if opens else "▸ Run"
        at_ns = terminal.key(b"8" if opens else b"7")
        found.append(_until(terminal, partial(_is_shown, terminal, title), at_ns))
    return found


def _is_shown(terminal: Terminal, title: str) -> bool:
    return title in terminal.text()


def _running(folder: Path, stimulus: tuple[str, int, int], seconds: float) -> dict[str, float]:
    """Traffic, processor and memory of the face while a session runs."""
    protocol, columns, rows = stimulus
    with _session(folder, columns=columns, rows=rows) as session:
        session.ready(protocol).run()
        terminal = session.terminal
        terminal.key(ALT_1)
        terminal.settle(3.5)  # an on/off cycle has ramped up by then, and can be raised
        terminal.key(UP)
        terminal.settle(1.0)
        pid = terminal.process.pid
        heard, busy_s, begun_s = terminal.heard, _cpu_s(pid), time.monotonic()
        terminal.settle(seconds)
        took_s = time.monotonic() - begun_s
        found = {
            "traffic_kib_s": round((terminal.heard - heard) / 1024 / took_s, 2),
            "cpu_percent": round((_cpu_s(pid) - busy_s) / took_s * 100, 1),
            "memory_mib": round(_rss_mib(pid), 1),
        }
        session.stop()
    return found


def _reactions(folder: Path, count: int) -> tuple[list[float], list[float]]:
    with _session(folder) as session:
        idle = _reaction(session.ready(), count)
    with _session(folder, columns=140, rows=45) as session:
        session.ready(_EIGHT).run()
        running = _reaction(session, count)
        session.stop()
    return idle, running


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mib(pid: int) -> float:
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(found.stdout) / 1024


def _day(hours: float) -> dict[str, Any]:
    """In a process of its own: the sizes are to be those of the UI and its rows alone."""
    command = [sys.executable, "-m", "benchmarks.tui_day", str(hours)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _shares(samples: list[float]) -> dict[str, float]:
    return {
        "p50_ms": round(_percentile(samples, 0.5), 2),
        "p99_ms": round(_percentile(samples, 0.99), 2),
        "most_ms": round(max(samples), 2),
        "n": len(samples),
    }


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Every figure; `quick`: few repeats and two hours instead of a day (not judged), a trial."""
    pairs = len(EVERYWHERE) * len(STOP_KEYS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        protocols = folder / "protocols"
        write_two_channels(protocols)
        write_eight_channels(protocols)
        os.environ["STIMCTL_PROTOCOLS"] = str(protocols)
        _first_paint(folder)
        paints = [_first_paint(folder) for _ in range(5 if quick else 21)]
        idle, idle_mib = _stops(folder, 8 if quick else 2 * pairs, spinning=False)
        spinning, _ = _stops(folder, 5 if quick else pairs, spinning=True)
        seen_idle, seen_running = _reactions(folder, 10 if quick else 100)
        runs = {
            f"{protocol} {columns}x{rows}": _running(
                folder, (protocol, columns, rows), 5.0 if quick else 60.0
            )
            for protocol, columns, rows in _STIMULI
        }
        eight = runs[f"{_EIGHT} 140x45"]
        few = [run for run in runs.values() if run is not eight]
        worst = {
            "traffic_kib_s": max(run["traffic_kib_s"] for run in runs.values()),
            "cpu_percent": max(run["cpu_percent"] for run in few),
        }
        most_mib = max(idle_mib, *(run["memory_mib"] for run in runs.values()))
        result: dict[str, Any] = {
            "stop_idle": _shares(idle), "stop_spinning": _shares(spinning),
            "first_byte": _shares([first for first, _ in paints]),
            "first_paint": _shares([whole for _, whole in paints]),
            "reaction_idle": _shares(seen_idle), "reaction_running": _shares(seen_running),
            "running": worst, "eight": eight, "runs": runs,
            "memory": {"most_mib": round(most_mib, 1)},
            "day": _day(2.0 if quick else DAY_H),
        }  # fmt: skip
    result["kept"] = {bar.words: bar.judge(result)[1] for bar in BARS}
    return result


def report(result: dict[str, Any]) -> str:
    """Two tables: what was measured, and the bars."""
    lines = ["terminal UI in a pty          p50 ms   p99 ms  most ms      n"]
    for name in ("stop_idle", "stop_spinning", "first_byte", "first_paint", "reaction_idle",
                 "reaction_running"):  # fmt: skip
        row = result[name]
        lines.append(
            f"  {name:26s} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['most_ms']:8.2f} "
            f"{row['n']:6d}"
        )
    for name, run in result["runs"].items():
        lines.append(
            f"  running {name}: {run['traffic_kib_s']} KiB/s, {run['cpu_percent']} % of a core, "
            f"{run['memory_mib']} MiB"
        )
    day = result["day"]
    lines.append(
        f"  simulated on a stepped clock: {day['simulated_h']} h in {day['sessions']} sessions, "
        f"{day['output_on_h']} h with output on, {day['screens_drawn']} screens drawn"
    )
    lines.append("  bars of the terminal UI")
    for bar in BARS:
        value, kept = bar.judge(result)
        word = {True: "PASS", False: "FAIL", None: "----"}[kept]
        lines.append(f"  {word}  {bar.words:44s} {value:9.2f}   (<= {bar.most:g} {bar.unit})")
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome, indent=1) if "--json" in sys.argv else report(outcome))
    sys.exit(1 if False in outcome["kept"].values() else 0)
