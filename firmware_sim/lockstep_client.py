"""A device in lock-step in another process, in the shape of a twin in this one.

Whatever speaks docs/how-to/lock-step.md can be started here: a twin, emulated or native firmware.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from .firmware.recorder import Row
from .lockstep import CONTRACT
from .pipes import read_within

#: How long the process may take for one answer line (real time) before it counts as hung.
PATIENCE_S = 60.0
_CHUNK = 65_536


class LockStepError(Exception):
    """The process ended, hung, broke the contract or refused a command."""


def twin_command(device: str) -> tuple[str, ...]:
    """What starts the twin of that name in lock-step."""
    return (sys.executable, "-P", "-m", "firmware_sim", device, "--lock-step")


class LockStepTwin:
    """A twin behind pipes; a context manager that ends its process.

    command: what to start, such as `twin_command(NAME)`; arguments: appended to it. poll_us: how
    often it is run when it does not say when it wants to be woken ("next_us" missing), as an
    emulated firmware may not know. Raises LockStepError.
    """

    def __init__(
        self,
        *arguments: str,
        command: Sequence[str],
        poll_us: int = 1_000,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._poll_us = poll_us
        self._patience_s = patience_s
        self._now = 0
        self._next_us: int | None = None
        self._stimulating = False
        self._heard: deque[tuple[int, bytes]] = deque()
        self._rows: list[Row] = []
        self._unread = b""
        self._process = subprocess.Popen(
            [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            hello = self._line()
            if hello.get("hello") != CONTRACT:
                raise LockStepError(f"it does not speak {CONTRACT}: {hello}")
            self.family = str(hello.get("device", ""))
            self._ask("run 0")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with suppress(BrokenPipeError):  # it ended before it had read everything
                    stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # -- the shape of a twin

    @property
    def now_us(self) -> int:
        """The latest time the device was told, in us."""
        return self._now

    @property
    def stimulating(self) -> bool:
        """Whether the device said that it may put out current without another command."""
        return self._stimulating

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""
        self.advance(now_ns)
        if data:
            self._ask(f"tx {data.hex()}")

    def advance(self, now_ns: int) -> None:
        """Let time pass up to now_ns."""
        step_us = now_ns // 1000 - self._now
        if step_us > 0:
            self._ask(f"run {step_us}")

    def transmit(self) -> bytes:
        """Return the bytes that have come for the host."""
        out = b"".join(data for _, data in self._heard)
        self._heard.clear()
        return out

    def deadline(self) -> int | None:
        """Return when to be woken next, in ns; at once where bytes wait to be taken."""
        due_us = self._heard[0][0] if self._heard else self._next_us
        return None if due_us is None else due_us * 1000

    def records(self) -> list[Row]:
        """Return the record rows held so far."""
        return list(self._rows)

    def drain(self) -> list[Row]:
        """Return the record rows held so far, and forget them."""
        rows, self._rows = self._rows, []
        return rows

    def set_load(self, channel: int, load_ohm: int | None) -> None:
        """Change the load of a channel; LockStepError where the device cannot."""
        self._ask(f"load {channel} {'open' if load_ohm is None else load_ohm}")

    def reset(self, now_ns: int) -> None:
        """Restart the device by its line (DTR); LockStepError where it has no such line."""
        self.advance(now_ns)
        self._heard.clear()
        self._ask("reset")

    def line_lost(self) -> None:
        """Tell the device that the host went away."""
        self._ask("gone")

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record."""
        self.advance(now_ns)
        self._ask("off")

    # -- the pipes

    def _ask(self, command: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise LockStepError(f"the device process takes no command: {error}") from error
        while True:
            answer = self._line()
            if "error" in answer:
                raise LockStepError(f"{command[:80]!r} refused: {answer['error']}")
            if "record" in answer:
                self._rows.append(answer["record"])
            elif "rx" in answer:
                self._heard.append((answer["t_us"], bytes.fromhex(answer["rx"])))
            elif answer.get("ok"):
                self._now = answer["t_us"]
                self._next_us = answer.get("next_us", self._now + self._poll_us)
                self._stimulating = answer.get("stimulating", True)
                return

    def _line(self) -> dict[str, Any]:
        told = self._process.stdout
        assert told is not None
        while b"\n" not in self._unread:
            data = read_within(told, lambda: told.read1(_CHUNK), self._patience_s)  # type: ignore[attr-defined]
            if data is None:
                raise LockStepError(f"no answer within {self._patience_s} s")
            if not data:
                raise LockStepError("the device process has ended")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise LockStepError(f"not JSON: {line[:80]!r}") from error
        if not isinstance(answer, dict):
            raise LockStepError(f"not a JSON object: {line[:80]!r}")
        return answer
