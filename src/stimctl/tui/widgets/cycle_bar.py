"""Where a channel is in its cycle: on with its ramps, off, and how long until the next change."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from textual.content import Content
from textual.reactive import var
from textual.widget import Widget

from stimctl.tui.widgets.cells import content_of

_STEPS = "▁▂▃▄▅▆▇█"
_AHEAD = "$foreground 55%"


@dataclass(frozen=True, slots=True)
class CycleShown:
    """The four parts of a cycle in seconds, and where in it the channel is."""

    ramp_up_s: float
    hold_s: float
    ramp_down_s: float
    off_s: float
    at_s: float = 0.0
    contraction: int = 0
    contractions: int = 0
    is_running: bool = True

    @property
    def on_s(self) -> float:
        """How long the channel is on, ramps included."""
        return self.ramp_up_s + self.hold_s + self.ramp_down_s

    @property
    def period_s(self) -> float:
        """On and off together."""
        return self.on_s + self.off_s

    def height(self, at_s: float) -> float:
        """Share of the amplitude at this time, 0 to 1."""
        if at_s >= self.on_s:
            return 0.0
        rise = at_s / self.ramp_up_s if at_s < self.ramp_up_s else 1.0
        left = self.on_s - at_s
        return min(rise, left / self.ramp_down_s if left < self.ramp_down_s else 1.0)

    @property
    def words(self) -> tuple[str, str]:
        """The phase with its countdown, and which contraction this is."""
        count = f"contraction {self.contraction} of {self.contractions}"
        if not self.is_running:
            return f"{self.on_s:g} s on, {self.off_s:g} s off", ""
        if self.at_s < self.on_s:
            phase = f"ON {ceil(self.on_s - self.at_s)} s"
        else:
            phase = f"OFF, next in {ceil(self.period_s - self.at_s)} s"
        return phase, count if self.contractions else ""


class CycleBar(Widget):
    """One row: words, then the cycle to scale. Two rows: the cycle below the words."""

    shown: var[CycleShown | None] = var(None)

    def show(self, shown: CycleShown | None) -> None:
        """Show this from now on; None, for what is continuous, hides the bar."""
        self.shown = shown

    def watch_shown(self, old: CycleShown | None, new: CycleShown | None) -> None:
        """Draw again only where a cell or a word has changed."""
        self.set_class(new is None, "-empty")
        if old is None or new is None or self._seen(old) != self._seen(new):
            self.refresh()

    def _seen(self, shown: CycleShown) -> tuple[object, ...]:
        parts = (shown.ramp_up_s, shown.hold_s, shown.ramp_down_s, shown.off_s)
        return (*shown.words, parts, self._position(shown))

    def _cells(self, shown: CycleShown) -> int:
        taken = 0 if self.size.height > 1 else max(len(_one_row(shown)), 20) + 1
        return max(0, self.size.width - taken)

    def _position(self, shown: CycleShown) -> int:
        if not shown.is_running or shown.period_s <= 0:
            return -1
        cells = self._cells(shown)
        return min(cells - 1, int(shown.at_s / shown.period_s * cells))

    def render(self) -> Content:
        """Words and drawing."""
        shown = self.shown
        if shown is None:
            return Content()
        cells, now = self._cells(shown), self._position(shown)
        parts: list[tuple[str, str]] = []
        for cell in range(cells):
            level = shown.height((cell + 0.5) * shown.period_s / cells)
            glyph = _STEPS[min(7, int(level * 8))]
            is_ahead = cell > now and shown.is_running
            style = "bold $foreground" if cell == now else _AHEAD if is_ahead else ""
            parts.append((glyph if cell != now else "┃", style))
        drawn = content_of(parts)
        phase, count = shown.words
        if self.size.height < 2:
            return Content.assemble(_one_row(shown).ljust(self.size.width - cells), drawn)
        if len(phase) + len(count) >= self.size.width:
            count = count.removeprefix("contraction ")
        gap = max(1, self.size.width - len(phase) - len(count))
        return Content.assemble((phase, "bold"), " " * gap, count, "\n", drawn)


def _one_row(shown: CycleShown) -> str:
    phase, count = shown.words
    return f"{phase}  {shown.contraction}/{shown.contractions}" if count else phase
