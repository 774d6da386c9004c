"""A session's report as one HTML page: no script, nothing loaded from outside, one A4 page or two.

The same model gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from stimctl.report.model import ChannelReport, Curves, Figures, SessionReport
from stimctl.report.page import fill
from stimctl.report.svg import Level, Mark, Plot, Series, cycle_plot, level_plot, time_text
from stimctl.report.words import NOTHING, level_text, mark_text

_SIGNS = {"alarm": "!", "unknown": "?", "stopping": "■", "felt": "▲"}
_PLOT_HEIGHT, _LOW_PLOT_HEIGHT, _MANY_CHANNELS = 130, 96, 3
"""With so many channels the plots are lower."""
_MOST_EVENTS = 60
"""More lines of the timeline than these are in the record, and counted here."""
AMPLITUDE, PULSES, CHARGE, TIME_ON = (
    "Highest amplitude", "Pulses", "First-phase charge", "Time on"
)  # fmt: skip


def render_session(report: SessionReport) -> str:
    """The page."""
    return fill(
        "session.html",
        report=report,
        simulation=report.simulation,
        figure_rows=figure_rows,
        level_svg=lambda channel: _levels(report, channel),
        impedance_svg=lambda channel: _impedance(report, channel),
        cycle_svg=_cycle,
        level=level_text,
        clock=time_text,
        most_events=_MOST_EVENTS,
    )


def figure_rows(channel: ChannelReport) -> list[tuple[str, tuple[str, ...]]]:
    """Rows of a channel's table: planned, commanded, acknowledged, at least, at most, measured."""
    columns = (
        channel.planned,
        channel.commanded,
        channel.acknowledged,
        channel.least,
        channel.most,
        channel.measured,
    )
    return figure_cells(channel.unit, columns, not_bounded=4 if channel.open_ended else None)


def figure_cells(
    unit: str, columns: Sequence[Figures | None], not_bounded: int | None = None
) -> list[tuple[str, tuple[str, ...]]]:
    """A row for each figure, with its name. `not_bounded`: the column in which what is not told
    has no bound."""
    told = [one or Figures() for one in columns]
    rows = [(AMPLITUDE, [level_text(one.peak, unit) for one in told])]
    if unit != "%":
        rows.append((PULSES, [_number(one.pulses) for one in told]))
        rows.append((CHARGE, [_charge(one.charge_nc) for one in told]))
    rows.append((TIME_ON, [_seconds(one.on_ms) for one in told]))
    for _, cells in rows:
        if not_bounded is not None and cells[not_bounded] == NOTHING:
            cells[not_bounded] = "not bounded"
    return [(name, tuple(cells)) for name, cells in rows]


def _number(value: int | None) -> str:
    return NOTHING if value is None else str(value)


def _charge(nc: int | None) -> str:
    return NOTHING if nc is None else f"{nc / 1e6:.6g} mC"


def _seconds(ms: int | None) -> str:
    return NOTHING if ms is None else f"{ms / 1_000:.1f} s"


def _levels(report: SessionReport, channel: ChannelReport) -> str:
    curves, unit = channel.curves, channel.unit
    marks = [
        Mark(event.at_s, _SIGNS.get(event.what, "|"), event.text, "loud" if event.loud else "mark")
        for event in report.events
        if event.marks and event.at_s is not None
    ]
    return level_plot(
        Plot(
            key=f"levels-{channel.number}",
            title=f"Channel {channel.number}: amplitude over time",
            description=_described(curves, channel, report.duration_s),
            series=(
                Series("acknowledged", "acknowledged", curves.acknowledged, filled=True),
                Series("commanded", "commanded", curves.commanded),
                Series("planned maximum in the on times", "planned", curves.planned),
            ),
            until_s=report.duration_s,
            unit="%" if unit == "%" else "mA",
            scale=1 if unit == "%" else 1_000,
            marks=marks,
            levels=[
                Level(one.level, mark_text(one)) for one in channel.thresholds if one.unit == unit
            ],
            height=_PLOT_HEIGHT if len(report.channels) < _MANY_CHANNELS else _LOW_PLOT_HEIGHT,
        )
    )


def _described(curves: Curves, channel: ChannelReport, duration_s: float) -> str:
    """What the plot shows, for somebody who hears it."""
    levels = [level for _, level in curves.acknowledged if level is not None]
    highest = max(levels, default=None)
    marked = "".join(
        f" {one.what.capitalize()} threshold marked at {level_text(one.level, one.unit)}."
        for one in channel.thresholds
    )
    return (
        f"Over {time_text(duration_s)} minutes. Planned maximum "
        f"{level_text(channel.maximum, channel.unit)}; highest commanded "
        f"{level_text(channel.commanded.peak, channel.unit)}; highest acknowledged in these "
        f"samples, one a second, {level_text(highest, channel.unit)}.{marked}"
    )


def _impedance(report: SessionReport, channel: ChannelReport) -> str:
    points = channel.curves.impedance
    known = [ohm for _, ohm in points if ohm is not None]
    return level_plot(
        Plot(
            key=f"impedance-{channel.number}",
            title=f"Channel {channel.number}: measured impedance over time",
            description=f"From {known[0]} ohm at first to {known[-1]} ohm at last; the highest was "
            f"{max(known)} ohm.",
            series=(Series("measured", "acknowledged", points),),
            until_s=report.duration_s,
            unit="kohm",
            scale=1_000,
            height=_LOW_PLOT_HEIGHT,
        )
    )


def _cycle(channel: ChannelReport, place: int) -> str:
    stages, cycle = channel.cycles[place]
    name = f"Channel {channel.number}: one cycle as planned"
    key = f"cycle-{channel.number}"
    if not stages:
        return cycle_plot(key, cycle, name)
    return cycle_plot(f"{key}-{place + 1}", cycle, f"{name} in {stages}")
