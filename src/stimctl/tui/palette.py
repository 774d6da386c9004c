"""The command palette's own provider: every action that leads to no output."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.worker import Worker

from stimctl.tui.model.actions import ACTION_BY_ID, MENU

if TYPE_CHECKING:
    from stimctl.tui.screens.base import Face

#: Textual's longest wait in a palette is 0.5 s.
_KEPT_NS = 2_000_000_000
#: Those that mean nothing without the screen that they move or answer on.
_NOT_HERE = ("choose", "move-", "more", "less", "scroll-", "answer-")


class StimPalette(CommandPalette):
    """Textual's own; a search that fails, as one does that begins when the palette has just been
    closed, never ends the program."""

    def run_worker(self, *args: Any, **options: Any) -> Worker[Any]:
        """As Textual has it; what fails is left out."""
        return super().run_worker(*args, **{**options, "exit_on_error": False})


class Palettes:
    """Each opening of the palette. A closed one keeps its widgets for a while: Textual's looks for
    them half a second after, and ends the program where they are gone."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._opened = 0
        #: By name, and when each was last seen open.
        self._seen: dict[str, tuple[StimPalette, int]] = {}

    def open(self, now_ns: int) -> None:
        """Put up a new one, where none is up."""
        if isinstance(self._app.screen, StimPalette):
            return
        self._opened += 1
        palette, name = StimPalette(), f"palette-{self._opened}"
        self._seen[name] = palette, now_ns
        self._app.install_screen(palette, name)
        self._app.push_screen(palette)

    def tidy(self, now_ns: int) -> None:
        """Take apart those that were closed long enough ago."""
        for name, (palette, seen_ns) in list(self._seen.items()):
            if palette in self._app.screen_stack:
                self._seen[name] = palette, now_ns
            elif now_ns - seen_ns > _KEPT_NS:
                del self._seen[name]
                self._app.uninstall_screen(palette)
                palette.remove()


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
