"""The statement of use: read once on this computer, and accepted by typing a word."""

from __future__ import annotations

import time
from typing import ClassVar

from stimctl.errors import UsageError
from stimctl.tui.model.page import Offers, Page

WORD = "accept"


class StatementPage(Page):
    """Without it no hardware is armed; simulations need none."""

    name = "statement"
    title = "Statement of use"
    actions: ClassVar[tuple[str, ...]] = ("choose",)
    has_menu = False

    @property
    def is_accepted(self) -> bool:
        """On this computer, as it is worded now."""
        from stimctl.records.approvals import use_is_accepted

        return use_is_accepted(self.bed.state_folder)

    @property
    def text(self) -> str:
        """The statement."""
        from stimctl.records.approvals import STATEMENT

        return STATEMENT

    def offers(self) -> Offers:
        """Its word is typed; or back."""
        return {"choose": None if self.is_accepted else f"Type {WORD} first.", "back": None}

    def act(self, action: str) -> None:  # noqa: ARG002
        """Away with it."""
        self.desk.overlay = None

    def accept(self, typed: str) -> None:
        """Record it on this computer. Raises UsageError for any other word."""
        if self.bed.output_may_be_on or typed.strip().lower() != WORD:
            raise UsageError("the statement is not accepted", what_to_do=f"type {WORD}, then Enter")
        from stimctl.records.approvals import accept_use
        from stimctl.records.rows import utc_text
        from stimctl.version import __version__

        accept_use(self.bed.state_folder, utc_text(time.time_ns()), __version__)
        self.desk.overlay = None
        self.desk.say("Accepted and recorded on this computer.")
