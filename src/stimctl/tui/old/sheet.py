"""The one widget of the UI: lines of spans; only the cells that changed are drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from stimctl.tui.model.text import Line, fit, plain
from stimctl.tui.old.themes import ground_of, theme_named


class Sheet(Widget, can_focus=False):
    """Shows what `show` was given last."""

    DEFAULT_CSS = "Sheet { width: 1fr; height: 1fr; background: transparent; }"

    def __init__(self, theme: str) -> None:
        super().__init__()
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles: Mapping[str, Style] = {}
        self.wear(theme)

    def wear(self, theme: str) -> None:
        """Change the looks of every role."""
        ground = "" if theme == "mono" else f" on {ground_of(theme)}"
        self._styles = {
            role: Style.parse(looks if " on " in looks else f"{looks}{ground}".strip() or "none")
            for role, looks in theme_named(theme).items()
        }
        self._strips.clear()
        self.refresh()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines; only what differs from before is drawn."""
        before, self._lines = self._lines, list(lines)
        width = self.size.width
        if len(before) != len(lines):
            self._strips.clear()
            self.refresh()
            return
        regions = []
        for y, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old is not new and old != new:
                self._strips.pop(y, None)
                regions.append(_changed(y, old, new, width))
        if regions:
            self.refresh(*regions)

    def words(self) -> list[str]:
        """The lines without their looks."""
        return [plain(line).rstrip() for line in self._lines]

    def render_line(self, y: int) -> Strip:
        """Textual's Line API."""
        width = self.size.width
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != width:
            content = self._lines[y] if y < len(self._lines) else ()
            segments = [
                Segment(span.text, self._styles.get(span.role, self._styles["text"]))
                for span in fit(content, width)
            ]
            strip = self._strips[y] = Strip(segments, width)
        return strip


def _changed(y: int, old: Line, new: Line, width: int) -> Region:
    """The cells of line `y` that differ."""
    before, after = _cells(old, width), _cells(new, width)
    first = next((x for x in range(width) if before[x] != after[x]), 0)
    last = next((x for x in range(width - 1, -1, -1) if before[x] != after[x]), width - 1)
    return Region(first, y, last - first + 1, 1)


def _cells(line: Line, width: int) -> list[tuple[str, str]]:
    cells = [(character, span.role) for span in line for character in span.text]
    return (cells + [(" ", "text")] * width)[:width]
