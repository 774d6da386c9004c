"""A level on its way to the maximum, with the thresholds of today and of the last time."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from stimctl.tui.widgets.cells import content_of

_REST = "$foreground 55%"
_LAST = "$foreground 80%"


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold: S(ensory), M(otor) or T(olerance), at a level in the bar's unit."""

    letter: str
    level: float
    is_today: bool = True

    @property
    def text(self) -> str:
        """The letter: a capital for today, a small one for the last time."""
        return self.letter.upper() if self.is_today else self.letter.lower()


@dataclass(frozen=True, slots=True)
class LevelShown:
    """What the bar shows; `confirmed` is None where it is not known."""

    confirmed: float | None = None
    commanded: float | None = None
    maximum: float = 0
    marks: tuple[Mark, ...] = ()
    end: str = ""


class LevelBar(Widget):
    """One row: marks within the bar. Two rows: marks below it."""

    shown = reactive(LevelShown())

    def show(self, shown: LevelShown) -> None:
        """Show this from now on."""
        self.shown = shown

    def render(self) -> Content:
        """The bar, its end named, and the marks."""
        shown, (width, height) = self.shown, self.size
        cells = max(1, width - len(shown.end) - 2)
        filled = self._cell(shown.confirmed or 0, cells)
        asked = max(filled, self._cell(shown.commanded or 0, cells))
        full, half, rest = ("▄", "▂", "▁") if height > 1 else ("━", "╍", "─")
        bar = [full] * filled + [half] * (asked - filled) + [rest] * (cells - asked)
        styles = [""] * asked + [_REST] * (cells - asked)
        if shown.confirmed is None:
            bar, styles = ["▁" if height > 1 else "╌"] * cells, [_REST] * cells
        below, below_styles = [" "] * cells, [""] * cells
        row, row_styles = (below, below_styles) if height > 1 else (bar, styles)
        for mark in sorted(shown.marks, key=lambda one: (not one.is_today, one.level)):
            at = min(cells - 1, max(0, self._cell(mark.level, cells) - 1))
            free = [i for i in range(cells) if not row[i].isalpha()]
            if free:
                at = min(free, key=lambda i: abs(i - at))
                row[at] = mark.text
                row_styles[at] = "bold $foreground" if mark.is_today else _LAST
        drawn = [*zip(bar, styles, strict=True), ("  " if height > 1 else "┤ ", _REST)]
        drawn.append((shown.end, ""))
        if height > 1:
            drawn += [("\n", ""), *zip(below, below_styles, strict=True)]
        return content_of(drawn)

    def _cell(self, level: float, cells: int) -> int:
        """How many cells a level takes; a level above 0 takes at least one."""
        if level <= 0 or self.shown.maximum <= 0:
            return 0
        return min(cells, max(1, round(level / self.shown.maximum * cells)))
