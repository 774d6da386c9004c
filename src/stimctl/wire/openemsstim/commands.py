"""What a host says: the one safe command and the stops, and everything else with what is wrong.

Safe is: channel 0 or 1, intensity 1..100 and on-time 50..5000 ms, all three given. The intensity
is a relative number, never a current. The sentences say why; what they tell is [E].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from stimctl.wire.openemsstim.text import STOP_TEXT, TEST_CHARACTERS

CHANNELS = (0, 1)
LOWEST_INTENSITY, HIGHEST_INTENSITY = 1, 100
SHORTEST_ON_TIME_MS, LONGEST_ON_TIME_MS = 50, 5_000
SINGLE_CHARACTERS = TEST_CHARACTERS
# Longer numbers show by their last digits: those alone decide about the 16 bits the board keeps.
_MOST_DIGITS = 300


class Form(StrEnum):
    """How a command is written: as it is, or in the hex form that every firmware takes."""

    PLAIN = "plain"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class Command(ABC):
    """One message of the host. `form` is how it is sent where nothing else is asked for."""

    name: ClassVar[str]
    form: ClassVar[Form] = Form.PLAIN

    @abstractmethod
    def pack(self) -> str:
        """Return the text, not yet in hex form."""

    def problems(self) -> tuple[str, ...]:
        """Return why this must not be sent, in sentences; nothing if it may."""
        return ()


@dataclass(frozen=True, slots=True)
class Action(Command):
    """Open one channel for a time; without any field: all channels off.

    `channel` 0 or 1 (printed on the board as 1 and 2), `intensity` 1..100, relative,
    `on_time_ms` 50..5000. None is a letter that is not there, -1 one without digits.
    """

    name: ClassVar[str] = "action"
    form: ClassVar[Form] = Form.HEX
    channel: int | None = None
    intensity: int | None = None
    on_time_ms: int | None = None

    def pack(self) -> str:
        letters = (("C", self.channel), ("I", self.intensity), ("T", self.on_time_ms))
        parts = [
            letter if value < 0 else f"{letter}{value}"
            for letter, value in letters
            if value is not None
        ]
        return "".join(parts) + "G"

    @classmethod
    def unpack(cls, text: str) -> Self:
        """Read a text as the board does: the first of each letter counts, all else is skipped."""
        return cls(*(_number_after(letter, text) for letter in "CIT"))

    def problems(self) -> tuple[str, ...]:
        if self.channel is self.intensity is self.on_time_ms is None:
            return ()
        return (*self._channel_problem(), *self._intensity_problem(), *self._time_problem())

    def _channel_problem(self) -> tuple[str, ...]:
        if self.channel in CHANNELS:
            return ()
        asked = "no channel" if self.channel is None else f"channel {self.channel}"
        if self.intensity is self.on_time_ms is None:
            return (f"{asked} is neither 0 nor 1: the board switches all channels off",)
        return (f"{asked} with an intensity or on-time makes the board crash: give 0 or 1",)

    def _intensity_problem(self) -> tuple[str, ...]:
        if self.intensity is None:
            return ("no intensity: the board uses whatever its potentiometer holds",)
        if LOWEST_INTENSITY <= self.intensity <= HIGHEST_INTENSITY:
            return ()
        outside = f"intensity {self.intensity} is outside {LOWEST_INTENSITY} to {HIGHEST_INTENSITY}"
        why = "it is not off" if self.intensity == 0 else "the board does not check it"
        return (f"{outside}: {why}",)

    def _time_problem(self) -> tuple[str, ...]:
        if self.on_time_ms is None:
            return ("no on-time: the board uses the last one of that channel",)
        if SHORTEST_ON_TIME_MS <= self.on_time_ms <= LONGEST_ON_TIME_MS:
            return ()
        if self.on_time_ms & 0x8000:
            return (f"on-time {self.on_time_ms} ms wraps to a negative one: it may never end",)
        allowed = f"{SHORTEST_ON_TIME_MS} to {LONGEST_ON_TIME_MS}"
        return (f"on-time {self.on_time_ms} ms is outside {allowed} ms",)


ALL_OFF = Action()
"""Both channels off, the second 50 ms after the first; in hex form in every dialect."""


@dataclass(frozen=True, slots=True)
class ConnectionEnd(Command):
    """The stop of first choice: both channels off in every dialect, and no relay switched on."""

    name: ClassVar[str] = "connection_end"

    def pack(self) -> str:
        return STOP_TEXT


@dataclass(frozen=True, slots=True)
class Probe(Command):
    """A character that no firmware acts on; how it is answered tells the dialect."""

    name: ClassVar[str] = "probe"

    def pack(self) -> str:
        return "x"


@dataclass(frozen=True, slots=True)
class TextCommand(Command):
    """Base of what is recognised and never sent: any text, as it came."""

    text: str

    def pack(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Option(TextCommand):
    """Changes what the intensity means, in some firmwares."""

    name: ClassVar[str] = "option"

    def problems(self) -> tuple[str, ...]:
        return ("an option changes what every intensity means, and cannot be read back",)


@dataclass(frozen=True, slots=True)
class SingleCharacter(TextCommand):
    """Toggles a channel or moves its potentiometer by one, in the hex-only dialect.

    Its first character does it, whatever follows.
    """

    name: ClassVar[str] = "single_character"

    def problems(self) -> tuple[str, ...]:
        return ("such a character switches on without a time limit, or wraps to full output",)


@dataclass(frozen=True, slots=True)
class UnknownText(TextCommand):
    """Anything else."""

    name: ClassVar[str] = "unknown"

    def problems(self) -> tuple[str, ...]:
        return ("the board does not know this command",)


BY_NAME: dict[str, type[Command]] = {
    kind.name: kind for kind in (Action, ConnectionEnd, Probe, Option, SingleCharacter, UnknownText)
}


def _number_after(letter: str, text: str) -> int | None:
    """Return the number right after the first `letter`, -1 without digits, None without it."""
    _, found, rest = text.partition(letter)
    if not found:
        return None
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return int(digits[-_MOST_DIGITS:]) if digits else -1
