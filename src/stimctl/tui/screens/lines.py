"""A list to choose from, and facts; filled only where something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

#: Its id, what it says, and whether it is a heading.
Line = tuple[str, Content, bool]
#: A label, and words beside it.
Fact = tuple[str, str | Content]


class Lines(OptionList):
    """Each line has an id; a heading cannot be chosen. The picked line has a sign before it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "choose")]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._told_lines: list[Line] = []
        self._told_drawn: list[Line] = []
        self._asked = ""
        #: Lines down (up: below 0) that were asked for before there was any line.
        self._early = 0

    def show(self, lines: Sequence[Line]) -> None:
        """These lines; where they are there already, only what differs is drawn."""
        self._told_lines = list(lines)
        self._draw()

    def _draw(self) -> None:
        picked = self.picked
        new = [
            (one, content if heads else Content.assemble("▸ " if one == picked else "  ", content),
             heads)
            for one, content, heads in self._told_lines
        ]  # fmt: skip
        before, self._told_drawn = self._told_drawn, new
        if [line[::2] for line in new] == [line[::2] for line in before]:
            for line, was in zip(new, before, strict=True):
                if line != was:
                    self.replace_option_prompt(*line[:2])
            return
        self.set_options(Option(content, one, heads) for one, content, heads in new)
        self._highlight(picked)

    def on_option_list_option_highlighted(self) -> None:
        """The sign moves along."""
        self._draw()

    def action_cursor_down(self) -> None:
        """A key that comes before the lines is done when they are there."""
        self._step(1)

    def action_cursor_up(self) -> None:
        """The same."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self.option_count:
            self._early += by
        elif by > 0:
            super().action_cursor_down()
        else:
            super().action_cursor_up()

    @property
    def picked(self) -> str:
        """The id of the highlighted line; "" where none is."""
        option = self.highlighted_option
        return "" if option is None else str(option.id)

    def pick(self, one: str) -> None:
        """Highlight this line, where another was asked for before: a cursor key whose message is
        still on its way has moved the list already, and is not taken back."""
        if one == self._asked and self.picked:
            return
        self._asked = one
        self._highlight(one)

    def _highlight(self, one: str) -> None:
        if one and one != self.picked and one in [id_ for id_, _, _ in self._told_drawn]:
            self.highlighted = self.get_option_index(one)
            early, self._early = self._early, 0
            for _ in range(abs(early)):
                self._step(early)
            self._draw()


class Facts(Grid):
    """Labels with words beside them, each on lines of its own."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: list[Fact] = []

    def show(self, facts: Sequence[Fact]) -> None:
        """These, and nothing is drawn where they are the same."""
        new = list(facts)
        if new == self._shown:
            return
        self._shown = new
        self.display = bool(new)
        self.remove_children()
        self.mount_all(
            Static(text, classes=looks, markup=False)
            for label, words in new
            for text, looks in ((label, "quiet"), (words, ""))
        )
