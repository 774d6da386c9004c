"""How late the beats of a face come on a busy computer: `python -m benchmarks.bench_beats`.

Method: a real session on a P24 twin (pty, journal on the disk) runs for the time asked for, begun
anew where it ends, while so many processes keep the processors busy. A beat is due every 100 ms.
Three processes note CLOCK_MONOTONIC: the face when it has sent a beat, the supervisor when it has
handled one, and beside them a clock, a process of its own at the face's priority that only sleeps
100 ms and notes the time. What the clock misses, the computer itself stood still for.

Lateness is the time since the beat before, less 100 ms. A stop for a silent face is false where
the clock was not late too, by 200 ms or more, in the second before it. Exit code 1 where there was
such a stop, 2 where no session ran.
"""

from __future__ import annotations

import argparse
import array
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from stimctl.errors import StateError, StimctlError
from stimctl.records.protocol_files import shipped_folder
from stimctl.supervisor import child_process
from stimctl.supervisor.client import BEAT_S, Row, SupervisorClient

_BEAT_NS = round(BEAT_S * 1e9)
_STOOD_STILL_NS = 200_000_000
_BREAK = 0  # stands between the beats of two sessions
_WINDOW_NS = 1_000_000_000
_SHARES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999))
_PLANNED = "the plan has ended"
_BUSY = "while True: pass"
_CLOCK = f"""
import os, struct, sys, time
from stimctl.supervisor.priority import prefer_this_thread
prefer_this_thread()
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    time.sleep({BEAT_S})
    os.write(fd, struct.pack("<q", time.monotonic_ns()))
"""


class _Face(SupervisorClient):
    """The real face, which notes when it has sent each beat."""

    def __init__(self, journal: Path, sent: array.array[int], **options: Any) -> None:
        super().__init__(
            "sim:p24", ["--journal", str(journal), "--no-attendance-prompt"], **options
        )
        self._sent = sent

    def beat(self) -> None:
        super().beat()
        self._sent.append(time.monotonic_ns())


@dataclass
class Found:
    """What came of it. Times in nanoseconds, CLOCK_MONOTONIC."""

    sent: array.array[int] = field(default_factory=lambda: array.array("q"))
    stops: list[tuple[int, str]] = field(default_factory=list)
    sessions: int = 0


