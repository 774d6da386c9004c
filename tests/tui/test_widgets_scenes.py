"""Every scene of the gallery: readable in four themes, and no text cut from 80x24 upwards."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.support.rendered import cut, unreadable
from tests.support.widget_gallery import SCENES, THEMES, Gallery, run

SIZES = ((80, 24), (100, 30), (140, 45))


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_readable_in_every_theme_and_nothing_of_it_is_cut(scene: str) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert cut(app) == [], (width, height)
        for theme in THEMES:
            app.theme = theme.name
            await pilot.pause()
            assert unreadable(app) == [], theme.name

    run(scene, check)
