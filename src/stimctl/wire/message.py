"""What every ScienceMode message is: the base class, and the checks its parts share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from stimctl.errors import WireFormatError


class Direction(StrEnum):
    """Who sends a command. It follows from the command number alone."""

    HOST_TO_DEVICE = "host->device"
    DEVICE_TO_HOST = "device->host"


@dataclass(frozen=True, slots=True)
class Message:
    """One command or answer; this base is a message without data."""

    command: ClassVar[int]
    name: ClassVar[str]
    direction: ClassVar[Direction] = Direction.HOST_TO_DEVICE

    def pack(self) -> bytes:
        """Return the data bytes (unstuffed). Raises WireFormatError for what has no bit pattern."""
        return b""

    @classmethod
    def unpack(cls, data: bytes) -> Self:  # noqa: ARG003  (there is none to read)
        """Read the data bytes.

        ScienceMode 4 ignores bytes beyond the message, as the maker's library does; ScienceMode 2
        has exact lengths. Raises WireFormatError for the number of bytes, and never for a value.
        """
        return cls()

    @classmethod
    def result_of(cls, data: bytes) -> int | None:
        """Return the result code that these data bytes begin with, None where there is none."""
        return data[0] if data and cls.direction is Direction.DEVICE_TO_HOST else None

    def problems(self) -> tuple[str, ...]:
        """Return why the receiving side's validity check would refuse this, or nothing."""
        return ()

    def quick_pack(self) -> bytes | None:
        """Return `pack()` if at a glance all is valid and on the grid, else None.

        A shortcut for the one message that is large and frequent; None only costs time.
        """
        return None

    def off_grid(self) -> tuple[str, ...]:
        """Return what has no exact wire value and is truncated by `pack`, or nothing."""
        return ()


def represented(name: str, value: int, highest: int) -> int:
    """Return `value` if the wire has a bit pattern for it (0..highest), else raise."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise WireFormatError(
            f"{name} {value!r} cannot be written",
            why=f"the wire holds whole numbers from 0 to {highest} there",
        )
    return value


def at_least(data: bytes, count: int, name: str) -> None:
    """Raise WireFormatError where a message has fewer than `count` data bytes."""
    if len(data) < count:
        raise WireFormatError(
            f"{name} is too short", why=f"it has {len(data)} data bytes and needs {count}"
        )


def listed(*checks: tuple[str, int, int]) -> tuple[str, ...]:
    """Return a sentence for each (name, value, highest allowed value) outside 0..highest."""
    return tuple(
        f"{name} {value} is above {highest}" for name, value, highest in checks if value > highest
    )


def joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the sentences of several parts in one tuple."""
    return tuple(sentence for part in parts for sentence in part)
