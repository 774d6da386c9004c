"""A program that has children: its death is noticed all the same, and no child can command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.broad import broad
from tests.support.fault_rig import PATIENCE_S, Rig, kill

pytestmark = pytest.mark.pty

KINDS = (
    "before-connect", "during-raise", "fork", "double-fork", "c-fork", "fork-exec", "posix-spawn",
    "subprocess", "multiprocessing-fork", "multiprocessing-spawn", "multiprocessing-forkserver",
)  # fmt: skip


class Program:
    """`forking_program.py` with everything that it has said."""

    def __init__(self, rig: Rig, kind: str) -> None:
        program = Path(__file__).with_name("forking_program.py")
        self.rows: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [sys.executable, str(program), kind, "sim:p24", str(rig.journal)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=rig.environment,
            text=True,
        )
        self.pid = self._process.pid

    def until_running(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.rows.append(json.loads(line))
            if "running" in self.rows[-1]:
                assert self.rows[-1]["running"] == self.pid
                return
        pytest.fail(f"it ended with {self._process.wait()}: {self.rows[-3:]}")

    def children(self) -> list[int]:
        return [row["child"] for row in self.rows if "child" in row]

    def end(self) -> None:
        for pid in (self.pid, *self.children()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def start(rig: Rig) -> Iterator[Any]:
    programs: list[Program] = []

    def begin(kind: str) -> Program:
        programs.append(Program(rig, kind))
        programs[-1].until_running()
        return programs[-1]

    yield begin
    for program in programs:
        program.end()


@pytest.mark.hazard("H03")
@pytest.mark.parametrize("kind", broad(KINDS))
def test_a_killed_program_whose_children_live_means_zero_within_300_ms(
    rig: Rig, start: Any, kind: str
) -> None:
    program = start(kind)
    assert rig.ledger().running
    killed_ns = kill(program.pid)
    assert rig.zero_after_ms(killed_ns) <= 300
    for child in program.children():
        os.kill(child, 0)  # it lives, and could have kept the pipe open


@pytest.mark.hazard("H03")
def test_a_fork_can_do_nothing_with_the_session_of_its_parent(rig: Rig, start: Any) -> None:
    program = start("commanding")
    tried = {row["tried"]: row["told"] for row in program.rows if "tried" in row}
    assert tried.pop("exit") == ""
    assert len(tried) > 20
    for name, told in tried.items():
        assert told.startswith("StateError: this session belongs to another process"), name
    assert rig.ledger().running, "the child ended, and its parent's session went on"
    (journal,) = rig.journal.glob("*.jsonl")
    assert '"kind":"stopping"' not in journal.read_text()


@pytest.mark.hazard("H03")
def test_a_program_that_ends_while_its_child_lives_leaves_no_supervisor(
    rig: Rig, start: Any
) -> None:
    program = start("c-fork")
    (journal,) = rig.journal.glob("*.jsonl")
    kill(program.pid, signal.SIGTERM)
    give_up = time.monotonic() + PATIENCE_S
    while '"kind":"end"' not in journal.read_text():
        assert time.monotonic() < give_up, journal.read_text()[-300:]
        time.sleep(0.02)
