"""The terminal UI without a terminal, driven in plain calls: keys, typing, clicks, and the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from types import TracebackType
from typing import Any, Self

from textual import events
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.widget import Widget

from stimctl.tui.app import StimctlApp
from tests.support.cheap_textual import draw, make_cheap

#: Layouts that follow from layouts, and messages from messages; more than this would be a loop.
_ROUNDS, _STEPS = 50, 100_000


class _AtOnce(ThreadPoolExecutor):
    """What the program has done in a thread is done here, while the test waits for it."""

    def submit(self, call: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Its outcome."""
        done: Future[Any] = Future()
        try:
            done.set_result(call(*given, **named))
        except Exception as error:  # noqa: BLE001 - whatever it raises is its outcome
            done.set_exception(error)
        return done


class Headless:
    """An app over a world, in the test's own thread; its clock is the world's.

    `settle` lets every message that is under way arrive; nothing waits for time.
    """

    def __init__(self, world: Any, size: tuple[int, int] = (80, 24)) -> None:
        make_cheap()
        self.world = world
        self.app = StimctlApp(world.desk, timers=False)
        self.app.is_drawn_when_told = True  # type: ignore[attr-defined]
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(_AtOnce())
        self._size = size
        self._where = copy_context()
        self._context: Any = None
        self._pilot: Pilot[int] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(self._loop.close)
        self._context = self.app.run_test(size=self._size)
        self._pilot = self._run(self._context.__aenter__())
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with self._stack:
            self._run(self._context.__aexit__(kind, error, trace))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """In one context for all: Textual keeps there which app is active."""
        return self._loop.run_until_complete(self._loop.create_task(work, context=self._where))

    @property
    def pilot(self) -> Pilot[int]:
        """Textual's own."""
        assert self._pilot is not None
        return self._pilot

    def settle(self) -> None:
        """Every message has arrived, and the screen is drawn."""
        self._run(self._followed())

    async def _followed(self) -> None:
        await self._quiet()
        self.app.follow()
        await self._quiet()
        draw(self.app.screen)
        await self._quiet()  # the layout of what has got another size meanwhile

    async def _quiet(self) -> None:
        """Until nothing is left to be done and to be laid out. Textual's own pause asks every
        widget to answer, and then waits for an idle process: for a time, that is, and on a busy
        machine in vain."""
        for _ in range(_ROUNDS):
            await self._at_rest()
            screen = self.app.screen
            screen._on_timer_update()
            await self._at_rest()
            if screen is self.app.screen and not screen._layout_required and not screen._callbacks:
                break

    async def _at_rest(self) -> None:
        """Until every task of the event loop waits: for a message, or for a time."""
        ready = self._loop._ready  # type: ignore[attr-defined]
        for _ in range(_STEPS):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError("messages follow from messages without end")

    def press(self, *keys: str) -> None:
        """Keys, a tenth of a second apart by the world's clock."""
        for key in keys:
            self.world.pass_time(100_000_000)
            character = _CHARACTERS.get(key, key if len(key) == 1 else None)
            self.send(events.Key(key, character))
        self.settle()

    def send(self, event: events.Event) -> None:
        """An event from the terminal; it has been obeyed when this returns."""
        event.set_sender(self.app)
        self._run(self._sent(event))

    async def _sent(self, event: events.Event) -> None:
        assert self.app._driver is not None
        self.app._driver.send_message(event)
        await self._quiet()

    def burst(self, *keys: str) -> None:
        """Keys that the terminal hands over together, as a busy machine reads them."""
        assert self.app._driver is not None
        for key in keys:
            event = events.Key(key, key if len(key) == 1 else _CHARACTERS.get(key))
            event.set_sender(self.app)
            self._where.run(self.app._driver.send_message, event)
        self.settle()

    def act(self, where: DOMNode, *actions: str) -> None:
        """What keys of this widget do, as they come when it is not in front any more."""
        for action in actions:
            self._run(self.app.run_action(action, where))
        self.settle()

    def remove(self, widget: Widget) -> None:
        """Take a widget away."""
        self._run(self._removed(widget))

    async def _removed(self, widget: Widget) -> None:
        await widget.remove()

    def look_on(self, rounds: int = 100) -> None:
        """The screen is brought up to date at each step while its widgets come and go."""
        self._run(self._looked_on(rounds))
        self.settle()

    async def _looked_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.app.follow()
            await asyncio.sleep(0)

    def leave_at_once(self, place: str) -> None:
        """To a screen or question and away, in one step of the event loop: it is not built yet."""

        async def there_and_back() -> None:
            desk, was = self.world.desk, self.world.desk.page
            desk.page = desk.pages[place]
            self.app.follow()
            await asyncio.sleep(0)
            desk.page = was
            self.app.follow()

        self._run(there_and_back())
        self.settle()

    def press_while_built(self, place: str, *keys: str) -> None:
        """To a screen or question, with keys that come before it has a widget."""

        async def pressed() -> None:
            desk = self.world.desk
            desk.page = desk.pages[place]
            self.app.follow()
            for key in keys:
                event = events.Key(key, key if len(key) == 1 else _CHARACTERS.get(key))
                event.set_sender(self.app)
                await self.app.on_event(event)

        self._run(pressed())
        self.settle()

    def type(self, text: str) -> None:
        """Characters, one after the other."""
        self.press(*(_NAMES.get(one, one) for one in text))

    def click(self, selector: Any = None, offset: tuple[int, int] = (0, 0)) -> None:
        """The left button goes down and up, at an offset into a widget or into the screen."""
        x, y = offset
        if selector is not None:
            region = self.app.screen.query_one(selector).region
            x, y = region.x + x, region.y + y
        for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
            button = 0 if kind is events.MouseMove else 1
            self.send(kind(None, x, y, 0, 0, button, False, False, False, x, y))
        self.settle()

    def pass_time(self, ns: int) -> None:
        """Time passes for all, and the screen follows."""
        self.world.pass_time(ns)
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Another size of the terminal."""
        self._run(self.pilot.resize_terminal(width, height))
        self.settle()

    def be_of_size(self, width: int, height: int) -> None:
        """As above, where it is not so already."""
        if self.app.size == (width, height):
            self.settle()
        else:
            self.resize(width, height)

    @property
    def name(self) -> str:
        """The model of the screen in front."""
        return str(self.app.screen.page.name)  # type: ignore[attr-defined]

    @property
    def lines(self) -> list[str]:
        """The screen's cells as text."""
        strips = self._where.run(self.app.screen._compositor.render_strips)
        return [strip.text for strip in strips]

    @property
    def text(self) -> str:
        """The screen's words, the lines without the blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.lines)

    def svg(self) -> str:
        """A picture of it."""
        return self.app.export_screenshot()


_NAMES = {"-": "minus", "+": "plus", " ": "space", ".": "full_stop", ":": "colon", "/": "slash",
          "_": "underscore", "%": "percent_sign", "?": "question_mark", ",": "comma"}  # fmt: skip
_CHARACTERS = {name: one for one, name in _NAMES.items()}
