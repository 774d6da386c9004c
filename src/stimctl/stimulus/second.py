"""The worst second of a stimulus: the most pulses that can begin within 1 s, counted in integers.

A window is half open: [t, t + 1 s), wherever it begins. A current integrated over any second of
exactly 1 s is never above the whole pulses that are counted here: a pulse that the window cuts at
its begin leaves room for no more than the same part of another at its end.

The count uses the frequency that was asked. A device rounds its period up, so its pulses lie
further apart and no window holds more of them. Amplitude and width are the highest reachable, and
the output is on throughout: ramps, dips and off times never lower the count.
"""

from __future__ import annotations

from typing import NamedTuple

from stimctl.stimulus.modulation import Burst
from stimctl.stimulus.stimulus import Stimulus

WINDOW_US = 1_000_000
_US_MHZ = 10**9  # a period in us times its rate in mHz
# Modulated amplitudes are renewed every 250 ms. One that falls to 0 and comes back pulses at
# once, not one period after its last pulse; that is twice a second at most. [POLICY, D]
_LEVEL_TICK_US = 250_000
_DIPS_PER_SECOND = WINDOW_US // (2 * _LEVEL_TICK_US)


class SecondDose(NamedTuple):
    """What the worst second holds, both phases of each pulse counted.

    `pulses` begin in it; `square_ua2_us` is the integral of the squared current in uA^2 us,
    `rectified_ua_us` that of its magnitude in uA us.
    """

    pulses: int
    square_ua2_us: int
    rectified_ua_us: int


def worst_second(stimulus: Stimulus) -> SecondDose:
    """The worst second of `stimulus`: its highest amplitude, widest phase and most pulses."""
    pulse, pulses = stimulus.pulse, worst_second_pulses(stimulus)
    t1_us = stimulus.widest_phase_us
    t2_us = pulse.second_width_for(t1_us)
    i1_ua, i2_ua = pulse.amplitude_ua, pulse.second_phase_amplitude_ua
    return SecondDose(
        pulses,
        pulses * (i1_ua**2 * t1_us + i2_ua**2 * t2_us),
        pulses * (i1_ua * t1_us + i2_ua * t2_us),
    )


def worst_second_pulses(stimulus: Stimulus) -> int:
    """The most pulses that begin within one second."""
    burst, fastest_mhz = stimulus.burst, stimulus.highest_frequency_mhz
    steady = _started(WINDOW_US, fastest_mhz)
    more = _dips(stimulus, fastest_mhz)
    if burst is None:
        return steady + more + _restarts(stimulus, fastest_mhz) + _leads(stimulus)
    in_bursts = _in_bursts(burst, fastest_mhz)
    if stimulus.lowest_frequency_mhz != fastest_mhz:
        # Bursts of different length: those that a second can touch, within the fastest rate.
        touched = burst.burst_frequency_mhz * WINDOW_US // _US_MHZ + 2
        in_bursts = min(steady, touched * burst.pulses_per_burst)
    again = _restarts(stimulus, burst.burst_frequency_mhz)
    return in_bursts + more + again * burst.pulses_per_burst


def _started(within_us: int, rate_mhz: int) -> int:
    """The most pulses of this rate that begin within a time."""
    return -(-within_us * rate_mhz // _US_MHZ)


def _in_bursts(burst: Burst, inside_mhz: int) -> int:
    """The most pulses of endless bursts within a second.

    Whole burst periods hold a burst each, wherever they begin. What is left of the second holds
    one more burst, or as much of it as fits. Bursts begin on whole microseconds.
    """
    whole = WINDOW_US * burst.burst_frequency_mhz // _US_MHZ
    left_us = WINDOW_US - whole * _US_MHZ // burst.burst_frequency_mhz
    return whole * burst.pulses_per_burst + min(
        burst.pulses_per_burst, _started(left_us, inside_mhz)
    )


def _restarts(stimulus: Stimulus, rate_mhz: int) -> int:
    """How often within a second an on time may begin a train (of pulses or of bursts) too early.

    Each on time begins with a pulse. Where the off time is shorter than the period of the train,
    that is one more than the rate allows.
    """
    cycle, window = stimulus.cycle, stimulus.window
    if window is not None:  # an input decides when: at most this often (W17)
        times = min(-(-WINDOW_US // window.refractory_us), window.per_minute)
        return 0 if window.refractory_us * rate_mhz >= _US_MHZ else times
    if cycle is None:
        return 0
    times = -(-WINDOW_US // cycle.period_us)
    # Slow pulses in the off time are a train of their own, which begins at once, too.
    resting = 2 * times if stimulus.rest is not None else 0
    return resting + (0 if cycle.off_us * rate_mhz >= _US_MHZ else times)


def _leads(stimulus: Stimulus) -> int:
    """How many pulses more the leads of holds add in a second: one lead in each cycle."""
    lead, cycle = stimulus.lead, stimulus.cycle
    if lead is None:
        return 0
    period_us = WINDOW_US if cycle is None else cycle.period_us
    return -(-WINDOW_US // period_us) * (lead.pulses - 1)


def _dips(stimulus: Stimulus, rate_mhz: int) -> int:
    """How many pulses within a second may come too early after a dip of a modulated amplitude."""
    if stimulus.amplitude_modulation is None or _LEVEL_TICK_US * rate_mhz >= _US_MHZ:
        return 0
    return _DIPS_PER_SECOND
