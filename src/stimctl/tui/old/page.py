"""What every screen is: a drawing of its body, the actions it offers now, and what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stimctl.tui.model.text import Line, line

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

from stimctl.tui.model import page as new

Offers = Mapping[str, str | None]


class Page(new.Page):
    """A screen that draws itself."""

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """At most `height` lines of `width` cells."""
        return []

    @property
    def takes_text(self) -> bool:
        """A free-text field is open; never so while a channel is armed or on."""
        return False

    def typed(self, key: str, character: str | None) -> None:
        """A key for the free-text field."""

    def click(self, x: int, y: int) -> None:
        """A mouse click on the body; it may select, never raise."""


class ListPage(Page):
    """A screen with a list in which one line is picked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.picked = 0

    def count(self) -> int:
        """How many lines there are."""
        return 0

    def offers(self) -> Offers:
        """Moving and choosing."""
        there = None if self.count() else "the list is empty"
        return {"move-up": there, "move-down": there, "choose": there}

    def act(self, action: str) -> None:
        """Move, or choose."""
        last = max(0, self.count() - 1)
        if action == "move-up":
            self.picked = max(0, self.picked - 1)
        elif action == "move-down":
            self.picked = min(last, self.picked + 1)
        elif action == "choose":
            self.picked = min(self.picked, last)
            self.chosen()

    def chosen(self) -> None:
        """The picked line is taken."""

    def rows(self, texts: Sequence[Line | str], room: int) -> list[Line]:
        """The list with its picked line marked, scrolled so that it is seen."""
        self.picked = min(self.picked, max(0, len(texts) - 1))
        first = max(0, min(self.picked - room // 2, len(texts) - room))
        shown: list[Line] = []
        for number, text in list(enumerate(texts))[first : first + room]:
            parts = line(text) if isinstance(text, str) else text
            if number == self.picked:
                shown.append(line(("▸ ", "key"), *((part.text, "pick") for part in parts)))
            else:
                shown.append(line("  ", *parts))
        return shown
