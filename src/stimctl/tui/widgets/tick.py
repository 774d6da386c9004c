"""A box that is ticked or empty; the sign says which, in every theme."""

from __future__ import annotations

from textual.widgets import Checkbox


class Tick(Checkbox):
    """Textual's checkbox shows the same sign in two colours."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Another sign for another value."""
        self.BUTTON_INNER = "✓" if self.value else " "
        super().watch_value()
