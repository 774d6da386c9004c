"""How it went, for the record: pain, skin, tolerance, comfort, anything adverse. Asked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.errors import UsageError
from stimctl.records.outcome_form import BEFORE, FIELDS, TOPIC, outcome_text
from stimctl.tui.model.page import Offers, Page

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

#: What was answered to the skin check at the end, in the words of the form.
_SKIN = dict(
    zip(
        ("skin unchanged", "skin slightly and evenly red", "red spots under an electrode",
         "blister or burn"),
        FIELDS["skin"], strict=True,
    )
)  # fmt: skip
_AT_END = "skin_check_at_end"


class OutcomePage(Page):
    """A form: what is not answered is not recorded."""

    name = "outcome"
    title = "Outcome"
    actions = ("record",)
    footer = actions

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.values: dict[str, str] = {}
        #: Changes where the form is to be shown from its beginning.
        self.round = 0
        self._of: object = None

    def opened(self) -> None:
        """A new one for each session; what has been told already is filled in."""
        of = (self.bed.person, self.bed.live.course.started)
        if of != self._of:
            self._of, self.values = of, {}
            self.round += 1
        skin = _SKIN.get(self.bed.live.course.answers.get(_AT_END, ""))
        for field, told in ((BEFORE, self.bed.papers.pain_before), ("skin", skin)):
            if told and field not in self.values:
                self.values[field] = told
                self.round += 1

    @property
    def is_locked(self) -> str | None:
        """Why nothing is changed: while output is on, eyes belong on the patient."""
        return "output may be on: STOP first" if self.bed.output_may_be_on else None

    def offers(self) -> Offers:
        """Once something is answered."""
        gone = None if self.bed.client is not None else "no session is open to put it on record"
        empty = None if self.values else "nothing is answered yet"
        return {"record": self.is_locked or gone or empty}

    def choose(self, field: str, value: str) -> None:
        """An answer; "" where it is not asked. Raises UsageError."""
        if self.is_locked:
            raise UsageError(self.is_locked)
        if not value:
            self.values.pop(field, None)
        elif value in FIELDS[field]:
            self.values[field] = value
        else:
            raise UsageError(f"{field}: {value!r} is no answer")

    def act(self, action: str) -> None:  # noqa: ARG002 - there is one
        """On record, as far as it was asked; it answers the skin check, too."""
        bed, values = self.bed, self.values
        bed.note(TOPIC, outcome_text(values))
        if bed.live.asked is not None and bed.live.asked.id == _AT_END and "skin" in values:
            bed.note(_AT_END, next(told for told, word in _SKIN.items() if word == values["skin"]))
            bed.live.asked = None
        self.values = {}
        self.round += 1
        self.desk.open("report")
        self.desk.say("The outcome is recorded.")
