"""The terminal UI without a terminal, driven in plain calls: keys, typing, clicks, and the text."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from contextvars import copy_context
from types import TracebackType
from typing import Any, Self

from textual.pilot import Pilot

from stimctl.tui.app import StimctlApp


class Headless:
    """An app over a world, in the test's own thread; its clock is the world's.

    `settle` lets every message that is under way arrive; nothing waits for time.
    """

    def __init__(self, world: Any, size: tuple[int, int] = (80, 24)) -> None:
        self.world = world
        self.app = StimctlApp(world.desk, timers=False)
        self._loop = asyncio.new_event_loop()
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
        self._run(self.pilot.pause())
        self.app.follow()
        self._run(self.pilot.pause())

    def press(self, *keys: str) -> None:
        """Keys, a tenth of a second apart by the world's clock."""
        for key in keys:
            self.world.pass_time(100_000_000)
            self._run(self.pilot.press(key))
        self.settle()

    def type(self, text: str) -> None:
        """Characters, one after the other."""
        self.press(*(_NAMES.get(one, one) for one in text))

    def click(self, selector: Any, offset: tuple[int, int] = (0, 0)) -> None:
        """A click on a widget."""
        self._run(self.pilot.click(selector, offset=offset))
        self.settle()

    def pass_time(self, ns: int) -> None:
        """Time passes for all, and the screen follows."""
        self.world.pass_time(ns)
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Another size of the terminal."""
        self._run(self.pilot.resize_terminal(width, height))
        self.settle()

    @property
    def name(self) -> str:
        """The model of the screen in front."""
        return str(self.app.screen.page.name)  # type: ignore[attr-defined]

    @property
    def lines(self) -> list[str]:
        """The screen's cells as text."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The screen's words, the lines without the blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.lines)

    def svg(self) -> str:
        """A picture of it."""
        return self.app.export_screenshot()


_NAMES = {"-": "minus", "+": "plus", " ": "space", ".": "full_stop", ":": "colon", "/": "slash",
          "_": "underscore", "%": "percent_sign", "?": "question_mark", ",": "comma"}  # fmt: skip
