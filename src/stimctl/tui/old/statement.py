"""The statement of use: read once on this computer, and accepted by typing a word."""

from __future__ import annotations

import time
from typing import Any

from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.old.page import Offers, Page

_WORD = "accept"


class StatementPage(Page):
    """Without it no hardware is armed; twins need none."""

    name = "statement"
    title = "STATEMENT OF USE"
    footer = ("choose", "back")
    has_menu = False

    def __init__(self, desk: Any) -> None:
        super().__init__(desk)
        self._typed = ""

    def opened(self) -> None:
        """Nothing is typed yet."""
        self._typed = ""

    def _accepted(self) -> bool:
        from stimctl.records.approvals import use_is_accepted

        return use_is_accepted(self.bed.state_folder)

    @property
    def takes_text(self) -> bool:
        """Until it is accepted, at zero only."""
        return not self.bed.output_may_be_on and not self._accepted()

    def typed(self, key: str, character: str | None) -> None:
        """A character of the word."""
        if key in ("backspace", "delete"):
            self._typed = self._typed[:-1]
        elif character:
            self._typed = (self._typed + character)[: 2 * len(_WORD)]

    def offers(self) -> Offers:
        """Enter counts once the word stands there."""
        return {"choose": None if self._typed == _WORD else f"type {_WORD} first", "back": None}

    def act(self, action: str) -> None:
        """Accept, on the disk; or back."""
        if action == "choose":
            from stimctl.records.approvals import accept_use
            from stimctl.records.rows import utc_text
            from stimctl.version import __version__

            accept_use(self.bed.state_folder, utc_text(time.time_ns()), __version__)
            self.desk.say("accepted, and on record on this computer")
        self.desk.back()

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """The text, and the field."""
        from stimctl.records.approvals import STATEMENT

        lines = [line(part) for part in wrap(STATEMENT, width)]
        if self._accepted():
            return [*lines, (), line(("✓ accepted on this computer", "strong"))]
        field = f"type {_WORD}, then Enter:  {self._typed}_"
        return [*lines, (), line((field, "key"))]
