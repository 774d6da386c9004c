"""A question with its answers: each has a key, and can be picked in the list or by mouse."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.notes import LONGEST, NotesPage
from stimctl.tui.model.question import FoundPage, QuestionPage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.screens.said import tell


class QuestionScreen(StimModal, page=QuestionPage):
    """The question above, the answers below it."""

    AUTO_FOCUS = "OptionList"
    VERTICAL_BREAKPOINTS = [(0, "-tight"), (30, "-tall")]  # noqa: RUF012 - as Textual has it
    page: QuestionPage

    def body(self) -> ComposeResult:
        """A list for each column."""
        yield Static(id="asks", classes="heading", markup=False)
        with Horizontal(id="columns"):
            for number, head in enumerate(self.page.columns):
                with Vertical():
                    if head:
                        yield Static(head, classes="quiet")
                    yield OptionList(id=f"column-{number}")

    def resumed(self) -> None:
        """Asked anew: keys are answers again, and nothing is picked yet."""
        for answers in self.query(OptionList):
            answers.highlighted = None
        self.query(OptionList).first().focus()

    def fill(self) -> None:
        """Anew where something else is asked."""
        tell(self, "#asks", self.page.question())
        for number in range(len(self.page.columns)):
            self._list(number)

    def _list(self, column: int) -> None:
        shown = [
            Content.from_markup("[b $primary]$key[/]  $text", key=key, text=one.text)
            for key, one in self.page.numbered()
            if one.column == column
        ]
        answers = self.query_one(f"#column-{column}", OptionList)
        if [one.prompt for one in answers.options] != shown:
            answers.set_options(shown)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        column = int((event.option_list.id or "0").rpartition("-")[2])
        there = [n for n, one in enumerate(self.page.answers(), 1) if one.column == column]
        self.stim.do(f"answer-{there[event.option_index]}")


class FoundScreen(QuestionScreen, page=FoundPage):
    """With a key for none of the places."""


class NotesScreen(QuestionScreen, page=NotesPage):
    """With a field for a text of one's own, at zero."""

    page: NotesPage

    def body(self) -> ComposeResult:
        """The field below the lists."""
        yield from super().body()
        yield Static(id="last", classes="quiet", markup=False)
        yield Input(id="own", placeholder="t: type a note (never a name), then Enter",
                    max_length=LONGEST)  # fmt: skip

    def fill(self) -> None:
        """No field while output may be on: SPACE is STOP then."""
        super().fill()
        own = self.query_one("#own", Input)
        own.disabled = bool(self.page.no_text)
        own.display = not own.disabled
        tell(self, "#last", f"z takes back: {self.page.last}" if self.page.last else "")

    def action_do(self, action: str) -> None:
        """The field is the screen's own."""
        super().action_do(action)
        if action == "type-note" and not self.page.no_text:
            for own in self.query("#own").results(Input):
                own.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On record, or why not."""
        event.stop()
        try:
            self.page.write(event.value)
            event.input.clear()
        except StimctlError as error:
            self.desk.say(str(error))
        self.stim.follow()
