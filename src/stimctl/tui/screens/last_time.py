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
        yield Static("Look at each part. Press its number where it is the same today, then Enter.",
                     markup=False)  # fmt: skip
        yield Vertical(id="parts")
        yield Static("Output begins at zero; side and spacing are confirmed again.",
                     classes="quiet", markup=False)  # fmt: skip

    def fill(self) -> None:
        """The ticks as they are."""
        page, there = cast("LastTimePage", self.page), self.query_one("#parts", Vertical)
        if page.parts != getattr(self, "_parts", None):
            self._parts = page.parts
            there.remove_children()
            there.mount_all(
                Tick(f"{number}  {part.words}", name=part.id, compact=True)
                for number, part in enumerate(page.parts, 1)
            )
        for box in self.query(Checkbox):
            with self.prevent(Checkbox.Changed):
                box.value = box.name in page.ticked

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """By the mouse, or Enter."""
        event.stop()
        cast("LastTimePage", self.page).tick(str(event.checkbox.name))
        self.stim.follow()
