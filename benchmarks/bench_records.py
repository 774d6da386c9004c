"""How fast 10,000 recorded sessions of 30 minutes are listed, reported and verified; their size.

Method: a session of 30 minutes on the P24 twin (one channel of tens-conventional, and eight of
nmes-tka) is recorded and signed as the supervisor does it. The folder has 10,000 names of the
first, which are links to one file, and a catalogue with an entry for each: what lists and finds
does not read them. `sessions list` and `sessions report` are whole processes, started warm, median
of five. Verification reads the two sessions in this process: chain, anchor and signature, median.
"""

from __future__ import annotations

import json
import os
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
from stimctl.records.journal import Anchor
from stimctl.records.places import journal_folder
from stimctl.records.rows import SUFFIX
from stimctl.records.sessions import evidence_of_session
from stimctl.records.signing import sign_at_end
from stimctl.records.verify import Verification, verify_journal
from tests.support.long_session import events_of, write_journal

SESSIONS = 10_000
SESSION_S = 1_800
KINDS = {
    "one channel": ("p24", "tens-conventional", 1),
    "eight channels": ("p24", "nmes-tka", 8),
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
            "list_s": _wall(state, [*script, "sessions", "list"], rounds),
            "report_s": _wall(
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
    seconds = _median(verify, rounds)
    rows = verify_journal(journal).rows
    size = journal.stat().st_size
    return {
        "rows": rows,
        "bytes": size,
        "gigabytes_of_all": round(size * SESSIONS / 1e9, 1),
        "rows_per_s": round(rows / seconds),
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


def _wall(state: Path, command: list[str], rounds: int) -> float:
    environ = {**os.environ, "STIMCTL_STATE_HOME": str(state)}

    def run() -> None:
        subprocess.run(
            command, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    run()
    return round(_median(run, rounds), 3)


def _median(act: Callable[[], None], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def report(result: dict[str, Any]) -> str:
    lines = [
        f"{result['sessions']} stored sessions of {SESSION_S // 60} minutes: first page of the "
        f"list {result['list_s'] * 1000:.0f} ms (promise: 200 ms), one report "
        f"{result['report_s']:.2f} s (promise: 1 s)"
    ]
    lines += [
        f"  {name}: {one['rows']} rows, {one['bytes'] / 1e6:.2f} MB a session, "
        f"{one['gigabytes_of_all']} GB for {SESSIONS}; verified at {one['rows_per_s']} rows/s "
        "(promise: 50000)"
        for name, one in result["verified"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure()
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
