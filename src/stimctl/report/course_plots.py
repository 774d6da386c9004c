"""The plots of a course: one place on the axis for each session, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Final

from stimctl.report.course import PersonCourse, Visit
from stimctl.report.panel import Panel, round_ticks
from stimctl.report.svg import n, opening, round_up
from stimctl.report.words import level_text

_WIDTH, _HEIGHT, _LEFT, _TOP, _FIELD = 330, 118, 40.0, 20.0, 66.0
_WIDEST_BAR, _TICKS = 26.0, 2
_WORST_PAIN: Final = 10


def minutes_plot(course: PersonCourse) -> str:
    """Planned and delivered minutes of each session, as bars."""
    visits = course.visits
    top = round_up(max((max(one.planned_s, one.done_s) / 60 for one in visits), default=1) or 1)
    panel = _panel(course, top)
    said = "; ".join(
        f"session {one.number}: {one.done_s / 60:.1f} of {one.planned_s / 60:.1f} minutes"
        for one in visits
        if one.was_started
    )
    bars = []
    wide = min(_WIDEST_BAR, panel.width / panel.until * 0.7)
    for visit in visits:
        for seconds, style, share in (
            (visit.planned_s, "bar-planned", 1.0),
            (visit.done_s, "bar-done", 0.6),
        ):
            x, y = panel.across(visit.number) - wide * share / 2, panel.up(seconds / 60)
            bars.append(
                f'<rect class="{style}" x="{n(x)}" y="{n(y)}" width="{n(wide * share)}" '
                f'height="{n(panel.up(0) - y)}"/>'
            )
    return _picture("minutes", "Planned and delivered minutes", said, panel, "min", bars)


def pain_plot(course: PersonCourse) -> str:
    """Pain before and after; "" where nobody was asked."""
    if all(one.pain_before is None and one.pain_after is None for one in course.visits):
        return ""
    panel = _panel(course, _WORST_PAIN)
    said = "; ".join(
        f"session {one.number}: {_score(one.pain_before)} before, {_score(one.pain_after)} after"
        for one in course.visits
    )
    drawn = [
        *_dots(panel, course.visits, lambda one: one.pain_before, "○"),
        *_dots(panel, course.visits, lambda one: one.pain_after, "●"),
    ]
    return _picture("pain", "Pain before and after, 0 to 10", said, panel, "0-10", drawn)


def levels_plot(course: PersonCourse, where: str, unit: str, key: int) -> str:
    """Of one site the highest level that was acknowledged, and the thresholds that were marked."""
    scale = 1 if unit == "%" else 1_000
    found = {
        visit.number: [one for one in visit.channels if (one.where, one.unit) == (where, unit)]
        for visit in course.visits
    }
    reached = {
        number: max((one.acknowledged.peak or 0 for one in channels), default=0)
        for number, channels in found.items()
    }
    marked = [
        (number, mark.what[:1].upper(), mark.level)
        for number, channels in found.items()
        for channel in channels
        for mark in channel.thresholds
        if mark.unit == unit
    ]
    highest = max((*reached.values(), *(level for _, _, level in marked)), default=0)
    panel = _panel(course, round_up(max(highest / scale, 1)))
    words = [f"session {number}: highest {level_text(level, unit)}"
             for number, level in reached.items() if level]  # fmt: skip
    words += [f"session {number}: {sign} {level_text(level, unit)}"
              for number, sign, level in marked]  # fmt: skip
    drawn = [_sign(panel, number, level / scale, "▬") for number, level in reached.items() if level]
    drawn += [_sign(panel, number, level / scale, sign) for number, sign, level in marked]
    title = f"{where}: highest acknowledged amplitude and thresholds"
    shown = "%" if unit == "%" else "mA"
    return _picture(f"levels-{key}", title, "; ".join(words), panel, shown, drawn)


def _panel(course: PersonCourse, top: float) -> Panel:
    until = len(course.visits) + 0.7
    return Panel(_LEFT, _TOP, _WIDTH - _LEFT - 12, _FIELD, until, 0.0, top)


def _picture(key: str, title: str, said: str, panel: Panel, unit: str, drawn: Iterable[str]) -> str:
    levels = [panel.high * part / _TICKS for part in range(_TICKS + 1)]
    numbers = [one for one in round_ticks(panel.until, 20) if one == round(one) and one]
    axes = panel.axes("session", unit, levels, numbers)
    start = opening(key, title, f"{said}.", _WIDTH, _HEIGHT)
    return "".join((start, *axes, *drawn, "</svg>"))


def _dots(
    panel: Panel, visits: Iterable[Visit], value: Callable[[Visit], float | None], sign: str
) -> Iterator[str]:
    for visit in visits:
        level = value(visit)
        if level is not None:
            yield _sign(panel, visit.number, level, sign)


def _sign(panel: Panel, number: float, level: float, sign: str) -> str:
    return (
        f'<text class="sign" x="{n(panel.across(number))}" y="{n(panel.up(level))}" dy="4" '
        f'text-anchor="middle">{escape(sign)}</text>'
    )


def _score(pain: int | None) -> str:
    return "not asked" if pain is None else str(pain)
