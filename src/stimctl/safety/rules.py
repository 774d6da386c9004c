"""What a stimulus must keep besides its amplitude bounds: site, device ability, ranges, timing."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.quantity import format_duration, format_frequency
from stimctl.safety import repair
from stimctl.safety.bounds import Layer
from stimctl.safety.device_bounds import SINGLE, DeviceBounds, Group, lead_of
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import Envelope
from stimctl.safety.paths import PATH_SOURCE, problem_within
from stimctl.safety.problem import Problem, broken_rule
from stimctl.safety.quantities import Quantity
from stimctl.safety.sites import pad_sites
from stimctl.stimulus import (
    Burst,
    Inconsistency,
    PulseShape,
    Severity,
    Stimulus,
    inconsistencies,
)
from stimctl.stimulus.consistency import (
    MOTOR_OFF_MIN_US,
    MOTOR_PERIOD_MIN_US,
    RAMP_MIN_US,
    period_inconsistency,
)
from stimctl.stimulus.laws import Turns

_US_MHZ = 10**9


def site_problems(electrode: Electrode) -> Iterator[Problem]:
    """A place where nothing may be stimulated, or two between which no current may flow."""
    if electrode.site is None:
        return
    for site in pad_sites(electrode.site):
        if site.blocked:
            yield broken_rule(
                site.blocked, Quantity.SITE, f"no stimulation at the body site {site.name}",
                asked=site.name, allowed="other sites", certainty="R",
                source="FDA warnings for powered muscle stimulators; IEC 60601-2-10 item h",
            )  # fmt: skip
    found = problem_within(electrode.site)
    if found is not None:
        yield broken_rule(
            found.path.refused_by, Quantity.SITE,
            f"no current between pads at {found.sites[0]} and {found.sites[1]}: {found.path.why}",
            asked=electrode.site, allowed="both pads where no vital organ lies between",
            certainty="R", source=PATH_SOURCE,
        )  # fmt: skip


def ability_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """Site, calibration, pulse shape: what no value of a parameter would mend."""
    device = envelope.device
    yield from site_problems(envelope.electrode)
    if not device.calibrated:
        yield broken_rule(
            "L-CAL", Quantity.DEVICE,
            f"{device.name} is not calibrated: its current, so every dose, is unknown",
            layer=Layer.DEVICE, asked=device.name, allowed="calibrated devices",
        )  # fmt: skip
    shape = stimulus.pulse.shape
    if shape not in device.shapes:
        yield broken_rule(
            "L-DEV", Quantity.SHAPE, f"{device.name} cannot produce {shape} pulses",
            layer=Layer.DEVICE, asked=str(shape), allowed=", ".join(sorted(device.shapes)),
            source=f"{device.name}: {device.source}", certainty=device.certainty,
        )  # fmt: skip
    if stimulus.lead is not None and not device.makes_forms:
        yield _lead_problem(
            stimulus, device,
            f"{device.name} gives one kind of pulse: a lead would be another one for a single "
            "period, and such an update may be overwritten by the next",
        )  # fmt: skip
    yield from _rhythm_problems(stimulus, envelope)
    if shape is PulseShape.MONOPHASIC and not envelope.allow_monophasic:
        yield broken_rule(
            "L-MONO", Quantity.SHAPE,
            f"monophasic pulses leave a net charge under the electrodes, and the {envelope.profile}"
            " profile clears none; no profile, protocol file or option allows them, only a Python "
            "program that builds its own envelope and answers for it",
            asked=str(shape),
            allowed=f"{PulseShape.SYMMETRIC} or {PulseShape.ASYMMETRIC}",
        )  # fmt: skip


def _rhythm_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """What a device of one rhythm cannot do: bursts, and a rate that changes."""
    device = envelope.device
    if not device.fixed_rhythm:
        return
    source, certainty = f"{device.name}: {device.source}", device.certainty
    burst = stimulus.burst
    why = None if burst is None else _no_group(stimulus, burst, device)
    if burst is not None and why is not None:
        most = device.pulses_per_group_max
        yield broken_rule(
            "L-DEV", Quantity.PULSES_PER_BURST, f"{device.name} {why}",
            lambda: repair.single_pulses(stimulus, burst),
            layer=Layer.DEVICE, asked=burst.pulses_per_burst, allowed=most, unit="pulses",
            source=source, certainty=certainty,
        )  # fmt: skip
    sweep = stimulus.frequency_sweep
    if sweep is not None:
        yield broken_rule(
            "L-DEV", Quantity.FREQUENCY,
            f"{device.name} cannot change its pulse rate while it stimulates "
            f"({format_frequency(sweep.lowest)} to {format_frequency(sweep.highest)} asked)",
            lambda: repair.constant_frequency(stimulus, sweep.lowest),
            layer=Layer.DEVICE, asked=sweep.highest, allowed=sweep.lowest, unit="mHz",
            source=source, certainty=certainty,
        )  # fmt: skip


def _no_group(stimulus: Stimulus, burst: Burst, device: DeviceBounds) -> str | None:
    """Why the device cannot make these bursts by itself, or None where it can."""
    most = device.pulses_per_group_max
    if most < 2:
        return "repeats its pulses in one rhythm and cannot count out bursts"
    if not 2 <= burst.pulses_per_burst <= most:
        return f"makes groups of 2 to {most} pulses, not of {burst.pulses_per_burst}"
    gap_us, rest = divmod(_US_MHZ, stimulus.frequency_mhz)
    low, high, step = device.period_min_us, device.group_gap_max_us, device.period_step_us
    if rest or gap_us % step or not low <= gap_us <= high:
        return (
            f"sets {format_duration(low)} to {format_duration(high)} between the pulses of a "
            f"group, in steps of {format_duration(step)}; "
            f"{format_frequency(stimulus.frequency_mhz)} inside a burst is none of these"
        )
    return None


def least_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """What the device cannot do: a phase too narrow, a second one too wide, too slow, off grid."""
    device = envelope.device
    source, certainty = f"{device.name}: {device.source}", device.certainty
    narrowest = stimulus.narrowest_phase_us
    if narrowest < device.phase_width_min_us:
        yield broken_rule(
            "L-DEV", Quantity.PHASE_WIDTH,
            f"phase width {format_duration(narrowest)} is below the device minimum "
            f"{format_duration(device.phase_width_min_us)}",
            lambda: repair.phase_width(stimulus, device, device.phase_width_max_us),
            layer=Layer.DEVICE, asked=narrowest, allowed=device.phase_width_min_us, unit="us",
            source=source, certainty=certainty,
        )  # fmt: skip
    second = stimulus.pulse.second_width_for(stimulus.widest_phase_us)
    if second > device.phase_width_max_us:
        yield broken_rule(
            "L-DEV", Quantity.PHASE_WIDTH,
            f"a second phase of {format_duration(second)} is above the device maximum "
            f"{format_duration(device.phase_width_max_us)}",
            lambda: repair.phase_width(stimulus, device, device.phase_width_max_us),
            layer=Layer.DEVICE, asked=second, allowed=device.phase_width_max_us, unit="us",
            source=source, certainty=certainty,
        )  # fmt: skip
    slowest = min(stimulus.lowest_frequency_mhz, device.repeat_mhz(stimulus))
    least_mhz = -(-_US_MHZ // device.period_max_us)
    if device.quantise_period_up_us(slowest) > device.period_max_us:
        highest = max(stimulus.highest_frequency_mhz, least_mhz)
        yield broken_rule(
            "L-DEV", Quantity.FREQUENCY,
            f"frequency {format_frequency(slowest)} is below the device minimum "
            f"{format_frequency(least_mhz)}",
            lambda: repair.frequency(stimulus, least_mhz, highest)
            if stimulus.burst is None
            else None,
            layer=Layer.DEVICE, asked=slowest, allowed=least_mhz, unit="mHz",
            source=source, certainty=certainty,
        )  # fmt: skip
    yield from _grid_problems(stimulus, envelope)


def _grid_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """W9 for widths and gap: representable in the device's steps, or refused."""
    device, pulse = envelope.device, stimulus.pulse
    step = device.phase_width_step_us
    sweep = stimulus.width_sweep
    widths = [pulse.phase_width_us, *(() if sweep is None else (sweep.lowest, sweep.highest))]
    if isinstance(sweep, Turns):
        widths += sweep.values
    off = [width for width in widths if width % step]
    if off:
        yield broken_rule(
            "W9", Quantity.PHASE_WIDTH,
            f"phase width {format_duration(off[0])} is not a step of {format_duration(step)}",
            lambda: repair.phase_width(stimulus, device, device.phase_width_max_us),
            layer=Layer.DEVICE, asked=off[0], allowed=off[0] - off[0] % step, unit="us",
        )  # fmt: skip
    gap, step = pulse.interphase_gap_us, device.interphase_gap_step_us
    if gap % step:
        yield broken_rule(
            "W9", Quantity.INTERPHASE_GAP,
            f"interphase gap {format_duration(gap)} is not a step of {format_duration(step)}",
            lambda: repair.interphase_gap(stimulus, device, gap),
            layer=Layer.DEVICE, asked=gap, allowed=gap - gap % step, unit="us",
        )  # fmt: skip


