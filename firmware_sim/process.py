"""Starts a twin as a process of its own, for tests and programs that want a real line to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .ledger import Ledger
from .pipes import read_within

#: How often a record is looked at while something is awaited.
POLL_S = 0.01


class TwinProcess:
    """`python -m firmware_sim DEVICE ...` behind its line; a context manager that ends it.

    It also ends when this process does, be it killed.

    device: the twin's name, as `firmware_sim.devices` lists it. record: file to write what reaches
    the electrodes to. Raises RuntimeError with what the twin said if it is not ready within
    `within_s`.
    """

    def __init__(
        self,
        *arguments: str,
        device: str,
        record: Path | None = None,
        within_s: float = 30.0,
    ) -> None:
        self.record = record
        self.errors = ""  # what it wrote to stderr, once it has ended
        owned = ["--owner", str(os.getpid())]
        recording = [] if record is None else ["--record", str(record)]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "firmware_sim", device, *owned, *recording, *arguments],
            env=_environment(),
            stdin=subprocess.PIPE if sys.platform == "win32" else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        told = self.process.stdout
        first = (read_within(told, told.readline, within_s) or b"").decode()
        if not first.startswith("ready "):
            self.end()
            raise RuntimeError(f"the twin did not start: {self.errors!r}")
        self.url = first.removeprefix("ready ").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self, within_s: float = 30.0) -> int:
        """End the twin (SIGTERM, if need be SIGKILL) and return its exit code."""
        if self.process.stdin is not None:  # on Windows, whose SIGTERM leaves no time for a record
            self.process.stdin.close()
        elif self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None and not stream.closed:
                self.errors = stream.read().decode(errors="replace")
                stream.close()
        return code

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows that are in the record by now."""
        if self.record is None or not self.record.exists():
            return []
        text = self.record.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def ledger(self) -> Ledger:
        """Integrate the record as it is by now."""
        return Ledger(self.rows())

    def wait_for(
        self, condition: Callable[[list[dict[str, Any]]], object], within_s: float = 30.0
    ) -> list[dict[str, Any]]:
        """Return the rows as soon as the condition holds on them; TimeoutError if it never does."""
        end = time.monotonic() + within_s
        while True:
            rows = self.rows()
            if condition(rows):
                return rows
            if time.monotonic() > end:
                raise TimeoutError(f"not in the record within {within_s} s; last rows {rows[-5:]}")
            time.sleep(POLL_S)


def _environment() -> dict[str, str]:
    """With the folder that holds this package first, where others could stand before it."""
    before = os.environ.get("PYTHONPATH")
    if not before:
        return dict(os.environ)
    here = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, before])}
