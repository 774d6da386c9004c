"""What holds on every screen, over Textual: STOP, lowering, clicks, pastes, keys, words."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
from pytest_mock import MockerFixture
from textual.binding import Binding
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.events import Key, MouseDown, MouseMove
from textual.widget import Widget
from textual.widgets import Input, OptionList

from stimctl.tui.model.actions import ACTION_BY_ID, ACTIONS, STOP_KEYS
from stimctl.tui.model.keymap import Keymap, changes_in
from stimctl.tui.model.pages import PAGES, QUESTIONS
from stimctl.tui.screens.index import screen_of
from stimctl.tui.widgets.stop_key import StopKey
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World

EVERYWHERE = (*PAGES, *QUESTIONS, "palette")
RAISING = frozenset(action.id for action in ACTIONS if action.raises)


def go_to(world: World, place: str) -> Headless:
    """To a screen, to a question over Run, or into the palette, whatever is on."""
    ui = world.ui
    while isinstance(ui.app.screen, CommandPalette):
        ui.press("escape")
    world.desk.open(place if place in PAGES else "run")
    if place in QUESTIONS:
        world.desk.overlay = world.desk.pages[place]
        world.desk.overlay.opened()
    ui.settle()
    if place == "palette":
        ui.press("ctrl+p")
        assert isinstance(ui.app.screen, CommandPalette)
    return ui


def start(world: World) -> None:
    """Output on, at zero; from any state but that."""
    world.desk.open("run")
    world.bed.ask("arm")
    world.desk.take_rows()
    world.pass_time(500 * MS)
    world.desk.do("go", by_key=True)
    world.pass_time(500 * MS)
    assert world.bench.state.value == "running"


def stop(world: World, place: str, key: str) -> None:
    """Output is on there, and the key stops it."""
    if world.bench.state.value != "running":
        start(world)
    go_to(world, place).press(key)
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped", (place, key)
    world.clock.now_ns += 3 * S  # Ctrl-C again would leave


@pytest.mark.broad
@pytest.mark.hazard("H29")
def test_a_stop_key_stops_from_every_screen_and_question_and_each_from_the_palette(
    world: World,
) -> None:
    """The keys in turn: that each stops on every page is a promise of the model."""
    world.to_running()
    for place, key in zip((*PAGES, *QUESTIONS), cycle(STOP_KEYS), strict=False):
        stop(world, place, key)
    for key in STOP_KEYS:
        stop(world, "palette", key)


@pytest.mark.soak
@pytest.mark.hazard("H29")
@pytest.mark.parametrize("key", STOP_KEYS)
def test_every_stop_key_stops_from_every_screen_question_and_the_palette(
    world: World, key: str
) -> None:
    world.to_running()
    for place in EVERYWHERE:
        stop(world, place, key)


SOME = "each kind of every third screen"
WHICH = [
    SOME,
    pytest.param("each kind once", marks=pytest.mark.broad),
    pytest.param("every one", marks=pytest.mark.soak),
]


def places_of(which: str) -> tuple[str, ...]:
    return (*PAGES, *QUESTIONS)[:: 3 if which == SOME else 1]


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("which", WHICH)
def test_a_stop_key_stops_whatever_has_the_focus(world: World, which: str) -> None:
    world.to_running()
    kinds: set[type[Widget]] = set()
    for place in places_of(which):
        ui = go_to(world, place)
        for widget in list(ui.app.screen.focus_chain):
            if which != "every one" and type(widget) in kinds:
                continue
            kinds.add(type(widget))
            if world.bench.state.value != "running":
                start(world)
                go_to(world, place)
            widget.focus()
            ui.press("space")
            world.pass_time(300 * MS)
            assert world.bench.state.value == "stopped", (place, widget)
    assert len(kinds) > (2 if which == SOME else 5)


@pytest.mark.broad
@pytest.mark.hazard("H29")
def test_what_flows_is_read_and_lowered_on_every_screen_question_and_in_the_palette(
    world: World,
) -> None:
    world.to_running(steps=2)
    world.pass_time(S)
    for place in EVERYWHERE:
        ui = go_to(world, place)
        while world.set_level() < 1_000:
            world.pass_time(300 * MS)
            world.bed.raise_to(1, world.set_level() + 500)
            world.pass_time(300 * MS)
        ui.settle()
        if place != "palette":
            assert "1.0 mA" in "\n".join(ui.lines[:4]), ui.text
        for key in ("down", "minus"):
            before = world.set_level()
            ui.press(key)
            world.pass_time(200 * MS)
            assert world.set_level() == before - 500, (place, key)
        assert world.bench.state.value == "running"


@pytest.mark.broad
@pytest.mark.hazard("H29")
def test_the_stop_key_is_read_on_every_screen_and_stops_when_the_mouse_presses_it(
    world: World,
) -> None:
    world.to_running()
    for place in (*PAGES, *QUESTIONS):
        if world.bench.state.value != "running":
            start(world)
        ui = go_to(world, place)
        assert "SPACE  STOP" in ui.lines[-1], ui.text
        ui.click(StopKey)
        world.pass_time(300 * MS)
        assert world.bench.state.value == "stopped", place


def kind_of(widget: Widget, place: str) -> object:
    """What is alike to click on: in the head and the foot on all screens, in a body on its own."""
    frame = {one.id for one in widget.ancestors}
    own = place if frame & {"body", "question"} else ""
    return own, type(widget), getattr(widget, "action", "")


@pytest.mark.broad
@pytest.mark.hazard("H20", "H30")
@pytest.mark.parametrize("which", WHICH)
def test_no_click_raises_or_starts(world: World, which: str) -> None:
    """On whatever there is to be seen, once each; the keys in the footer are among it."""
    world.to_running(steps=2)
    world.pass_time(S)
    kinds: set[object] = set()
    for place in places_of(which):
        ui = go_to(world, place)
        before = world.set_level()
        leaves = [one for one in ui.app.screen.walk_children(Widget) if not one.children]
        where_is = {one.region: kind_of(one, place) for one in leaves if one.region.area}
        for where, kind in where_is.items():
            new = kind not in kinds or which == "every one"
            if new and world.bench.state.value == "running":
                kinds.add(kind)
                ui.click(offset=(where.x + where.width // 2, where.y))
                assert world.set_level() <= before, (place, where)
                go_to(world, place)
        if world.bench.state.value != "running":  # a click may stop
            start(world)
    assert len(kinds) > (20 if which == SOME else 60)


@pytest.mark.broad
@pytest.mark.hazard("H29")
def test_a_field_takes_a_space_at_zero_and_nothing_while_output_is_on(world: World) -> None:
    world.to_run()
    fields = 0
    for place in PAGES:
        ui = go_to(world, place)
        for field in ui.app.screen.query(Input):
            if field.display and not field.disabled and field.is_on_screen:
                fields += 1
                field.focus()
                ui.settle()
                assert ui.app.takes_space(), place
    assert fields > 3
    start(world)
    for place in PAGES:
        ui = go_to(world, place)
        assert not ui.app.takes_space(), place
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


def test_a_screen_binds_every_key_of_its_actions(world: World) -> None:
    world.to_run()
    for place in (*PAGES, *QUESTIONS):
        page = world.desk.pages[place]
        bound = {
            (key, binding.action)
            for key, bindings in screen_of(page)._bindings.key_to_bindings.items()
            for binding in bindings
        }
        wanted = {(key, f"do('{one}')") for one in page.actions for key in ACTION_BY_ID[one].keys}
        assert wanted <= bound, place
        assert set(page.offers()) - {"back"} <= set(page.actions), place


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


@pytest.mark.broad
def test_a_refused_key_says_why(world: World) -> None:
    for place in PAGES:
        world.desk.open(place)
        ui = world.ui
        ui.settle()
        for action, why in dict(world.desk.offers()).items():
            key = ACTION_BY_ID[action].keys[0]
            taken = world.desk.keymap.action_for(key, world.desk.offers()) == action
            active = ui.app.screen.active_bindings.get(key)
            own = active is not None and active.node is ui.app.focused  # a list scrolls by it
            if why and taken and not own and not isinstance(ui.app.focused, Input):
                ui.press(key)
                assert why in world.desk.message, (place, action)


@pytest.mark.broad
def test_a_screen_that_is_left_before_it_is_built_can_be_opened_again(world: World) -> None:
    world.to_run()
    ui = go_to(world, "run")
    for place in EVERYWHERE[:-1]:
        assert place == "run" or place not in ui.app._screens
        for _ in range(2):
            ui.leave_at_once(place)
        go_to(world, place)
        assert ui.app.screen is ui.app._screens[place]
        go_to(world, "run")


def test_a_key_that_comes_before_a_screen_is_built_does_not_end_the_program(world: World) -> None:
    world.to_run("nmes-tka")
    ui = go_to(world, "run")
    for place, key in (("precheck", "p"), ("help", "j"), ("log", "j"), ("notes", "t")):
        ui.press_while_built(place, key)
        assert ui.app.is_running, place
    for page in world.desk.pages.values():
        screen: Any = screen_of(page)
        for key in ("escape", "down", "up", "r"):
            getattr(screen, "on_key", lambda _event: None)(Key(key, None))


def test_a_screen_that_was_to_be_built_when_the_program_ended_is_not(world: World) -> None:
    world.to_run()
    app = world.ui.app
    world.close()
    app._build_ahead()
    assert not app._building


def test_a_mouse_that_is_dragged_marks_no_text(world: World) -> None:
    """What is marked may go meanwhile, and Textual's own marking ends the program then."""
    world.to_run()
    ui = go_to(world, "setup")
    text = ui.app.screen.query(".fields Static").first().region
    for kind, x in ((MouseMove, 0), (MouseDown, 0), (MouseMove, 3), (MouseMove, 6)):
        ui.send(kind(None, text.x + x, text.y, 3, 0, 1, False, False, False, text.x + x, text.y))
    assert not ui.app.screen.selections


