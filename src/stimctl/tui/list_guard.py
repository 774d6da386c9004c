"""A key for a list that is not there, or has no room on the screen, does nothing.

Textual lays the lines of a list out when it has room: not before it is drawn, and never where the
terminal is too small for it; a page up in it ends the program then. So does a key for the palette
that comes before its widgets are there, or when it has just been closed.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.actions import ActionParseResult
from textual.app import App
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.widgets import OptionList

_PAGE = "page_"


class ListGuard(App[int]):
    """Textual's, with those keys left out."""

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual has it; True for what is left out: nothing else takes that key."""
        if self._moves_nothing(str(action), default_namespace):
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def _moves_nothing(self, action: str, where: DOMNode | None) -> bool:
        if isinstance(where, CommandPalette):
            lists = list(where.query(OptionList))
            if where is not self.screen or not lists:
                return True
        else:
            lists = [where] if isinstance(where, OptionList) else []
        return _PAGE in action and any(not one.scrollable_content_region for one in lists)
