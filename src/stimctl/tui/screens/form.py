"""A form: Enter takes a value, arrows and Tab go from field to field, Esc leaves the fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.validation import ValidationResult, Validator
from textual.widget import Widget
from textual.widgets import Input

#: From this width on, two columns stand side by side.
BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]


class Fields(Vertical):
    """Holds fields, and gives the keys back to the screen with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave the field", show=False)
    ]

    class Left(Message):
        """The fields have been left."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a field only; elsewhere Esc goes back."""
        if action == "leave":
            return isinstance(self.screen.focused, self.fields())
        return super().check_action(action, parameters)

    def fields(self) -> tuple[type[Widget], ...]:
        """What Esc leaves."""
        return (Input,)

    def action_leave(self) -> None:
        """No field has the keys any more."""
        self.post_message(self.Left())
        self.screen.query_one(str(self.screen.AUTO_FOCUS)).focus()


class Form(Fields):
    """With arrows from field to field, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,right", "app.focus_next", "next field", show=False),
        Binding("up,left", "app.focus_previous", "field before", show=False),
    ]

    def fields(self) -> tuple[type[Widget], ...]:
        """Everything in it."""
        return (Widget,)


class Refusing(Validator):
    """What the model refuses, in the refusal's own words."""

    def __init__(self, refusal: Callable[[str], str]) -> None:
        super().__init__()
        self._refusal = refusal

    def validate(self, value: str) -> ValidationResult:
        """Ask the model."""
        why = self._refusal(value)
        return self.failure(why) if why else self.success()


def words_of(result: ValidationResult | None) -> str:
    """Why a value is refused; "" where it is not."""
    return "" if result is None or result.is_valid else " ".join(result.failure_descriptions)
