"""Screening: questions in groups, one key each; what the answers mean, and what else is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Key
from textual.validation import Integer
from textual.widgets import Input, OptionList, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.precheck import MEANS, PrecheckPage, Question
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.lines import Line, Lines
from stimctl.tui.screens.said import tell

_ANSWERS = {None: "?    ", True: "yes  ", False: "no   "}


class Questions(Lines):
    """Keys answer the picked line; Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "next step")]


class PrecheckScreen(StimScreen, page=PrecheckPage):
    """The list; below or beside it the question in full, and what is asked once."""

    page: PrecheckPage
    AUTO_FOCUS = "#questions"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual has it

    def body(self) -> ComposeResult:
        """Questions, and beside them what they mean."""
        with Vertical(id="asked"):
            yield Static(id="screening-head", markup=False)
            yield Questions(id="questions")
        with Vertical(id="meaning"):
            yield Static(id="question-text", markup=False)
            yield Static(id="screening-verdict", markup=False)
            with Horizontal(id="pain-row"):
                yield Static(id="before", markup=False)
                yield Input(id="pain", compact=True, placeholder="–", max_length=2,
                            restrict="[0-9]*", validators=[Integer(0, 10)])  # fmt: skip

    def fill(self) -> None:
        """What the model says."""
        page = self.page
        lines = self.query_one("#questions", Lines)
        lines.show(list(self._lines()))
        lines.pick(page.picked)
        one = page.question(page.picked)
        copied = "   Copied from last visit: change what is different." if page.copied else ""
        left = f"{page.left} left" if page.left else "all answered"
        tell(self, "#screening-head", Content.assemble(
            ("Does the patient have any of these?  y / n", "bold"), f"   {left}", copied,
        ))  # fmt: skip
        tell(self, "#question-text", self._question(one))
        tell(self, "#screening-verdict", "\n".join(page.verdict()))
        tell(self, "#before", self._before())
        field = self.query_one("#pain", Input)
        field.disabled = page.busy is not None
        field.display = self.focused is field

    def _lines(self) -> Iterator[Line]:
        for name, questions in self.page.questions():
            yield name, Content.styled(name, "bold $primary"), True
            for one in questions:
                done = " ✓" if one.accepted else ""
                level = f"  {MEANS[one.level]}{done}" if one.level else ""
                answer = (_ANSWERS[one.answer], "bold")
                yield one.id, Content.assemble(answer, one.text, (level, "bold")), False

    def _question(self, one: Question) -> Content:
        about = f"\n{MEANS[one.level]}: {one.basis}" if one.level else ""
        key = "\nw = " if one.waits else ""
        waits = {"caution": "I have read it and watch for it",
                 "specialist": "the approval is on file"}.get(one.level, "")  # fmt: skip
        return Content.assemble((f"{one.id}  {one.text}", "bold"), about, key, waits if key else "")

    def _before(self) -> Content:
        """What is asked once, ticked where it is done."""
        papers = self.desk.bed.papers
        pain = f"pain now: {papers.pain_before}" if papers.pain_before else "pain now, 0 to 10"
        rows = (
            (papers.told_stop, "shown how to stop", "t"),
            (papers.stop_key, "STOP key tried", "SPACE"),
            (papers.pain_before, pain, "p"),
        )
        ticked = [
            Content.assemble("✓ " if done else "○ ", (key, "bold $accent"), f" {words}")
            for done, words, key in rows
        ]
        return Content("\n" if self.has_class("-wide") else "   ").join(ticked)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Keys answer this line."""
        event.stop()
        self.page.picked = str(event.option_id)
        self.show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter goes on."""
        event.stop()
        self.stim.do("choose")

    def action_do(self, action: str) -> None:
        """Pain is typed."""
        if action == "pain" and not self.page.busy:
            for field in self.query("#pain").results(Input):
                field.display = True
                field.focus()
        else:
            super().action_do(action)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The number, and back to the questions; without one, what there was stays."""
        event.stop()
        try:
            if event.value:
                self.page.set_pain(event.value)
        except StimctlError as error:
            self.desk.say(str(error))
        self._leave_field()
        self.stim.follow()

    def on_key(self, event: Key) -> None:
        """Esc leaves the field, and not the screen."""
        if event.key == "escape" and self.focused is not None and self.focused.id == "pain":
            event.stop()
            self._leave_field()

    def _leave_field(self) -> None:
        self.query_one("#pain", Input).clear()
        self.query_one("#questions", Lines).focus()
