"""What a line to a device can do, whatever carries it, and how one is set. On the stop path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Line(NamedTuple):
    """One way to set a serial line; 8 data bits. `parity` N none, E even."""

    baud: int
    rtscts: bool = False
    stop_bits: int = 1
    parity: str = "N"


# ScienceMode 4: 3 000 000 baud with RTS/CTS [IFU]; where the system refuses it, the slower ones,
# which have no electrical meaning over USB and have driven real devices [LIB][PEER].
P24_LINES = (Line(3_000_000, rtscts=True, stop_bits=2), Line(230_400), Line(115_200))
# ScienceMode 2: a real UART sits behind the adapter, which needs exactly this [DOC][DEV].
REHASTIM2_LINES = (Line(460_800, parity="E"),)
# openEMSstim: the board's UART behind its USB adapter [FW].
OPENEMSSTIM_LINES = (Line(19_200),)
LINES = {
    "p24": P24_LINES,
    "rehastim2": REHASTIM2_LINES,
    "openemsstim": OPENEMSSTIM_LINES,
}
"""By device family, for the stop path, which reads no capability sheet; a test compares them."""
RESET_BY_DTR = frozenset({"openemsstim"})
"""Families that restart when DTR is raised, which ends their output."""


class Port(Protocol):
    """What the supervisor and the stop path need of a line, whatever carries it."""

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

    def listens_at(self, socket: str) -> None:
        """Note in the lock where its holder listens, for a stop that cannot find that itself."""

    def name_has_moved(self) -> bool:
        """True where the device is still there and the name it was opened by leads elsewhere."""

    def check(self) -> None:
        """Raise `LinkError` if the lock is gone or the name leads to another port by now."""

    def abort(self) -> None:
        """Let go at once: nothing is sent any more; a reader is woken. Harmless when repeated."""

    def describe(self) -> Mapping[str, object]:
        """How the line was opened, for `doctor` and the journal."""
