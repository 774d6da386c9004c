"""The command palette: on every screen, with what works there, and nothing that leads to output."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.css.query import NoMatches

from stimctl.tui.model.actions import ACTION_BY_ID, MENU
from stimctl.tui.model.pages import PAGES, QUESTIONS
from stimctl.tui.palette import StimCommands
from tests.support.headless import Headless
from tests.support.tui_desk import World

EVERYWHERE = (*PAGES, *QUESTIONS)


@pytest.mark.hazard("H20", "H30")
@pytest.mark.parametrize(("is_on", "places"), [
    pytest.param(False, EVERYWHERE[::4], id="at zero"),
    pytest.param(True, EVERYWHERE[1::4], id="output on"),
    pytest.param(False, EVERYWHERE[2::4], id="at zero, others", marks=pytest.mark.broad),
    pytest.param(True, EVERYWHERE[3::4], id="output on, others", marks=pytest.mark.broad),
    pytest.param(False, EVERYWHERE, id="at zero, everywhere", marks=pytest.mark.soak),
    pytest.param(True, EVERYWHERE, id="output on, everywhere", marks=pytest.mark.soak),
])  # fmt: skip
def test_it_opens_over_every_screen_and_offers_nothing_that_raises_or_starts(
    world: World, is_on: bool, places: tuple[str, ...]
) -> None:
    """Every second screen at zero, the others with output on."""
    world.to_running(steps=1) if is_on else world.to_run()
    with Headless(world) as ui:
        for place in places:
            if place in PAGES:
                world.desk.open(place)
            else:
                world.desk.overlay = world.desk.pages[place]
            ui.settle()
            offered = [one for one, _ in StimCommands(ui.app.screen)._offered()]
            assert set(MENU) <= set(offered)
            assert not [one for one in offered if ACTION_BY_ID[one].raises], place
            ui.press("ctrl+p")
            assert isinstance(ui.app.screen, CommandPalette), place
            ui.press("escape")
            assert ui.name == world.desk.front.name, place
            world.desk.overlay = None


@pytest.mark.parametrize(("typed", "page"), [("thresh", "thresholds"), ("every event", "log"),
                                             ("device, limits", "service")])  # fmt: skip
def test_what_is_picked_is_done(world: World, typed: str, page: str) -> None:
    world.to_run()
    with Headless(world) as ui:
        ui.press("ctrl+p")
        ui.type(typed)
        for _ in range(10):
            ui.settle()
        ui.press("enter")
        assert world.desk.page.name == page


def test_an_action_that_does_nothing_now_says_why_in_the_list(world: World) -> None:
    world.to_run()
    with Headless(world) as ui:
        words = dict(StimCommands(ui.app.screen)._offered())
    assert words["answer"].endswith("nothing is asked")


def test_a_search_that_fails_does_not_end_the_program(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that begins when the list has just been taken away."""

    def gone(*_arguments: object) -> None:
        raise NoMatches("the list is gone")

    world.to_running(steps=1)
    with Headless(world) as ui:
        ui.press("ctrl+p")
        monkeypatch.setattr(ui.app.screen, "query_one", gone)
        ui.type("thresh")
        ui.settle()
        monkeypatch.undo()
        ui.press("escape")
        assert ui.app.return_code is None
        assert ui.name == world.desk.front.name
