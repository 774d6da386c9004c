"""The keys of the screen behind, and why each does nothing now."""

from __future__ import annotations

import pytest

from stimctl.tui.model.actions import MENU
from stimctl.tui.model.keymap import Keymap
from stimctl.tui.model.pages import PAGES
from tests.support.headless import Headless
from tests.support.tui_desk import MS, World


def rows(world: World) -> list[tuple[str, str, str]]:
    return world.desk.pages["help"].rows()


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("page", PAGES)
def test_stop_is_told_first_on_every_screen_with_all_its_keys(world: World, page: str) -> None:
    world.to_running(steps=1)
    world.desk.open(page)
    keys, what, _ = rows(world)[0]
    assert what == "STOP"
    assert keys.split("  ") == ["SPACE", "Ctrl-C", "Ctrl-X", "F12"]


@pytest.mark.parametrize("page", PAGES)
def test_whatever_is_refused_says_why_and_nothing_else_does(world: World, page: str) -> None:
    world.to_run()
    world.desk.open(page)
    offered = world.desk.offers()
    told = [now for _, _, now in rows(world)]
    single = [why for one, why in offered.items() if one not in MENU and "-" not in one]
    for why in filter(None, single):
        assert f"not now: {why}" in told
    assert sum(now.startswith("not now") for now in told) <= sum(map(bool, offered.values()))


def test_what_lowers_comes_before_what_raises_and_that_before_the_rest(world: World) -> None:
    world.to_running(steps=1)
    what = [what for _, what, _ in rows(world)]
    assert what.index("down") < what.index("up 0.5 mA") < what.index("note")


def test_a_changed_key_is_told_as_it_is_now(world: World) -> None:
    other = World(world.bed.state_folder, keymap=Keymap({"note": ("j",)}))
    other.to_run()
    assert ("j", "note") in [(keys, what) for keys, what, _ in rows(other)]


@pytest.mark.parametrize("key", ["question_mark", "escape", "b", "z"])
def test_it_is_closed_by_its_key_and_by_any_that_means_nothing(world: World, key: str) -> None:
    world.to_run()
    with Headless(world) as ui:
        ui.press("question_mark")
        assert ui.name == "help"
        assert "not now: nothing is asked" in " ".join(ui.text.split()) or "SPACE" in ui.text
        ui.press(key)
        assert ui.name == "run"


@pytest.mark.hazard("H20")
def test_over_it_down_lowers_and_nothing_raises_while_it_is_read_to_its_end(world: World) -> None:
    world.to_running(steps=2)
    with Headless(world) as ui:
        for key in ("up", "plus", "pageup", "a", "g"):
            world.desk.overlay = world.desk.pages["help"]
            ui.settle()
            ui.press(key)
            ui.pass_time(300 * MS)
            assert world.set_level() == 1_000
        world.desk.overlay = world.desk.pages["help"]
        ui.settle()
        for _ in range(30):
            ui.press("j")
        assert ui.name == "help"
        assert "screens" in ui.text
        ui.press("down")
        ui.pass_time(500 * MS)
        assert world.set_level() == 500
