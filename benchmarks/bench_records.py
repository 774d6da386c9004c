"""How fast 10,000 recorded sessions of 30 minutes are listed, reported and verified; their size.

Method: sessions of 30 minutes of tens-conventional on the P24 twin, with one channel and with
eight, are recorded and signed as the supervisor does it. The folder has 10,000 names of the
first, which are links to one file, and a catalogue with an entry for each: what lists and finds
does not read them. `sessions list` and `sessions report` are whole processes, started warm.
Verification reads the two sessions in this process: chain, anchor and signature. Medians of five,
by the clock, and as the processor's own time, which other programs do not lengthen.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bench_start import _script
from stimctl.records.catalogue import Catalogue
from stimctl.records.checked import evidence_of_session
from stimctl.records.journal import Anchor
from stimctl.records.places import journal_folder
from stimctl.records.rows import SUFFIX
from stimctl.records.signing import sign_at_end
from stimctl.records.verify import Verification, verify_journal
from tests.support.long_session import events_of, write_journal

SESSIONS = 10_000
SESSION_S = 1_800
KINDS = {
    "one channel": ("p24", "tens-conventional", 1),
    "eight channels": ("p24", "tens-conventional", 8),
}


def measure(*, quick: bool = False) -> dict[str, Any]:
    rounds = 2 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        stored = {name: _recorded(state, *kind) for name, kind in KINDS.items()}
        told = {name: _verified(state, path, rounds) for name, path in stored.items()}
        journal = stored["one channel"]
        _ten_thousand(journal, SESSIONS // 10 if quick else SESSIONS)
        script, session = _script(), journal.name.removesuffix(SUFFIX)
        return {
            "sessions": SESSIONS // 10 if quick else SESSIONS,
            "list": _process(state, [*script, "sessions", "list"], rounds),
            "report": _process(
                state,
                [*script, "sessions", "report", session, "--force", "-o", f"{state}/r.html"],
                rounds,
            ),
            "verified": told,
        }


def _recorded(state: Path, device: str, protocol: str, channels: int) -> Path:
    folder = journal_folder(state)
    writer = write_journal(folder, events_of(device, protocol, channels, SESSION_S), device)
    Catalogue(folder).adopt([verify_journal(writer.path)])
    assert sign_at_end(state, writer.path, writer.anchor, time.time_ns()) == ""
    return writer.path


def _verified(state: Path, journal: Path, rounds: int) -> dict[str, Any]:
    session = journal.name.removesuffix(SUFFIX)

    def verify() -> None:
        found = evidence_of_session(journal.parent, state, session)
        assert found.ok, found.problems
        assert found.signature.says == "valid"

    verify()  # loads what checks the signature
    took = _median(verify, rounds, time.process_time)
    rows = verify_journal(journal).rows
    size = journal.stat().st_size
    return {
        "rows": rows,
        "bytes": size,
        "gigabytes_of_all": round(size * SESSIONS / 1e9, 1),
        "rows_per_s": round(rows / took["wall_s"]),
        "rows_per_cpu_s": round(rows / took["cpu_s"]),
    }


def _ten_thousand(journal: Path, count: int) -> None:
    found = verify_journal(journal)
    named: list[Verification] = []
    for number in range(count):
        path = journal.with_name(f"20260101T000000.{number:06d}Z-n{number + 10:06d}-0a0b0c0d.jsonl")
        os.link(journal, path)
        anchored = Anchor(found.rows, found.last_hash)
        named.append(
            Verification(
                path, found.rows, found.last_hash, found.header, found.end, anchored, found.problems
            )
        )
    Catalogue(journal.parent).adopt(named)


def _process(state: Path, command: list[str], rounds: int) -> dict[str, float]:
    environ = {**os.environ, "STIMCTL_STATE_HOME": str(state)}

    def run() -> None:
        subprocess.run(
            command, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    run()
    return _median(run, rounds, _of_children)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _median(act: Callable[[], None], rounds: int, cpu: Callable[[], float]) -> dict[str, float]:
    walls: list[float] = []
    cpus: list[float] = []
    for _ in range(rounds):
        begun, used = time.perf_counter(), cpu()
        act()
        walls.append(time.perf_counter() - begun)
        cpus.append(cpu() - used)
    return {
        "wall_s": round(statistics.median(walls), 4),
        "cpu_s": round(statistics.median(cpus), 4),
    }


def report(result: dict[str, Any]) -> str:
    first, page = result["list"], result["report"]
    lines = [
        f"{result['sessions']} stored sessions of {SESSION_S // 60} minutes:",
        f"  first page of the list {_ms(first)} (promise: 200 ms)",
        f"  one report {_ms(page)} (promise: 1 s)",
    ]
    lines += [
        f"  {name}: {one['rows']} rows, {one['bytes'] / 1e6:.2f} MB a session, "
        f"{one['gigabytes_of_all']} GB for {SESSIONS}; verified at {one['rows_per_s']} rows/s, "
        f"{one['rows_per_cpu_s']} in a second of the processor (promise: 50000)"
        for name, one in result["verified"].items()
    ]
    return "\n".join(lines)


def _ms(took: dict[str, float]) -> str:
    return f"{took['wall_s'] * 1000:.0f} ms, {took['cpu_s'] * 1000:.0f} ms of the processor"


if __name__ == "__main__":
    outcome = measure()
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
