"""The first screen, and the safety sheet."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from stimctl.tui.model.actions import key_name
from stimctl.tui.model.chooser import SHEET, ChooserPage, SafetyPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.lines import Lines
from stimctl.version import __version__

_WHAT = (
    "Safety-first control of electrical stimulators. Research and simulation software, "
    "not a medical device."
)


class ChooserScreen(StimScreen, page=ChooserPage):
    """What there is to do, one under the other."""

    page: ChooserPage
    AUTO_FOCUS = "#entries"
    _first = ""

    def body(self) -> ComposeResult:
        """Name, list, and how to stop."""
        with Vertical(id="start-box"):
            yield Static(Content.assemble(("stimctl ", "bold"), __version__), id="name")
            yield Static(_WHAT, classes="quiet")
            yield Lines(id="entries")
            with Horizontal(id="stop-words"):
                yield Static("SPACE  Ctrl-X  Ctrl-C  F12", classes="heading")
                yield Static("stop all output, from every screen.")
            yield Static("Nothing is saved until you start.", classes="quiet")

    def fill(self) -> None:
        """The entries, each with its key."""
        keymap = self.desk.keymap
        self.query_one(Lines).show([
            (one.action,
             Content.assemble((f"{key_name(keymap.keys_of(one.action)[0]):<3}{one.name}", "bold"),
                              f"\n     {one.words}"), False)
            for one in self.page.entries()
        ])  # fmt: skip
        first = self.page.entries()[0].action
        if first != self._first:
            self._first = first
            self.query_one(Lines).pick(first)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Do it."""
        event.stop()
        self.stim.do(str(event.option_id))


class SafetyScreen(StimScreen, page=SafetyPage):
    """A page to read."""

    AUTO_FOCUS = "#sheet"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it

    def body(self) -> ComposeResult:
        """Heads and paragraphs."""
        with VerticalScroll(id="sheet"):
            for head, text in SHEET:
                with Horizontal(classes="paragraph"):
                    yield Static(head, classes="heading label")
                    yield Static(text, classes="words", markup=False)
