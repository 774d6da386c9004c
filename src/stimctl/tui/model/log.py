"""Every event of this session in words, the oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.tui.model.page import Page


class LogPage(Page):
    """The last ones, as many as are kept."""

    name = "log"
    title = "Events"
    actions = ("scroll-up", "scroll-down")
    footer = actions

    def offers(self) -> dict[str, str | None]:
        """The screen moves."""
        return dict.fromkeys(self.actions)

    def lines(self) -> Sequence[tuple[str, str]]:
        """Local time and words."""
        return self.bed.live.log
