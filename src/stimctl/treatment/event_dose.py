"""What a procedure delivers at most (N6): its events come and go by answers, so no dose is exact.

Every event counts at the cleared amplitude and at the shortest interval; the least is nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stimctl.treatment.program import CurrentChannel, CurrentPlan

if TYPE_CHECKING:
    from stimctl.treatment.prediction import ChannelDose

_SECOND_US = 1_000_000


def most_of_events(plan: CurrentPlan) -> tuple[ChannelDose, ...]:
    """The bound of each channel, in the order of the plan."""
    return tuple(_most(plan, one) for one in plan.channels)


def _most(plan: CurrentPlan, one: CurrentChannel) -> ChannelDose:
    from stimctl.treatment.prediction import ChannelDose

    pulses = in_a_second = 0
    for stage in plan.stages:
        events = stage.events
        if events is None or events.channel != one.channel:
            continue
        pulses += events.most_in(stage.duration_us)
        in_a_second = max(in_a_second, 1 + (_SECOND_US - 1) // events.shortest_us)
    pulse = one.stimulus.pulse
    width_us = pulse.phase_width_us
    second_ua = pulse.second_phase_amplitude_ua
    test = plan.sheet.bounds.test_pulse
    each = 0 if test is None else test.energy_ua2_us
    each += one.most**2 * width_us + second_ua**2 * pulse.second_width_for(width_us)
    return ChannelDose(
        channel=one.channel,
        pulses=pulses,
        charge_uc=pulses * one.most * width_us / 1_000_000,
        rms_plateau_ma=math.sqrt(in_a_second * each / _SECOND_US) / 1000,
        rms_session_ma=math.sqrt(pulses * each / plan.duration_us) / 1000,
        on_time_us=0,
        peak_ua=one.most,
        plateau_ua=one.most,
        strongest_uc=one.most * width_us / 1_000_000,
        strongest_ua2_us=each,
    )
