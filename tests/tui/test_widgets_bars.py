"""Cycle bar, steps bar and the banner of the state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from stimctl.tui.widgets.cycle_bar import CycleBar, CycleShown
from stimctl.tui.widgets.state_banner import BannerShown, ChannelBrief, StateBanner
from stimctl.tui.widgets.steps_bar import STEPS, StepsBar, StepState
from tests.support.broad import broad_rows
from tests.support.rendered import text_of
from tests.support.widget_gallery import BRIEFS, CYCLE, MANY, TREATING, Gallery, drawings, run


@pytest.mark.parametrize(
    ("at_s", "words"),
    [
        (0.0, "ON 15 s"), (1.9, "ON 14 s"), (4.0, "ON 11 s"), (14.9, "ON 1 s"),
        (15.0, "OFF, next in 10 s"), (22.1, "OFF, next in 3 s"), (24.99, "OFF, next in 1 s"),
    ],
)  # fmt: skip
def test_a_countdown_ends_with_the_phase(at_s: float, words: str) -> None:
    assert replace(CYCLE, at_s=at_s).words == (words, "contraction 4 of 15")


@pytest.mark.parametrize(
    ("at_s", "share"), [(0, 0), (1, 0.5), (2, 1), (12.9, 1), (14, 0.5), (15, 0), (24, 0)]
)
def test_the_ramps_are_straight_lines(at_s: float, share: float) -> None:
    assert CYCLE.height(at_s) == pytest.approx(share)


def test_without_ramps_a_cycle_is_on_or_off() -> None:
    square = CycleShown(0, 5, 0, 5)
    assert [square.height(one) for one in (0, 4.9, 5, 9)] == [1, 1, 0, 0]


def test_a_cycle_is_to_scale_and_shows_where_it_is() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        bar = app.query_one(CycleBar)
        for at_s, place in ((0.0, 0), (12.5, 0.5), (24.9, 1)):
            bar.show(replace(CYCLE, at_s=at_s))
            await pilot.pause()
            drawn = bar.render().plain.splitlines()[1]
            assert drawn.index("┃") == pytest.approx(place * (len(drawn) - 1), abs=1)
            assert len(drawn) == bar.size.width
            # 11 s hold of 25 s, and the parts of the ramps above seven eighths
            assert drawn.count("█") == pytest.approx(len(drawn) * 11.5 / 25, abs=2)

    run("card-nmes", check)


def test_a_moment_that_moves_no_cell_and_no_word_draws_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Widget] = []

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        bar = app.query_one(CycleBar)
        bar.show(replace(CYCLE, at_s=5.2))
        monkeypatch.setattr(CycleBar, "refresh", lambda self, *a, **k: drawn.append(self))
        bar.show(replace(CYCLE, at_s=5.21))
        assert drawn == []
        bar.show(replace(CYCLE, at_s=6.4))
        assert drawn == [bar]
        monkeypatch.undo()

    run("card-nmes", check)


def test_what_is_continuous_has_no_cycle_bar() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        assert app.query_one(CycleBar).region.height == 0
        assert "contraction" not in text_of(app)

    run("card-1", check)


def test_each_step_has_its_glyph_and_a_click_names_it() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        states = tuple(StepState)
        app.query(StepsBar).first().show(tuple(states[n % 3] for n in range(len(STEPS))))
        await pilot.pause()
        row = text_of(app).splitlines()[0]
        for number, step in enumerate(STEPS):
            assert f"{states[number % 3].value} {step}" in row
        for step in ("Patient", "Electrodes", "Report"):
            await pilot.click(offset=(row.index(step) + 1, 0))
        assert app.told == [StepsBar.Picked(one) for one in ("Patient", "Electrodes", "Report")]

    run("steps", check)


@pytest.mark.parametrize(
    ("size", "channels"),
    broad_rows([
        ((80, 24), MANY), ((100, 30), MANY), ((140, 45), MANY), ((60, 15), MANY), ((40, 12), MANY),
        ((80, 24), BRIEFS), ((60, 15), BRIEFS), ((20, 6), BRIEFS),
    ], every=3),
)  # fmt: skip
def test_the_level_of_every_channel_is_shown_at_every_size(
    size: tuple[int, int], channels: tuple[ChannelBrief, ...]
) -> None:
    """Below 80x24 too: nobody may lose sight of what flows."""

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        first, *others = app.query(StateBanner)
        for one in others:
            await one.remove()
        first.show(replace(TREATING, channels=channels))
        await pilot.pause()
        await pilot.pause()
        text = " ".join(text_of(app).split())
        for brief in channels:
            assert brief.value.removesuffix(" mA") in text
        assert "mA" in text
        assert "● TREATING" in text

    run("banners", check, size=size)


@pytest.mark.parametrize(("height", "rows"), [(15, 1), (24, 2), (30, 3)])
def test_the_banner_takes_as_many_rows_as_there_is_room_for(height: int, rows: int) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        assert app.query(StateBanner).first().region.height == rows

    run("banners", check, size=(100, height))


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (TREATING, ("23:41", "SIM", "K-17", "Conventional TENS")),
        (replace(TREATING, mode="WATCH", link="slow connection"), ("WATCH", "slow connection")),
        (replace(TREATING, badge="REAL", mode="REPLAY"), ("REAL REPLAY",)),
        (BannerShown(), ("NO SESSION",)),
        (replace(TREATING, channels=(ChannelBrief(1, "low back", "?"),)), ("1 low back ?",)),
    ],
)
def test_the_banner_says_what_it_is_told(shown: BannerShown, words: tuple[str, ...]) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        first, *others = app.query(StateBanner)
        for one in others:
            await one.remove()
        first.show(shown)
        await pilot.pause()
        await pilot.pause()
        assert [word for word in words if word not in text_of(app)] == []

    run("banners", check)


def test_the_same_banner_is_drawn_once() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        first = app.query(StateBanner).first()
        with drawings() as drawn:
            first.show(replace(TREATING))
            await pilot.pause()
        assert drawn == []

    run("banners", check)
