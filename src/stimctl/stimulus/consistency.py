"""Which timing rules a stimulus breaks on its own, before any device is known.

The rules W1-W8 are those of the safety facts, section 2.1: W1 with no recovery time, W4, W5, W6,
W7 (a warning), and W8 for a session length. `stimctl.safety` adds what depends on the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stimctl.quantity import format_duration, format_frequency
from stimctl.stimulus.modulation import Cycle
from stimctl.stimulus.stimulus import Stimulus

# Ramps of an on/off cycle return to a plateau in no less than half a second. [POLICY, D]
RAMP_MIN_US = 500_000
# From here on single twitches begin to fuse; the facts draw the line at 15 Hz (W6). [D]
TETANIC_FROM_MHZ = 15_000
# A burst counts as one twitch up to this length, and where it fills at most half of its period;
# a longer one fuses as the pulses inside it do. [POLICY, D]
TWITCH_BURST_MAX_US = 200_000
# FDA 1999 guidance for powered muscle stimulators: at least 1 s on and 1 s rest are typical. (R)
MOTOR_PERIOD_MIN_US = 2_000_000
MOTOR_OFF_MIN_US = 1_000_000
SECOND_US = 1_000_000
# The host changes the form after a lead before the next pulse is due: it is late by 10 ms at worst,
# as far as one machine showed; not measured on a device. [POLICY, D]
LEAD_PERIOD_MIN_US = 20_000
LEAD_SLACK_US = 10_000
_INTERVAL_GRID_US = 100  # of intervals that are proposed: a round number
# Ramps of the host go in steps of 50 ms. [POLICY, D]
RAMP_STEP_US = 50_000
_US_MHZ = 10**9  # a period in us times its rate in mHz


class Severity(StrEnum):
    """An error is refused; a warning is listed."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One broken rule: its id (W1...), what is wrong, and how bad that is."""

    rule: str
    message: str
    severity: Severity = Severity.ERROR


def inconsistencies(stimulus: Stimulus) -> tuple[Inconsistency, ...]:
    """Return every device-free rule that `stimulus` breaks."""
    found = (
        period_inconsistency(stimulus),
        _burst(stimulus),
        _cycle(stimulus.cycle),
        _lead(stimulus),
        _motor_rest(stimulus),
        _motor_duty(stimulus),
    )
    return tuple(one for one in found if one is not None)


def period_inconsistency(
    stimulus: Stimulus, recovery_us: int = 0, busy_max_us: int = SECOND_US
) -> Inconsistency | None:
    """W1: the widest pulse, and the device's recovery time after it, fit the shortest period.

    `busy_max_us` is how much of a second they may take.
    """
    width_us = stimulus.pulse.width_total_for(stimulus.widest_phase_us) + recovery_us
    fastest_mhz = stimulus.closest_mhz
    if width_us * fastest_mhz <= 1_000 * busy_max_us:
        return None
    of_it = "" if busy_max_us == SECOND_US else busy_text(busy_max_us)
    return Inconsistency(
        "W1",
        f"a pulse of {format_duration(width_us)} (phases, gap and recovery) does not fit the "
        f"period of {format_frequency(fastest_mhz)}{of_it}",
    )


def busy_text(busy_max_us: int) -> str:
    """What a device leaves of the time, for messages."""
    return f"; the device uses at most {format_duration(busy_max_us)} of a second"


def _burst(stimulus: Stimulus) -> Inconsistency | None:
    burst = stimulus.burst
    if burst is None:
        return None
    slowest_mhz = stimulus.lowest_frequency_mhz
    if burst.pulses_per_burst * burst.burst_frequency_mhz <= slowest_mhz:
        return None
    return Inconsistency(
        "W4",
        f"{burst.pulses_per_burst} pulses at {format_frequency(slowest_mhz)} do not fit a burst "
        f"period of {format_frequency(burst.burst_frequency_mhz)}",
    )


def _cycle(cycle: Cycle | None) -> Inconsistency | None:
    if cycle is None:
        return None
    if cycle.hold_us < 0:
        return Inconsistency(
            "W5",
            f"ramps of {format_duration(cycle.ramp_up_us)} and "
            f"{format_duration(cycle.ramp_down_us)} do not fit an on time of "
            f"{format_duration(cycle.on_us)}",
        )
    if cycle.ramp_up_us < RAMP_MIN_US:
        return Inconsistency(
            "W5",
            f"a ramp up of {format_duration(cycle.ramp_up_us)} is shorter than "
            f"{format_duration(RAMP_MIN_US)}",
        )
    return None


def lead_pause_us(period_us: int) -> int:
    """How long the train pauses before a hold that begins with a lead."""
    return period_us + LEAD_SLACK_US


