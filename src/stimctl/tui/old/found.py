"""Where the person feels the selected channel, by digit: at the site of a channel, or elsewhere."""

from __future__ import annotations

from stimctl.tui.model.text import Line, line
from stimctl.tui.old.page import Offers, Page


class FoundPage(Page):
    """The sites of the plan in the order of the channels; the hot one is not marked."""

    name = "found"
    title = "FELT WHERE?"
    footer = ("back",)
    has_menu = False
    #: The channel that is asked about.
    channel = 0

    def _sites(self) -> dict[int, str]:
        choice = self.bed.choice
        return {} if choice is None else {one.channel: one.site or "" for one in choice.seats}

    def offers(self) -> Offers:
        """A digit for the site of each channel."""
        return {**{f"channel-{number}": None for number in self._sites()}, "no": None}

    def act(self, action: str) -> None:
        """Tell the supervisor, which compares it with the plan."""
        self.desk.overlay = None
        site = "elsewhere" if action == "no" else self._sites()[int(action[-1])]
        self.bed.ask("found", channel=self.channel, site=site)

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Question and answers."""
        question = f"Ask the person: where is channel {self.channel} felt?"
        rows = [line((f"{number}  ", "key"), site) for number, site in self._sites().items()]
        return [line((question, "strong")), (), *rows, line(("n  ", "key"), "at none of these")]