@contextmanager
def _process(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _times(path: Path) -> array.array[int]:
    times = array.array("q")
    data = path.read_bytes() if path.exists() else b""
    times.frombytes(data[: len(data) // 8 * 8])
    return times


def _until(client: SupervisorClient, state: str) -> None:
    give_up = time.monotonic() + 60
    while client.state != state:
        if client.exit_code is not None or time.monotonic() > give_up:
            raise StimctlError(f"the session is {client.state!r}, not {state!r}")
        time.sleep(0.01)


def _begin(client: SupervisorClient) -> None:
    path = shipped_folder() / "tens-conventional.toml"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    client.start()
    client.ask("load", path=str(path), sha256=sha256)
    client.ask("channel", channel=1, level="2 mA", area="25 cm2")
    client.ask("compile")
    client.ask("connect")
    _until(client, "checked")
    client.ask("arm")
    _until(client, "armed")
    client.ask("start")
    _until(client, "running")
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            client.ask("raise", channel=1, level="0.5 mA")
        except StateError:  # the output is starting
            time.sleep(0.05)
        else:
            return


def _session(folder: Path, found: Found, until_s: float) -> None:
    """One session, to its end or to the end of the time."""
    ours = False

    def heard(row: Row) -> None:
        stops = row["kind"] == "unknown" or row.get("purpose") == "stop"
        if stops and not ours and row.get("reason") != _PLANNED:
            found.stops.append((row["mono_ns"], str(row.get("reason", ""))))

    found.sent.append(_BREAK)
    client = _Face(folder / "journal", found.sent, on_row=heard)
    try:
        _begin(client)
        found.sessions += 1
        while client.state == "running" and time.monotonic() < until_s:
            for _row in client.rows(0.0):
                pass
            time.sleep(0.2)
    except StimctlError as error:
        found.stops.append((time.monotonic_ns(), f"the session did not run: {error}"))
    finally:
        ours = True
        client.close()


def measure(minutes: float, load: int) -> dict[str, Any]:
    """Run it; the figures as JSON-able values."""
    found = Found()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beats")))
        heard, clock = folder / "heard", folder / "clock"
        os.environ["STIMCTL_BENCH_BEATS"] = str(heard)
        here = str(Path(__file__).resolve().parent.parent)
        os.environ["PYTHONPATH"] = os.pathsep.join([here, *_python_path()])
        child_process.MODULE = "benchmarks.beat_supervisor"
        for _ in range(load):
            stack.enter_context(_process(sys.executable, "-c", _BUSY))
        stack.enter_context(_process(sys.executable, "-c", _CLOCK, str(clock)))
        until_s = time.monotonic() + minutes * 60
        while time.monotonic() < until_s:
            _session(folder, found, until_s)
        return _figures(found, _times(heard), _times(clock), minutes, load)


def _python_path() -> list[str]:
    return [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]


def _figures(
    found: Found, heard: array.array[int], clock: array.array[int], minutes: float, load: int
) -> dict[str, Any]:
    stops: list[dict[str, Any]] = [
        {"reason": reason, "clock_late_ms": _worst_before(clock, at_ns) / 1e6}
        for at_ns, reason in found.stops
    ]
    return {
        "minutes": minutes,
        "load": load,
        "processors": os.cpu_count(),
        "sessions": found.sessions,
        "lateness_ms": {
            "face, when it sent a beat": _lateness(found.sent),
            "supervisor, when it handled it": _lateness(heard),
            "clock beside them": _lateness(clock),
        },
        "stops": stops,
        "false_stops": sum(not one["clock_late_ms"] >= _STOOD_STILL_NS / 1e6 for one in stops),
    }


def _lateness(times: array.array[int]) -> dict[str, float]:
    late = sorted(
        max(0, after - before - _BEAT_NS) / 1e6
        for before, after in pairwise(times)
        if _BREAK not in (before, after)
    )
    if not late:
        return {"beats": 0}
    told = {
        name: late[min(len(late) - 1, max(0, round(share * len(late)) - 1))]
        for name, share in _SHARES
    }
    return {"beats": len(late), **told, "max": late[-1]}


def _worst_before(clock: array.array[int], at_ns: int) -> int:
    """How late the clock was, at most, in the second before a stop."""
    gaps = [
        after - before - _BEAT_NS
        for before, after in pairwise(clock)
        if after > at_ns - _WINDOW_NS and before < at_ns
    ]
    return max(gaps, default=0)


def report(result: dict[str, Any]) -> str:
    """The figures as a table."""
    columns = ("beats", *(name for name, _ in _SHARES), "max")
    lines = [
        f"beats: {result['minutes']:g} minutes, {result['load']} busy processes on "
        f"{result['processors']} processors, {result['sessions']} sessions; lateness in ms",
        f"{'':32}" + "".join(f"{name:>10}" for name in columns),
    ]
    for who, figures in result["lateness_ms"].items():
        shown = [f"{figures.get(name, float('nan')):10.1f}" for name in columns[1:]]
        lines.append(f"{who:32}{figures['beats']:10d}" + "".join(shown))
    for stop in result["stops"]:
        lines.append(f"stop: {stop['reason']} (the clock was {stop['clock_late_ms']:.0f} ms late)")
    lines.append(f"false stops: {result['false_stops']}")
    return "\n".join(lines)


def main() -> int:
    """Returns 1 where a stop was false, 2 where nothing ran."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench_beats", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--load", type=int, default=8, help="busy processes (default 8)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    result = measure(arguments.minutes, arguments.load)
    print(json.dumps(result, indent=1) if arguments.json else report(result), flush=True)
    if not result["sessions"]:
        return 2
    return 1 if result["false_stops"] else 0


if __name__ == "__main__":
    sys.exit(main())
