"""What holds on every screen, over Textual: STOP, lowering, clicks, pastes, keys, words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.widgets import Input

from stimctl.tui.model.actions import ACTION_BY_ID, ACTIONS, STOP_KEYS
from stimctl.tui.model.keymap import Keymap, changes_in
from stimctl.tui.model.pages import PAGES, QUESTIONS
from stimctl.tui.screens.index import screen_of
from stimctl.tui.widgets.stop_key import StopKey
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World

EVERYWHERE = (*PAGES, *QUESTIONS, "palette")
RAISING = frozenset(action.id for action in ACTIONS if action.raises)


@pytest.fixture
def ui(world: World) -> Iterator[Headless]:
    """The screens, over a world without a session."""
    return world.ui


def be_at(world: World, place: str) -> Headless:
    """With output on, at a screen, at a question over Run, or in the palette."""
    world.to_running(steps=2)
    world.pass_time(S)
    if place in PAGES:
        world.desk.open(place)
    elif place in QUESTIONS:
        world.desk.overlay = world.desk.pages[place]
    ui = world.ui
    ui.settle()
    if place == "palette":
        ui.press("ctrl+p")
        assert type(ui.app.screen).__name__ == "CommandPalette"
    return ui


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("place", EVERYWHERE)
def test_every_stop_key_stops_from_everywhere(world: World, place: str) -> None:
    ui = be_at(world, place)
    for key in STOP_KEYS:
        if world.bench.state.value != "running":
            world.desk.overlay = None
            world.bed.ask("arm")
            world.desk.take_rows()
            world.pass_time(500 * MS)
            world.desk.do("go", by_key=True)
            world.pass_time(500 * MS)
            be_at_again(world, ui, place)
        assert world.bench.state.value == "running"
        ui.press(key)
        world.pass_time(300 * MS)
        assert world.bench.state.value == "stopped", key


def be_at_again(world: World, ui: Headless, place: str) -> None:
    if place in PAGES:
        world.desk.open(place)
    elif place in QUESTIONS:
        world.desk.overlay = world.desk.pages[place]
    ui.settle()
    if place == "palette" and type(ui.app.screen).__name__ != "CommandPalette":
        ui.press("ctrl+p")


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("place", EVERYWHERE)
def test_lowering_works_everywhere(world: World, place: str) -> None:
    ui = be_at(world, place)
    for key in ("down", "minus"):
        before = world.set_level()
        ui.press(key)
        ui.pass_time(200 * MS)
        assert world.set_level() == before - 500, key
    ui.press("home")
    ui.pass_time(200 * MS)
    assert world.set_level() == 0
    assert world.bench.state.value == "running"


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("place", [*PAGES, *QUESTIONS])
def test_a_press_of_the_mouse_on_stop_stops(world: World, place: str) -> None:
    ui = be_at(world, place)
    ui.click(StopKey)
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H20", "H30")
@pytest.mark.parametrize("place", [*PAGES, *QUESTIONS])
def test_no_click_raises_or_starts(world: World, place: str) -> None:
    """On whatever there is to be seen, once each; the keys in the footer are among it."""
    ui = be_at(world, place)
    before = world.set_level()
    leaves = [one.region for one in ui.app.screen.walk_children() if not one.children]
    for where in dict.fromkeys(leaves):
        if where.area:
            ui.click(offset=(where.x + where.width // 2, where.y))
            world.pass_time(100 * MS)
            assert world.set_level() <= before
            if world.bench.state.value != "running":
                return  # a click may stop
            be_at_again(world, ui, place)


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("place", EVERYWHERE)
def test_what_flows_is_read_on_every_screen(world: World, place: str) -> None:
    ui = be_at(world, place)
    if place != "palette":
        assert "1.0 mA" in "\n".join(ui.lines[:4]), ui.text
        assert "STOP" in ui.lines[-1]


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("place", PAGES)
def test_a_field_takes_a_space_at_zero_and_none_while_output_is_on(
    world: World, place: str
) -> None:
    world.to_run()
    world.desk.open(place)
    ui = world.ui
    ui.settle()
    for field in ui.app.screen.query(Input):
        if field.display and not field.disabled:
            field.focus()
            ui.settle()
            assert ui.app.takes_space()
    ui = be_at(world, place)
    assert not ui.app.takes_space()
    assert all(field.disabled for field in ui.app.screen.query(Input)), place


@pytest.mark.hazard("H20", "H30")
def test_the_palette_offers_nothing_that_raises_or_starts(world: World) -> None:
    world.to_running(steps=1)
    from stimctl.tui.palette import StimCommands

    ui = world.ui
    offered = {one for one, _ in StimCommands(ui.app.screen)._offered()}
    assert len(offered) > 10
    assert not offered & RAISING


@pytest.mark.hazard("H20")
def test_what_raises_is_done_for_its_key_alone(world: World) -> None:
    world.to_running(steps=1)
    before = world.set_level()
    for action in sorted(RAISING):
        world.desk.do(action)
        world.pass_time(S)
        assert world.set_level() == before
        assert world.desk.message.startswith("refused")


@pytest.mark.parametrize("place", [*PAGES, *QUESTIONS])
def test_a_screen_binds_every_key_of_its_actions(world: World, place: str) -> None:
    page = world.desk.pages[place]
    bound = {
        (key, binding.action)
        for key, bindings in screen_of(page)._bindings.key_to_bindings.items()
        for binding in bindings
    }
    wanted = {(key, f"do('{one}')") for one in page.actions for key in ACTION_BY_ID[one].keys}
    assert wanted <= bound
    offered = set(page.offers())
    assert offered <= set(page.actions), "an action is offered that no key of the screen does"


def test_a_keymap_of_ones_own_is_the_screens_too(world: World) -> None:
    world.desk.keymap = Keymap(changes_in({"note": ["ctrl+n"], "stop": ["s"]}, "test"))
    world.to_running(steps=1)
    ui = world.ui
    ui.app.stop_keys = world.desk.keymap.stop_keys
    ui.press("n")
    assert ui.name == "run"
    ui.press("ctrl+n")
    assert ui.name == "notes"
    ui.press("s")
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.parametrize("place", PAGES)
def test_a_refused_key_says_why(world: World, place: str) -> None:
    world.desk.open(place)
    ui = world.ui
    ui.settle()
    for action, why in dict(world.desk.offers()).items():
        key = ACTION_BY_ID[action].keys[0]
        taken = world.desk.keymap.action_for(key, world.desk.offers()) == action
        if why and taken and not isinstance(ui.app.focused, Input):
            ui.press(key)
            assert why in world.desk.message, action
