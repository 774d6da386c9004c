"""Front and back of a body, with the electrodes of each channel where they are placed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from stimctl.tui.widgets.cells import content_of

_OUTLINE = (
    "     ╭─╮     ",
    "     ╰┬╯     ",
    "╭─────┴─────╮",
    "│ ╷       ╷ │",
    "│ │╷     ╷│ │",
    "│ ││     ││ │",
    "│ ││     ││ │",
    "│ ││     ││ │",
    "╰─╯│     │╰─╯",
    "   │  ╷  │   ",
    "   │  │  │   ",
    "   │  │  │   ",
    "   │  │  │   ",
    "   │  │  │   ",
    "   │  │  │   ",
    "  ╶╯  ┴  ╰╴  ",
)
WIDTH = len(_OUTLINE[0])
_BETWEEN = 3
FRONT, BACK = "front", "back"

Cell = tuple[str, int, int]
"""A view, a column of it and a row."""

# By part: view, then column and row of two electrodes. Columns are those of the viewer's left half.
_LIMBS: Mapping[str, tuple[str, tuple[int, int], tuple[int, int]]] = {
    "quadriceps": (FRONT, (4, 9), (5, 10)),
    "hamstrings": (BACK, (5, 9), (5, 10)),
    "calf": (BACK, (4, 12), (5, 12)),
    "tibialis-anterior": (FRONT, (4, 12), (4, 13)),
    "ankle-tibial": (BACK, (5, 13), (5, 14)),
    "knee": (FRONT, (4, 11), (5, 11)),
    "fibular-head": (FRONT, (3, 11), (3, 12)),
    "foot": (FRONT, (4, 15), (5, 15)),
    "gluteal": (BACK, (4, 8), (5, 8)),
    "sacral": (BACK, (5, 7), (6, 7)),
    "forearm-extensor": (BACK, (1, 6), (1, 7)),
    "forearm-flexor": (FRONT, (1, 6), (1, 7)),
    "biceps": (FRONT, (1, 4), (1, 5)),
    "triceps": (BACK, (1, 4), (1, 5)),
    "deltoid": (FRONT, (1, 3), (2, 2)),
    "supraspinatus": (BACK, (3, 3), (4, 3)),
    "low-back": (BACK, (4, 6), (5, 6)),
    "upper-back": (BACK, (4, 4), (5, 4)),
    "abdomen": (FRONT, (4, 6), (5, 6)),
}
_MIDDLE: Mapping[str, tuple[str, tuple[int, int], tuple[int, int]]] = {
    "low-back": (BACK, (5, 6), (7, 6)),
    "upper-back": (BACK, (5, 4), (7, 4)),
    "abdomen": (FRONT, (5, 6), (7, 6)),
    "chest": (FRONT, (5, 4), (7, 4)),
    "anterior-neck": (FRONT, (6, 2), (6, 2)),
    "head": (FRONT, (5, 0), (7, 0)),
    "face": (FRONT, (6, 1), (6, 1)),
    "eyes": (FRONT, (5, 1), (7, 1)),
    "mouth": (FRONT, (6, 1), (6, 1)),
}


def _placed() -> Iterator[tuple[str, tuple[Cell, Cell]]]:
    """On the back the left of the body is the viewer's left; from the front it is mirrored."""
    for name, (view, *cells) in _MIDDLE.items():
        yield name, ((view, *cells[0]), (view, *cells[1]))
    for part, (view, *cells) in _LIMBS.items():
        for side in ("left", "right"):
            mirrored = (side == "left") == (view == FRONT)
            first, second = (
                (view, WIDTH - 1 - column if mirrored else column, row) for column, row in cells
            )
            yield f"{side}-{part}", (first, second)


PLACES: Mapping[str, tuple[Cell, Cell]] = dict(_placed())
"""Where the two electrodes of a channel at a site are drawn."""


@dataclass(frozen=True, slots=True)
class BodyChannel:
    """A channel with the site of both electrodes, or one site for each."""

    channel: int
    sites: tuple[str, ...]
    is_selected: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Where its electrodes are; none for a site that is not chosen yet."""
        known = [PLACES[site] for site in self.sites if site in PLACES]
        return known[0] if len(known) == 1 else tuple(places[0] for places in known[:2])


class BodyFigure(Widget):
    """17 rows of 29 columns."""

    shown: reactive[tuple[BodyChannel, ...]] = reactive(())

    def show(self, channels: tuple[BodyChannel, ...]) -> None:
        """Show these channels from now on."""
        self.shown = channels

    def render(self) -> Content:
        """Both views with their names, right and left written beside them."""
        marks: dict[Cell, tuple[str, str]] = {}
        for one in sorted(self.shown, key=lambda one: one.is_selected):
            style = f"bold auto on $channel-{one.channel}"
            marks |= {cell: (str(one.channel), style) for cell in one.cells}
        parts: list[tuple[str, str]] = [
            ("R   front   L", "$foreground 80%"), (" " * _BETWEEN, ""),
            ("L   back    R", "$foreground 80%"),
        ]  # fmt: skip
        for row, line in enumerate(_OUTLINE):
            parts.append(("\n", ""))
            for view in (FRONT, BACK):
                for column, glyph in enumerate(line):
                    parts.append(marks.get((view, column, row), (glyph, "$foreground 60%")))
                parts.append((" " * _BETWEEN if view == FRONT else "", ""))
        return content_of(parts)
