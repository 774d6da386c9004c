"""Good frames whose content cannot be read as a message; they are kept as they came."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.wire.message import Direction, Message


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A good frame whose command this program does not read; a device answers that it is unknown.

    `command` any number that fits the frame, `data` as it came.
    """

    command: int
    data: bytes = b""

    @property
    def name(self) -> str:
        """Always "unknown"."""
        return "unknown"

    @property
    def direction(self) -> None:
        """Unknown too: nothing but a known command number tells it."""
        return None

    def pack(self) -> bytes:
        """Return the data bytes as they came."""
        return self.data

    def problems(self) -> tuple[str, ...]:
        """Return that the device does not know this."""
        return (f"command {self.command} is not known: the device would say so and do nothing",)

    def quick_pack(self) -> None:
        """Return nothing: this is never plainly valid."""

    def off_grid(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A good frame of a known command with a wrong number of data bytes, kept as it came.

    `kind` is the class that it should be, `reason` says what is wrong.
    """

    kind: type[Message]
    data: bytes
    reason: str

    @property
    def command(self) -> int:
        """The command's number."""
        return self.kind.command

    @property
    def name(self) -> str:
        """The command's name."""
        return self.kind.name

    @property
    def direction(self) -> Direction:
        """Who sends this command."""
        return self.kind.direction

    @property
    def result(self) -> int | None:
        """The result code where the data still begins with one, else None."""
        return self.kind.result_of(self.data)

    def pack(self) -> bytes:
        """Return the data bytes as they came."""
        return self.data

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong."""
        return (self.reason,)

    def quick_pack(self) -> None:
        """Return nothing: this is never plainly valid."""

    def off_grid(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()
