"""The side of the electrodes, typed by somebody who looks at the patient."""

from __future__ import annotations

from stimctl.tui.model.page import Page
from stimctl.tui.model.seats import site_name


class SidePage(Page):
    """The side of the electrodes, asked without giving the answer."""

    name = "side"
    title = "Look at the patient"
    has_menu = False

    def question(self) -> str:
        """Who types it looks at the patient, and not at the screen."""
        seats = self.bed.papers.open_sides(self.bed.choice.seats if self.bed.choice else ())
        named = ", ".join(f"channel {seat.channel}" for seat in seats)
        return f"Look at the patient: on which side are the electrodes of {named}?"

    def answer(self, typed: str) -> None:
        """Confirm those on the side that was typed; where the other side is treated, too, it is
        asked next. Raises UsageError where there are none."""
        self.desk.overlay = None
        choice = self.bed.choice
        seats = choice.seats if choice else ()
        there = self.bed.papers.confirm_side(typed, seats)
        if self.bed.papers.open_sides(seats):
            self.desk.overlay = self
        named = ", ".join(f"channel {one.channel} {site_name(one.site or '')}" for one in there)
        self.desk.say(f"Confirmed: {named}")