@pytest.mark.broad
def test_no_key_ends_the_program_in_a_list_that_has_no_room(world: World) -> None:
    """The terminal is too small for it, or it was not drawn yet."""
    world.to_run()
    for place in ("lessons", "protocols", "precheck", "palette"):
        ui = go_to(world, place)
        lists = list(ui.app.screen.query(OptionList))
        for key in ("pageup", "pagedown", "home", "end", "down", "up"):
            for found in lists:
                found.styles.height, found.styles.border = 0, ("none", "white")
                found.highlighted = 0 if found.option_count else None
                if found.focusable:
                    found.focus()
            ui.settle()
            ui.press(key)
            assert ui.app.is_running, (place, key)
        assert lists, place


@pytest.mark.parametrize("palette_is", ["not built yet", "closed"])
def test_no_key_ends_the_program_in_a_palette_whose_widgets_are_not_there(
    world: World, palette_is: str
) -> None:
    world.to_run()
    app = go_to(world, "palette").app
    palette = app.screen
    if palette_is == "closed":
        world.ui.press("escape")
    else:
        world.ui.remove(palette.query(OptionList).first())
    world.ui.act(
        palette, *(one.action for one in CommandPalette.BINDINGS if isinstance(one, Binding))
    )
    assert app.is_running


def test_a_screen_that_cannot_be_built_any_more_does_not_keep_the_program_from_ending(
    world: World, mocker: MockerFixture
) -> None:
    world.to_run()
    ui = go_to(world, "run")
    screen: Any = ui.app.screen
    mocker.patch.object(screen, "fill", side_effect=NoMatches("a part that is gone"))
    again = mocker.patch.object(screen, "call_after_refresh")
    screen._is_whole = False
    screen.show()
    assert again.call_count == 1, "while it is being built it is asked again"
    ui.app._return_code = 0
    screen.show()
    assert again.call_count == 1