def timing_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """The consistency rules: W4-W6 as they are, W1 without and W2 with the recovery time."""
    for found in inconsistencies(stimulus):
        if found.severity is Severity.ERROR:
            yield _timing_problem(found, stimulus, envelope)
    yield from _burst_problems(stimulus, envelope)
    yield from _lead_problems(stimulus, envelope.device)
    device = envelope.device
    with_recovery = period_inconsistency(stimulus, device.recovery_us, device.busy_max_us)
    if with_recovery is not None:
        yield _timing_problem(Inconsistency("W2", with_recovery.message), stimulus, envelope)


def _burst_problems(stimulus: Stimulus, envelope: Envelope) -> Iterator[Problem]:
    """W4 with the period that the device makes of the rate: it may be longer than asked."""
    device, burst = envelope.device, stimulus.burst
    if burst is None:
        return
    if device.makes_forms and (group := device.group_of(stimulus)) is not None:
        yield from _form_problems(stimulus, burst, group, device)
        return
    period_us = device.quantise_period_up_us(stimulus.lowest_frequency_mhz)
    fitting = _US_MHZ // (period_us * burst.burst_frequency_mhz)
    if burst.pulses_per_burst > fitting:
        yield broken_rule(
            "W4", Quantity.TIMING,
            f"{burst.pulses_per_burst} pulses with the device's period of "
            f"{format_duration(period_us)} do not fit a burst period of "
            f"{format_frequency(burst.burst_frequency_mhz)}",
            lambda: repair.pulses_per_burst(stimulus, burst, fitting),
            layer=Layer.DEVICE, asked=burst.pulses_per_burst, allowed=fitting, unit="pulses",
        )  # fmt: skip


