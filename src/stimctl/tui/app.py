"""The Textual app: one sheet of lines, keys in, beats out, and nothing that STOP waits for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.driver import Driver

from stimctl.tui.model.desk import Desk
from stimctl.tui.model.probe import QUERY
from stimctl.tui.sheet import Sheet
from stimctl.tui.stop_driver import StopDriver, key_time_ns
from stimctl.tui.themes import ground_of
from stimctl.tui.view import window_title

BEAT_S = 0.1
TICK_S = 0.2


class StimctlApp(App[int]):
    """Routes keys and rows to the desk, and draws what it says."""

    CSS = "Screen { background: transparent; overflow: hidden; }"
    TITLE = "stimctl"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self, desk: Desk, *, beat_s: float = BEAT_S, timers: bool = True,
        gone: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        super().__init__(ansi_color=True)
        self.desk = desk
        self.stop_line = desk.bed.stop_line
        self.stop_keys = desk.keymap.stop_keys
        self.taps = desk.taps
        self._beat_s = beat_s
        self._timed = timers
        self._gone = gone
        self._woken = False
        self._events_loop: asyncio.AbstractEventLoop | None = None
        self._titled = ""
        self.sheet = Sheet(desk.theme)
        self._worn = desk.theme
        desk.leave = self.exit
        desk.wake = self.wake
        desk.save = self._save_screen

    def get_driver_class(self) -> type[Driver]:
        """Ours, with STOP in the input thread."""
        return StopDriver

    def compose(self) -> ComposeResult:
        """The sheet is all there is."""
        yield self.sheet

    def on_mount(self) -> None:
        """Beats and ticks come from the message pump that keys and drawing depend on."""
        self._events_loop = asyncio.get_running_loop()
        self.screen.styles.background = (
            "transparent" if self.desk.theme == "mono" else ground_of(self.desk.theme)
        )
        if self._timed:
            self.set_interval(self._beat_s, self.desk.bed.beat)
            self.set_interval(TICK_S, self._tick)
        self.draw()
        self.call_after_refresh(self._first_work)

    def _first_work(self) -> None:
        first, self.desk.first = self.desk.first, lambda: None
        first()
        self.draw()

    # -- from other threads ----------------------------------------------------------------------

    def output_may_be_on(self) -> bool:
        """See `StoppableApp`."""
        return self.desk.bed.output_may_be_on

    def terminal_gone(self) -> None:
        """See `StoppableApp`."""
        self._gone()

    def terminal_answered(self, at_ns: int) -> None:
        """See `StoppableApp`."""
        if self.desk.lookout.probe is not None:
            self.desk.lookout.probe.answered(at_ns)

    def wake(self) -> None:
        """A row has come: look at it soon, once for all that come together."""
        if self._events_loop is not None and not self._woken:
            self._woken = True
            self.post(self._rows_came)

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` in the event loop."""
        if self._events_loop is not None and not self._events_loop.is_closed():
            self._events_loop.call_soon_threadsafe(call)

    def _rows_came(self) -> None:
        self._woken = False
        self.desk.take_rows()
        self.draw()

    def finished(self, call: Callable[[], None]) -> None:
        """A job's outcome, brought into the event loop."""

        def report() -> None:
            call()
            self.draw()

        self.post(report)

    # -- events ------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go to the desk, never to a widget or a binding of Textual's own."""
        if isinstance(event, events.Key):
            self._pressed(event.key, event.character, key_time_ns(event))
            return
        if isinstance(event, events.Paste):
            self.desk.paste()
            self.draw()
            return
        if isinstance(event, events.AppFocus):
            self.desk.lookout.focus.came(self.desk.clock.mono_ns())
        await super().on_event(event)

    def _pressed(self, key: str, character: str | None, at_ns: int) -> None:
        self.desk.key(key, character, self.desk.clock.mono_ns() if not self._timed else at_ns)
        self.draw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click selects, lowers or stops; it never starts anything. The wheel does nothing."""
        self.desk.click(int(event.screen_x), int(event.screen_y))
        self.draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Another size, another drawing."""
        self.draw()

    def _tick(self) -> None:
        self._look_at_size()
        self._ask_terminal()
        self.desk.tick()
        self.draw()

    def _look_at_size(self) -> None:
        """A signal of another size can be lost; a screen drawn for the old one would hide STOP."""
        if isinstance(self._driver, StopDriver):
            size = self._driver.terminal_size()
            if size != self.size:
                self.post_message(events.Resize(size, size))

    def _ask_terminal(self) -> None:
        """How long the way to the eyes is; asked on the same way as everything drawn."""
        probe, now_ns = self.desk.lookout.probe, self.desk.clock.mono_ns()
        if probe is not None and isinstance(self._driver, StopDriver) and probe.due(now_ns):
            probe.asked(now_ns)
            self._driver.write(QUERY)

    # -- drawing -----------------------------------------------------------------------------

    def draw(self) -> None:
        """Show what there is now."""
        if not self.is_running:
            return
        width, height = self.size
        if self._worn != self.desk.theme:
            self._wear()
        self.sheet.show(self.desk.lines(width, height))
        self._ring()
        self._retitle()

    def _wear(self) -> None:
        self._worn = self.desk.theme
        self.sheet.wear(self._worn)
        mono = self._worn == "mono"
        self.screen.styles.background = "transparent" if mono else ground_of(self._worn)

    def _ring(self) -> None:
        """For as long as something has to be heard; the desk says when."""
        if self.desk.rings():
            self.bell()

    def _retitle(self) -> None:
        """The state in the window's title too, where another window covers the screen."""
        title = window_title(self.desk.bed.live)
        if title != self._titled and self._driver is not None and not self.is_headless:
            self._titled = title
            self._driver.write(f"\x1b]2;{title}\x07")

    def _save_screen(self) -> None:
        """SVG and text of the screen, with the person's code blacked out."""
        folder = self.desk.bed.state_folder / "screens"
        person, self.desk.bed.person = self.desk.bed.person, ""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            hidden = "█" * len(person)
            words = "\n".join(self.sheet.words())
            name = f"{self.desk.page.name}-{os.getpid()}-{self.desk.clock.mono_ns()}"
            (folder / f"{name}.txt").write_text(
                (words.replace(person, hidden) if person else words) + "\n", "utf-8"
            )
            picture = self.export_screenshot(title="stimctl")
            (folder / f"{name}.svg").write_text(
                picture.replace(person, hidden) if person else picture, "utf-8"
            )
            self.desk.say(f"saved {folder / name}.svg and .txt, the person's code blacked out")
        except OSError as error:
            self.desk.say(f"not saved: {error}")
        finally:
            self.desk.bed.person = person
