"""What the head, the alarm banner and the steps of every screen show now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.attention import alarm_now, state_of
from stimctl.tui.model.live import STALE_NS
from stimctl.tui.model.steps import is_simulated, steps
from stimctl.tui.model.words import clock_text
from stimctl.tui.widgets.alarm_banner import AlarmShown, Priority
from stimctl.tui.widgets.state_banner import BannerShown, ChannelBrief, Tone
from stimctl.tui.widgets.steps_bar import StepState

if TYPE_CHECKING:
    from stimctl.supervisor.session_model import Channel
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.live import Live

_TONES = {
    "armed": Tone.READY, "running": Tone.ON, "paused": Tone.PAUSED, "stopped": Tone.STOPPED,
    "completed": Tone.COMPLETE, "fault": Tone.PAUSED, "unknown": Tone.UNKNOWN,
    "stopping": Tone.PAUSED,
}  # fmt: skip
_PRIORITIES = {"high": Priority.HIGH, "medium": Priority.MEDIUM, "low": Priority.LOW}


def state_words(live: Live) -> tuple[str, Tone]:
    """Glyph and word for what the session does, and how they look."""
    name, words = state_of(live)
    return words, _TONES.get(name, Tone.IDLE)


def head_shown(desk: Desk) -> BannerShown:
    """State, time left, who, which device, and what flows."""
    bed, live, now_ns = desk.bed, desk.bed.live, desk.clock.mono_ns()
    state, tone = state_words(live)
    timed = live.state in ("running", "paused") and live.duration_us
    return BannerShown(
        state=state,
        tone=tone,
        time_left=clock_text(live.left_us(now_ns)) if timed else "",
        time_of=f"of {clock_text(live.duration_us)}" if timed else "",
        protocol=bed.choice.name if bed.choice else "",
        patient=bed.person,
        badge="REPLAY" if desk.mode == "replay" else badge_of(live),
        mode="WATCH" if desk.mode == "watch" else "",
        link=_link_words(desk, now_ns),
        channels=_briefs(desk, now_ns),
    )


def badge_of(live: Live) -> str:
    """What kind of current this is; it cannot be hidden."""
    return "SIM" if live.sim else "REAL" if live.device else ""


def _briefs(desk: Desk, now_ns: int) -> tuple[ChannelBrief, ...]:
    """What each channel gives, as far as that is confirmed; only where anything could flow."""
    live = desk.bed.live
    if live.state not in ("armed", "running", "paused", "unknown") and live.stopping_ns is None:
        return ()
    seats = desk.bed.choice.seats if desk.bed.choice else ()
    sites = {seat.channel: (seat.site or seat.role_name).replace("-", " ") for seat in seats}
    found = []
    for number, one in sorted(live.channels.items()):
        value = live.measure.text(one.acked_level or 0) if is_fresh(one, live, now_ns) else "?"
        found.append(ChannelBrief(number, sites.get(number, one.role), value))
    return tuple(found)


def is_fresh(one: Channel, live: Live, now_ns: int) -> bool:
    """Whether the confirmed level of a channel is what the device does now."""
    if live.state == "unknown":
        return False
    at_ns = one.acked_ns or live.newest_ns
    return live.state != "running" or not one.set_level or now_ns - at_ns <= STALE_NS


def _link_words(desk: Desk, now_ns: int) -> str:
    """Only what is not as it should be."""
    live = desk.bed.live
    slow = "" if live.link in ("", "good") else "slow connection"
    unwritten = "" if live.journal or live.state != "running" or live.sim else "not recording"
    silent = desk.lookout.silent_words(now_ns)
    return "  ".join(one for one in (desk.lookout.words(now_ns), slow, unwritten, silent) if one)


def alarms_shown(desk: Desk) -> tuple[AlarmShown, ...]:
    """What the face sees itself goes first, then the alarms of the session; a question to the
    people where there is none of either."""
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    found = []
    own = alarm_now(live, now_ns)
    if own is not None and own != live.alarms.worst():
        found.append(AlarmShown(_PRIORITIES[own.priority], own.what, own.where, own.action))
    for one in live.alarms.listed():
        seen = one.at if one.state != "active" else ""
        priority = _PRIORITIES.get(one.priority, Priority.LOW)
        found.append(AlarmShown(priority, one.what, one.where, one.do, one.since, seen))
    if found or live.asked is None:
        return tuple(found)
    key = desk.keymap.name_of("answer")
    how = "" if desk.mode else f"{key} answers" if desk.page.name == "run" else f"on Run {key}"
    where = f"channel {live.asked.channel}" if live.asked.channel else ""
    return (AlarmShown(Priority.LOW, live.asked.text, where=where, do=how),)


def steps_shown(desk: Desk) -> tuple[StepState, ...]:
    """One for each step of the way."""
    return tuple(
        StepState.CURRENT
        if step.page == desk.page.name
        else StepState.DONE
        if step.is_done
        else StepState.MISSING
        if step.gaps or not is_simulated(desk) or step.page in ("run", "report")
        else StepState.NOT_NEEDED
        for step in steps(desk)
    )


def window_title(live: Live) -> str:
    """What the window's title says: the output first."""
    kind = "SIM " if live.sim else ""
    if live.state == "unknown":
        return "OUTPUT UNKNOWN - stimctl"
    if live.state == "running":
        on = " ".join(
            f"CH{one.number} {live.measure.text(one.set_level)}"
            for one in live.channels.values()
            if one.set_level
        )
        return f"{kind}OUTPUT ON {on} - stimctl"
    return f"{kind}{live.state} - stimctl"
