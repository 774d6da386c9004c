"""Device, protections, limits, link and records: a table each."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import TabbedContent, TabPane

from stimctl.tui.model.service import ServicePage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.widgets.rows_table import RowsTable


class ServiceScreen(StimScreen, page=ServicePage):
    """Tabs, moved by the arrows at zero and by the mouse."""

    AUTO_FOCUS = "Tabs"
    page: ServicePage

    def body(self) -> ComposeResult:
        """A tab for each."""
        with TabbedContent():
            for title in self.page.sections():
                with TabPane(title, id=title.lower()):
                    yield RowsTable(("", ""), (18,))

    def fill(self) -> None:
        """What is seen now."""
        active = self.query_one(TabbedContent).active
        for title, rows in self.page.sections().items():
            if title.lower() == active:
                self.query_one(f"#{active} RowsTable", RowsTable).show(rows)

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """Another one."""
        event.stop()
        self.call_after_refresh(self.fill)
