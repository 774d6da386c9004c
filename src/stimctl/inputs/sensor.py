"""A made-up sensor: a process of the simulated devices that says a line for each sample."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

from stimctl.inputs.bindings import Binding


class SensorReader:
    """Reads `python -m firmware_sim sensor NAME@RATE`."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        command = [sys.executable, "-P", "-m", "firmware_sim", "sensor", binding.sensor]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._heard = b""
        self._lines: list[bytes] = []

    def fileno(self) -> int:
        """What becomes readable."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read(self) -> dict[str, Any] | None:
        """The next sample, or None: nothing more has come. EOFError where it has ended."""
        if not self._lines:
            try:
                data = os.read(self.fileno(), 65_536)
            except BlockingIOError:
                return None
            if not data:
                raise EOFError(self.said())
            *self._lines, self._heard = (self._heard + data).split(b"\n")
        if not self._lines:
            return None
        said: dict[str, Any] = json.loads(self._lines.pop(0))
        return {**said, "input": self._binding.name, "source": "sim"}

    def said(self) -> str:
        """Its last words."""
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace").strip()

    def close(self) -> None:
        """End it: its input ends."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
