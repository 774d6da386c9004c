"""Whose session it is: codes used before, or a new one; never a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.errors import UsageError
from stimctl.tui.page import ListPage, Offers
from stimctl.tui.persons import known_persons
from stimctl.tui.text import Line, line, safe

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk

_LONGEST = 16


class PersonPage(ListPage):
    """Pick a code or type one."""

    name = "person"
    title = "PERSON"
    footer = ("choose", "move-down")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._known: list[tuple[str, str]] = []
        self._typed = ""

    def opened(self) -> None:
        """Read who was here before."""
        self._typed = ""
        self.bed.jobs.run(
            lambda: known_persons(self.bed.state_folder),
            self._found,
            lambda e: self.desk.say(str(e)),
        )

    def _found(self, known: list[tuple[str, str]]) -> None:
        self._known = known

    def count(self) -> int:
        """The known ones, and the line to type in."""
        return len(self._known) + 1

    def offers(self) -> Offers:
        """Choosing; not while a session of somebody is under way."""
        found = dict(super().offers())
        if self.bed.output_may_be_on:
            found["choose"] = "a session is under way: STOP first"
        return found

    @property
    def takes_text(self) -> bool:
        """While the last line is picked."""
        return self.picked >= len(self._known) and not self.bed.output_may_be_on

    def typed(self, key: str, character: str | None) -> None:
        """One character of a new code."""
        if key in ("backspace", "delete"):
            self._typed = self._typed[:-1]
        elif character and len(self._typed) < _LONGEST:
            self._typed += character

    def chosen(self) -> None:
        """Take the code, and go to the devices. A connected session is for one person only."""
        code = self._known[self.picked][0] if self.picked < len(self._known) else self._typed
        if not code:
            raise UsageError("type a code such as K-17", why="never a name or a date of birth")
        self.bed.take_person(code)
        self.desk.open("connect")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """The list and the field."""
        rows = [
            line((f"{safe(code):<18}", "strong"), f"last session {safe(last)}")
            for code, last in self._known
        ]
        field = f"new code: {self._typed}{'_' if self.takes_text else ''}"
        rows.append(line((field, "strong")))
        return [
            line("Whose session is this? A pseudonym, with the key to it kept elsewhere."),
            (),
            *self.rows(rows, height - 6),
            (),
            line(
                (
                    "A code has a digit and no name in it: K-17, S03. It is in every record.",
                    "dim",
                )
            ),
        ]
