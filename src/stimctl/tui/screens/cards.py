"""What the card of each channel shows now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stimctl.supervisor.session_model import Channel
from stimctl.tui.model.live import STALE_NS, WAIT_NS, Live
from stimctl.tui.model.planned import drive_of, train_of
from stimctl.tui.widgets.card_shown import CardShown, CardState
from stimctl.tui.widgets.cycle_bar import CycleShown
from stimctl.tui.widgets.level_bar import Mark as Line

if TYPE_CHECKING:
    from stimctl.tui.model.persons import Mark
    from stimctl.tui.model.run import RunPage

#: Below this a P24 does not see that an electrode is off (R: its manual).
_CONTACT_FROM_UA = 15_000


def cards_shown(run: RunPage) -> list[CardShown]:
    """One for each channel of the session, in order."""
    return [_card(run, one) for _, one in sorted(run.bed.live.channels.items())]


def _card(run: RunPage, one: Channel) -> CardShown:
    bed, live, now_ns = run.bed, run.bed.live, run.desk.clock.mono_ns()
    planned = run.planned(one.number)
    drive, cycle = _where(run, planned, now_ns)
    measure = live.measure
    scale = 1000 if measure.is_dose else 1
    state, more = channel_state(live, one, drive, now_ns)
    return CardShown(
        channel=one.number,
        site=(run.site_of(one.number) or one.role).replace("-", " "),
        state=state,
        state_more=more,
        confirmed=None if one.acked_level is None else one.acked_level / scale,
        commanded=one.set_level / scale if live.state == "running" else None,
        maximum=(one.ceiling_level or 0) / scale,
        unit=measure.unit,
        decimals=1 if measure.is_dose else 0,
        is_selected=run.selected(now_ns) == one.number,
        aim=_aim(bed.plan, planned, live.past_us(now_ns)),
        age=_age(one, live, now_ns),
        refused=live.refusals.get(one.number, ""),
        lock=run.lock_words(one.number),
        contact=_contact(run, one),
        marks=tuple(_marks(bed.marks, bed.memory.marks, one.number, scale)),
        cycle=cycle,
        impedance=f"{one.impedance_ohm[-1] / 1000:.1f} kΩ" if one.impedance_ohm else "",
        impedance_kohm=tuple(value / 1000 for value in one.impedance_ohm),
    )


def _where(run: RunPage, planned: Any, now_ns: int) -> tuple[Any, CycleShown | None]:
    """What the plan has the channel do now, and where in its cycle that is."""
    live, plan = run.bed.live, run.bed.plan
    if planned is None:
        return None, None
    running = live.state == "running" and run.bed.is_loaded
    at_us = max(0, min(live.past_us(now_ns), live.duration_us - 1))
    drive = drive_of(plan, planned, at_us) if running else None
    cycle = planned.cycle
    if cycle is None:
        return drive, None
    since_us = at_us - plan.stage_at(at_us).output_from_us - planned.start_after_us
    shown = CycleShown(
        ramp_up_s=cycle.ramp_up_us / 1e6,
        hold_s=cycle.hold_us / 1e6,
        ramp_down_s=cycle.ramp_down_us / 1e6,
        off_s=cycle.off_us / 1e6,
        at_s=(since_us % cycle.period_us) / 1e6,
        contraction=since_us // cycle.period_us + 1 if since_us >= 0 else 0,
        contractions=0 if plan.named_stages else plan.protocol.session.contractions or 0,
        is_running=running,
    )
    return drive, shown


def _aim(plan: Any, planned: Any, at_us: int) -> str:
    """Its pulses now; with the stage, where there are any."""
    stage = plan.stage_at(at_us).name if plan is not None and plan.named_stages else ""
    return "  ".join(filter(None, (stage, "" if planned is None else train_of(planned))))


def channel_state(live: Live, one: Channel, drive: Any, now_ns: int) -> tuple[CardState, str]:
    """The worst thing first."""
    if live.state == "unknown":
        return CardState.UNKNOWN, ""
    if live.state == "paused":
        return CardState.PAUSED, ""
    if live.state != "running":
        return CardState.OFF, ""
    silent_ns = now_ns - (one.acked_ns or live.newest_ns)
    if one.set_level and silent_ns > STALE_NS:
        return CardState.NO_REPLY, f"{silent_ns / 1e9:.0f} s"
    if one.pending_level is not None:
        return CardState.PENDING, live.measure.text(one.pending_level)
    if drive is not None and drive.level_permille == 0 and not drive.is_on:
        return CardState.REST, ""
    if one.set_ns > one.confirmed_ns and now_ns - one.set_ns > WAIT_NS:
        return CardState.WAITING, ""
    if not one.set_level:
        return CardState.OFF, ""
    if drive is not None and drive.level_permille < 1000:
        return (CardState.RAMP_UP if not drive.may_raise else CardState.ON), ""
    return CardState.ON, ""


def _age(one: Channel, live: Live, now_ns: int) -> str:
    """How old the confirmed value is, where it is old."""
    if live.state != "running" or one.acked_ns is None or now_ns - one.acked_ns <= STALE_NS:
        return ""
    return f"{(now_ns - one.acked_ns) / 1e9:.0f} s old"


def _contact(run: RunPage, one: Channel) -> str:
    """Where a detached electrode would look like treatment."""
    if run.bed.live.state != "running" or one.impedance_ohm or not run.watches_contact:
        return ""
    if one.set_level >= _CONTACT_FROM_UA:
        return ""
    return "contact not monitored below 15 mA"


def _marks(
    today: list[Mark], before: tuple[Mark, ...], channel: int, scale: int
) -> Mapping[Line, None]:
    found: dict[Line, None] = {}
    for marks, is_today in ((before, False), (today, True)):
        for one in marks:
            if one.channel == channel:
                level = one.amplitude_ua if one.intensity_percent is None else one.intensity_percent
                found[Line(one.what[0].upper(), (level or 0) / scale, is_today)] = None
    return found
