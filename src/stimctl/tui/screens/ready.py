"""Ready, then start: a few short lines, and the time in which the second key counts."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Digits, Static

from stimctl.tui.model.ready import ReadyPage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.screens.said import tell


class ReadyScreen(StimModal, page=ReadyPage):
    """The question between the two keys."""

    page: ReadyPage

    def body(self) -> ComposeResult:
        """The facts, the keys, the time."""
        yield Static(id="ready-facts", markup=False)
        with Horizontal(id="ready-start"):
            yield Digits(id="ready-left")
            yield Static(id="ready-keys", markup=False)

    def fill(self) -> None:
        """The time runs."""
        tell(self, "#ready-facts", "\n".join(self.page.facts()))
        self.query_one("#ready-left", Digits).update(str(self.page.left_s))
        labels, offered = self.page.labels, self.page.offers()
        keys = [f"g   {labels['go']}"]
        if offered["go-on"] is None:
            keys.append(f"l   {labels['go-on']}")
        tell(self, "#ready-keys", "\n".join([*keys, "any other key: not now"]))
