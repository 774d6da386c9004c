"""A plan in words and as JSON: what runs on each channel, its dose, its distance to every limit."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stimctl.cli.output import put, put_table, say, styled
from stimctl.quantity import (
    format_area,
    format_current,
    format_duration,
    format_frequency,
    format_permille,
    format_rate,
)

if TYPE_CHECKING:
    from stimctl.cli.planning import Prepared
    from stimctl.safety import Headroom
    from stimctl.stimulus import Cycle
    from stimctl.treatment.prediction import ChannelDose
    from stimctl.treatment.program import (
        AnyPlan,
        CurrentChannel,
        PercentChannel,
        PlanChannel,
    )

_US_MHZ = 1_000_000_000


def plan_as_dict(
    prepared: Prepared, plan: AnyPlan, assumptions: tuple[str, ...] = ()
) -> dict[str, Any]:
    """All figures of a plan, JSON-able; integers carry their unit in the name."""
    from stimctl.session.setup_row import stage_of

    return {
        "protocol": plan.protocol.id,
        "version": plan.protocol.version,
        "protocol_sha256": prepared.text.sha256,
        "device": str(prepared.device),
        "simulation": prepared.is_simulation,
        "intended_use": plan.sheet.intended_use.value,
        "evidence": plan.protocol.evidence.grade,
        "duration_us": plan.duration_us,
        "shortened": plan.duration_us != plan.protocol.usual_duration_us,
        "plan_digest": plan.digest(),
        "notes": list(plan.notes),
        "assumed": list(assumptions),
        "channels": _channels_as_dicts(plan),
        "stages": [
            stage_of(one) | {"channels": [each.channel for each in one.channels]}
            for one in plan.stages
        ],
    }


def _channels_as_dicts(plan: AnyPlan) -> list[dict[str, Any]]:
    from stimctl.treatment.prediction import predict
    from stimctl.treatment.program import in_percent, makes_current

    if in_percent(plan):
        return [_percent_dict(one) for one in plan.channels]
    assert makes_current(plan)
    delivered = {dose.channel: dose for dose in predict(plan)}
    return [_channel_dict(one, delivered[one.channel]) for one in plan.channels]


def _percent_dict(one: PercentChannel) -> dict[str, Any]:
    """A percent is no dose: there is none to tell."""
    return {
        "channel": one.channel,
        "role": one.role,
        "intensity_percent": one.most,
        "step_percent": one.step,
        "electrode": asdict(one.setup.electrode),
        "cycle": one.cycle and one.cycle.model_dump(mode="json"),
    }


def put_plan(prepared: Prepared, plan: AnyPlan, assumptions: tuple[str, ...] = ()) -> None:
    """The plan for people, on stdout."""
    from stimctl.treatment.prediction import predict
    from stimctl.treatment.program import in_percent, makes_current

    put_heading(prepared, plan)
    for line in assumptions:
        put(f"assumed    {line}")
    for line in plan.notes:
        put(f"note       {line}")
    _put_stages(plan)
    if makes_current(plan):
        delivered = {dose.channel: dose for dose in predict(plan)}
        for one in plan.channels:
            _put_channel(one, delivered[one.channel])
    elif in_percent(plan):
        for share in plan.channels:
            _put_percent_channel(share)
    cleared = (
        "Within all limits."
        if not assumptions
        else "Within all limits, given the assumptions above."
    )
    say(f"\n{styled('cleared:', 'green')} {cleared} Nothing was sent to a device.")


def _put_stages(plan: AnyPlan) -> None:
    """What follows what, and what each channel does in it; of the channels themselves the plan
    shows the strongest that they do."""
    from stimctl.supervisor.input_words import functional_lines
    from stimctl.supervisor.stage_words import stage_of_plan_text
    from stimctl.treatment.program import CurrentChannel

    for stage in plan.named_stages:
        put(styled(f"\nstage {stage_of_plan_text(plan, stage)}", "bold"))
        for one in stage.channels:
            if isinstance(one, CurrentChannel):
                put(f"  channel {one.channel}")
                for line in stimulus_lines(one)[: 1 if stage.events else None]:
                    put(f"    {line}")
    for line in functional_lines(plan):
        put(line)


def _put_percent_channel(one: PercentChannel) -> None:
    _put_electrode(one)
    put(f"  intensity  0 % to {one.most} %, raised by hand in steps of "
        f"{one.step} %")  # fmt: skip
    if one.cycle is not None:
        put(f"  {_cycle_line(one.cycle)}")
    put("  dose       not known: a percent is of the device's own scale")


def put_heading(prepared: Prepared, plan: AnyPlan) -> None:
    """Which protocol on which device, in two or three lines."""
    title = f"{plan.protocol.id} {plan.protocol.version}: {plan.protocol.title}"
    put(styled(title, "bold"))
    kind = "SIMULATION" if prepared.is_simulation else plan.sheet.intended_use.value
    put(f"device     {prepared.device} ({plan.sheet.maker} {plan.sheet.model}), {kind}")
    put(f"duration   {duration_text(prepared, plan)}")
    put(f"evidence   {plan.protocol.evidence.grade}")


def duration_text(prepared: Prepared, plan: AnyPlan) -> str:
    """The session's length; a shortened one says so."""
    asked = prepared.protocol.usual_duration_us
    used = format_duration(plan.duration_us)
    if plan.duration_us == asked:
        return used
    return f"{used} (SHORTENED SESSION: the protocol's is {format_duration(asked)})"


