"""The last session's set-up, each part taken over once it is ticked."""

from __future__ import annotations

from typing import cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Checkbox, Static

from stimctl.tui.model.last_time import LastTimePage
from stimctl.tui.screens.base import StimModal
from stimctl.tui.widgets.tick import Tick


class LastTimeScreen(StimModal, page=LastTimePage):
    """A tick for each part."""

    def body(self) -> ComposeResult:
        """Parts, and what is not taken over."""
        page = cast("LastTimePage", self.page)
        yield Static("Look at each part. Press its number where it is the same today, then Enter.",
                     markup=False)  # fmt: skip
        with Vertical(id="parts"):
            for number, part in enumerate(page.parts, 1):
                yield Tick(f"{number}  {part.words}", id=part.id, compact=True)
        yield Static("Output begins at zero; side and spacing are confirmed again.",
                     classes="quiet", markup=False)  # fmt: skip

    def fill(self) -> None:
        """The ticks as they are."""
        ticked = cast("LastTimePage", self.page).ticked
        for box in self.query(Checkbox):
            with self.prevent(Checkbox.Changed):
                box.value = box.id in ticked

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """By the mouse, or Enter."""
        event.stop()
        cast("LastTimePage", self.page).tick(str(event.checkbox.id))
        self.stim.follow()
