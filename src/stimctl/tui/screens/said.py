"""Texts, and labels with their words."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


def tell(root: Widget, where: str, text: str | Content, *, keeps_room: bool = False) -> Static:
    """Show a text; no drawing where it is the same, and no room for it where it is empty."""
    static = root.query_one(where, Static)
    if static.content != text:
        static.update(text)
    static.display = keeps_room or bool(text)
    return static


def labelled(facts: Iterable[tuple[str, str]]) -> Content:
    """A line for each, its label in the colour of headings."""
    lines = (
        Content.assemble((f"{label}  ", "bold $warning" if label == "Caution" else "bold $primary"),
                         words)
        for label, words in facts
    )  # fmt: skip
    return Content("\n").join(lines)
