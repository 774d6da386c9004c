"""Notes without free text: a list from which a digit picks, so that SPACE keeps its one meaning."""

from __future__ import annotations

from stimctl.tui.page import Offers, Page
from stimctl.tui.text import Line, line

NOTES = (
    "comfortable", "tingling, no contraction", "good contraction", "uncomfortable: lowered",
    "pain: lowered", "muscle tires", "electrode pressed on again", "skin looked at: unchanged",
)  # fmt: skip


class NotesPage(Page):
    """Eight notes."""

    name = "notes"
    title = "NOTE"
    footer = ("back",)
    has_menu = False

    def offers(self) -> Offers:
        """A digit for each."""
        return {f"channel-{number}": None for number in range(1, len(NOTES) + 1)}

    def act(self, action: str) -> None:
        """Put it on record."""
        text = NOTES[int(action[-1]) - 1]
        self.desk.overlay = None
        self.bed.note("note", text)
        self.desk.say(f"noted: {text}")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """The list."""
        rows = [line((f"{number}  ", "key"), text) for number, text in enumerate(NOTES, 1)]
        return [line("Which note goes on record?"), (), *rows]