def _lead_problems(stimulus: Stimulus, device: DeviceBounds) -> Iterator[Problem]:
    """W22: the lead fits into a form of the device, and that into the period."""
    lead = lead_of(stimulus)
    if lead is None:
        return
    holds_us, points = device.holds_us(stimulus), device.points_of(stimulus, lead)
    if points > device.form_points_max:
        why = f"a lead of {points} points; {device.name} takes {device.form_points_max} a form"
        yield _lead_problem(stimulus, device, why)
    elif holds_us * stimulus.frequency_mhz > 1_000 * device.busy_max_us:
        yield _lead_problem(
            stimulus, device,
            f"a lead takes {format_duration(holds_us)} with the recovery of {device.name}, more "
            f"than a period of {format_frequency(stimulus.frequency_mhz)} leaves",
        )  # fmt: skip


def _lead_problem(stimulus: Stimulus, device: DeviceBounds, why: str) -> Problem:
    lead = lead_of(stimulus) or SINGLE
    return broken_rule(
        "W22", Quantity.TIMING, why, lambda: repair.no_lead(stimulus), layer=Layer.DEVICE,
        asked=f"{lead.pulses} pulses, {format_duration(lead.gap_us)} apart", allowed="no lead",
        source=f"{device.name}: {device.source}", certainty=device.certainty,
    )  # fmt: skip


def _form_problems(
    stimulus: Stimulus, burst: Burst, group: Group, device: DeviceBounds
) -> Iterator[Problem]:
    """W21: a group that the device gives as one form is over, recovery included, in its period."""
    holds_us = device.holds_us(stimulus)
    if holds_us * burst.burst_frequency_mhz <= 1_000 * device.busy_max_us:
        return
    fitting_mhz = 1_000 * device.busy_max_us // holds_us
    yield broken_rule(
        "W21", Quantity.TIMING,
        f"{group.pulses} pulses {format_duration(group.gap_us)} apart take "
        f"{format_duration(holds_us)} with the recovery of {device.name}, more than a period of "
        f"{format_frequency(burst.burst_frequency_mhz)} leaves",
        lambda: repair.groups_at(stimulus, burst, fitting_mhz),
        layer=Layer.DEVICE, asked=burst.burst_frequency_mhz, allowed=fitting_mhz, unit="mHz",
    )  # fmt: skip


def _timing_problem(found: Inconsistency, stimulus: Stimulus, envelope: Envelope) -> Problem:
    def mend() -> repair.Repair | None:
        burst, cycle = stimulus.burst, stimulus.cycle
        if found.rule in ("W1", "W2"):
            return repair.fitting_frequency(stimulus, envelope.device)
        if found.rule == "W4" and burst is not None:
            return repair.burst_frequency(stimulus, burst)
        if found.rule == "W5" and cycle is not None and cycle.hold_us >= 0:
            return repair.ramp_up(stimulus, cycle, RAMP_MIN_US)
        if found.rule == "W6" and cycle is not None:
            return repair.rest(stimulus, cycle, MOTOR_PERIOD_MIN_US, MOTOR_OFF_MIN_US)
        return None

    return broken_rule(found.rule, Quantity.TIMING, found.message, mend)


def warnings_of(stimulus: Stimulus) -> Iterator[Inconsistency]:
    """The consistency rules that only warn (W7)."""
    return (one for one in inconsistencies(stimulus) if one.severity is Severity.WARNING)
