"""The form of how it went: a list for each field, and a button that puts it on record."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Button, Label, Select, Static

from stimctl.errors import StimctlError
from stimctl.records.outcome_form import FIELDS
from stimctl.tui.model.outcome import OutcomePage
from stimctl.tui.screens.base import StimScreen


class OutcomeScreen(StimScreen, page=OutcomePage):
    """Tab from field to field; Enter opens a list and picks; r puts all of it on record."""

    AUTO_FOCUS = "Select"
    VERTICAL_BREAKPOINTS = [(0, "-tight"), (32, "-tall")]  # noqa: RUF012 - as Textual has it
    page: OutcomePage
    _round = -1

    def body(self) -> ComposeResult:
        """The fields, then the button."""
        yield Static("Ask the patient, and look at the skin. What is not asked stays empty.")
        with Container(id="fields"):
            for number, (field, answers) in enumerate(FIELDS.items()):
                with Vertical():
                    yield Label(field[0].upper() + field[1:])
                    yield Select([(one, one) for one in answers], prompt="not asked",
                                 id=f"field-{number}")  # fmt: skip
        yield Button("Put on record", id="record", variant="primary")

    def fill(self) -> None:
        """From its beginning for another session; locked while output may be on."""
        if self._round != self.page.round:
            self._round = self.page.round
            with self.prevent(Select.Changed):
                for number, field in enumerate(FIELDS):
                    one = self.query_one(f"#field-{number}", Select)
                    one.value = self.page.values.get(field, Select.NULL)
        self.query_one("#fields").disabled = bool(self.page.is_locked)

    def on_select_changed(self, event: Select.Changed) -> None:
        """An answer, or none."""
        event.stop()
        field = list(FIELDS)[int((event.select.id or "").rpartition("-")[2])]
        try:
            self.page.choose(field, "" if event.value is Select.NULL else str(event.value))
        except StimctlError as error:
            self.desk.say(str(error))
        self.stim.follow()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """As its key."""
        event.stop()
        self.stim.do("record")
