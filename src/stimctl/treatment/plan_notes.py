"""What a plan says about itself: where device or time make something else of what was asked."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.quantity import format_current, format_duration, format_frequency, format_rate
from stimctl.safety import DeviceBounds
from stimctl.stimulus import Burst, Stimulus
from stimctl.stimulus.consistency import lead_pause_us
from stimctl.stimulus.jitter import Jitter
from stimctl.treatment.program import CurrentPlan, gives_events
from stimctl.treatment.scripted_raise import raise_interval_us, raise_schedule

_MHZ_US = 1_000_000_000
FINE_STEP_UA = 1_000
"""Rule A2: a coarser step of the device is told."""


def raise_notes(plan: CurrentPlan) -> Iterator[str]:
    """Where the script does not reach the amplitude in the time there is; what a procedure is."""
    if gives_events(plan):
        yield "single events: pulses, charge and r.m.s. current are the most that may come (N6)"
        yield "timing: the host starts each event, +/- 2 ms (not measured)"
        return
    reached = {step.channel: step.plateau_ua for step in raise_schedule(plan)}
    for one in plan.channels:
        top_ua = reached.get(one.channel, 0)
        if top_ua < one.most:
            yield (
                f"channel {one.channel}: rehearse and run raise to {format_current(top_ua)} of the "
                f"{format_current(one.most)} in this session: one step of "
                f"{format_current(one.step)} every "
                f"{format_duration(raise_interval_us(one.step))}"
                + (", in each hold" if one.cycle else "")
            )


def device_notes(device: DeviceBounds, stimulus: Stimulus) -> Iterator[str]:
    """What the device does in its own way, and the dose of the plan already counts."""
    if device.amplitude_step_ua > FINE_STEP_UA:
        yield (
            f"{device.name} sets {format_current(device.amplitude_step_ua)} steps: every ramp is a "
            "stair at or below the line asked for, and the planned dose is that of the stair"
        )
    gap_us = device.interphase_gap_fixed_us
    if gap_us is not None and gap_us != stimulus.pulse.interphase_gap_us:
        yield f"{device.name} always puts {format_duration(gap_us)} between the phases of a pulse"
    if stimulus.burst is not None:
        yield group_note(device, stimulus, stimulus.burst)
    if isinstance(stimulus.frequency_sweep, Jitter):
        yield (
            f"the host tells the device {stimulus.frequency_sweep.updates_mhz / 1_000:.3g} other "
            "intervals a second, and the device keeps them; a rehearsal takes longer for it"
        )
    if stimulus.lead is not None:
        pause = format_duration(lead_pause_us(device.quantise_period_up_us(stimulus.frequency_mhz)))
        yield (
            f"each hold begins with {stimulus.lead.pulses} pulses "
            f"{format_duration(stimulus.lead.interval_us)} apart, timed by the device; when, the "
            f"host decides to +/- 2 ms (not measured). For {pause} before it there is no pulse"
        )


def group_note(device: DeviceBounds, stimulus: Stimulus, burst: Burst) -> str:
    """Who keeps the time inside a group of pulses."""
    group = device.group_of(stimulus)
    if group is not None:
        apart = format_duration(group.gap_us)
        return f"groups of {group.pulses} pulses {apart} apart, timed by the device"
    return (
        f"groups of {burst.pulses_per_burst} pulses, each begun and ended by the host to +/- 2 ms "
        "(not measured), the pulses in it timed by the device"
    )


def frequency_notes(asked_mhz: int, period_us: int) -> Iterator[str]:
    if period_us * asked_mhz == _MHZ_US:
        return
    used = format_rate(period_us)
    yield (
        f"{format_frequency(asked_mhz)} requested, the device gives {used}: its period is "
        f"{format_duration(period_us)}, rounded up so that it is never faster than requested"
    )
