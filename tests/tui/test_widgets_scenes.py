"""Every scene of the gallery looks as it did, is readable in four themes, and has no text cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.broad import broad
from tests.support.rendered import cut, same_as_before, text_of, unreadable
from tests.support.widget_gallery import SCENES, THEMES, Gallery, run

SNAPSHOTS = Path(__file__).parent / "snapshots" / "widgets"
SIZES = ((80, 24), (100, 30), (140, 45))


@pytest.mark.parametrize("scene", broad(SCENES))
def test_a_scene_looks_as_before_is_readable_in_every_theme_and_not_cut(scene: str) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        same_as_before(app, SNAPSHOTS / f"{scene}.txt")
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert cut(app) == [], (width, height)
        for theme in THEMES:
            app.theme = theme.name
            await pilot.pause()
            assert unreadable(app) == [], theme.name

    run(scene, check)


@pytest.mark.broad
def test_every_theme_of_textual_itself_draws_the_widgets() -> None:
    """Those with the terminal's own colours, too, which have no numbers to mix."""

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            assert "● TREATING" in text_of(app), theme
            assert "confirmed" in text_of(app), theme

    run("run-nmes", check)
