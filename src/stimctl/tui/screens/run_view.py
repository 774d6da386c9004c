"""The body of the Run screen: table, stimulus, where in the cycle, last and refused, link, log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui import drawing
from stimctl.tui.model.guards import HotChannel
from stimctl.tui.model.live import Live
from stimctl.tui.model.planned import drive_of, in_burst, train_of
from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.screens.run_table import Look, Phase, table

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.desk import Desk


def _phases(bed: Bedside, now_ns: int) -> dict[int, Phase]:
    """Where each channel stands in its programme; nothing where the plan is not ours."""
    live = bed.live
    if live.state != "running" or not bed.is_loaded:
        return {}
    at_us = min(live.duration_us - live.left_us(now_ns), live.duration_us - 1)
    found = {}
    for one in bed.plan.channels:
        drive, cycle = drive_of(bed.plan, one, at_us), one.cycle
        in_cycle = (at_us - one.start_after_us) % cycle.period_us if cycle else 0
        rest = cycle.period_us - in_cycle if cycle else 0
        if at_us < one.start_after_us:
            rest = one.start_after_us - at_us
        open_ = drive.is_on or (in_burst(one) and drive.level_permille > 0)
        found[one.channel] = Phase(drive.level_permille, open_, drive.may_raise, rest)
    return found


def body(desk: Desk, hot: HotChannel, width: int, height: int) -> list[Line]:
    """Table, stimulus, cycle, last and refused, link, log."""
    bed, live, now_ns = desk.bed, desk.bed.live, desk.clock.mono_ns()
    seats = bed.choice.seats if bed.choice else ()
    look = Look(
        now_ns=now_ns,
        hot=hot.now(now_ns),
        last=hot.last,
        sites={seat.channel: seat.site or "" for seat in seats},
        sources=desk.ceiling_sources(),
        phases=_phases(bed, now_ns),
        measures=live.measure.is_dose
        and any(one.measured_ua is not None for one in live.channels.values()),
    )
    lines = table(live, look, width) if live.channels else _nothing(bed)
    lines += [(), *_meaning(live, width), *_stimulus(bed, hot, width, now_ns)]
    lines += [
        line(("last     ", "title"), live.last or "–"),
        *_refused(live.refused, width),
        line((live.zero, "off")) if live.zero else (),
        line((_link_words(live, look), "dim")),
    ]
    room = height - len(lines)
    recent = list(live.log)[-room:] if room > 0 else []
    return [*lines, *(line((f"{at}  {words}"[:width], "dim")) for at, words in recent)]


def _refused(words: str, width: int) -> list[Line]:
    """In two lines where one would cut the reason."""
    parts = wrap(words or "–", width - 9)[:2]
    return [
        line(("refused  " if not number else " " * 9, "title"), (part, "refused"))
        for number, part in enumerate(parts)
    ]


def _nothing(bed: Bedside) -> list[Line]:
    steps = (
        ("2 connect a device", bed.client is not None and bed.live.identified),
        ("4 choose a protocol", bed.choice is not None),
        ("5 6 set up and adjust", bed.plan is not None),
    )
    return [
        line("No plan is loaded. Before a session (b goes back, Ctrl-P finds everything):"),
        *(
            line("✓ " if done else "○ ", (words, "dim" if done else "strong"))
            for words, done in steps
        ),
    ]


def _stimulus(bed: Bedside, hot: HotChannel, width: int, now_ns: int) -> list[Line]:
    live = bed.live
    if bed.plan is None or not live.channels:
        return []
    number = hot.last if hot.last in live.channels else min(live.channels)
    try:
        one = bed.plan.channel(number)
    except KeyError:
        return []
    words, cycle = f"ch{number}  {train_of(one)}", one.cycle
    total = bed.plan.protocol.session.contractions
    if cycle is None:
        return [line(f"{words}  continuous")]
    done = live.channels[number].contraction
    words += f"  {done}{f' of {total}' if total else ''} contractions done"
    at_us = None
    if live.state == "running":
        at_us = max(0, live.duration_us - live.left_us(now_ns) - one.start_after_us)
    return [line(words), *drawing.cycle(cycle, min(60, width), at_us)[:2]]


def _meaning(live: Live, width: int) -> list[Line]:
    """What a number here is, where its unit alone would be taken for more than it says."""
    return [line((part, "dim")) for part in wrap(live.measure.meaning, width) if part]


def _link_words(live: Live, look: Look) -> str:
    journal = "journal ok" if live.journal else "no journal"
    rows = f"heard {max(0, look.now_ns - live.newest_ns) / 1e9:.1f} s ago" if live.newest_ns else ""
    meas = "" if look.measures or not live.identified else live.measure.unmeasured
    links = f"linked {live.links}" if live.links else ""
    return " · ".join(
        one for one in (f"link {live.link or '–'}", rows, journal, links, meas) if one
    )
