"""kill -9 of face or supervisor at a random time of a real-time run, many sessions side by side.

Each round starts a face, which starts a supervisor, which starts a twin on a pty; kills one or
both; waits until the twin's own record shows no current any more; and reads the journal.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from firmware_sim.invariant import check_record
from firmware_sim.ledger import Ledger
from stimctl.records.rows import Row
from stimctl.records.verify import read_rows, verify_journal
from tests.support.fault_rig import Face, Rig, kill

IN_TIME_MS = 2_050.0
"""The dead-man of the P24 (2 s [IFU]) and 50 ms."""
_SETTLED_S = 30.0
_RAISED_UA = 2_000
_VICTIMS = ("face", "supervisor", "supervisor", "both")


@dataclass(slots=True)
class Round:
    """What one round showed. zero_after_ms: None where no current had flowed yet."""

    number: int
    victim: str
    state: str
    zero_after_ms: float | None = None
    journal_rows: int | None = None
    problem: str | None = None


def play_round(number: int) -> Round:
    """One round; whatever goes wrong is in its `problem`."""
    chance = Random(f"kill/{number}")
    with tempfile.TemporaryDirectory(prefix="stimctl-kill-") as folder:
        rig = Rig(Path(folder))
        rig.environment["STIMCTL_TWIN_OPTIONS"] = "--wiretap"
        result = Round(number, chance.choice(_VICTIMS), "")
        try:
            _play(rig, chance, result)
        except Exception as error:  # noqa: BLE001 - a round must not take the others with it
            result.problem = repr(error)
        finally:
            rig.end()
    return result


def _play(rig: Rig, chance: Random, result: Round) -> None:
    watchdog_test = "--watchdog-test" if chance.random() < 0.1 else "--no-watchdog-test"
    face = rig.face("sim:p24", watchdog_test, target_ua=_RAISED_UA)
    if result.victim == "face" and chance.random() < 0.2:
        time.sleep(chance.uniform(0.0, 1.0))  # it may not even have a supervisor yet
    else:
        face.wait_for("hello")
        time.sleep(chance.uniform(0.0, 2.0))
    killed_ns = _kill(face, result)
    _await_zero(rig, killed_ns, result)
    _await_supervisor(face, result)
    _check_journal(rig, face, result)


def _kill(face: Face, result: Round) -> int:
    states = [row["state"] for row in list(face.rows) if row["kind"] == "state"]
    result.state = states[-1] if states else "disconnected"
    if result.victim == "face":
        return kill(face.pid)
    supervisor = face.supervisor
    if result.victim == "both":
        kill(face.pid)
    return kill(supervisor)


def _await_zero(rig: Rig, killed_ns: int, result: Round) -> None:
    """Until the record shows no open train, and a moment longer: nothing may come back."""
    if not rig.record.exists():
        return
    give_up = time.monotonic() + _SETTLED_S
    while rig.ledger().running:
        if time.monotonic() > give_up:
            result.problem = "the output never ended"
            return
        time.sleep(0.05)
    time.sleep(0.1)
    check_record(rig.record)
    last_us = rig.ledger().last_output_us
    if last_us is not None:
        result.zero_after_ms = (rig.ledger().monotonic_us(last_us) * 1_000 - killed_ns) / 1e6
        if result.zero_after_ms > IN_TIME_MS:
            result.problem = f"output went on for {result.zero_after_ms:.0f} ms"


def _await_supervisor(face: Face, result: Round) -> None:
    """A supervisor that lost its face ends by itself, and closes its journal before that."""
    if result.victim != "face":
        return
    pids = [int(row["pid"]) for row in list(face.rows) if row["kind"] == "hello"]
    give_up = time.monotonic() + _SETTLED_S
    while pids and _alive(pids[0]):
        if time.monotonic() > give_up:
            result.problem = "the supervisor outlived its face"
            return
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0] != "Z"
    return False


def _check_journal(rig: Rig, face: Face, result: Round) -> None:
    """It verifies, and holds every row whose effect has reached the electrodes."""
    # Killed between the making of the file and its first row: the session has no journal yet.
    paths = [path for path in sorted(rig.journal.glob("*.jsonl")) if path.stat().st_size]
    ledger = rig.ledger() if rig.record.exists() else Ledger([])
    if not paths:
        if ledger.last_output_us is not None:
            result.problem = "output without a journal"
        return
    (path,) = paths
    verification = verify_journal(path)
    result.journal_rows = verification.rows
    if not (verification.ok or verification.unfinished_only):
        result.problem = f"the journal: {verification.problems}"
        return
    rows = [row for row in read_rows(path) if isinstance(row, Row)]
    missing = sorted(_effects(ledger, face.rows) - _on_record(rows))
    if missing:
        result.problem = f"not in the journal, but out: {missing}"


def _effects(ledger: Ledger, shown: Iterable[dict[str, Any]]) -> set[tuple[str, int]]:
    """What has happened that needed a durable row before: the start, and every raise."""
    levels = {run.peak_ua for run in ledger[1].runs}
    for row in list(shown):
        if row["kind"] == "ack":
            levels |= {int(level_ua) for level_ua in row["channels"].values()}
    found = {("raise", level_ua) for level_ua in levels if level_ua}
    return found | {("start", 0)} if found else found


def _on_record(rows: Iterable[Row]) -> set[tuple[str, int]]:
    found = set()
    for row in rows:
        if row.kind == "raise":
            found.add(("raise", int(row.data["level"])))
        elif row.kind == "start":
            found.add(("start", 0))
    return found


def play_rounds(count: int, *, first: int = 0, side_by_side: int | None = None) -> list[Round]:
    """That many rounds, some at the same time: most of each is waiting."""
    workers = side_by_side or 6 * (os.cpu_count() or 1)  # a thousand in ten minutes on two cores
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(play_round, range(first, first + count)))


def latest(rounds: list[Round]) -> str:
    """The figure that counts."""
    times = [one.zero_after_ms for one in rounds if one.zero_after_ms is not None]
    return f"zero {max(times, default=0):.0f} ms after kill -9 at the latest, {len(rounds)} rounds"


def summary(rounds: list[Round]) -> str:
    """What to print of them."""
    times = sorted(one.zero_after_ms for one in rounds if one.zero_after_ms is not None)
    victims = Counter(one.victim for one in rounds)
    states = Counter(one.state for one in rounds)
    lines = [
        f"{len(rounds)} rounds of kill -9: {dict(victims)}",
        f"killed while {dict(states)}",
        f"journals read: {sum(one.journal_rows is not None for one in rounds)}",
    ]
    if times:
        middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
        lines.append(
            f"zero after the kill: {len(times)} rounds with output, median {middle:.0f} ms, "
            f"p99 {late:.0f} ms, latest {times[-1]:.0f} ms (bound {IN_TIME_MS:.0f} ms)"
        )
    lines += [f"round {one.number}: {one.problem}" for one in rounds if one.problem]
    return "\n".join(lines)
