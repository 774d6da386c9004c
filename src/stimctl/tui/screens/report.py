"""What the record of this session holds: how it ended, the plot, every channel, what was said."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from stimctl.tui.model.report import HEADS, ReportPage
from stimctl.tui.model.run import RunPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.drawn import plot_shown
from stimctl.tui.widgets.amplitude_plot import AmplitudePlot
from stimctl.tui.widgets.rows_table import RowsTable

_COLUMNS = (20, 18, 9, 9, 9, 7)


class ReportScreen(StimScreen, page=ReportPage):
    """Completed looks different from stopped."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it
    page: ReportPage

    def body(self) -> ComposeResult:
        """The plot beside the words where there is room."""
        yield Static(id="ended", markup=False)
        with Vertical(id="words"):
            yield RowsTable(HEADS, _COLUMNS, id="channels")
            yield RowsTable(("", ""), (10,), id="told")
        yield AmplitudePlot(id="plot")

    def fill(self) -> None:
        """What has come since."""
        words, kind = self.page.verdict()
        verdict = self.query_one("#ended", Static)
        if verdict.content != words:
            verdict.update(words)
            verdict.set_classes(f"-{kind}")
        self.query_one("#channels", RowsTable).show(self.page.channels())
        self.query_one("#told", RowsTable).show(self.page.facts())
        run = self.desk.pages["run"]
        plot = self.query_one(AmplitudePlot)
        self.set_class(self.page.shows_plot, "-plot")
        self.set_class(not self.page.shows_plot, "-words")
        if isinstance(run, RunPage):
            shown = plot_shown(run)
            if kind in ("completed", "stopped"):  # nothing is to come any more
                curves = tuple(replace(one, planned=()) for one in shown.curves)
                shown = replace(shown, curves=curves)
            plot.show(shown)
