"""Notes without free text: a list from which a digit picks, so that SPACE keeps its one meaning."""

from __future__ import annotations

from stimctl.tui.page import Offers, Page
from stimctl.tui.text import Line, line, wrap

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


REASONS = (
    "electrode or cable put right", "device looked at: nothing is wrong with it",
    "stopped by the person, who agrees to go on", "stop was pressed by mistake",
)  # fmt: skip


class FaultPage(Page):
    """Why it is right to go on after a fault; a device that was stopped by hand demands it."""

    name = "fault"
    title = "FAULT"
    footer = ("back",)
    has_menu = False

    def offers(self) -> Offers:
        """A digit for each reason."""
        return {f"channel-{number}": None for number in range(1, len(REASONS) + 1)}

    def act(self, action: str) -> None:
        """The engine decides whether the fault is over; everything begins at 0 mA again."""
        self.desk.overlay = None
        self.bed.ask("acknowledge", reason=REASONS[int(action[-1]) - 1])

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """What happened, and the reasons."""
        cause = wrap(f"fault: {self.bed.live.why}", width)
        rows = [line((f"{number}  ", "key"), text) for number, text in enumerate(REASONS, 1)]
        lines: list[Line] = [line((part, "wait")) for part in cause]
        return [*lines, (), line("What was its cause, and why may a session begin again?"), *rows]
