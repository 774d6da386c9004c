"""The keys that work now, in a table made from the table of actions."""

from __future__ import annotations

from textual.app import ComposeResult

from stimctl.tui.model.help import HelpPage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.widgets.rows_table import RowsTable


class HelpScreen(StimModal, page=HelpPage):
    """Moved by j and k, too: while output is on, arrows lower it."""

    AUTO_FOCUS = "RowsTable"
    page: HelpPage

    def body(self) -> ComposeResult:
        """One table."""
        yield RowsTable(("Key", "What", "Now"), (18, 16), id="keys")

    def fill(self) -> None:
        """A key may have begun to work meanwhile."""
        self.query_one(RowsTable).show(self.page.rows())

    def resumed(self) -> None:
        """From the top."""
        self.query_one(RowsTable).scroll_home(animate=False)

    def action_do(self, action: str) -> None:
        """Moving is the screen's own."""
        super().action_do(action)
        if action in ("scroll-up", "scroll-down"):
            for table in self.query(RowsTable):
                table.scroll_relative(y=3 if action == "scroll-down" else -3, animate=False)
