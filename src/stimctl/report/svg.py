"""Plots as SVG text: levels over time, and one cycle. No library, no script, nothing from outside.

Every picture has a title and a description for a screen reader, and its looks with it: it is the
same in a page, in a PDF and as a file of its own. Text that comes in is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from stimctl.quantity import format_clock, format_permille
from stimctl.report.model import CycleShape, Points

WIDTH = 720
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 18, 16, 24
_SIGNS_APART = 7.0
"""What is nearer than this is one sign, or they would cover each other."""
_NAMES_APART = 11.0
_TICKS_X, _TICKS_Y = 8, 4
REST_RAMP_US: Final = 500_000
"""Of slow pulses in an off time (W19)."""
STYLE: Final = (
    'text{font-family:system-ui,"DejaVu Sans",sans-serif;font-size:11px;fill:#111}'
    ".grid{stroke:#ddd}.axis{stroke:#555}.frame{fill:none;stroke:#555}"
    ".planned{fill:none;stroke:#555;stroke-width:1.5;stroke-dasharray:7 4}"
    ".commanded{fill:none;stroke:#b35a00;stroke-width:1.5;stroke-dasharray:2 2}"
    ".acknowledged{fill:none;stroke:#00539c;stroke-width:1.8}"
    ".acknowledged-area{fill:#00539c;fill-opacity:.14}"
    ".drawn{fill:none;stroke:#00539c;stroke-width:1.5}"
    ".thin{fill:none;stroke:#00539c}.ground{fill:#fff}.name{font-weight:700}"
    ".bar-planned{fill:#fff;stroke:#555}.bar-done{fill:#00539c}"
    ".threshold{stroke:#4a2a86;stroke-dasharray:1 2}.threshold-name{fill:#4a2a86}"
    ".mark-line{stroke:#777;stroke-dasharray:1 3}.loud-line{stroke:#8a0000;stroke-width:1.5}"
    ".loud-sign{fill:#8a0000;font-weight:700}"
)
"""The looks of every picture. No colour tells anything alone: dashes, signs and words do, too."""
_ROUND_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)


@dataclass(frozen=True, slots=True)
class Series:
    """A curve that holds each level until the next. `style`: a class of the page's style sheet."""

    name: str
    style: str
    points: Points
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time, with one character above the plot."""

    at_s: float
    sign: str
    text: str
    style: str = "mark"


@dataclass(frozen=True, slots=True)
class Level:
    """A level that has a name, such as a threshold."""

    level: int
    name: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Levels over time. `scale`: how many units of a level one unit of the axis has."""

    key: str
    title: str
    description: str
    series: Sequence[Series]
    until_s: float
    unit: str
    scale: int
    height: int
    marks: Sequence[Mark] = ()
    levels: Sequence[Level] = ()


