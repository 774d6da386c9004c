"""Labels and words as one text."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content


def labelled(facts: Iterable[tuple[str, str]]) -> Content:
    """A line for each, its label in the colour of headings."""
    lines = (
        Content.assemble((f"{label}  ", "bold $warning" if label == "Caution" else "bold $primary"),
                         words)
        for label, words in facts
    )  # fmt: skip
    return Content("\n").join(lines)