def amount(value: float, unit: str) -> str:
    """A derived figure with four digits and its unit."""
    return f"{value:.4g} {unit}"


def _channel_dict(one: CurrentChannel, delivered: ChannelDose) -> dict[str, Any]:
    from stimctl.safety import headroom
    from stimctl.stimulus import dose_of

    electrode = one.setup.electrode
    return {
        "channel": one.channel,
        "role": one.role,
        "amplitude_ua": one.most,
        "electrode": {**asdict(electrode), "effective_area_mm2": electrode.effective_area_mm2},
        "stimulus": one.stimulus.model_dump(mode="json"),
        "frequency_asked_mhz": one.stimulus.highest_frequency_mhz,
        "period_used_us": one.period_us,
        "dose": asdict(dose_of(one.stimulus, electrode.effective_area_mm2)),
        "session": asdict(delivered),
        "headroom": [_headroom_dict(each) for each in headroom(one.stimulus, one.cleared.envelope)],
        "notes": list(one.notes),
    }


def _headroom_dict(each: Headroom) -> dict[str, Any]:
    return {
        **each.bound.as_dict(),
        "asked": each.asked,
        "allowed": each.allowed,
        "used": each.used,
        "exceeded": each.exceeded,
    }


def _put_electrode(one: PlanChannel) -> None:
    electrode = one.setup.electrode
    site = f" on {electrode.site}" if electrode.site else ""
    put(styled(f"\nchannel {one.channel}: {one.role}{site}", "bold"))
    contact = electrode.contact_permille
    touching = "" if contact == 1000 else f", {contact / 10:g} % of it touching"
    put(f"  electrode  {format_area(electrode.area_mm2)}{touching}")


def _put_channel(one: CurrentChannel, delivered: ChannelDose) -> None:
    _put_electrode(one)
    for line in stimulus_lines(one):
        put(f"  {line}")
    put(f"  amplitude  {format_current(one.most)}, raised from 0 in steps of "
        f"{format_current(one.step)}")  # fmt: skip
    _put_dose(one, delivered)
    _put_headroom(one)


def stimulus_lines(one: CurrentChannel) -> list[str]:
    """What one channel does, a property a line."""
    stimulus = one.stimulus
    pulse, cycle = stimulus.pulse, stimulus.cycle
    narrow, wide = stimulus.narrowest_phase_us, stimulus.widest_phase_us
    width = format_duration(wide)
    if narrow != wide:
        width = f"{format_duration(narrow)} to {width}"
    gap = pulse.interphase_gap_us
    lines = [
        f"waveform   {pulse.shape.value}, phase {width}"
        + (f", gap {format_duration(gap)}" if gap else ""),
        f"frequency  {_frequency_text(one)}",
    ]
    group = one.cleared.group
    if group is not None:
        lines.append(
            f"groups     {group.pulses} pulses, {format_duration(group.gap_us)} apart, "
            "in each period"
        )
    if one.cleared.lead is not None:
        lead = one.cleared.lead
        lines.append(
            f"lead       {lead.pulses} pulses, {format_duration(lead.gap_us)} apart, "
            "at the beginning of each hold"
        )
    if group is None and stimulus.burst is not None:
        rate = format_frequency(stimulus.burst.burst_frequency_mhz)
        lines.append(f"bursts     {stimulus.burst.pulses_per_burst} pulses, {rate}")
    if stimulus.amplitude_modulation is not None:
        lowest = stimulus.amplitude_modulation.lowest
        lines.append(f"modulation {lowest / 10:g} to 100 % of the amplitude")
    if cycle is not None:
        lines.append(_cycle_line(cycle))
    if stimulus.rest is not None:
        rest = stimulus.rest
        lines.append(
            f"off time   {format_frequency(rest.frequency_mhz)}, phase "
            f"{format_duration(rest.phase_width_us)}, {format_permille(rest.level_permille)} of "
            "the amplitude"
        )
    return lines


