"""Notes for the record: what the patient says and what is seen, by key; free text at zero."""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.errors import UsageError
from stimctl.tui.model.actions import ANSWERS
from stimctl.tui.model.page import Offers
from stimctl.tui.model.question import Answer, QuestionPage

LONGEST = 120
_SAID = (
    "comfortable", "feels nothing", "tingling", "stings/burns", "itches", "cramp",
    "muscle trembling", "wants less", "wants more",
)  # fmt: skip
_SEEN = (
    "good contraction", "no contraction", "muscle fatigue", "uncomfortable, reduced",
    "pain, reduced", "electrode pressed on again", "skin checked, unchanged",
)  # fmt: skip
NOTES = (*(Answer(one) for one in _SAID), *(Answer(one, column=1) for one in _SEEN))


class NotesPage(QuestionPage):
    """A key for each note."""

    name = "notes"
    title = "Note"
    actions = (*ANSWERS, "type-note", "undo")
    footer = ("type-note", "undo")
    columns = ("The patient says", "Seen or done")

    def question(self) -> str:
        """Short."""
        return "Which note goes on record?"

    def answers(self) -> Sequence[Answer]:
        """All of them, always."""
        return NOTES

    def take(self, answer: Answer) -> None:
        """On record."""
        self._note(answer.text)

    def _note(self, text: str) -> None:
        self.bed.note("note", text)
        self.desk.say(f"Noted: {text}. (n, then z, takes it back.)")

    @property
    def no_text(self) -> str | None:
        """Why no text is typed now."""
        return "at zero only: while output may be on, SPACE is STOP" if self.bed.live.busy else None

    def offers(self) -> Offers:
        """With a text of one's own, and the last entry taken back."""
        nothing = None if self.bed.said else "no note and no mark to take back"
        return {**super().offers(), "type-note": self.no_text, "undo": nothing}

    def act(self, action: str) -> None:
        """`type-note` is the screen's: it has the field."""
        if action == "undo":
            self.desk.overlay = None
            self.desk.say(f"Taken back, and recorded as taken back: {self.bed.take_back()}.")
        elif action != "type-note":
            super().act(action)

    def write(self, text: str) -> None:
        """A note in one's own words. Raises UsageError while output may be on, or for none."""
        if self.no_text:
            raise UsageError(f"a note is typed {self.no_text}")
        words = " ".join(text.split())[:LONGEST]
        if not words:
            raise UsageError("the note is empty", what_to_do="type it, then Enter")
        self.desk.overlay = None
        self._note(words)

    @property
    def last(self) -> str:
        """What would be taken back; "" where there is nothing."""
        return self.bed.said[-1].text if self.bed.said else ""
