"""Who is treated: a code, typed, scanned or picked; then its PIN."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key, Paste
from textual.validation import ValidationResult, Validator
from textual.widgets import Input, OptionList, Static

from stimctl.errors import StimctlError
from stimctl.records.person import check_person_code
from stimctl.tui.model.person import PersonPage
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.lines import Lines
from stimctl.tui.screens.said import tell


class CodeValidator(Validator):
    """What may be a patient's code; the refusal's words are the message."""

    def validate(self, value: str) -> ValidationResult:
        """By the rule of the records."""
        try:
            check_person_code(value.strip())
        except StimctlError as error:
            return self.failure(f"{error.why}.")
        return self.success()


class WholeInput(Input):
    """A field that takes a paste or a scan whole, or not at all. Nothing is ever cut to fit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "next")]

    def on_paste(self, event: Paste) -> None:
        """Several lines are no code."""
        if len(event.text.strip().splitlines()) != 1:
            event.stop()
            event.prevent_default()
            self.app.notify("Not taken: the clipboard holds more than one line.")


class PersonScreen(StimScreen, page=PersonPage):
    """One field that searches and takes a new code; nobody is picked beforehand."""

    page: PersonPage

    def body(self) -> ComposeResult:
        """The codes; the PIN."""
        with Vertical(id="who"):
            yield Static("Who is being treated? Use a patient code, never a name.",
                         classes="heading")  # fmt: skip
            yield WholeInput(id="code", placeholder="Type or scan a code, e.g. K-17",
                             validators=[CodeValidator()], validate_on=["submitted"])  # fmt: skip
            yield Static(id="code-words", markup=False)
            yield Static(id="chosen", markup=False)
            yield Lines(id="known")
        with Vertical(id="pin-box"):
            yield Static(id="pin-question", markup=False, classes="heading")
            yield WholeInput(id="pin", placeholder="4 digits", type="integer")
            yield Static("Enter alone skips this (simulation only).", classes="quiet")
            yield Static("Esc: back, no one selected.", classes="quiet")

    def fill(self) -> None:
        """What the model says."""
        page, code = self.page, self.query_one("#code", Input)
        waits = bool(page.waits)
        changed = self.query_one("#pin-box").display != waits
        self.query_one("#who").display = not waits
        self.query_one("#pin-box").display = waits
        for field in (code, self.query_one("#pin", Input)):
            field.disabled = page.busy is not None
        tell(self, "#pin-question", page.question)
        tell(self, "#chosen", self._chosen())
        self._list(code.value)
        if changed:
            code.clear()
            self.query_one("#pin", Input).clear()
            self.set_focus(self.query_one("#pin" if waits else "#code"))
        self._words("")

    def resumed(self) -> None:
        """The field that is shown has the keys; opened with a code, that is the PIN's."""
        self.set_focus(self.query_one("#pin" if self.page.waits else "#code"))

    def _chosen(self) -> str:
        bed = self.desk.bed
        if not bed.person:
            return ""
        pin = "PIN confirmed" if bed.papers.second else "without a PIN (simulation only)"
        return f"✓ {bed.person}, {pin}. Enter goes on."

    def _list(self, text: str) -> None:
        self.query_one(Lines).show([
            (code, Content.assemble((f"{code:<18}", "bold"), f"last visit {last}"), False)
            for code, last in self.page.matching(text)
        ])  # fmt: skip

    def _words(self, refusal: str) -> None:
        new = "↓ picks one of those below. Enter takes what is typed." if self.page.known else ""
        words = refusal or f"Codes are letters and a digit. They appear in every record. {new}"
        tell(self, "#code-words", words.strip()).set_class(bool(refusal), "refused")

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list shows whom it may be."""
        if event.input.id == "code":
            self._list(event.value)
            self.query_one(Lines).highlighted = None

    def on_key(self, event: Key) -> None:
        """From the field down into the list, and back up. A key can come before they are there."""
        if self.focused is None:
            return
        lines = self.query_one(Lines)
        if event.key == "down" and self.focused is self.query_one("#code") and lines.option_count:
            lines.focus()
            lines.highlighted = 0
            event.stop()
        elif event.key == "up" and self.focused is lines and not lines.highlighted:
            self.set_focus(self.query_one("#code"))
            lines.highlighted = None
            event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A code or a PIN, or none."""
        event.stop()
        result = event.validation_result
        if event.input.id == "pin":
            self._try(lambda: self.page.confirm(event.value) if event.value else self.page.skip())
        elif not event.value.strip():
            self._try(self._on_with_nothing_typed)
        elif result is not None and not result.is_valid:
            self._words(f"Not a code: {result.failure_descriptions[0]}")
        else:
            self._try(lambda: self.page.choose(event.value))

    def _on_with_nothing_typed(self) -> None:
        if self.desk.bed.person:
            self.page.act("choose")
        else:
            self.page.skip()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """One from before."""
        event.stop()
        self._try(lambda: self.page.choose(str(event.option_id)))

    def _try(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except StimctlError as error:
            self.desk.say(str(error))
            self.query_one("#pin", Input).clear()
        self.stim.follow()
