"""The Textual app: the model in front decides which screen is up; beats go out; STOP waits for none
of it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.driver import Driver
from textual.widgets import Input

from stimctl.tui.beats import Beats
from stimctl.tui.list_guard import ListGuard
from stimctl.tui.model.actions import LOWERING, MENU
from stimctl.tui.model.desk import Desk
from stimctl.tui.model.probe import QUERY
from stimctl.tui.palette import Palettes, StimCommands
from stimctl.tui.saved_screen import save_screen
from stimctl.tui.screens.base import StimModal, StimScreen, bindings_of
from stimctl.tui.screens.index import load_all, screen_of
from stimctl.tui.screens.shown import window_title
from stimctl.tui.stop_driver import StopDriver, key_time_ns
from stimctl.tui.themes import THEMES, own_variables
from stimctl.tui.widgets.stop_key import StopKey

BEAT_S = 0.1
TICK_S = 0.2
_BETWEEN_S = 0.03
#: Textual's own empty screen, and the model's above it.
_BASE = 2
#: What a session can put up at any time.
_AHEAD = ("armed", "unknown", "asked", "notes", "fault", "found", "small", "help", "thresholds",
          "report", "log", "service", "precheck", "person", "connect")  # fmt: skip
_EVERYWHERE = ("back", "help", "silence", "theme", "save", "quit")


class StimctlApp(ListGuard):
    """Brings keys and rows to the model, and puts up what it says."""

    CSS_PATH = [  # noqa: RUF012 - as Textual declares it
        "styles/app.tcss", "styles/widgets.tcss", "styles/after.tcss", "styles/setup.tcss",
        "styles/way.tcss",
    ]  # fmt: skip
    TITLE = "stimctl"
    ALLOW_SELECT = False  # dragged over text that goes meanwhile, the mouse would end the program
    COMMANDS = {StimCommands}  # noqa: RUF012 - as Textual declares it
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(_EVERYWHERE, ("quit", "help")), *bindings_of(MENU),
    ]  # fmt: skip

    def __init__(
        self, desk: Desk, *, beat_s: float = BEAT_S, timers: bool = True,
        gone: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.desk = desk
        self.stop_line = desk.bed.stop_line
        self.stop_keys = desk.keymap.stop_keys
        self.taps = desk.taps
        self._beat_s = beat_s
        self._timed = timers
        self._gone = gone
        self._woken = False
        self._events_loop: asyncio.AbstractEventLoop | None = None
        #: Where Textual keeps which app is active: a call from another thread has none of its own.
        self._where: Context | None = None
        self._titled = ""
        #: A screen is being built ahead.
        self._building = False
        self._leaves = False
        #: A batch has ended since the last tick.
        self._undrawn = False
        #: By screen, which actions worked when its footer was made.
        self._worked: dict[str, set[str]] = {}
        #: What the keys mean, as of the last look: asked for every binding.
        self._offers: dict[str, str | None] = {}
        #: A key, and no click, is what is being obeyed.
        self._by_key = False
        self._screens: dict[str, StimScreen | StimModal] = {}
        self._palettes = Palettes(self)
        self.beats = Beats(desk.bed.beat, desk.clock.mono_ns, beat_s)
        desk.leave = self.leave
        desk.wake = self.wake
        desk.save = lambda: save_screen(desk, self.export_screenshot(title="stimctl"))
        desk.is_building = timers
        for one in THEMES.values():
            self.register_theme(one)
        self.theme = desk.theme
        self.set_keymap(desk.keymap.changed())

    def get_driver_class(self) -> type[Driver]:
        """Ours, with STOP in the input thread."""
        return StopDriver

    def on_mount(self) -> None:
        """The clockwork starts here."""
        self._events_loop = asyncio.get_running_loop()
        self._where = copy_context()
        if self._timed:
            self.set_interval(self._beat_s, self.beats.queue_moves)
            self.set_interval(TICK_S, self._tick)
            self.beats.begin(self._events_loop)
        self.follow()
        self.call_after_refresh(self._first_work)

    def _first_work(self) -> None:
        if self._timed:
            gc.freeze()  # what is there now stays: no beat waits until it is searched for garbage
            gc.enable()
            threading.Thread(target=load_all, name="screens", daemon=True).start()
        first, self.desk.first = self.desk.first, lambda: None
        first()
        self.follow()

    # -- from other threads ----------------------------------------------------------------------

    def output_may_be_on(self) -> bool:
        """See `StoppableApp`."""
        return self.desk.bed.output_may_be_on

    def takes_space(self) -> bool:
        """See `StoppableApp`."""
        return isinstance(self.focused, Input) and not self.desk.bed.output_may_be_on

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours of ours where a theme does not have them."""
        return own_variables(self.theme)

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
            self._events_loop.call_soon_threadsafe(call, context=self._where)

    def _rows_came(self) -> None:
        self._woken = False
        self.desk.take_rows()
        self.follow()

    def finished(self, call: Callable[[], None]) -> None:
        """A job's outcome, brought into the event loop."""

        def report() -> None:
            call()
            self.follow()

        self.post(report)

    # -- keys --------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """The guards of the keyboard come first; what they let through goes Textual's way."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            at_ns = key_time_ns(event) if self._timed else self.desk.clock.mono_ns()
            space = event.key == "space" and self.takes_space()
            typed = event.is_printable and self.takes_space()
            guarded = self.desk.guarded(event.key, at_ns, is_text=space, in_field=typed)
            if guarded or self._lowered(event.key):
                self.follow()
                return
            self._by_key, self._offers = True, self.desk.offers()
            try:
                if not await self._done_now(event):
                    await super().on_event(event)
            finally:
                self._by_key = False
            return
        if isinstance(event, events.Paste) and self.desk.pasted(isinstance(self.focused, Input)):
            self.follow()
            return
        if isinstance(event, events.AppFocus):
            self.desk.lookout.focus.came(self.desk.clock.mono_ns())
        await super().on_event(event)

    async def _done_now(self, event: events.Key) -> bool:
        """An action of the table, where no widget wants its key. Textual would send the key through
        the queues of its widgets, and a later one that raises would overtake it."""
        if self._building:  # what Textual has in front is not what the person sees
            self.desk.say_no(event.key)
            self.follow()
            return True
        there = self.screen.active_bindings.get(event.key)
        is_ours = there is not None and there.enabled and there.binding.action.startswith("do(")
        if there is None or not is_ours or isinstance(self.focused, Input):
            return False
        return await self.run_action(there.binding.action, there.node)

    def _lowered(self, key: str) -> bool:
        """Down works everywhere while output is on, whatever has the focus."""
        action = self.desk.keymap.action_for(key, LOWERING)
        return action is not None and self.desk.lowered(action)

    def on_key(self, event: events.Key) -> None:
        """A key that nothing has taken: say why."""
        there = self.screen.active_bindings.get(event.key)
        # What may raise is a priority binding: it comes here where its screen was not up yet.
        if there is None or not there.enabled or there.binding.priority:
            self.desk.say_no(event.key)
            self.follow()

    def works(self, action: str) -> bool:
        """Whether an action of the table is offered now, and not refused."""
        return self._offers.get(action, "") is None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """As on every screen."""
        if action == "do":
            return self.works(str(parameters[0]))
        return super().check_action(action, parameters)

    def action_command_palette(self) -> None:
        """Textual's palette, safe to close at any time."""
        self._palettes.open(self.desk.clock.mono_ns())

    def action_do(self, action: str) -> None:
        """Do an action of the table."""
        self.do(action)

    def do(self, action: str) -> None:
        """Do an action of the table; its refusal is said."""
        self.desk.do(action, by_key=self._by_key)
        self.follow()

    def on_stop_key_pressed(self, event: StopKey.Pressed) -> None:
        """The mouse stops as a key does."""
        event.stop()
        self.stop_line.stop("mouse")
        self.desk.say("STOP sent (mouse)")
        self.follow()

    def on_resize(self, _event: events.Resize) -> None:
        """Another size, another drawing."""
        self.follow()

    def _tick(self) -> None:
        if self._undrawn and not self._building:
            self._undrawn = False
            self.screen.refresh()
        self._palettes.tidy(self.desk.clock.mono_ns())
        self._build_ahead()
        self._look_at_size()
        self._ask_terminal()
        self.desk.tick()
        self.follow()

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

    # -- screens -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def batch_update(self) -> Iterator[None]:
        """Textual's, and what has changed meanwhile is drawn soon after. Textual itself waits for
        the next message to that screen, and drops what was to be drawn while another batch began:
        on a busy machine the screen before it stays seen."""
        with super().batch_update():
            yield
        self._undrawn = True
        if self.is_running and self.screen_stack:
            self.screen.check_idle()

    def _screen_named(self, name: str) -> StimScreen | StimModal:
        """Installed, it stays built while another one covers it, and is never taken apart while it
        is still being built: to build one anew would take the event loop 100 ms."""
        if name not in self._screens:
            self._screens[name] = screen_of(self.desk.pages[name])
            self.install_screen(self._screens[name], name)
        return self._screens[name]

    def follow(self) -> None:
        """Put up the screens that the model wants, and show what there is now."""
        if not self.is_running:
            return
        self.desk.width, self.desk.height = self.size
        self._stack()
        if self.theme != self.desk.theme:
            self.theme = self.desk.theme
        for one in reversed(self.screen_stack):  # below the palette, where that is open
            if isinstance(one, StimScreen | StimModal):
                one.show()
                break
        self._look_at_offers()
        if self.desk.rings():
            self.bell()
        self._retitle()

    def _stack(self) -> None:
        """The model's screens, the front one last; Textual's own (the palette) may lie above."""
        if self._building:
            return  # a few hundredths of a second, at zero
        wanted = [self._screen_named(name) for name in self.desk.stack()]
        ours = [one for one in self.screen_stack if isinstance(one, StimScreen | StimModal)]
        if ours == wanted:
            return
        while len(self.screen_stack) > _BASE:
            self.workers.cancel_node(self.screen)  # the palette's, which would look for its list
            self.pop_screen()
        if len(self.screen_stack) < _BASE:
            self.push_screen(wanted[0])
        elif self.screen is not wanted[0]:
            self.switch_screen(wanted[0])
        for one in wanted[1:]:
            self.push_screen(one)

    def _build_ahead(self) -> None:
        """The screens that a session can put up, one after the other, before anything is on: to
        build one takes the event loop 0.1 to 0.2 s, and while it is busy nothing beats."""
        live = self.desk.bed.live
        name = next((one for one in _AHEAD if one not in self._screens), None)
        if self.desk.is_building and name is None and self._timed:
            gc.collect()  # at zero, so that nobody waits 0.1 s for it while output is on
            gc.freeze()
        self.desk.is_building = name is not None
        run = self._screens.get("run")  # at the end of the program no screen is left
        on_run = self.desk.front.name == "run" and self.screen_stack[-1:] == [run]
        if name is not None and on_run and not self._building and not live.busy:
            self._building = True
            self.run_worker(self._build(name), exit_on_error=True)

    async def _build(self, name: str) -> None:
        screen = self._screen_named(name)
        self._worked[name] = set()  # its footer is made for the screen that is in front now
        try:
            with self.batch_update():
                await self.push_screen(screen)
                if self.screen is screen:
                    self.pop_screen()
                    screen.forget_drawing()
        finally:
            self._building = False
            self.follow()
            self.set_timer(_BETWEEN_S, self._build_ahead)
            if self._leaves:
                self.leave()

    def leave(self) -> None:
        """End the program, after the screens that are being put up: Textual mounts nothing any more
        once it is told to exit, and would wait for them for ever."""
        self._leaves = True
        self.call_later(self._leave_now)

    def _leave_now(self) -> None:
        if not self._building:
            self.exit()

    def _look_at_offers(self) -> None:
        """The footer is made anew where a key has begun or ceased to work, and not otherwise; a new
        screen makes its own."""
        self._offers = self.desk.offers()
        works = {one for one, why in self._offers.items() if not why}
        if self._worked.setdefault(self.desk.front.name, works) != works:
            self._worked[self.desk.front.name] = works
            self.refresh_bindings()

    def _retitle(self) -> None:
        """The state in the window's title too, where another window covers the screen."""
        title = window_title(self.desk.bed.live)
        if title != self._titled and self._driver is not None and not self.is_headless:
            self._titled = title
            self._driver.write(f"\x1b]2;{title}\x07")
