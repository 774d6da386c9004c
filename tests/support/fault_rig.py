"""Real processes on a real pty: a face, its supervisor and a twin that records its electrodes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware_sim.ledger import Ledger

PATIENCE_S = 30.0
Row = dict[str, Any]


class Face:
    """A face in a process of its own, with every row it has shown."""

    def __init__(self, rig: Rig, device: str, *options: str, target_ua: int = 1000) -> None:
        program = Path(__file__).with_name("face_program.py")
        command = [sys.executable, str(program), device, str(rig.journal), str(target_ua)]
        self.rows: list[Row] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=rig.environment,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def supervisor(self) -> int:
        return int(self.wait_for("hello")["pid"])

    @property
    def address(self) -> str:
        return str(self.wait_for("hello")["address"])

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def wait_for(self, kind: str, accept: Callable[[Row], bool] = lambda _row: True) -> Row:
        """The first row of that kind, as soon as it has been shown."""
        give_up = time.monotonic() + PATIENCE_S
        seen = 0
        with self._changed:
            while True:
                for row in self.rows[seen:]:
                    if row["kind"] == kind and accept(row):
                        return row
                seen = len(self.rows)
                left = give_up - time.monotonic()
                assert left > 0, f"no {kind!r} within {PATIENCE_S} s, only {self.rows[-5:]}"
                self._changed.wait(left)

    def end(self) -> int:
        """Wait for its exit; returns the exit code."""
        return self.process.wait(PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.rows.append(json.loads(line))
                self._changed.notify_all()


class Rig:
    """One runtime folder, one twin's record, and every process that must not outlive the test."""

    def __init__(self, tmp_path: Path) -> None:
        self._runtime = Path(tempfile.mkdtemp(prefix="sr"))  # short: it holds a Unix socket
        self.journal = tmp_path / "journal"
        self.record = tmp_path / "electrodes.jsonl"
        self.environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(self._runtime),
            "STIMCTL_STATE_HOME": str(tmp_path / "state"),
            "STIMCTL_TWIN_RECORD": str(self.record),
        }
        # With it a program that forgets to flush a pipe would not be found out.
        self.environment.pop("PYTHONUNBUFFERED", None)
        self._faces: list[Face] = []
        self._runs: list[subprocess.Popen[bytes]] = []

    def command_line(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`stimctl ...` in a process of its own; returns once there is current at an electrode."""
        run = subprocess.Popen(
            [sys.executable, "-m", "stimctl", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._runs.append(run)
        give_up = time.monotonic() + PATIENCE_S
        while not self.record.exists() or not self.ledger().running:
            assert time.monotonic() < give_up, "no current at any electrode"
            assert run.poll() is None, f"it ended with {run.returncode}"
            time.sleep(0.02)
        return run

    def face(self, device: str = "sim:p24", *options: str, target_ua: int = 1000) -> Face:
        made = Face(self, device, *options, target_ua=target_ua)
        self._faces.append(made)
        return made

    def running_face(self, device: str = "sim:p24") -> Face:
        """A face whose session puts out current by now."""
        face = self.face(device)
        face.wait_for("ack", lambda row: row["channels"] == {"1": 1000})
        assert self.ledger().running
        return face

    def ledger(self) -> Ledger:
        return Ledger.from_file(self.record)

    def zero_after_ms(self, since_ns: int) -> float:
        """Milliseconds from `since_ns` (CLOCK_MONOTONIC) to the last current at any electrode."""
        give_up = time.monotonic() + PATIENCE_S
        while (ledger := self.ledger()).running:
            assert time.monotonic() < give_up, "the output is still on"
            time.sleep(0.02)
        last_us = ledger.last_output_us
        assert last_us is not None
        return (ledger.monotonic_us(last_us) * 1000 - since_ns) / 1e6

    def twin_pid(self) -> int:
        (note,) = (self._runtime / "stimctl" / "twins").glob("*.json")
        return int(json.loads(note.read_text())["pid"])

    def stimctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stimctl", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def end(self) -> None:
        """End everything this rig has started, by pid, and clean up."""
        pids = {face.pid for face in self._faces} | {run.pid for run in self._runs}
        for face in self._faces:
            pids |= {int(row["pid"]) for row in face.rows if row["kind"] == "hello"}
        for note in (self._runtime / "stimctl" / "twins").glob("*.json"):
            pids.add(int(json.loads(note.read_text())["pid"]))
        # A run that was killed leaves a supervisor; without its twin that tries to stop for long.
        pids |= processes_with(f"XDG_RUNTIME_DIR={self._runtime}")
        for pid in pids:
            for number in (signal.SIGCONT, signal.SIGKILL):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    break
        for run in self._runs:
            run.wait()
        for face in self._faces:
            face.process.wait()
            face._reader.join(PATIENCE_S)
            for stream in (face.process.stdin, face.process.stdout):
                if stream is not None:
                    stream.close()
        shutil.rmtree(self._runtime, ignore_errors=True)


def processes_with(variable: str) -> set[int]:
    """The processes, but this one, that were started with this variable (`NAME=value`)."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in place.read_bytes().split(b"\0"):
                found.add(int(place.parent.name))
        except OSError:
            continue  # it has ended, or is not ours
    return found - {os.getpid()}


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> int:
    """Send the signal; returns CLOCK_MONOTONIC in ns, read right before."""
    now = time.monotonic_ns()
    os.kill(pid, number)
    return now