def level_plot(plot: Plot) -> str:
    """A plot as one `svg` element."""
    told = [level or 0 for one in plot.series for _, level in one.points]
    highest = max((*told, *(one.level for one in plot.levels)), default=0)
    top = round_up(max(highest / plot.scale, 1e-9))
    until_s = max(plot.until_s, 1.0)

    def across(at_s: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(max(at_s / until_s, 0.0), 1.0)

    low = plot.height - _BOTTOM

    def up(level: float) -> float:
        return low - (low - _TOP) * min(level / plot.scale / top, 1.0)

    parts = [opening(plot.key, plot.title, plot.description, WIDTH, plot.height)]
    parts += _grid(top, until_s, plot, across, up)
    for one in plot.series:
        parts += _curve(one, until_s, across, up)
    parts += _levels(plot.levels, up)
    for x, mark in _apart(plot.marks, across):
        parts.append(
            f"<g><title>{escape(mark.text)}</title>"
            f'<line class="{mark.style}-line" x1="{n(x)}" y1="{_TOP}" x2="{n(x)}" y2="{low}"/>'
            f'<text class="{mark.style}-sign" x="{n(x)}" y="{_TOP - 4}" text-anchor="middle">'
            f"{escape(mark.sign)}</text></g>"
        )
    parts.append("</svg>")
    return "".join(parts)


def cycle_plot(key: str, shape: CycleShape, title: str) -> str:
    """One on and one off time, with its ramps, as a trapezium."""
    width, height, base, top = 330, 84, 58, 14
    whole = shape.on_us + shape.off_us

    def across(us: int) -> float:
        return 4 + (width - 8) * us / whole

    on, hold = shape.on_us, shape.on_us - shape.ramp_down_us
    corners = [(0, base), (shape.ramp_up_us, top), (hold, top), (on, base)]
    if shape.rest_permille:
        level = base - round((base - top) * shape.rest_permille / 1000)
        ramp = min(REST_RAMP_US, shape.off_us // 2)
        corners += [(on + ramp, level), (whole - ramp, level)]
    corners.append((whole, base))
    line = " ".join(f"{n(across(us))},{y}" for us, y in corners)
    said = (
        f"{_s(shape.on_us)} on, of which {_s(shape.ramp_up_us)} ramp up and "
        f"{_s(shape.ramp_down_us)} ramp down, then {_s(shape.off_us)} off, again and again."
    )
    off = "off"
    if shape.rest_permille:
        share = format_permille(shape.rest_permille)
        said += f" Slow pulses at {share} of the plateau in the off time."
        off = f"slow pulses at {share},"
    middle, rest = n(across(on // 2)), n(across(on + shape.off_us // 2))
    return (
        f"{opening(key, title, said, width, height, 'cycle')}"
        f'<line class="axis" x1="4" y1="{base}" x2="{width - 4}" y2="{base}"/>'
        f'<polyline class="drawn" points="{line}"/>'
        f'<text x="{middle}" y="{height - 10}" text-anchor="middle">on {_s(shape.on_us)}</text>'
        f'<text x="{rest}" y="{height - 10}" text-anchor="middle">{off} {_s(shape.off_us)}</text>'
        f"</svg>"
    )


def _apart(marks: Sequence[Mark], across: Callable[[float], float]) -> Iterable[tuple[float, Mark]]:
    """Marks with their places; those that would cover each other as one."""
    found: list[tuple[float, Mark]] = []
    for mark in sorted(marks, key=lambda one: one.at_s):
        x = across(mark.at_s)
        if found and x - found[-1][0] < _SIGNS_APART:
            before_x, before = found.pop()
            sign = before.sign if mark.sign in before.sign else before.sign + mark.sign
            style = mark.style if before.style == "mark" else before.style
            mark = Mark(before.at_s, sign, f"{before.text}; {mark.text}", style)
            x = before_x
        found.append((x, mark))
    return found


def opening(key: str, title: str, text: str, width: int, height: int, style: str = "plot") -> str:
    """The beginning of a picture: what it is called, what it shows, and its looks."""
    names = f"{escape(key)}-title {escape(key)}-desc"
    return (
        f'<svg class="{style}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{names}">'
        f'<title id="{escape(key)}-title">{escape(title)}</title>'
        f'<desc id="{escape(key)}-desc">{escape(text)}</desc><style>{STYLE}</style>'
    )


def _grid(
    top: float,
    until_s: float,
    plot: Plot,
    across: Callable[[float], float],
    up: Callable[[float], float],
) -> Iterable[str]:
    low = plot.height - _BOTTOM
    for number in range(_TICKS_Y + 1):
        level = top * number / _TICKS_Y
        y = n(up(level * plot.scale))
        yield f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{WIDTH - _RIGHT}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end">{level:g}</text>'
    yield f'<text x="4" y="{_TOP - 6}">{escape(plot.unit)}</text>'
    step = next((one for one in _ROUND_S if until_s / one <= _TICKS_X), _ROUND_S[-1])
    for at_s in range(0, int(until_s) + 1, step):
        x = n(across(at_s))
        yield f'<line class="axis" x1="{x}" y1="{low}" x2="{x}" y2="{low + 4}"/>'
        yield f'<text x="{x}" y="{low + 17}" text-anchor="middle">{time_text(at_s)}</text>'
    yield f'<line class="axis" x1="{_LEFT}" y1="{low}" x2="{WIDTH - _RIGHT}" y2="{low}"/>'


def _levels(levels: Sequence[Level], up: Callable[[float], float]) -> Iterable[str]:
    """Each with its name at the right, above its line; names that would cover each other as one."""
    named: list[tuple[float, str]] = []
    for one in sorted(levels, key=lambda one: one.level):
        y = up(one.level)
        yield (
            f'<line class="threshold" x1="{_LEFT}" y1="{n(y)}" x2="{WIDTH - _RIGHT}" y2="{n(y)}"/>'
        )
        if named and named[-1][0] - y < _NAMES_APART:
            above, name = named.pop()
            named.append((above, f"{name}, {one.name}"))
        else:
            named.append((y, one.name))
    for y, name in named:
        yield (
            f'<text class="threshold-name" x="{WIDTH - _RIGHT}" y="{n(y - 2)}" '
            f'text-anchor="end">{escape(name)}</text>'
        )


def _curve(
    one: Series,
    until_s: float,
    across: Callable[[float], float],
    up: Callable[[float], float],
) -> Iterable[str]:
    """A staircase; where a level stays only its first point is drawn, where it is not known
    nothing."""
    lines: list[tuple[float, list[str], float]] = []
    level: int | None = None
    for at_s, following in (*one.points, (until_s, None)):
        x = across(at_s)
        if level is not None:
            start, path, _ = lines[-1]
            lines[-1] = (start, path, x)
        if following == level:
            continue
        if level is None and following is not None:
            lines.append((x, [f"M{n(x)} {n(up(following))}"], x))
        elif following is not None:
            lines[-1][1].append(f"H{n(x)}V{n(up(following))}")
        level = following
    for start, path, end in lines:
        path.append(f"H{n(end)}")
        if one.filled:
            base = n(up(0))
            area = "".join((*path, f"V{base}H{n(start)}Z"))
            yield f'<path class="{one.style}-area" d="{area}"/>'
        yield f'<path class="{one.style}" d="{"".join(path)}"/>'


def round_up(value: float) -> float:
    """The next round number that parts well in four."""
    ten = 10.0 ** math.floor(math.log10(value))
    return next(one * ten for one in (1, 2, 4, 6, 8, 10) if one * ten >= value * (1 - 1e-9))


def time_text(at_s: float) -> str:
    """A time of a session as minutes and seconds, to the nearest one."""
    return format_clock(round(at_s) * 1_000_000)


def _s(us: int) -> str:
    return f"{us / 1e6:g} s"


def n(value: float) -> str:
    """A coordinate to a tenth, the same text on every machine."""
    return f"{value:.1f}".removesuffix(".0")
