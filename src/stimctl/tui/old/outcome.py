"""How it went, in a few keys: pain before and after, skin, tolerance, anything adverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.text import Line, line
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_OPEN = "not asked"
#: Numeric rating of pain, 0 none to 10 the worst (LOINC 72514-3, R).
_NRS = (_OPEN, *(str(number) for number in range(11)))
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pain before 0-10", _NRS),
    ("pain after 0-10", _NRS),
    ("skin", (_OPEN, "unchanged", "slightly red", "red spots", "blister or burn")),
    ("tolerance", (_OPEN, "well tolerated", "tolerated", "barely tolerated", "not tolerated")),
    ("adverse event", (_OPEN, "none", "mild", "moderate", "severe")),
)


class OutcomePage(ListPage):
    """← and → change the picked line; Enter puts all of it on record."""

    name = "outcome"
    title = "OUTCOME"
    footer = ("less", "more", "choose")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._at = [0] * len(FIELDS)

    def count(self) -> int:
        """The fields."""
        return len(FIELDS)

    def offers(self) -> Offers:
        """Changing at zero only: while output is on, eyes belong on the person."""
        busy = "output may be on: STOP first" if self.bed.output_may_be_on else None
        gone = None if self.bed.client is not None else "no session is open to put it on record"
        return {**super().offers(), "less": busy, "more": busy, "choose": busy or gone,
                "back": None}  # fmt: skip

    def act(self, action: str) -> None:
        """The next word, or the one before."""
        if action in ("less", "more"):
            words = FIELDS[self.picked][1]
            by = 1 if action == "more" else -1
            self._at[self.picked] = (self._at[self.picked] + by) % len(words)
        elif action == "back":
            self.desk.back()
        else:
            super().act(action)

    def chosen(self) -> None:
        """On record, as far as it was asked."""
        told = [
            f"{name}: {words[at]}" for (name, words), at in zip(FIELDS, self._at, strict=True) if at
        ]
        if not told:
            self.desk.say("refused: nothing was answered yet")
            return
        self.bed.note("outcome", "; ".join(told))
        self._at = [0] * len(FIELDS)
        self.desk.open("report")
        self.desk.say("the outcome is on record")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """One line for each field."""
        rows = [
            line((f"{name:<20}", "strong"), f"◂ {words[at]} ▸")
            for (name, words), at in zip(FIELDS, self._at, strict=True)
        ]
        return [line("Ask the person and look at the skin; Enter puts it on record."), (),
                *self.rows(rows, len(rows))]  # fmt: skip
