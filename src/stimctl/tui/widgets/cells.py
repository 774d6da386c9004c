"""Cells with a style each, as one Content."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from textual.content import Content

Cells = Iterable[tuple[str, str]]
"""Characters, each with its style; "" is the widget's own."""


def content_of(cells: Cells) -> Content:
    """One span for each run of cells with the same style: every span costs time to draw."""
    runs = groupby(cells, key=lambda cell: cell[1])
    return Content.assemble(*(("".join(one for one, _ in run), style) for style, run in runs))
