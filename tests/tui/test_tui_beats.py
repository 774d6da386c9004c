from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, cast

import pytest

from stimctl.tui.beats import QUEUE_STILL_NS, Beats
from tests.support.tui_desk import World

MS = 1_000_000


class SteppedLoop:
    """An event loop whose time passes when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 0
        self._due: list[tuple[int, Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, delay_s: float, call: Callable[..., None], *given: Any) -> None:
        self._due.append((self.now_ns + round(delay_s * 1e9), call, given))

    def pass_ms(self, ms: int) -> None:
        until_ns = self.now_ns + ms * MS
        while self._due and min(self._due, key=lambda one: one[0])[0] <= until_ns:
            first = min(self._due, key=lambda one: one[0])
            self._due.remove(first)
            self.now_ns = first[0]
            first[1](*first[2])
        self.now_ns = until_ns


@pytest.fixture
def loop() -> SteppedLoop:
    return SteppedLoop()


def begun(loop: SteppedLoop) -> tuple[Beats, list[int]]:
    heard: list[int] = []
    beats = Beats(lambda: heard.append(loop.now_ns // MS), lambda: loop.now_ns, 0.1)
    beats.begin(cast("Any", loop))
    return beats, heard


def test_nothing_is_told_before_the_queue_has_moved_once(loop: SteppedLoop) -> None:
    _beats, heard = begun(loop)
    loop.pass_ms(1_000)
    assert heard == []


def test_a_queue_that_waits_while_a_screen_is_put_up_ends_no_beats(loop: SteppedLoop) -> None:
    beats, heard = begun(loop)
    for _ in range(5):
        beats.queue_moves()
        loop.pass_ms(QUEUE_STILL_NS // MS)
    assert heard == list(range(100, 2_501, 100))


@pytest.mark.hazard("H02")
def test_a_queue_that_stands_still_ends_the_beats_after_half_a_second(loop: SteppedLoop) -> None:
    beats, heard = begun(loop)
    beats.queue_moves()
    loop.pass_ms(60_000)
    assert heard == [100, 200, 300, 400, 500]


def test_a_queue_that_moves_again_is_told_of(loop: SteppedLoop) -> None:
    beats, heard = begun(loop)
    beats.queue_moves()
    loop.pass_ms(5_000)
    heard.clear()
    beats.queue_moves()
    loop.pass_ms(100)
    assert heard == [5_100]


def test_garbage_is_searched_for_again_once_the_first_screen_is_up(world: World) -> None:
    """But not what is there by then, which stays: no beat has to wait for that."""
    ui = world.ui
    ui.app._timed = True
    gc.disable()
    try:
        ui._where.run(ui.app._first_work)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.enable()
