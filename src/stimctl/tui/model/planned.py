"""What a plan says of a channel, in milliampere or in percent: its limits, train and cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stimctl.safety import Bound
    from stimctl.treatment.program import AnyPlan, CurrentChannel, PercentChannel, PlanChannel
    from stimctl.treatment.timeline import Drive
    from stimctl.tui.model.bedside import Bedside


def is_in_percent(one: PlanChannel) -> bool:
    """Whether a channel lets through pulses of another unit."""
    from stimctl.treatment.program import PercentChannel

    return isinstance(one, PercentChannel)


def binding_of(plan: AnyPlan, channel: int) -> str:
    """Which bound stands behind the ceiling of a channel: the hand's own, or a limit by name."""
    from stimctl.safety import Layer, Quantity

    one: Any = plan.channel(channel)
    bound = _bound_of_percent(one) if is_in_percent(one) else _bound_of_current(one)
    if bound is None:
        return "set-up"
    own = (Quantity.AMPLITUDE, Quantity.INTENSITY)
    if bound.layer is Layer.STANDARD and bound.quantity not in own:
        return str(bound.limit_id)
    return {"person": "patient", "protocol": "treatment"}.get(bound.layer.value, bound.layer.value)


def _bound_of_current(one: CurrentChannel) -> Bound | None:
    """The first bound that one step more would exceed; None where the hand's ceiling is lower."""
    from stimctl.safety import ceiling_ua, headroom

    envelope: Any = one.cleared.envelope
    if one.most < ceiling_ua(one.stimulus, envelope):
        return None
    above = one.stimulus.with_amplitude(one.most + one.step)
    return next((each.bound for each in headroom(above, envelope) if each.exceeded), None)


def _bound_of_percent(one: PercentChannel) -> Bound | None:
    """The same for a channel in percent."""
    above = one.most + one.step
    exceeded = [bound for bound in _on_intensity(one) if bound.value < above]
    return exceeded[0] if exceeded else None


def _on_intensity(one: PercentChannel) -> list[Bound]:
    """The bounds in percent, the lowest first: the only ones that can be kept here."""
    from stimctl.safety import Quantity

    found = [bound for bound in one.cleared.limits if bound.quantity is Quantity.INTENSITY]
    return sorted(found, key=lambda bound: bound.value)


def limits_of(one: Any) -> list[tuple[str, str]]:
    """The bounds in force on a channel, the closest first: id, and how much of which is used."""
    if is_in_percent(one):
        told = [(one.most / bound.value, bound) for bound in _on_intensity(one)]
    else:
        from stimctl.safety import headroom

        told = [(each.used, each.bound) for each in headroom(one.stimulus, one.cleared.envelope)]
    return [
        (bound.limit_id,
         f"{'–' if used is None else f'{used * 100:.0f} %'} of {bound.text}: {bound.source}")
        for used, bound in told
    ]  # fmt: skip


def drive_of(plan: Any, one: Any, at_us: int) -> Drive:
    """What a channel does at a time of its plan."""
    from stimctl.treatment.timeline import drive_at

    return drive_at(plan, one, at_us)


def in_burst(one: Any) -> bool:
    """Whether its output pauses between pulses while it is on."""
    return not is_in_percent(one) and one.stimulus.burst is not None


def train_of(one: Any) -> str:
    """Its pulses in a few words; those of another unit are not known here."""
    if is_in_percent(one):
        return "pulses of the unit, as set on it"
    return f"{one.stimulus.pulse.phase_width_us} µs  {1e6 / one.period_us:.4g} Hz"


def channel_at(plan: AnyPlan | None, number: int, at_us: int) -> Any:
    """The plan's part for a channel at that time; None where there is none, or it is off then."""
    return None if plan is None else plan.stage_at(at_us).channel(number)


def trains_in(plan: AnyPlan | None, number: int) -> str:
    """The pulses of a channel in every stage, each once."""
    there = () if plan is None else (stage.channel(number) for stage in plan.stages)
    return ", then ".join(dict.fromkeys(train_of(one) for one in there if one is not None))


def stage_now(bed: Bedside) -> str:
    """The present stage and how many there are; "" where the treatment has none."""
    plan = bed.plan
    if plan is None or not plan.named_stages:
        return ""
    now = plan.stage_at(bed.live.plan_time_us)
    return f"stage {now.number + 1} of {len(plan.stages)}: {now.name}"


def no_next_stage(bed: Bedside) -> str | None:
    """Why no stage can be ended early; None where one follows the present one."""
    plan = bed.plan
    if plan is None or not plan.named_stages:
        return "this treatment has no stages"
    now = plan.stage_at(bed.live.plan_time_us)
    return "no stage follows" if now.number + 1 == len(plan.stages) else None


def no_events(bed: Bedside) -> str | None:
    """Why nobody answers events; None where the treatment is a procedure."""
    there = bed.plan is not None and any(stage.events for stage in bed.plan.stages)
    return None if there else "this treatment has no single events"
