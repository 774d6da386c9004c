"""What a channel's card shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from stimctl.tui.widgets.cycle_bar import CycleShown
from stimctl.tui.widgets.level_bar import LevelShown, Mark


class CardState(Enum):
    """A glyph and a word for what the channel does."""

    OFF = "■ off"
    ON = "● ON"
    RAMP_UP = "▲ RAMP"
    RAMP_DOWN = "▼ RAMP"
    REST = "□ rest"
    PAUSED = "‖ PAUSED"
    PENDING = "▲ NEXT"
    WAITING = "… waiting"
    DIFFERS = "≠ DIFFERS"
    NO_REPLY = "? no reply"
    UNKNOWN = "? UNKNOWN"

    @property
    def is_live(self) -> bool:
        """Whether the confirmed level is what the device does now."""
        return self not in (CardState.NO_REPLY, CardState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CardShown:
    """One channel. Levels are in `unit`, with `decimals` digits after the point.

    `confirmed` is None where it is not known. `state_more` follows the state word ("4 s").
    `age` says how old the value is, where it is old. `refused`, `lock` and `contact` are sentences.
    """

    channel: int
    site: str
    state: CardState = CardState.OFF
    confirmed: float | None = None
    commanded: float | None = None
    maximum: float = 0.0
    unit: str = "mA"
    decimals: int = 1
    is_selected: bool = False
    state_more: str = ""
    aim: str = ""
    age: str = ""
    refused: str = ""
    lock: str = ""
    contact: str = ""
    marks: tuple[Mark, ...] = ()
    cycle: CycleShown | None = None
    impedance: str = ""
    impedance_kohm: tuple[float, ...] = ()

    @property
    def live(self) -> float | None:
        """The confirmed level, where it is what the device does now."""
        return self.confirmed if self.state.is_live else None

    def digits(self, level: float) -> str:
        """A level without its unit."""
        return f"{level:.{self.decimals}f}"

    @property
    def value(self) -> str:
        """The confirmed level, or "?" where it is not known now."""
        return "?" if self.live is None else self.digits(self.live)

    @property
    def number(self) -> str:
        """The channel, with a mark where it is the selected one."""
        return f"▸ {self.channel}" if self.is_selected else f"{self.channel}"

    @property
    def state_words(self) -> str:
        """Glyph, word, and what belongs to it."""
        return f"{self.state.value} {self.state_more}".rstrip()

    @property
    def beside(self) -> tuple[str, str]:
        """Two lines beside the value: its unit and what else was set, or what is known instead."""
        if self.live is None:
            last = "" if self.confirmed is None else f"last {self.digits(self.confirmed)}"
            return last, self.age
        if self.commanded is not None and self.commanded != self.confirmed:
            return self.unit, f"set {self.digits(self.commanded)}"
        return self.unit, self.age

    @property
    def phase(self) -> CycleShown | None:
        """The cycle, without a countdown where nobody knows what the device does."""
        cycle = self.cycle
        return cycle if cycle is None or self.state.is_live else replace(cycle, is_running=False)

    @property
    def level(self) -> LevelShown:
        """The same for the bar."""
        commanded = self.commanded if self.state.is_live else None
        end = f"{self.maximum:g}"
        return LevelShown(self.live, commanded, self.maximum, self.marks, end)

    def thresholds(self, width: int) -> str:
        """The marks with their levels, today's first; in words where there is room."""
        told = ([one for one in self.marks if one.is_today is today] for today in (True, False))
        now, before = ("  ".join(f"{one.text} {self.digits(one.level)}" for one in x) for x in told)
        words = "   ".join(
            f"{name} {levels}" for name, levels in (("today", now), ("last time", before)) if levels
        )
        short = " │ ".join(levels.replace("  ", " ") for levels in (now, before) if levels)
        return words if len(words) <= width else short

    def notes(self) -> tuple[tuple[str, str], ...]:
        """Sentences with their kind, what matters most first."""
        told = (("refused", self.refused), ("lock", self.lock), ("contact", self.contact))
        return tuple((kind, words) for kind, words in told if words)
