"""The table of the Run screen: set, acknowledged and measured apart, each fresh or not shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from stimctl.supervisor.session_model import Channel
from stimctl.tui.drawing import bar, spark
from stimctl.tui.model.live import STALE_NS, WAIT_NS, Live
from stimctl.tui.model.measure import CURRENT
from stimctl.tui.model.text import Line, Span, line

_NEVER = "––"
_UNTOLD = "–"
#: From here on there is room for an age beside each value; the columns of an age are so wide.
_WIDE = 94
_AGE = 7
#: So many channels have a line of ages each where the table is narrow; of more, the hot one has.
_ALL_AGED = 2


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a channel stands in its programme: level 0..1000, and what comes next."""

    level_permille: int
    is_on: bool
    may_raise: bool
    rest_us: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What the table needs besides the rows."""

    now_ns: int
    hot: int | None
    sites: Mapping[int, str]
    sources: Mapping[int, str]
    phases: Mapping[int, Phase]
    measures: bool
    #: The channel that is hot, or was before its 20 s were over.
    last: int | None = None


def table(live: Live, look: Look, width: int) -> list[Line]:
    """Head and one line for each channel.

    From `_WIDE` cells on every value has its age beside it. In less room the ages of the hot
    channel (the one that was, or the first) stand in a line below it, and of two channels both.
    """
    wide = width >= _WIDE
    name_width = max(15, min(30, width - _beside_name(look, wide=wide)))
    age = f"{'age':>{_AGE}}" if wide else ""
    head = f"   {f'channel, in {live.measure.unit}':<{name_width}}{'set':>7}{age}{'ack':>8}{age}"
    head += f"{'meas':>8}{age}" if look.measures else ""
    lines = [line((f"{head}{'ceiling':>9}  {'from':<10}state", "title"))]
    below = () if wide else _aged_below(live, look)
    for _, one in sorted(live.channels.items()):
        lines.append(_row(one, live, look, name_width, wide=wide))
        if one.number in below:
            lines.append(line((f"     {ages_of(one, look)}", "dim")))
        if one.impedance_ohm:
            values = list(one.impedance_ohm)
            words = f"     Z {values[-1] / 1000:.1f} kΩ {spark(values, 16)} {_trend(values)}"
            lines.append(line((words, "dim")))
    return lines


def _beside_name(look: Look, *, wide: bool) -> int:
    """What stands beside the name in every row, with the usual words for a state."""
    values = 3 if look.measures else 2
    return 58 if not wide else 49 + values * (_AGE + 7)


def _aged_below(live: Live, look: Look) -> Collection[int]:
    if live.state == "unknown" or not live.channels:
        return ()
    if len(live.channels) <= _ALL_AGED:
        return live.channels
    hot = look.hot if look.hot is not None else look.last
    return (hot if hot in live.channels else min(live.channels),)


def ages_of(one: Channel, look: Look) -> str:
    """How old each value is; of what is set: how long ago that was."""
    asked = f"set {_age(one.set_ns, look.now_ns)} ago" if one.set_ns else "not set yet"
    told = [("acked", one.acked_ns), *([("measured", one.measured_ns)] if look.measures else ())]
    heard = [
        f"{what} never" if at_ns is None else f"{what} {_age(at_ns, look.now_ns)} ago"
        for what, at_ns in told
    ]
    return " · ".join((asked, *heard))


def _trend(values: list[int]) -> str:
    """In a word, as a row of blocks alone says little: a tenth is more than noise (D)."""
    first, last = values[0], values[-1]
    if last * 10 > first * 11:
        return "rising"
    return "falling" if last * 10 < first * 9 else "steady"


def _row(one: Channel, live: Live, look: Look, name_width: int, *, wide: bool) -> Line:
    hot = look.hot == one.number
    site = look.sites.get(one.number) or one.role
    name = f"{one.number} {site}"[: name_width - 1]
    known, digits = live.state != "unknown", live.measure.digits
    fresh = known and _is_fresh(one.acked_ns, live, look.now_ns)
    acked = digits(one.acked_level) if fresh and one.acked_level is not None else _NEVER
    set_text = digits(one.set_level) if known else _NEVER
    ages = [f"{_age(at_ns, look.now_ns) if known else _UNTOLD:>{_AGE}}" if wide else ""
            for at_ns in (one.set_ns or None, one.acked_ns, one.measured_ns)]  # fmt: skip
    text = f"{'▸' if hot else ' '}  {name:<{name_width}}{set_text:>7}{ages[0]}{acked:>8}{ages[1]}"
    if look.measures:
        seen = known and _is_fresh(one.measured_ns, live, look.now_ns)
        measured = (
            CURRENT.digits(one.measured_ua) if seen and one.measured_ua is not None else _NEVER
        )
        text += f"{measured:>8}{ages[2]}"
    ceiling = digits(one.ceiling_level) if one.ceiling_level is not None else _NEVER
    at = "!" if one.ceiling_level is not None and one.set_level >= one.ceiling_level > 0 else " "
    text += f"{ceiling:>8}{at}  {look.sources.get(one.number, '–'):<10}"
    return line((text, "hot" if hot else "text"), state_of(one, live, look))


def state_of(one: Channel, live: Live, look: Look) -> Span:
    """A glyph and a word; the worst thing first."""
    if live.state == "unknown":
        return Span("? UNKNOWN", "alarm")
    if live.state != "running":
        return Span("■ off", "off")
    if not _is_fresh(one.acked_ns, live, look.now_ns) and one.set_level:
        return Span(f"? stale {_age(one.acked_ns, look.now_ns)}", "wait")
    phase = look.phases.get(one.number)
    if one.pending_level is not None:
        return Span(f"▲ PENDING {live.measure.digits(one.pending_level)} at next on", "wait")
    if phase is not None and not phase.is_on and phase.level_permille == 0:
        return Span(f"□ rest {-(-phase.rest_us // 1_000_000)} s", "off")
    if _waits(one, look.now_ns):
        return Span("… WAIT ack", "wait")
    if look.measures and _differs(one):
        return Span("≠ DIFF", "wait")
    if not one.set_level:
        ramping = phase is not None and not phase.may_raise
        zero = f"■ {live.measure.digits(0)}"
        return Span(f"{zero}, in its ramp" if ramping else zero, "off")
    if phase is not None and phase.level_permille < 1000:
        return Span(f"▲ RAMP {bar(phase.level_permille / 1000, 8)}", "on")
    return Span("● ON", "on")


def _waits(one: Channel, now_ns: int) -> bool:
    return one.set_ns > one.confirmed_ns and now_ns - one.set_ns > WAIT_NS


def _differs(one: Channel) -> bool:
    if one.measured_ua is None or one.acked_level is None:
        return False
    return abs(one.measured_ua - one.acked_level) > max(1_000, one.acked_level // 10)


def _is_fresh(at_ns: int | None, live: Live, now_ns: int) -> bool:
    if at_ns is None:
        return False
    return live.state != "running" or now_ns - at_ns <= STALE_NS


def _age(at_ns: int | None, now_ns: int) -> str:
    """In at most six cells: tenths where they count, then whole seconds, minutes, hours."""
    if at_ns is None:
        return _UNTOLD
    tenths = max(0, now_ns - at_ns) // 100_000_000
    if tenths < 100:
        return f"{tenths / 10:.1f} s"
    seconds = tenths // 10
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7_200 else f"{seconds // 3_600} h"
