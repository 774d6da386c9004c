"""A table to be read: nothing in it is picked, and its last column wraps."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

Row = tuple[str, ...]
_LEAST = 12
_PADDING = 2


class RowsTable(DataTable[Text]):
    """`heads`: what stands above the columns; all empty: no line for it. `widths`: of all columns
    but the last, which has the rest."""

    def __init__(
        self, heads: Sequence[str], widths: Sequence[int], *, id: str | None = None
    ) -> None:
        super().__init__(show_header=any(heads), show_cursor=False, cursor_type="none", id=id)
        self._heads, self._widths = heads, widths
        self._rows_shown: tuple[Row, ...] = ()
        self._drawn: object = None

    def show(self, rows: Sequence[Row]) -> None:
        """These rows; the first cell of each is bold."""
        self._rows_shown = tuple(rows)
        width = self.scrollable_content_region.width
        if (self._rows_shown, width) == self._drawn or not width:
            return
        self._drawn = (self._rows_shown, width)
        at = self.scroll_offset
        self.clear(columns=True)
        widths = [min(one, width // len(self._heads)) for one in self._widths]
        rest = width - sum(widths) - _PADDING * len(self._heads)
        for head, each in zip(self._heads, [*widths, max(_LEAST, rest)], strict=True):
            self.add_column(Text(head), width=each)
        for first, *others in self._rows_shown:
            cells = [Text(first, style="bold"), *(Text(one) for one in others)]
            self.add_row(*cells, height=None)
        self.scroll_to(at.x, at.y, animate=False)

    def on_resize(self) -> None:
        """Other room for the last column."""
        self.show(self._rows_shown)
