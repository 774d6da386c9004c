"""A screen of the old kind, as one text, until it is built of widgets."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Key
from textual.widgets import Static

from stimctl.tui.model.text import plain
from stimctl.tui.screens.base import StimModal, StimScreen


class _Old:
    def body(self) -> ComposeResult:
        """One text."""
        yield Static(id="old", markup=False)

    def fill(self) -> None:
        """All of it anew."""
        width, height = self.app.size
        lines = self.page.body(width - 4, height - 6)
        self.query_one("#old", Static).update("\n".join(plain(one) for one in lines))

    def on_key(self, event: Key) -> None:
        """As it was."""
        event.stop()
        self.desk.key(event.key, event.character, self.desk.key_ns)
        self.stim.follow()


class LegacyScreen(_Old, StimScreen):
    """A full screen."""


class LegacyModal(_Old, StimModal):
    """A question."""
