"""The screen that matters: what flows, to be read from two metres away, and the keys for it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import Resize
from textual.widgets import Static

from stimctl.tui.model.run import RunPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.cards import cards_shown
from stimctl.tui.screens.drawn import plot_shown, pulse_shown
from stimctl.tui.screens.said import tell
from stimctl.tui.widgets.amplitude_plot import AmplitudePlot
from stimctl.tui.widgets.channel_card import ChannelCard
from stimctl.tui.widgets.pulse_view import PulseView

_BIG, _FOUR = 2, 4
#: From so many rows on there is room for the drawings, below eight cards too, and for larger cards.
_ROOMY, _AIRY, _VAST = 28, 34, 40


class RunScreen(StimScreen, page=RunPage):
    """A card a channel; the plot and the pulse below; what happened last."""

    page: RunPage

    def __init__(self, page: RunPage) -> None:
        super().__init__(page)
        self._cards: list[ChannelCard] = []

    def body(self) -> ComposeResult:
        """Cards, drawings, events."""
        yield Static(id="gaps", markup=False)
        yield Container(id="cards")
        yield Static(id="meaning", markup=False)
        with Horizontal(id="drawings"):
            yield AmplitudePlot(id="plot")
            yield PulseView(id="pulse")
        yield Static(id="events", markup=False)

    def fill(self) -> None:
        """Every card, and below them what there is room for."""
        shown = cards_shown(self.page)
        box = self.query_one("#cards", Container)
        # Those of before are in the box until they are gone: asked for, they would be taken away
        # again, and with them new ones that are not built yet.
        if [card.shown.channel for card in self._cards] != [one.channel for one in shown]:
            self._cards = [ChannelCard(one, compact=len(shown) > _BIG) for one in shown]
            box.remove_children()
            box.mount_all(self._cards)
            self.set_class(len(shown) > _BIG, "-many")
            self.set_class(len(shown) > _FOUR, "-eight")
            self.set_class(len(shown) == 1, "-one")
        else:
            for card, one in zip(self._cards, shown, strict=True):
                card.show(one)
        self.set_class(bool(shown), "-planned")
        self.set_class(any(one.cycle for one in shown), "-cycled")
        self.query_one(AmplitudePlot).show(plot_shown(self.page))
        pulse, view = pulse_shown(self.page), self.query_one(PulseView)
        view.show(pulse)
        view.display = pulse is not None
        tell(self, "#meaning", self.page.bed.measure.meaning if shown else "")
        tell(self, "#gaps", "\n".join(self.page.gaps()))
        room = self.query_one("#events", Static).content_size
        told = (f"{at}  {words}"[: room.width] for at, words in self.page.events(room.height))
        tell(self, "#events", "\n".join(told), keeps_room=True)

    def on_resize(self, event: Resize) -> None:
        """With more room more is drawn."""
        self.set_class(event.size.height >= _ROOMY, "-roomy")
        self.set_class(event.size.height >= _AIRY, "-airy")
        self.set_class(event.size.height >= _VAST, "-vast")

    def on_channel_card_picked(self, event: ChannelCard.Picked) -> None:
        """A click selects; it never raises."""
        event.stop()
        self.stim.do(f"channel-{event.channel}")
