"""Notes without free text: a list from which a digit picks, so that SPACE keeps its one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.old.page import Offers, Page

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_LONGEST = 120
NOTES = (
    "comfortable", "tingling, no contraction", "good contraction", "uncomfortable: lowered",
    "pain: lowered", "muscle tires", "electrode pressed on again", "skin looked at: unchanged",
)  # fmt: skip


class NotesPage(Page):
    """Eight notes."""

    name = "notes"
    title = "NOTE"
    footer = ("choose", "back")
    has_menu = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._text = ""

    def offers(self) -> Offers:
        """A digit for each; Enter for a text of one's own, which is typed at zero only."""
        typed = None if self._text else "pick a digit, or type a note first"
        if self.bed.live.busy:
            typed = "at zero only: while output may be on SPACE is STOP"
        digits = {f"channel-{number}": None for number in range(1, len(NOTES) + 1)}
        return {**digits, "choose": typed, "back": None}

    def act(self, action: str) -> None:
        """Put it on record."""
        text = self._text.replace("_", " ") if action == "choose" else ""
        if action.startswith("channel-"):
            text = NOTES[int(action[-1]) - 1]
        self.desk.overlay, self._text = None, ""
        if text:
            self.bed.note("note", text)
            self.desk.say(f"noted: {text}")

    @property
    def takes_text(self) -> bool:
        """Never while a channel is armed or on."""
        return not self.bed.live.busy

    def typed(self, key: str, character: str | None) -> None:
        """A first digit picks; everything else is a text of one's own, without SPACE."""
        if key in ("backspace", "delete"):
            self._text = self._text[:-1]
        elif not self._text and character in [str(n) for n in range(1, len(NOTES) + 1)]:
            self.act(f"channel-{character}")
        elif character:
            self._text = f"{self._text}{character}"[:_LONGEST]

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """The list, and the field where there may be one."""
        rows = [line((f"{number}  ", "key"), text) for number, text in enumerate(NOTES, 1)]
        lines: list[Line] = [line("Which note goes on record?"), (), *rows, ()]
        if self.takes_text:
            lines += [
                line(("or type it, with _ between the words, then Enter: ", "dim")),
                line((f"{self._text}_", "key")),
                line(("never a name; SPACE is STOP here as everywhere", "dim")),
            ]
        return lines


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
        """The engine decides whether the fault is over; everything begins at zero again."""
        self.desk.overlay = None
        self.bed.ask("acknowledge", reason=REASONS[int(action[-1]) - 1])

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """What happened, and the reasons."""
        cause = wrap(f"fault: {self.bed.live.why}", width)
        rows = [line((f"{number}  ", "key"), text) for number, text in enumerate(REASONS, 1)]
        lines: list[Line] = [line((part, "wait")) for part in cause]
        return [*lines, (), line("What was its cause, and why may a session begin again?"), *rows]
