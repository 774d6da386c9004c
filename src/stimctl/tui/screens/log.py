"""Every event of this session. It takes no arrows: while output is on, those lower and raise."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import RichLog

from stimctl.tui.model.live import LOG_LINES
from stimctl.tui.model.log import LogPage
from stimctl.tui.screens.base import StimScreen


class LogScreen(StimScreen, page=LogPage):
    """Moved by j and k, and by the wheel."""

    page: LogPage
    _last: object = None

    def body(self) -> ComposeResult:
        """The log takes no focus, so no key."""
        log = RichLog(wrap=True, min_width=0, max_lines=2 * LOG_LINES, id="log")
        log.can_focus = False
        yield log

    def fill(self) -> None:
        """What has come since; all of it where none of that is known any more."""
        lines = list(self.page.lines())
        known = next((n for n in range(len(lines), 0, -1) if lines[n - 1] is self._last), 0)
        log = self.query_one(RichLog)
        if not known:
            log.clear()
        for at, words in lines[known:]:
            log.write(f"{at}  {words}", expand=True)
        self._last = lines[-1] if lines else None

    def on_resize(self) -> None:
        """Wrapped anew."""
        self._last = None
        if self._is_built:
            self.fill()

    def action_do(self, action: str) -> None:
        """Moving is the screen's own."""
        super().action_do(action)
        if action in ("scroll-up", "scroll-down"):
            by = 5 if action == "scroll-down" else -5
            for log in self.query(RichLog):
                log.scroll_relative(y=by, animate=False)
