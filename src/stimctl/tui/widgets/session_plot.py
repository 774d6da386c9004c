"""The curves of `AmplitudePlot`, drawn by textual-plot: imported after the first paint only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from textual.color import Color
from textual_plot import HiResMode, PlotWidget
from textual_plot.axis_formatter import NumericAxisFormatter

from stimctl.tui.widgets.plot_shown import Curve, PlotShown, Points

_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0)
_DOTTED, _DASHED = (1, 0, 0), (1, 1, 1, 0, 0)
_MARKS = 4


class Minutes(NumericAxisFormatter):
    """Names the unit at the last tick."""

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """Minutes without digits that say nothing."""
        return [f"{tick:g}{' min' if tick == ticks[-1] else ''}" for tick in ticks]


class SessionPlot(PlotWidget):
    """A plot that takes no key and no mouse, and draws only what differs from what is drawn."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(allow_pan_and_zoom=False)
        self._shown = PlotShown()
        self._drawn: object = None
        self.set_x_formatter(Minutes())

    def on_mount(self) -> None:
        """Ticks at the left, minutes below; the legend stands above in a line of its own."""
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, 6

    def on_resize(self) -> None:
        """Other dots, other ticks."""
        self.call_after_refresh(self.show, self._shown)

    def notify_style_update(self) -> None:
        """Colours are written into the curves: draw them again."""
        super().notify_style_update()
        if self.is_mounted:
            self._drawn = None
            self.show(self._shown)

    def show(self, shown: PlotShown) -> None:
        """Draw what is shown where a dot of it differs."""
        self._shown = shown
        columns = max(2, (self.size.width - self.margin_left - 2) * 2)
        top = shown.top
        thinned = [
            Curve(
                one.channel,
                *(thin(points, shown.length_min / columns, top / 200)
                  for points in (one.confirmed, one.commanded, one.planned)),
            )
            for one in shown.curves
        ]  # fmt: skip
        now = round(shown.now_min / shown.length_min * columns)
        drawn = (thinned, now, shown.length_min, top, self.size, self.app.theme)
        if drawn == self._drawn or not self.size:
            return
        self._drawn = drawn
        self.clear()
        self.set_xlimits(0, shown.length_min)
        self.set_ylimits(0, top)
        self.set_xticks(_ticks(shown.length_min, columns // 20))
        self.set_yticks(_ticks(top, min(6, (self.size.height - 2) // 2)))
        step = shown.length_min / columns
        for one in thinned:
            self._dots(one.planned, self._colour(one.channel, 0.7), step, _DOTTED)
            self._dots(one.commanded, self._colour(one.channel, 0.85), step, _DASHED)
        self.add_v_line(shown.now_min, line_style=self._colour(0, 0.7))
        for one in thinned:
            self._solid(one.confirmed, self._colour(one.channel, 1))
        for place, one in enumerate(thinned):
            self._numbers(one, shown, place, len(thinned))

    def _colour(self, channel: int, strength: float) -> str:
        """The channel's colour (the foreground for 0), mixed with the ground."""
        name = f"channel-{channel}" if channel else "foreground"
        front = Color.parse(self.app.theme_variables[name])
        style: str = self.background_colors[1].blend(front, strength).rich_color.name
        return style

    def _solid(self, points: Points, style: str) -> None:
        if len(points) > 1:
            xs, ys = zip(*points, strict=True)
            self.plot(xs, ys, line_style=style, hires_mode=HiResMode.BRAILLE)

    def _dots(self, points: Points, style: str, step: float, pattern: Sequence[int]) -> None:
        kept = list(_sampled(points, step, pattern))
        if kept:
            xs, ys = zip(*kept, strict=True)
            self.scatter(xs, ys, marker_style=style, hires_mode=HiResMode.BRAILLE)

    def _numbers(self, one: Curve, shown: PlotShown, place: int, places: int) -> None:
        """The channel's number on its curve, at places of its own: colour is not needed."""
        period = shown.length_min / _MARKS
        first = period * (place + 0.5) / places
        times = [first + period * number for number in range(_MARKS)]
        found = [(time, _level_at(one, time, shown.now_min)) for time in times]
        kept = [(time, level) for time, level in found if level is not None]
        if kept:
            xs, ys = zip(*kept, strict=True)
            style = f"bold {self._colour(one.channel, 1)}"
            self.scatter(xs, ys, marker=str(one.channel), marker_style=style, hires_mode=None)


def thin(points: Points, step: float, level_step: float) -> Points:
    """At most first, lowest, highest and last of each column, on whole dots."""
    columns: dict[int, list[float]] = {}
    for time, level in points:
        columns.setdefault(round(time / step), []).append(level)
    kept = []
    for column, levels in columns.items():
        told = dict.fromkeys((levels[0], min(levels), max(levels), levels[-1]))
        kept += [(column * step, round(level / level_step) * level_step) for level in told]
    return tuple(kept)


def _at(points: Points, time: float) -> float | None:
    """The level of a curve at a time, None before it begins and after it ends."""
    for (t0, before), (t1, after) in pairwise(points):
        if t0 <= time <= t1:
            return after if t1 == t0 else before + (after - before) * (time - t0) / (t1 - t0)
    return None


def _level_at(one: Curve, time: float, now_min: float) -> float | None:
    past = time <= now_min
    return _at(one.confirmed, time) if past and one.confirmed else _at(one.planned, time)


def _sampled(points: Points, step: float, pattern: Sequence[int]) -> Iterator[tuple[float, float]]:
    if not points:
        return
    first, last = round(points[0][0] / step), round(points[-1][0] / step)
    for column in range(first, last + 1):
        if pattern[column % len(pattern)]:
            level = _at(points, column * step)
            if level is not None:
                yield column * step, level


def _ticks(end: float, most: int) -> list[float]:
    """Round numbers from 0 to the end, at most so many steps."""
    fits = [step for step in _STEPS if step <= end and end / step <= max(1, most)]
    step = fits[0] if fits else end
    return [number * step for number in range(int(end / step + 1e-9) + 1)]
