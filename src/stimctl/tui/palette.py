"""The command palette's own provider: every action that leads to no output."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.worker import Worker

from stimctl.tui.model.actions import ACTION_BY_ID, MENU

if TYPE_CHECKING:
    from stimctl.tui.screens.base import Face

#: Those that mean nothing without the screen that they move or answer on.
_NOT_HERE = ("choose", "move-", "more", "less", "scroll-", "answer-")


class StimPalette(CommandPalette):
    """Textual's own; a search that fails, as one does that begins when the palette has just been
    closed, never ends the program."""

    def run_worker(self, *args: Any, **options: Any) -> Worker[Any]:
        """As Textual has it; what fails is left out."""
        return super().run_worker(*args, **{**options, "exit_on_error": False})


class StimCommands(Provider):
    """Raising, getting ready and starting are not among them."""

    def _offered(self) -> Iterator[tuple[str, str]]:
        """Action and its words, with why it does nothing now."""
        offered = dict.fromkeys(MENU) | self._stimctl.desk.offers()
        for one, why in offered.items():
            told = ACTION_BY_ID[one]
            if not told.raises and not one.startswith(_NOT_HERE):
                yield one, f"{told.label}: {why or told.help}"

    @property
    def _stimctl(self) -> Face:
        return cast("Face", self.app)

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for one, words in self._offered():
            yield DiscoveryHit(words, partial(self._stimctl.do, one))

    async def search(self, query: str) -> Hits:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for one, words in self._offered():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), partial(self._stimctl.do, one))
