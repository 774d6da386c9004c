"""The lessons, one under the other, and what those that were done have taught."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static

from stimctl.tui.model.lessons import LESSONS, LessonsPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.lines import Lines

_WHAT = "On a simulated stimulator. The next step of a lesson stands above the keys."


class LessonsScreen(StimScreen, page=LessonsPage):
    """A list."""

    page: LessonsPage
    AUTO_FOCUS = "#lessons"

    def body(self) -> ComposeResult:
        """What they are, and which there are."""
        yield Static(_WHAT, classes="quiet")
        yield Lines(id="lessons")

    def fill(self) -> None:
        """A mark for those that were done, with what they taught."""
        lines = self.query_one(Lines)
        lines.show([
            (str(number), Content.assemble(
                "✓ " if number in self.page.done else "○ ", (one.name, "bold"),
                f"\n    {one.taught if number in self.page.done else one.about}\n",
            ), False)
            for number, one in enumerate(LESSONS)
        ])  # fmt: skip
        if not lines.picked:
            lines.pick("0")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Begin it."""
        event.stop()
        self.page.picked = int(str(event.option_id))
        self.stim.do("choose")
