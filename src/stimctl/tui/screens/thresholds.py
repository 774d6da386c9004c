"""Thresholds of today and of the last time, in a table."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from stimctl.tui.model.persons import THRESHOLDS_FOR_H
from stimctl.tui.model.thresholds import HEADS, ThresholdsPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.widgets.rows_table import RowsTable

_HOW = (
    "Mark with s, m and t on the Run screen, at the present level. Levels of an earlier visit are "
    f"of the same site and electrodes, thresholds of the last {THRESHOLDS_FOR_H} h. They are shown "
    "and never set from here."
)


class ThresholdsScreen(StimScreen, page=ThresholdsPage):
    """Two lines for each channel."""

    page: ThresholdsPage

    def body(self) -> ComposeResult:
        """The table, and how it is filled."""
        yield Static("No plan is loaded: choose a protocol (4).", id="none", classes="heading")
        yield RowsTable(HEADS, (18, 13, 9, 9, 9))
        yield Static(_HOW, id="how", classes="quiet")

    def fill(self) -> None:
        """A mark may have come."""
        rows = self.page.rows()
        self.query_one("#none").display = not rows
        table = self.query_one(RowsTable)
        table.display = bool(rows)
        table.show(rows)