def _cycle_line(cycle: Cycle) -> str:
    return (
        f"cycle      {format_duration(cycle.on_us)} on "
        f"({format_duration(cycle.ramp_up_us)} up, {format_duration(cycle.ramp_down_us)} "
        f"down), {format_duration(cycle.off_us)} off"
    )


def _frequency_text(one: CurrentChannel) -> str:
    from stimctl.report.setup_text import law_text
    from stimctl.stimulus.jitter import Jitter

    stimulus = one.stimulus
    law, high = stimulus.frequency_sweep, stimulus.highest_frequency_mhz
    if stimulus.burst is not None and one.cleared.group is not None:
        high = stimulus.burst.burst_frequency_mhz
    low = high if law is None else law.lowest
    if isinstance(law, Jitter):
        mean, either = map(format_duration, (law.interval_us, law.jitter_us))
        return f"one pulse every {mean} +/- {either}, by chance"
    asked = format_frequency(high)
    if low != high and law is not None:
        asked = law_text(law.model_dump(mode="json"), format_frequency)
    shortest = "shortest period" if low != high else "period"
    used = f"{shortest} {format_duration(one.period_us)}"
    if one.period_us * high == _US_MHZ:
        return f"{asked} ({used})"
    given = format_rate(one.period_us)
    return f"{asked} requested, the device gives {given} ({used}, never faster)"


def _put_dose(one: CurrentChannel, delivered: ChannelDose) -> None:
    from stimctl.stimulus import dose_of

    dose = dose_of(one.stimulus, one.setup.electrode.effective_area_mm2)
    put(
        f"  dose       {amount(dose.charge_per_phase_uc, 'uC')} a phase, net "
        f"{amount(dose.net_charge_uc, 'uC')}; {amount(dose.rms_ma, 'mA')} r.m.s. "
        f"(worst second, into 500 ohm)"
    )
    if dose.current_density_ma_cm2 is not None and dose.power_density_w_cm2 is not None:
        put(
            f"             {amount(dose.current_density_ma_cm2, 'mA/cm2')} r.m.s., "
            f"{amount(dose.power_density_w_cm2, 'W/cm2')}, "
            f"{amount(dose.energy_per_pulse_mj, 'mJ')} a pulse"
        )
    most = "at most " if delivered.at_most else ""
    put(
        f"  session    {most}{delivered.pulses} pulses, "
        f"{amount(delivered.charge_uc / 1000, 'mC')}, "
        f"{amount(delivered.rms_session_ma, 'mA')} r.m.s. over the session"
    )


def _put_headroom(one: CurrentChannel) -> None:
    from stimctl.safety import headroom

    rows = [_headroom_row(each) for each in headroom(one.stimulus, one.cleared.envelope)]
    put_table(("  LIMIT", "QUANTITY", "VALUE", "BOUND", "USED", "CERTAINTY", "SOURCE"), rows)


def _headroom_row(each: Headroom) -> tuple[str, ...]:
    from stimctl.safety.quantities import INFO, value_text

    bound = each.bound
    used = "-" if each.used is None else f"{each.used * 100:.1f} %"
    return (
        f"  {bound.limit_id}",
        INFO[bound.quantity].name,
        value_text(bound.quantity, each.asked),
        f"{'<' if bound.strict else '<='} {bound.text}",
        used,
        bound.certainty,
        f"{bound.layer.value}: {bound.source}",
    )
