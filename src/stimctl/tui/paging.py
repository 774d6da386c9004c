"""A page up or down in a list without room on the screen does nothing; Textual's ends the program.

Textual lays its lines out when it has room: not before it is drawn, and never where the terminal
is too small for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.actions import ActionParseResult
from textual.app import App
from textual.css.query import QueryError
from textual.dom import DOMNode
from textual.widgets import OptionList

_PAGE = "page_"


class PagingApp(App[int]):
    """Textual's, with that left out."""

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual has it; False for a page of a list without room."""
        if _PAGE in str(action) and _has_no_room(default_namespace):
            return False
        return await super().run_action(action, default_namespace, namespaces)


def _has_no_room(where: DOMNode | None) -> bool:
    """Whether it is a list without room on the screen, or has one: the palette moves its own."""
    if where is None:
        return False
    try:
        found = where if isinstance(where, OptionList) else where.query_one(OptionList)
    except QueryError:
        return False
    return not found.scrollable_content_region
