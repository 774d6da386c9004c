"""A firmware in another process, in lock-step, in the place of a twin in this one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from firmware_sim.firmware.electrodes import Load
from firmware_sim.firmware.recorder import Recorder, Row
from firmware_sim.lockstep_client import LockStepError, LockStepTwin
from stimctl.errors import DeviceFaultError

_PATIENCE_S = 20.0
"""Real time for one answer; an emulated firmware may need a while to start."""


@contextmanager
def lock_step_device(command: Sequence[str]) -> Iterator["LockStepDevice"]:
    """Start a firmware that speaks docs/how-to/lock-step.md, and end it at the end.

    DeviceFaultError where it does not start, ends, hangs or breaks the contract.
    """
    try:
        with _started(command) as twin:
            yield LockStepDevice(twin)
    except LockStepError as error:
        raise DeviceFaultError(
            f"the lock-step firmware {command[0]!r} failed",
            why=str(error),
            what_to_do="docs/how-to/lock-step.md says what it is asked and how it answers",
        ) from error


def _started(command: Sequence[str]) -> LockStepTwin:
    try:
        return LockStepTwin(command=command, patience_s=_PATIENCE_S)
    except OSError as error:
        raise LockStepError(f"it cannot be started: {error.strerror}") from error


class LockStepDevice:
    """The firmware with a recorder, so that faults of the line and listeners can be added."""

    def __init__(self, twin: LockStepTwin) -> None:
        self._twin = twin
        self._recorder = Recorder()

    @property
    def family(self) -> str:
        """What kind of device it says it is, so that faults know its wire."""
        return self._twin.family

    @property
    def recorder(self) -> Recorder:
        """Where its rows go, and the bytes it is sent."""
        return self._recorder

    @property
    def now_us(self) -> int:
        """The latest time it was told, in us."""
        return self._twin.now_us

    @property
    def stimulating(self) -> bool:
        """Whether it said that current may flow without another command."""
        return self._twin.stimulating

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""
        self.advance(now_ns)
        self._recorder.line("rx", now_ns // 1_000, data, keep=False)
        self._twin.receive(now_ns, data)
        self._take_rows()

    def advance(self, now_ns: int) -> None:
        """Let time pass."""
        self._twin.advance(now_ns)
        self._take_rows()

    def transmit(self) -> bytes:
        """Bytes for the host."""
        return self._twin.transmit()

    def deadline(self) -> int | None:
        """When to be woken, in ns."""
        return self._twin.deadline()

    def records(self) -> list[Row]:
        """The rows held so far."""
        return self._recorder.rows()

    def drain(self) -> list[Row]:
        """The rows held so far, and forget them."""
        return self._recorder.drain()

    def set_load(self, channel: int, load: Load) -> None:
        """Put a resistance (ohm; None = open) on a channel. DeviceFaultError for a model."""
        if load is not None and not isinstance(load, int):
            raise DeviceFaultError(
                "a lock-step firmware takes resistances only", why="its contract has no models"
            )
        self._twin.set_load(channel, load)
        self._take_rows()

    def reset(self, now_ns: int) -> None:
        """It is restarted by its line."""
        self._twin.reset(now_ns)
        self._take_rows()

    def line_lost(self) -> None:
        """The host went away."""
        self._twin.line_lost()
        self._take_rows()

    def power_off(self, now_ns: int) -> None:
        """End all output."""
        self._twin.power_off(now_ns)
        self._take_rows()

    def _take_rows(self) -> None:
        for row in self._twin.drain():
            self._recorder.add(row)
