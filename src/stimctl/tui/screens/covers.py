"""The two screens that cover every other one, drawn large and simply."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits, Static

from stimctl.tui.model.covers import SmallPage, UnknownPage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.screens.said import tell
from stimctl.tui.widgets.stop_key import StopKey

_STEPS = 4
_PLAIN = "!!! OUTPUT UNKNOWN"
_SPACED = "!!!   O U T P U T   U N K N O W N   !!!"


class UnknownScreen(StimModal, page=UnknownPage):
    """The one red screen: what to do, in order."""

    VERTICAL_BREAKPOINTS = [(0, "-tight"), (30, "-tall")]  # noqa: RUF012 - as Textual has it
    page: UnknownPage

    def compose(self) -> ComposeResult:
        """The words, the numbered steps, the facts."""
        yield Static(_SPACED, id="unknown", markup=False)
        with Vertical(id="steps"):
            for number in range(1, _STEPS + 1):
                with Horizontal(classes="step"):
                    yield Digits(f"{number}")
                    yield Static(markup=False)
        yield Static(id="about", markup=False)
        yield from self.foot()

    def frame_shown(self) -> None:
        """It is head and alarm itself."""
        tell(self, "#message", self.desk.message)

    def fill(self) -> None:
        """What is known by now."""
        self.set_class(self.desk.too_small, "-small")
        tell(self, "#unknown", _PLAIN if self.desk.too_small else _SPACED)
        steps = self.page.steps()
        for number, row in enumerate(self.query(".step")):
            row.display = number < len(steps)
            if row.display:
                tell(row, "Static", steps[number])
        tell(self, "#about", "\n".join(self.page.facts()))


class SmallScreen(StimModal, page=SmallPage):
    """State, amplitudes, STOP."""

    page: SmallPage

    def compose(self) -> ComposeResult:
        """A text, and STOP below it."""
        yield Static(id="state", markup=False)
        yield StopKey()

    def frame_shown(self) -> None:
        """There is no room for one."""

    def fill(self) -> None:
        """As many lines as fit."""
        tell(self, "#state", "\n".join(self.page.lines(*self.app.size)))
