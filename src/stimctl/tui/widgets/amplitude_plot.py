"""Amplitude over the session: what was planned and comes next, what was set, what was confirmed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from stimctl.tui.widgets.plot_shown import PlotShown

if TYPE_CHECKING:
    from stimctl.tui.widgets.session_plot import SessionPlot

_LINES = (
    "   ⣀⣀⣀ confirmed   ⣀⡀⢀⣀ set   ⡀⢀ planned   │ now",
    "  ⣀⣀ confirmed ⣀⡀⢀ set ⡀⢀ planned",
)


class AmplitudePlot(Vertical):
    """The plot below its legend.

    The plot package needs numpy. It is imported after the first paint, or earlier by `preload`.
    """

    shown: var[PlotShown] = var(PlotShown())

    def __init__(self, shown: PlotShown | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(AmplitudePlot.shown, shown or PlotShown())
        self._plot: SessionPlot | None = None

    def show(self, shown: PlotShown) -> None:
        """Show this from now on; what moves no dot is not drawn again."""
        self.shown = shown

    def compose(self) -> ComposeResult:
        """The legend; the plot follows."""
        yield Static(classes="legend")

    def on_mount(self) -> None:
        """Legend at once, plot after the first paint."""
        self._legend()
        self.call_after_refresh(self._load)

    def on_resize(self) -> None:
        """Other room for words."""
        self._legend()

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(preload)  # it takes 0.1 s and more, in which nothing would beat
            from stimctl.tui.widgets.session_plot import SessionPlot
        except ImportError as error:
            # A picture that is missing must not end a treatment.
            await self.mount(Static(f"No plot: {error}", classes="missing"))
            return
        plot = SessionPlot()
        await self.mount(plot)
        if plot.is_mounted:  # nothing is, once the program is being left
            self._plot = plot  # before, it has nothing to draw on
            plot.show(self.shown)

    def watch_shown(self) -> None:
        """Draw again."""
        if self.is_mounted:
            self._legend()
        if self._plot is not None:
            self._plot.show(self.shown)

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


def preload() -> None:
    """Import the plot package, in a thread that nobody waits for."""
    import stimctl.tui.widgets.session_plot  # noqa: F401
