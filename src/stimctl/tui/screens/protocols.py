"""The treatments that a device can give, and what a person should know of each."""

from __future__ import annotations

from typing import cast

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from stimctl.tui.model.protocols import ProtocolsPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.form import BREAKPOINTS, Fields
from stimctl.tui.screens.lines import Lines
from stimctl.tui.screens.said import labelled
from stimctl.tui.screens.trains import one_pulse, trains_of
from stimctl.tui.widgets.pulse_view import PulseView
from stimctl.tui.widgets.train_view import TrainView

_Row = tuple[str, str, str, str, str]


class ProtocolsScreen(StimScreen, page=ProtocolsPage):
    """The list with its search on the left; the picked one on the right."""

    AUTO_FOCUS = "#names"
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    _titled: object = None

    def body(self) -> ComposeResult:
        """Search, list, facts."""
        with Horizontal():
            with Fields(id="choice"):
                yield Input(placeholder="/ search name, aim, site", id="search", compact=True)
                yield Lines(id="names")
            with VerticalScroll(id="facts"):
                yield Static(id="fact-title", classes="heading")
                yield Static(id="fact-why", classes="refused")
                yield TrainView(id="fact-train")
                yield PulseView(classes="wide-only")
                yield Static(id="fact-words")

    @property
    def model(self) -> ProtocolsPage:
        """Its own page."""
        return cast("ProtocolsPage", self.page)

    def fill(self) -> None:
        """List, mark and facts as they are now."""
        page, search = self.model, self.query_one("#search", Input)
        search.disabled = self.desk.bed.output_may_be_on
        if search.value != page.searched and not search.has_focus:
            search.value = page.searched
        if page.searching and not search.disabled:
            page.searching = False
            self.set_focus(search)
        self._fill_list()
        self._fill_facts()

    def _fill_list(self) -> None:
        page, listed = self.model, self.query_one("#names", Lines)
        rows = [self._row(name) for name in page.names]
        listed.show([(row[0], _shown(row), False) for row in rows])
        listed.pick(page.picked)
        of = f"{len(rows)} of {page.count}" if page.searched else f"{page.count}"
        box = self.query_one("#choice", Fields)
        more = listed.max_scroll_y - listed.scroll_offset.y
        facts = self.query_one("#facts", VerticalScroll)
        below = facts.max_scroll_y - facts.scroll_offset.y > 0
        if (of, more, below) != self._titled:  # a title that is set is drawn again, the same or not
            self._titled = (of, more, below)
            box.border_title = f"{of} protocols"
            box.border_subtitle = f"▼ {more} more, Enter chooses" if more > 0 else "Enter chooses"
            facts.border_subtitle = "▼ more: Tab, then PgDn" if below else ""

    def _row(self, name: str) -> _Row:
        page, choice = self.model, self.model.read(name)
        star = "★" if name in page.favourites else " "
        cross = "✗" if page.why_not(name) else " "
        if isinstance(choice, str):
            return name, star, "", cross, ""
        if cross == " " and choice.protocol.locked:
            cross = "L"
        title = choice.protocol.title if self.has_class("-wide") else ""
        return name, star, choice.protocol.evidence.grade, cross, title

    def _fill_facts(self) -> None:
        page = self.model
        name = page.picked
        key = (name, page.why_not(name) if name else "", len(page.favourites))
        if key == getattr(self, "_told", None):
            return
        self._told = key
        choice = page.read(name) if name else ""
        title, why = self.query_one("#fact-title", Static), self.query_one("#fact-why", Static)
        words, train = self.query_one("#fact-words", Static), self.query_one(TrainView)
        if isinstance(choice, str):
            title.update(name or "No protocol has these words")
            words.update("")
            train.show(None)
            self.query_one(PulseView).show(None)
        else:
            title.update(choice.protocol.title)
            words.update(labelled(page.facts(name)))
            train.show(trains_of(choice))
            self.query_one(PulseView).show(one_pulse(choice))
            self.query_one(PulseView).set_class(not choice.measure.is_dose, "-empty")
        why.update(f"✗ Not here: {key[1]}" if key[1] else "")
        why.display = bool(key[1])
        self.query_one("#facts").scroll_home(animate=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The mark has moved, and has not moved on since."""
        if event.option_id and event.option_id == self.query_one("#names", Lines).picked:
            self.model.pick(event.option_id)
            self.stim.follow()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Taken."""
        event.stop()
        if event.option_id:
            self.model.pick(event.option_id)
        self.stim.do("choose")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as it is typed."""
        self.model.search(event.value)
        self.stim.follow()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Enter takes what is marked."""
        self.stim.do("choose")

    def on_fields_left(self, _event: Fields.Left) -> None:
        """Esc ends the search."""
        self.model.search("")
        self.query_one("#names", Lines).focus()
        self.stim.follow()


def _shown(row: _Row) -> Content:
    name, star, grade, cross, title = row
    style = "" if cross == "✗" else "bold"
    return Content.assemble(
        (star, "$warning"), (f"{cross} ", "$warning" if cross == "L" else "$refused"),
        (f"{name:<18} ", style), f"{grade:<4}{title}",
    )  # fmt: skip
