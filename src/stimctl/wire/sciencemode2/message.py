"""What every ScienceMode 2 message has of its own: exact lengths and signed results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from stimctl.errors import WireFormatError
from stimctl.wire.message import Direction, Message
from stimctl.wire.sciencemode2.framing import signed
from stimctl.wire.sciencemode2.values import RESULT_NAMES


@dataclass(frozen=True, slots=True)
class Sm2Message(Message):
    """One command or answer; this base is a message without data."""

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, 0, cls.name)
        return cls()

    @classmethod
    def result_of(cls, data: bytes) -> int | None:  # noqa: ARG003  (most messages have none)
        return None


@dataclass(frozen=True, slots=True)
class ResultAck(Sm2Message):
    """Base of the answers that carry one result code and nothing else: 0 or -8..-1."""

    direction: ClassVar[Direction] = Direction.DEVICE_TO_HOST
    results: ClassVar[frozenset[int]] = frozenset(RESULT_NAMES)
    result: int

    def pack(self) -> bytes:
        return signed_byte("result", self.result)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, 1, cls.name)
        return cls(signed(data[0]))

    @classmethod
    def result_of(cls, data: bytes) -> int | None:
        return signed(data[0]) if data else None

    def problems(self) -> tuple[str, ...]:
        if self.result in self.results:
            return ()
        return (f"result {self.result} is none of {_list_of(self.results)}",)


@dataclass(frozen=True, slots=True)
class ModeAck(ResultAck):
    """Base of the answers that tell a mode, and only where the result is 0 (else None)."""

    modes: ClassVar[frozenset[int]]
    mode: int | None = None

    def pack(self) -> bytes:
        if (self.mode is None) is (self.result == 0):
            raise WireFormatError(
                f"{self.name} with result {self.result} and mode {self.mode} cannot be written",
                why="a mode goes with result 0, and only with it",
            )
        result = signed_byte("result", self.result)
        return result if self.mode is None else result + signed_byte("mode", self.mode)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        exactly(data, 1 if data[:1] > b"\x00" else 2, cls.name)
        return cls(signed(data[0]), signed(data[1]) if len(data) > 1 else None)

    def problems(self) -> tuple[str, ...]:
        # Not super(): a slotted dataclass is another class than the one written here.
        found = ResultAck.problems(self)
        if self.mode is None or self.mode in self.modes:
            return found
        return (*found, f"mode {self.mode} is none of {_list_of(self.modes)}")


def exactly(data: bytes, count: int, name: str) -> None:
    """Raise WireFormatError where a message does not have `count` data bytes; [DOC] is strict."""
    if len(data) != count:
        raise WireFormatError(
            f"{name} is too {'short' if len(data) < count else 'long'}",
            why=f"it has {len(data)} data bytes and needs {count}",
        )


def signed_byte(name: str, value: int) -> bytes:
    """Return the byte of a signed number if it has one (-128..127), else raise."""
    if isinstance(value, bool) or not isinstance(value, int) or not -128 <= value <= 127:
        raise WireFormatError(
            f"{name} {value!r} cannot be written",
            why="the wire holds whole numbers from -128 to 127 there",
        )
    return bytes((value & 0xFF,))


def _list_of(codes: frozenset[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes, reverse=True))
