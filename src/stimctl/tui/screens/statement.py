"""The statement of use, over the screen of devices."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.statement import WORD, StatementPage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.screens.said import tell


class StatementScreen(StimModal, page=StatementPage):
    """The text, and a field for one word."""

    page: StatementPage

    def body(self) -> ComposeResult:
        """Text, field."""
        yield Static(self.page.text, id="statement-text", markup=False)
        yield Static(id="accepted", classes="heading")
        yield Input(id="word")
        yield Static(f"Type {WORD}, then Enter.", id="how", classes="quiet")

    def fill(self) -> None:
        """Accepted once is accepted."""
        accepted = self.page.is_accepted
        field = self.query_one("#word", Input)
        tell(self, "#accepted", "✓ accepted on this computer" if accepted else "")
        field.display = self.query_one("#how").display = not accepted
        field.disabled = accepted or self.desk.bed.output_may_be_on
        if not field.disabled and self.focused is None:
            field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The word, or another one."""
        event.stop()
        event.input.clear()
        try:
            self.page.accept(event.value)
        except StimctlError as error:
            self.desk.say(str(error))
        self.stim.follow()
