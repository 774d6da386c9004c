"""Every scene of the gallery looks as it did, is readable in four themes, and has no text cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.rendered import cut, same_as_before, unreadable
from tests.support.widget_gallery import SCENES, THEMES, Gallery, run

SNAPSHOTS = Path(__file__).parent / "snapshots" / "widgets"
SIZES = ((80, 24), (100, 30), (140, 45))


@pytest.mark.parametrize("scene", SCENES)
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
