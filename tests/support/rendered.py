"""What a Textual app shows, cell by cell: contrast by WCAG 2, text that is cut, snapshots.

A snapshot is the text of the screen with a second picture below, in which a letter stands for each
look (colours, bold); what the letters mean is listed last. It holds what an SVG of the same screen
does, in a tenth of the size, and a change can be read in a diff.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.color import Color as RichColor
from textual.app import App
from textual.color import Color
from textual.widget import Widget
from textual.widgets import Static

TEXT_RATIO = 4.5
"""WCAG 2 AA for text; nothing here counts as large."""
DRAWING_RATIO = 3.0
"""WCAG 2 AA for what is drawn: bars, borders, curves."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One character with its colours."""

    x: int
    y: int
    text: str
    front: Color
    back: Color

    @property
    def is_drawing(self) -> bool:
        """Whether it is a line, a block or a dot of a curve, and no letter."""
        return all("\u2500" <= one <= "\u259f" or "\u2800" <= one <= "\u28ff" for one in self.text)

    @property
    def ratio(self) -> float:
        """WCAG's contrast ratio of the two colours."""
        return contrast(self.front, self.back)

    @property
    def is_readable(self) -> bool:
        """Whether WCAG AA is kept."""
        return self.ratio >= (DRAWING_RATIO if self.is_drawing else TEXT_RATIO)


def contrast(one: Color, other: Color) -> float:
    """WCAG 2's contrast ratio, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def cells(app: App[Any]) -> Iterator[Cell]:
    """Every cell that shows something."""
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip:
            if style is None or text.isspace():
                x += len(text)
                continue
            front, back = _colour(style.color), _colour(style.bgcolor)
            if style.reverse:
                front, back = back, front
            if style.dim:
                front = back.blend(front, 0.5)
            for one in text:
                if not one.isspace():
                    yield Cell(x, y, one, front, back)
                x += 1


def _colour(colour: RichColor | None) -> Color:
    assert colour is not None, "a cell without a colour of the theme"
    return Color.from_rich_color(colour)


#: The edges of a tick box; its sign and its words say what it is.
_EDGES = "▐▌"


def unreadable(app: App[Any]) -> list[str]:
    """Cells whose contrast WCAG AA does not allow, in words."""
    return [
        f"{one.text!r} at {one.x},{one.y}: {one.ratio:.1f} ({one.front.hex} on {one.back.hex})"
        for one in cells(app)
        if not one.is_readable and one.text not in _EDGES
    ]


def text_of(app: App[Any]) -> str:
    """The characters on the screen."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def picture(app: App[Any]) -> str:
    """The screen as a snapshot keeps it."""
    looks: dict[str, str] = {}
    rows = []
    for strip in app.screen._compositor.render_strips():
        row = ""
        for text, style, _ in strip:
            row += looks.setdefault(str(style or ""), chr(ord("a") + len(looks))) * len(text)
        rows.append(row)
    named = [f"{letter}: {look}" for look, letter in looks.items()]
    return "\n".join((text_of(app), *rows, *named, ""))


def same_as_before(app: App[Any], path: Path) -> None:
    """Compare with the snapshot; STIMCTL_UPDATE_SNAPSHOTS=1 writes it. Look at the picture then."""
    shown = picture(app)
    if os.environ.get("STIMCTL_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), path.name


def cut(app: App[Any]) -> list[str]:
    """Widgets that reach out of what holds them, and texts that have more lines than room."""
    found = []
    for widget in app.screen.walk_children(Widget):
        if not widget.is_on_screen or not widget.display or not widget.visible:
            continue
        parent = widget.parent
        scrolls = any(
            isinstance(one, Widget) and one.allow_vertical_scroll for one in widget.ancestors
        )
        if scrolls:
            continue
        if isinstance(parent, Widget) and not parent.content_region.contains_region(widget.region):
            found.append(f"{widget!r} {widget.region} is not within {parent.content_region}")
        if isinstance(widget, Static):
            wanted = widget.get_content_height(
                widget.size, app.screen.size, widget.content_size.width
            )
            if wanted > widget.content_size.height:
                found.append(f"{widget!r} needs {wanted} lines and has {widget.content_size}")
    return found
