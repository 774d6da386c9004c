"""The card of a channel shows what it is told, in every state, and draws no more than that."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Digits

from stimctl.tui.widgets.card_shown import CardState
from stimctl.tui.widgets.channel_card import ChannelCard
from stimctl.tui.widgets.level_bar import LevelBar, LevelShown, Mark
from tests.support.rendered import text_of
from tests.support.widget_gallery import LOW_BACK, Gallery, drawings, run


@pytest.mark.parametrize("state", CardState)
def test_a_card_names_its_state_by_glyph_and_word(state: CardState) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        card = app.query_one(ChannelCard)
        card.show(replace(LOW_BACK, state=state, state_more="4 s"))
        await pilot.pause()
        assert f"{state.value} 4 s" in text_of(app)
        assert "low back" in text_of(app)
        assert app.query_one(Digits).value == ("12.0" if state.is_live else "?")

    run("card-1", check)


@pytest.mark.parametrize("state", [one for one in CardState if not one.is_live])
def test_what_is_not_known_is_no_number_and_no_bar(state: CardState) -> None:
    """The last value is said as what it is: the last one, and how old."""
    shown = replace(LOW_BACK, state=state, commanded=13.0, marks=(), contact="", age="4 s ago")

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        app.query_one(ChannelCard).show(shown)
        await pilot.pause()
        text = text_of(app)
        assert "last 12.0" in text
        assert "4 s ago" in text
        assert "mA" not in text
        assert "set 13" not in text
        assert app.query_one(LevelBar).shown == LevelShown(None, None, 40, (), "40")
        assert "▄" not in text

    run("card-1", check)


@pytest.mark.parametrize("state", CardState)
def test_a_countdown_runs_only_where_the_device_is_known_to_follow_it(state: CardState) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        card = app.query(ChannelCard).first()
        card.show(replace(card.shown, state=state))
        await pilot.pause()
        assert ("ON 10 s" in text_of(app)) is state.is_live
        assert ("15 s on, 10 s off" in text_of(app)) is not state.is_live

    run("card-nmes", check)


def test_a_commanded_value_stands_beside_the_confirmed_one_only_where_it_differs() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        card = app.query_one(ChannelCard)
        assert "set" not in text_of(app)
        card.show(replace(LOW_BACK, commanded=12.5))
        await pilot.pause()
        assert "set 12.5" in text_of(app)
        assert app.query_one(Digits).value == "12.0"

    run("card-1", check)


def test_refused_lock_and_contact_are_said_in_this_order() -> None:
    shown = replace(LOW_BACK, refused="maximum 40 mA reached", lock="locked: press ↑ twice")

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        app.query_one(ChannelCard).show(shown)
        await pilot.pause()
        text = text_of(app)
        places = [text.index(one) for one in (shown.refused, shown.lock, shown.contact)]
        assert places == sorted(places)

    run("card-1", check)


@pytest.mark.parametrize(("scene", "width"), [("card-1", 80), ("cards-4", 80), ("cards-8", 80)])
def test_the_selected_card_is_marked_without_colour(scene: str, width: int) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        selected = [card for card in app.query(ChannelCard) if card.shown.is_selected]
        assert [text_of(app).count("▸"), len(selected)] == [1, 1]
        others = [card for card in app.query(ChannelCard) if not card.shown.is_selected]
        borders = {card.styles.border_top[0] for card in others}
        assert selected[0].styles.border_top[0] == "heavy" not in borders

    run(scene, check, size=(width, 24))


def test_a_percent_session_has_no_digit_after_the_point() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        percent = replace(
            LOW_BACK, unit="%", decimals=0, confirmed=17, commanded=18, maximum=20, marks=()
        )
        app.query_one(ChannelCard).show(percent)
        await pilot.pause()
        assert app.query_one(Digits).value == "17"
        assert "set 18" in text_of(app)
        assert "mA\n" not in text_of(app)

    run("card-1", check)


def test_the_same_value_is_drawn_once() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        card = app.query_one(ChannelCard)
        with drawings() as drawn:
            card.show(replace(LOW_BACK))
            await pilot.pause()
            assert drawn == []
            card.show(replace(LOW_BACK, confirmed=12.5, commanded=12.5))
            await pilot.pause()
            assert set(drawn) == {"Figure", "LevelBar"}

    run("card-1", check)


def test_a_click_asks_to_select_and_changes_nothing() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        before = [card.shown for card in app.query(ChannelCard)]
        await pilot.click(list(app.query(ChannelCard))[1])
        assert app.told == [ChannelCard.Picked(2)]
        assert [card.shown for card in app.query(ChannelCard)] == before
        assert app.focused is None

    run("card-2", check)


@pytest.mark.parametrize(
    ("level", "filled"), [(0, 0), (0.1, 1), (20, 36), (39.9, 72), (40, 72), (55, 72)]
)
def test_the_bar_is_to_scale_and_a_little_is_seen(level: float, filled: int) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        shown = replace(LOW_BACK, confirmed=level, commanded=level, marks=())
        app.query_one(ChannelCard).show(shown)
        await pilot.pause()
        assert text_of(app).count("▄") == filled
        assert text_of(app).count("▁") == 72 - filled

    run("card-1", check, size=(82, 24))


def test_marks_at_one_level_stand_side_by_side() -> None:
    marks = (Mark("S", 10), Mark("M", 10), Mark("S", 10, is_today=False), Mark("T", 40))

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        app.query_one(ChannelCard).show(replace(LOW_BACK, marks=marks))
        await pilot.pause()
        row = next(line for line in text_of(app).splitlines() if "MSs" in line or "sSM" in line
                   or "SM" in line)  # fmt: skip
        assert sorted(one for one in row if one.isalpha()) == ["M", "S", "T", "s"]

    run("card-1", check)
