"""Frequency, widths and times: a form with limits, what it comes to, and the simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from stimctl.errors import StimctlError
from stimctl.tui.model.adjust import AdjustPage, Value
from stimctl.tui.model.dose import Figure
from stimctl.tui.screens.base import StimScreen
from stimctl.tui.screens.form import BREAKPOINTS, Form, Refusing, words_of
from stimctl.tui.screens.said import tell
from stimctl.tui.screens.trains import one_pulse, trains_of
from stimctl.tui.widgets.pulse_view import PulseView
from stimctl.tui.widgets.train_view import TrainView


class ValueRow(Horizontal):
    """Label, field, and the limits; what is refused stands in their place."""

    def __init__(self, page: AdjustPage, value: Value) -> None:
        super().__init__()
        self.page = page
        self.value = value

    def compose(self) -> ComposeResult:
        """One line."""
        yield Static(self.value.label, classes="label", markup=False)
        refusing = Refusing(lambda text: self.page.refusal(self.value.key, text))
        locked = self.page.busy() is not None
        yield Input(
            self.value.text, compact=True, max_length=16, validators=refusing, disabled=locked
        )
        yield Static(classes="limit", markup=False)

    def fill(self, value: Value, *, locked: bool) -> None:
        """As the model has it, but for what is being typed."""
        self.value = value
        field = self.query_one(Input)
        field.disabled = locked
        if not field.has_focus and field.value != value.text:
            field.value = value.text
        self.set_class(value.is_changed, "-changed")
        if not field.has_focus or field.is_valid:
            standard = f"standard {value.standard}" if value.is_changed else ""
            self.tell("   ".join(one for one in (standard, value.limit) if one), refused=False)

    def tell(self, words: str, *, refused: bool) -> None:
        """Beside the field."""
        tell(self, ".limit", words, keeps_room=True).set_class(refused, "refused")
        self.set_class(refused, "-refused")


class AdjustScreen(StimScreen, page=AdjustPage):
    """The form, and beside or below it what it comes to."""

    AUTO_FOCUS = "#settings"
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS

    def body(self) -> ComposeResult:
        """Name, fields; picture, dose, notes, and the four characters."""
        yield Static(id="settings-head", classes="heading", markup=False)
        yield Static("Tab goes to the fields, Enter takes a value, Esc leaves them.",
                     id="settings-hint", classes="quiet", markup=False)  # fmt: skip
        with VerticalScroll(id="settings"):
            yield Form(id="value-rows")
            with Vertical(id="effect"):
                yield TrainView()
                yield PulseView(classes="wide-only")
                yield Static(id="figures")
                yield Static(id="notes", markup=False)
                with Form(id="confirmation"):
                    yield Static(id="ask", classes="heading", markup=False)
                    yield Input(id="characters", max_length=4, compact=True)

    @property
    def model(self) -> AdjustPage:
        """Its own page."""
        return cast("AdjustPage", self.page)

    def fill(self) -> None:
        """Fields and effect as they are now."""
        page, there = self.model, self.desk.bed.choice is not None
        self.query_one("#settings").display = there
        head = self.query_one("#settings-head", Static)
        if not there:
            head.update("Choose a protocol first: press 4")
            return
        choice = page.choice
        changed = "changed" if choice.adjusted else "standard settings"
        role = "" if choice.has_shared_role else f", {choice.protocol.channels[page.role].role}"
        head.update(f"{choice.protocol.title}{role}: {changed}")
        self._fill_values()
        shown = page.shown[0]
        self.query_one(TrainView).show(trains_of(shown))
        self.query_one(PulseView).show(one_pulse(shown, page.role))
        self.query_one(PulseView).set_class(not shown.measure.is_dose, "-empty")
        self.query_one("#figures", Static).update(_figures(page.figures()))
        self.query_one("#notes", Static).update("\n".join(page.notes()))
        self._fill_confirmation()

    def _fill_values(self) -> None:
        page, form = self.model, self.query_one("#value-rows", Form)
        values, locked = page.values(), page.busy() is not None
        key = (page.choice.name, page.role, tuple(one.key for one in values))
        if key != getattr(self, "_key", None):
            self._key = key
            self._rows = [ValueRow(page, one) for one in values]
            form.remove_children()
            form.mount_all(self._rows)
            return
        for row, value in zip(self._rows, values, strict=True):
            if row.is_mounted and row.children:  # and none of those before, which are going
                row.fill(value, locked=locked)

    def _fill_confirmation(self) -> None:
        page = self.model
        box, field = self.query_one("#confirmation"), self.query_one("#characters", Input)
        box.display = page.asks_confirmation
        field.disabled = page.busy() is not None
        ask = f"Simulation passed. Type {self.desk.expects} to confirm:"
        self.query_one("#ask", Static).update(ask)
        if page.asks_confirmation and not getattr(self, "_asked", False):
            field.focus()
        self._asked = page.asks_confirmation

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        row = event.input.parent
        if isinstance(row, ValueRow) and event.input.has_focus:
            why = words_of(event.validation_result)
            row.tell(why or row.value.limit, refused=bool(why))
            self.stim.follow()
        elif event.input.id == "characters" and len(event.value) == event.input.max_length:
            self._try(lambda: self.model.confirm(event.value))
            event.input.value = ""

    @on(Input.Submitted)
    @on(Input.Blurred)
    def _entered(self, event: Input.Submitted | Input.Blurred) -> None:
        row = event.input.parent
        if not isinstance(row, ValueRow):
            return
        if event.input.value != row.value.text:
            self._try(lambda: self.model.set(row.value.key, event.input.value))
        if isinstance(event, Input.Submitted):
            self.focus_next()
        self.stim.follow()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StimctlError as error:
            self.desk.say(str(error))
        self.stim.follow()


def _figures(figures: list[Figure]) -> Content:
    """Each figure, with that of the file where it differs."""
    lines = [Content.styled("At the maximum", "bold $primary")] if figures else []
    for one in figures:
        was = f"  (standard {one.standard})" if one.standard != one.now else ""
        lines.append(Content.assemble(f"{one.label:<18}", (one.now, "bold"), f" {one.unit}",
                                      (was, "$quiet")))  # fmt: skip
    return Content("\n").join(lines)