def _lead(stimulus: Stimulus) -> Inconsistency | None:
    """W22: which pulse is the first of a hold, and what the group in its place goes with."""
    lead, cycle = stimulus.lead, stimulus.cycle
    if lead is None:
        return None
    why = None
    period_us = -(-_US_MHZ // stimulus.frequency_mhz)
    pulse_us = stimulus.pulse.width_total_for(stimulus.widest_phase_us)
    if cycle is None:
        why = "is the first pulse of a hold: it needs an on/off cycle"
    elif stimulus.burst is not None or stimulus.frequency_sweep is not None:
        why = "goes with single pulses of one frequency"
    elif stimulus.rest is not None:
        why = "does not go with active rest"
    elif stimulus.frequency_mhz * LEAD_PERIOD_MIN_US > _US_MHZ:
        why = (
            "is given by the host between two pulses: the frequency is at most "
            f"{format_frequency(_US_MHZ // LEAD_PERIOD_MIN_US)}"
        )
    elif period_us - (lead.pulses - 1) * lead.interval_us < pulse_us + LEAD_SLACK_US:
        why = (
            f"of {lead.pulses} pulses {format_duration(lead.interval_us)} apart leaves less than "
            f"{format_duration(LEAD_SLACK_US)} of the period of {format_duration(period_us)}, "
            f"in which the host ends it; {_shorter_lead(lead.pulses, period_us, pulse_us)}"
        )
    elif cycle.ramp_up_us < (least_us := ramp_with_pause_us(period_us)):
        why = (
            "needs a pause of one period before it, in which the ramp would climb by more than a "
            f"fifth; ramp_up must be at least {format_duration(least_us)}"
        )
    return None if why is None else Inconsistency("W22", f"a lead {why}")


def _shorter_lead(pulses: int, period_us: int, pulse_us: int) -> str:
    longest_us = (period_us - pulse_us - LEAD_SLACK_US) // (pulses - 1)
    if longest_us <= pulse_us:
        return "give fewer pulses"
    rounded_us = longest_us // _INTERVAL_GRID_US * _INTERVAL_GRID_US
    return f"its interval is at most {format_duration(rounded_us)}"


def ramp_with_pause_us(period_us: int, offset_us: int = 0) -> int:
    """The shortest ramp that climbs by a fifth at most in the pause at its end, in ticks."""
    ticks = -(-(lead_pause_us(period_us) + offset_us) // RAMP_STEP_US)
    return max(RAMP_MIN_US, 5 * ticks * RAMP_STEP_US)


def contraction_rate_mhz(stimulus: Stimulus) -> int:
    """The rate that decides between twitch and tetanus: that of the bursts, where each is short
    enough to be one twitch."""
    burst, slowest_mhz = stimulus.burst, stimulus.lowest_frequency_mhz
    if burst is None:
        return stimulus.highest_frequency_mhz
    short = burst.pulses_per_burst * _US_MHZ <= TWITCH_BURST_MAX_US * slowest_mhz
    rests = 2 * burst.pulses_per_burst * burst.burst_frequency_mhz <= slowest_mhz
    if burst.pulses_per_burst == 1 or (short and rests):
        return burst.burst_frequency_mhz
    return max(burst.burst_frequency_mhz, stimulus.highest_frequency_mhz)


def _motor_rest(stimulus: Stimulus) -> Inconsistency | None:
    if not stimulus.motor or contraction_rate_mhz(stimulus) < TETANIC_FROM_MHZ:
        return None
    if stimulus.window is not None:
        return None  # W17 stands in: it bounds each on time, and all of a minute
    return rest_inconsistency(stimulus.cycle, "a motor programme of 15 Hz or more")


def rest_inconsistency(cycle: Cycle | None, programme: str) -> Inconsistency | None:
    """W6: a cycle with enough rest for what `programme` says in words."""
    if cycle is None:
        return Inconsistency("W6", f"{programme} needs an on/off cycle with rest")
    if cycle.period_us < MOTOR_PERIOD_MIN_US or cycle.off_us < MOTOR_OFF_MIN_US:
        return Inconsistency(
            "W6",
            f"{format_duration(cycle.on_us)} on and {format_duration(cycle.off_us)} off is too "
            f"little for {programme}: at least 1 s off and 2 s together",
        )
    return None


def _motor_duty(stimulus: Stimulus) -> Inconsistency | None:
    cycle = stimulus.cycle
    if not stimulus.motor or cycle is None or cycle.on_us <= cycle.off_us:
        return None
    return Inconsistency(
        "W7",
        f"{format_duration(cycle.on_us)} on and {format_duration(cycle.off_us)} off: the muscle "
        "works more than half of the time and will tire",
        Severity.WARNING,
    )
