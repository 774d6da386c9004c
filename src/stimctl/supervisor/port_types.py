"""The types of an open port: what the supervisor and the stop path need, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Port(Protocol):
    """An open port to a device."""

    @property
    def is_hardware(self) -> bool:
        """False where software may be at the other end: a pseudo terminal, TCP on this machine.

        What is there in truth is decided by `stimctl.supervisor.twin_lines` once it has answered.
        """

    @property
    def far_end(self) -> tuple[str, ...]:
        """Where `is_hardware` is False, how to find who is there: the pseudo terminal's name, or
        our and the other address of a connection."""

    @property
    def identity(self) -> str:
        """What is plugged in there, so that another thing under the same name is not taken for it.

        Empty where the system does not tell.
        """

    @property
    def keys(self) -> tuple[str, ...]:
        """What it is locked under: the device and every name it was opened by."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes that arrived, or b"" after `timeout_s`. Raises `LinkError` for a lost line."""

    def write(self, data: bytes) -> int:
        """Hand over what fits now and return how many bytes that was (0: nothing). Never waits."""

    def discard_output(self) -> None:
        """Drop what the system has not sent yet."""

    def pulse_dtr(self) -> None:
        """Drop DTR and raise it again, which restarts some devices; where there is none, nothing.

        Takes 5 ms.
        """

    def listens_at(self, socket: str, row: str = "") -> None:
        """Note in the lock where its holder listens, for a stop that cannot find that itself."""

    def name_has_moved(self) -> bool:
        """True where the device is still there and the name it was opened by leads elsewhere."""

    def check(self) -> None:
        """Raise `LinkError` if the lock is gone or the name leads to another port by now."""

    def abort(self) -> None:
        """Let go at once: nothing is sent any more; a reader is woken. Harmless when repeated."""

    def describe(self) -> Mapping[str, object]:
        """How the line was opened, for `doctor` and the journal."""
