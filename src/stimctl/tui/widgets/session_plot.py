"""The curves of `AmplitudePlot` in braille dots, eight to a cell, with their axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from textual.content import Content
from textual.widget import Widget

from stimctl.tui.widgets.cells import content_of
from stimctl.tui.widgets.plot_shown import Curve, PlotShown, Points

_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0)
_DOTTED, _DASHED = (1, 0, 0), (1, 1, 1, 0, 0)
_MARKS = 4
_Point = tuple[float, float]
#: Levels and the axis at the left; the axis and the minutes below.
_LEFT, _BELOW = 6, 2
_AXIS, _TICK, _NOW = "$foreground 55%", "$foreground 80%", "$foreground 70%"
_BRAILLE = 0x2800
#: Its dots, row by row.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class SessionPlot(Widget):
    """Draws only where a dot of it differs from what is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = PlotShown()
        self._drawn: object = None

    def show(self, shown: PlotShown) -> None:
        """Show this from now on."""
        self._shown = shown
        columns = self._columns
        now = round(shown.now_min / shown.length_min * columns)
        drawn = (self._thinned(), now, shown.length_min, self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def render(self) -> Content:
        """Plan and settings first, what is confirmed over them, the channels' numbers above all."""
        shown, curves = self._shown, self._thinned()
        width, height = self.size.width - _LEFT - 1, self.size.height - _BELOW
        if width < 1 or height < 1:
            return Content("")
        canvas = Canvas(width, height, shown.length_min, shown.top)
        step = shown.length_min / self._columns
        for one in curves:
            canvas.dots(_sampled(one.planned, step, _DOTTED), f"$channel-{one.channel} 70%")
            canvas.dots(_sampled(one.commanded, step, _DASHED), f"$channel-{one.channel} 85%")
        for one in curves:
            canvas.line(one.confirmed, f"$channel-{one.channel}")
        for row in range(height):
            canvas.cells[row, canvas.column(shown.now_min)] = ("│", _NOW)
        for place, one in enumerate(curves):
            for time, level in _numbered(one, shown, place, len(curves)):
                canvas.put(time, level, str(one.channel), f"bold $channel-{one.channel}")
        return canvas.content()

    @property
    def _columns(self) -> int:
        return max(2, (self.size.width - _LEFT - 1) * 2)

    def _thinned(self) -> list[Curve]:
        shown, step = self._shown, self._shown.length_min / self._columns
        return [
            Curve(
                one.channel,
                *(thin(points, step, shown.top / 200)
                  for points in (one.confirmed, one.commanded, one.planned)),
            )
            for one in shown.curves
        ]  # fmt: skip


class Canvas:
    """Dots and signs at times and levels, within axes from 0 to an end."""

    def __init__(self, columns: int, rows: int, length_min: float, top: float) -> None:
        self.columns, self.rows, self.length_min, self.top = columns, rows, length_min, top
        #: By row and column: a sign with its style. Later ones lie above.
        self.cells: dict[tuple[int, int], tuple[str, str]] = {}

    def _at(self, time: float, level: float) -> tuple[int, int]:
        across = min(1.0, max(0.0, time / self.length_min))
        up = min(1.0, max(0.0, level / self.top)) if self.top else 0.0
        return round(across * (self.columns * 2 - 1)), round((1 - up) * (self.rows * 4 - 1))

    def column(self, time: float) -> int:
        """The cell in which a time is."""
        return self._at(time, 0)[0] // 2

    def dots(self, points: Iterable[_Point], style: str) -> None:
        """A dot at each."""
        for time, level in points:
            self._dot(*self._at(time, level), style)

    def line(self, points: Points, style: str) -> None:
        """Dots from each to the next."""
        for one, other in pairwise(points):
            (x0, y0), (x1, y1) = self._at(*one), self._at(*other)
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for n in range(steps + 1):
                x, y = x0 + round((x1 - x0) * n / steps), y0 + round((y1 - y0) * n / steps)
                self._dot(x, y, style)

    def put(self, time: float, level: float, text: str, style: str) -> None:
        """A sign there."""
        x, y = self._at(time, level)
        self.cells[y // 4, x // 2] = (text, style)

    def _dot(self, x: int, y: int, style: str) -> None:
        there = ord(self.cells.get((y // 4, x // 2), (chr(_BRAILLE), ""))[0])
        self.cells[y // 4, x // 2] = (chr(there | _BITS[y % 4][x % 2]), style)

    def content(self) -> Content:
        """Row by row, with the axes: levels at the left, minutes below."""
        levels = _ticks(self.top, min(6, self.rows // 2))
        at_row = {self._at(0, tick)[1] // 4: f"{tick:g}" for tick in levels[1:]}
        times = {self.column(tick): tick for tick in _ticks(self.length_min, self.columns // 10)}
        drawn: list[tuple[str, str]] = []
        for row in range(self.rows):
            name = at_row.get(row, "")
            drawn += [(f"{name:>{_LEFT - 2}} ", _TICK), ("┫" if name else "┃", _AXIS)]
            drawn += [self.cells.get((row, column), (" ", "")) for column in range(self.columns)]
            drawn.append(("\n", ""))
        axis = "".join("┳" if column in times else "━" for column in range(1, self.columns))
        drawn += [(f"{0:>{_LEFT - 2}} ", _TICK), (f"╋{axis}\n", _AXIS)]
        drawn.append((_minutes(times, self.columns), _TICK))
        return content_of(drawn)


def _minutes(times: dict[int, float], columns: int) -> str:
    """Each below its tick; the last one with its unit."""
    room = [" "] * (_LEFT + columns + 1)
    for column, tick in times.items():
        text = f"{tick:g}" + (" min" if column == max(times) else "")
        at = min(_LEFT + column - (len(text) - 1) // 2, len(room) - len(text))
        if all(one == " " for one in room[max(0, at - 1) : at + len(text)]):
            room[at : at + len(text)] = text
    return "".join(room)


def _numbered(one: Curve, shown: PlotShown, place: int, places: int) -> Iterator[_Point]:
    """Where a channel's number stands on its curve, at places of its own: colour is not needed."""
    period = shown.length_min / _MARKS
    for number in range(_MARKS):
        time = period * (place + 0.5) / places + period * number
        level = _level_at(one, time, shown.now_min)
        if level is not None:
            yield time, level


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


def _sampled(points: Points, step: float, pattern: Sequence[int]) -> Iterator[_Point]:
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
