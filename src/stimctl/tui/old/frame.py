"""The frame around every screen: who, what, which device and which state, and the keys below.

The state word stands at the same place on every screen; STOP comes first in the last line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stimctl.tui.model.clock import Clock
from stimctl.tui.model.live import Live
from stimctl.tui.model.text import Line, Span, fit, line, spread, width_of
from stimctl.tui.model.words import clock_text

WIDTH_MIN, HEIGHT_MIN = 80, 24
#: Lines of the frame: its top, the alarm line, the message line, its bottom.
FRAME_LINES = 4

_STATES = {
    "disconnected": ("○ not connected", "dim"),
    "identified": ("■ {zero} confirmed", "off"),
    "checked": ("■ READY {zero}", "off"),
    "armed": ("▲ ARMED {zero}", "wait"),
    "stopped": ("■ STOPPED {zero}", "off"),
    "closed": ("■ CLOSED {zero}", "off"),
    "fault": ("✗ FAULT {zero}", "wait"),
    "unknown": ("? OUTPUT UNKNOWN", "alarm"),
}


def state_span(live: Live, now_ns: int) -> Span:
    """The state in a glyph and a word, with the time that belongs to it."""
    if live.state == "unknown":
        return Span(*_STATES["unknown"])
    if live.stopping_ns is not None:
        return Span("… STOPPING …", "wait")
    if live.state == "running":
        if not live.duration_us:  # watched from the middle: how long it is was told before
            return Span(f"● STIM at {clock_text(live.plan_time_us)}", "on")
        return Span(f"● STIM {clock_text(live.left_us(now_ns))} left", "on")
    if live.state == "paused":
        paused_s = 0 if live.paused_ns is None else max(0, now_ns - live.paused_ns) // 10**9
        return Span(f"■ PAUSED {paused_s} s, {live.measure.zero}", "wait")
    words, role = _STATES.get(live.state, ("? {state}", "wait"))
    return Span(words.format(zero=live.measure.zero, state=live.state), role)


@dataclass(frozen=True, slots=True)
class Way:
    """`mode`: "", "watch" or "replay"; `far`: words where the terminal is remote or slow."""

    mode: str = ""
    far: str = ""


def badge(live: Live, mode: str) -> Span:
    """What kind of current this is; it cannot be hidden."""
    if mode == "replay":
        return Span(" REPLAY ", "sim")
    if live.sim:
        return Span(" SIM ", "sim")
    return Span(" REAL ", "notice") if live.device else Span(" -- ", "dim")


def top(
    title: str, facts: Sequence[str], live: Live, now_ns: int, clock: Clock, width: int, way: Way
) -> Line:
    """`┌ RUN ─ K-17 ─ nmes-tka 5c1e ── ● STIM 07:42 left ─ SIM ─ 10:30 ┐`"""
    told = [fact for fact in facts if fact]
    left = line(("┌ ", "frame"), (title, "title"))
    for fact in told:
        left = (*left, Span(" ─ ", "frame"), Span(fact, "strong"))
    watching = line((" WATCH ", "notice"), ("─", "frame")) if way.mode == "watch" else ()
    far = line((f" {way.far} ", "wait"), ("─", "frame")) if way.far else ()
    right = line(
        (" ", "frame"),
        state_span(live, now_ns),
        (" ─", "frame"),
        *watching,
        *far,
        badge(live, way.mode),
        (f"─ {clock.wall_text(seconds=False)} ┐", "frame"),
    )
    return spread((*left, Span(" ", "frame")), right, width, "─", "frame")


def inside(content: Line, width: int) -> Line:
    """A line of the body between the two sides of the frame."""
    return (Span("│ ", "frame"), *fit(content, width - 4), Span(" │", "frame"))


Key = tuple[str, str, bool]


def bottom(keys: Sequence[Key], width: int, last: Key | None = None) -> Line:
    """The keys that count now: (key, word, whether it works now). STOP comes first, always, and
    `last` (where the other keys are told) is there however many there are."""
    shown = line(("└ ", "frame"), ("SPACE", "key"), (" STOP", "strong"))
    end = _key(last) if last else ()
    room = width - 4 - width_of(end)
    for key in keys:
        piece = _key(key)
        if width_of(shown) + width_of(piece) > room:
            break
        shown = (*shown, *piece)
    return spread((*shown, *end, Span(" ", "frame")), line(("┘", "frame")), width, "─", "frame")


def _key(told: Key) -> Line:
    """In brackets where it does nothing now: pale alone would be told by colour alone."""
    key, word, works = told
    if not works:
        return line("  ", (f"({key} {word})", "dim"))
    return line("   ", (key, "key"), f" {word}")
