"""Amplitude over the session: what was planned and comes next, what was set, what was confirmed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from stimctl.tui.widgets.plot_shown import PlotShown
from stimctl.tui.widgets.session_plot import SessionPlot

_LINES = (
    "   ⣀⣀⣀ confirmed   ⣀⡀⢀⣀ set   ⡀⢀ planned   │ now",
    "  ⣀⣀ confirmed ⣀⡀⢀ set ⡀⢀ planned",
)


class AmplitudePlot(Vertical):
    """The plot below its legend."""

    shown: var[PlotShown] = var(PlotShown())

    def __init__(self, shown: PlotShown | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(AmplitudePlot.shown, shown or PlotShown())

    def show(self, shown: PlotShown) -> None:
        """Show this from now on; what moves no dot is not drawn again."""
        self.shown = shown

    def compose(self) -> ComposeResult:
        """Legend and plot."""
        yield Static(classes="legend")
        yield SessionPlot()

    def on_mount(self) -> None:
        """Show the first value."""
        self.watch_shown()

    def on_resize(self) -> None:
        """Other room for words."""
        self.watch_shown()

    def watch_shown(self) -> None:
        """Draw again."""
        if self.is_mounted and self.children:  # an app that ends mounts none any more
            self._legend()
            self.query_one(SessionPlot).show(self.shown)

    def _legend(self) -> None:
        """Channel numbers in their colours; then the lines, where there is room for their words."""
        unit = f"{self.shown.unit:<4}"
        numbers = [
            (f" {one.channel} ", f"bold $channel-{one.channel}") for one in self.shown.curves
        ]
        room = self.size.width - len(unit) - 3 * len(numbers) - 2
        lines = next((one for one in _LINES if len(one) <= room), "")
        legend = Content.assemble((unit, "bold"), *numbers, (lines, "$foreground 80%"))
        static = self.query_one(".legend", Static)
        if static.content != legend:
            static.update(legend)
