"""Whose session it is: codes used before, or a new one; never a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.errors import StimctlError, UsageError
from stimctl.records.person import check_person_code
from stimctl.tui.model.papers import check_second
from stimctl.tui.model.persons import known_persons, remembered
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_LONGEST = 16


class PersonPage(ListPage):
    """Pick a code or type one; what is typed goes to the new code, whatever is picked.

    So a code never moves the list (k), leaves the program (q) or opens a screen (digits): arrows,
    Enter and the keys that no field takes do that here.
    """

    name = "person"
    title = "PERSON"
    footer = ("choose", "move-down")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._known: list[tuple[str, str]] = []
        self._typed = ""
        #: The code that was chosen and waits for its second identifier; "" = none.
        self._waits = ""

    def opened(self) -> None:
        """Read who was here before."""
        self._typed = self._waits = ""
        self.bed.jobs.run(
            lambda: known_persons(self.bed.state_folder),
            self._found,
            self._not_found,
        )

    def _found(self, known: list[tuple[str, str]]) -> None:
        self._known = known
        if self._typed and not self._waits:  # begun before it was known who was here
            self.picked = len(known)

    def _not_found(self, error: StimctlError) -> None:
        self.desk.say(str(error))

    def count(self) -> int:
        """The known ones, and the line to type in."""
        return len(self._known) + 1

    def offers(self) -> Offers:
        """Choosing; not while a session of somebody is under way."""
        found = dict(super().offers())
        if self.bed.output_may_be_on:
            found["choose"] = "a session is under way: STOP first"
        if self._waits:
            found["back"] = None
        return found

    @property
    def takes_text(self) -> bool:
        """Always, but while output may be on: whose session it is is no question then."""
        return not self.bed.output_may_be_on

    def typed(self, key: str, character: str | None) -> None:
        """One character of the new code, or of the second identifier."""
        if key in ("backspace", "delete"):
            self._typed = self._typed[:-1]
        elif character and len(self._typed) < _LONGEST:
            self._typed += character
        if self._typed and not self._waits:
            self.picked = len(self._known)

    def act(self, action: str) -> None:
        """While the second identifier is asked for, only Enter and back mean something."""
        if self._waits and action != "choose":
            self._typed = self._waits = ""
            self.desk.say("nobody is chosen")
        else:
            super().act(action)

    def chosen(self) -> None:
        """A code, then four digits that the person tells (H25); then the devices."""
        if self._waits:
            self._confirm()
            return
        code = self._known[self.picked][0] if self.picked < len(self._known) else self._typed
        if not code:
            raise UsageError("type a code such as K-17", why="never a name or a date of birth")
        self._waits, self._typed = check_person_code(code), ""

    def _confirm(self) -> None:
        """Without the digits the person is taken for a twin only; with wrong ones not at all."""
        known = remembered(self.bed.state_folder, self._waits).second
        if self._typed:
            check_second(self._typed, known)
        self.bed.take_person(self._waits)
        if self._typed:
            self.bed.confirm_person(self._typed)
        self.desk.open("connect")
        if not self._typed:
            self.desk.say("not confirmed by a second identifier: enough for a twin only")

    def body(self, width: int, height: int) -> list[Line]:
        """The list and the field."""
        if self._waits:
            return self._second(width)
        rows = [
            line((f"{safe(code):<18}", "strong"), f"last session {safe(last)}")
            for code, last in self._known
        ]
        here = self.takes_text and self.picked >= len(self._known)
        field = f"new code: {self._typed}{'_' if here else ''}"
        rows.append(line((field, "strong")))
        return [
            line("Whose session is this? A pseudonym, with the key to it kept elsewhere."),
            (),
            *self.rows(rows, height - 7),
            (),
            line(
                ("A code has a digit and no name in it: K-17, S03. It is in every record.", "dim")
            ),
            line(
                (
                    "What is typed goes to the new code; arrows and Enter pick one from before.",
                    "dim",
                )
            ),
        ]

    def _second(self, width: int) -> list[Line]:
        known = bool(remembered(self.bed.state_folder, self._waits).second)
        ask = (
            f"Ask the person for the four digits that belong to {self._waits}."
            if known
            else f"{self._waits} has no second identifier on record here. If this is not a first "
            "session, the code is mistyped: go back. Else ask the person for four digits that will "
            "belong to it from now on, such as the year of birth."
        )
        return [
            *(line((part, "strong")) for part in wrap(ask, width)),
            (),
            line((f"four digits: {self._typed}_", "key")),
            (),
            line(("Enter alone goes on without: enough for a twin, not for hardware.", "dim")),
            line(("← goes back; nobody is chosen then.", "dim")),
        ]
