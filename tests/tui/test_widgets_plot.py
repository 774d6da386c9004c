"""The plot of a session: past and plan, told apart without colour, drawn when a dot moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from stimctl.tui.widgets.amplitude_plot import AmplitudePlot
from stimctl.tui.widgets.plot_shown import Curve, PlotShown
from stimctl.tui.widgets.session_plot import SessionPlot, thin
from tests.support.rendered import cells, text_of
from tests.support.widget_gallery import Gallery, plotted, run


def test_axes_have_their_units_and_the_legend_its_channels() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        text = text_of(app)
        for word in ("mA", "30 min", "confirmed", "set", "planned", "now", " 1 ", " 2 "):
            assert word in text
        assert "│" in text

    run("plot-2", check)


@pytest.mark.parametrize("scene", ["plot-2", "plot-8"])
def test_each_channel_has_its_number_on_its_curve_before_and_after_now(scene: str) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        rows = text_of(app).splitlines()[2:-1]
        rows = [row for row in rows if "min" not in row]
        now = max(row.find("│") for row in rows)
        for curve in app.query_one(AmplitudePlot).shown.curves:
            places = [row.find(str(curve.channel), 8) for row in rows]
            found = [place for place in places if place > 0]
            assert min(found) < now, curve.channel
            assert any(str(curve.channel) in row[now:] for row in rows), curve.channel

    run(scene, check, theme="mono")


def test_what_comes_next_is_lighter_than_what_was() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        dots = [one for one in cells(app) if "\u2800" < one.text <= "\u28ff" and one.y > 1]
        now = min(one.x for one in cells(app) if one.text == "│" and one.y > 2)
        before = max(one.ratio for one in dots if one.x < now)
        after = max(one.ratio for one in dots if one.x > now)
        assert after < before
        assert after >= 3

    run("plot-2", check)


def test_the_plot_takes_no_key_and_no_focus() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        plot = app.query_one(SessionPlot)
        before = text_of(app)
        for key in ("up", "down", "plus", "minus", "r", "tab"):
            await pilot.press(key)
        await pilot.click(plot)
        assert app.focused is None
        assert not plot.can_focus
        assert text_of(app) == before
        plot.focus()
        await pilot.pause()
        assert app.focused is None
        assert not {"up", "down", "plus", "minus"} & set(app.screen.active_bindings)

    run("plot-2", check)


def test_it_draws_again_only_when_a_dot_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[SessionPlot] = []
    real = SessionPlot.refresh

    def counted(self: SessionPlot, *regions: Any, **how: Any) -> SessionPlot:
        drawn.append(self)
        return real(self, *regions, **how)

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        plot = app.query_one(AmplitudePlot)
        monkeypatch.setattr(SessionPlot, "refresh", counted)
        plot.show(plotted(2, 17.3))
        assert len(drawn) == 0
        plot.show(replace(plotted(2, 17.3), now_min=17.301))
        assert len(drawn) == 0
        plot.show(plotted(2, 18.3))
        assert len(drawn) == 1

    run("plot-2", check)


def test_a_session_of_hours_is_thinned_to_the_columns_and_keeps_its_peaks() -> None:
    points = tuple((second / 60, 10.0 if second != 5_000 else 19.0) for second in range(20_000))
    kept = thin(points, 333 / 150, 0.1)
    assert len(kept) < 4 * 152
    assert max(level for _, level in kept) == pytest.approx(19.0)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 5), (4.9, 5), (5, 10), (22, 25), (79, 80), (200, 200)]
)  # fmt: skip
def test_the_axis_ends_above_the_highest(highest: float, top: float) -> None:
    assert PlotShown((Curve(1, ((0, 0), (1, highest))),)).top == top
