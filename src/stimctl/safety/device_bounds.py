"""The hard bounds of a device, as integers: what its capability sheet hands to the safety model.

One class for each scale: `DeviceBounds` for sources of current, `PercentBounds` for devices that
let through a part of what another unit gives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

from stimctl.errors import UsageError
from stimctl.stimulus import Burst, PulseShape, Stimulus

_US_MHZ = 10**9
_MAY_BE_ZERO = {"interphase_gap_max_us", "recovery_us", "form_points_max"}


class Group(NamedTuple):
    """Pulses that a device gives by itself in each period (doublets, triplets).

    `gap_us`: from the beginning of one to that of the next.
    """

    pulses: int
    gap_us: int

    def span_us(self, pulse_us: int) -> int:
        """From the beginning of the first to the end of the last, of pulses that take so long."""
        return (self.pulses - 1) * self.gap_us + pulse_us


SINGLE = Group(1, 0)
"""One pulse in each period."""


class DeviceTestPulse(NamedTuple):
    """A biphasic pulse that a device gives by itself before each pulse: both phases alike."""

    amplitude_ua: int
    phase_width_us: int

    @property
    def phases(self) -> tuple[tuple[int, int], ...]:
        """Its phases as (us, uA)."""
        width_us, amplitude_ua = self.phase_width_us, self.amplitude_ua
        return ((width_us, amplitude_ua), (width_us, -amplitude_ua))

    @property
    def energy_ua2_us(self) -> int:
        """The integral of its squared current."""
        return 2 * self.phase_width_us * self.amplitude_ua**2

    @property
    def rectified_ua_us(self) -> int:
        """The integral of its current's magnitude."""
        return 2 * self.phase_width_us * self.amplitude_ua


@dataclass(frozen=True, slots=True)
class DeviceBounds:
    """What a device can do. Currents in uA, times in us, `compliance_mv` in mV.

    `recovery_us` is the time a channel needs after its pulse before the next (charge recovery);
    `multiplexed` says that the channels share one source and pulse one after the other;
    `isolated_channels` that no current can pass between pads of different channels;
    `calibrated` that an amplitude is a known current, without which no dose can be claimed.
    `fixed_rhythm` that all channels share one pulse rate, which cannot change while output is on;
    `channels_per_module` that so many channels form a module, and that `period_min_us` counts once
    for each module in use; `pulses_per_group_max` that it makes groups of up to so many pulses by
    itself, which begin `period_min_us` (for each module in use) to `group_gap_max_us` apart, on the
    grid of periods; `interphase_gap_fixed_us` a gap that every pulse has, asked for or not.
    `form_points_max` that it repeats a form of up to so many points, each a current held for a
    time of `phase_width_max_us` at most: whole groups of pulses fit in; 0: it does not.
    `forms_points_max`: so many points it takes for all its channels together.
    `test_pulse` is what the device gives by itself before each pulse, whatever was asked for; it
    counts in every limit on dose and charge (not in the amplitude, which is what was asked for).
    `busy_max_us` is how much of a second pulses and recovery may take, all channels of one source
    together.
    `source` and `certainty` (R, R2, M+, M?, D) say where the numbers come from.
    Raises UsageError for numbers that cannot be.
    """

    name: str
    channels: int
    amplitude_max_ua: int
    amplitude_step_ua: int
    phase_width_min_us: int
    phase_width_max_us: int
    phase_width_step_us: int
    interphase_gap_max_us: int
    period_min_us: int
    period_max_us: int
    period_step_us: int
    recovery_us: int
    shapes: frozenset[PulseShape]
    multiplexed: bool
    compliance_mv: int
    calibrated: bool = True
    source: str = ""
    certainty: str = "D"
    interphase_gap_step_us: int = 1
    pulses_per_burst_max: int | None = None
    isolated_channels: bool = False
    fixed_rhythm: bool = False
    channels_per_module: int | None = None
    interphase_gap_fixed_us: int | None = None
    pulses_per_group_max: int = 1
    group_gap_max_us: int = 1
    busy_max_us: int = 1_000_000
    form_points_max: int = 0
    forms_points_max: int | None = None
    test_pulse: DeviceTestPulse | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = _WANTED.get(str(field.type))
            if wanted is not None and type(value) is not wanted:
                raise self._wrong(f"{field.name} is {value!r}")
            least = 0 if field.name in _MAY_BE_ZERO else 1
            if type(value) is int and value < least:
                raise self._wrong(f"{field.name} is {value}")
        if not all(type(shape) is PulseShape for shape in self.shapes):
            raise self._wrong("a shape is not a PulseShape")
        if self.phase_width_min_us > self.phase_width_max_us:
            raise self._wrong("the narrowest phase is wider than the widest")
        if self.period_min_us > self.period_max_us:
            raise self._wrong("the shortest period is longer than the longest")

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"the bounds of device {self.name!r} are invalid", why=why)

    def quantise_period_up_us(self, frequency_mhz: int) -> int:
        """The period in us, on the device's grid, that is never faster than `frequency_mhz`."""
        exact = -(-_US_MHZ // frequency_mhz)
        return -(-exact // self.period_step_us) * self.period_step_us

    def group_of(self, stimulus: Stimulus) -> Group | None:
        """The bursts of `stimulus` as groups that the device makes by itself; None where the host
        has to open and close them, or there are none. Whether it can is for `clear` to say."""
        burst = stimulus.burst
        if burst is None:
            return None
        group = Group(burst.pulses_per_burst, self._interval_us(stimulus, burst))
        if self.fixed_rhythm:
            return group if self.pulses_per_group_max > 1 else None
        return group if self._fits_a_form(stimulus, burst, group) else None

    def _interval_us(self, stimulus: Stimulus, burst: Burst) -> int:
        """From one pulse of a burst to the next."""
        if burst.interval_us is not None:
            return burst.interval_us
        return self.quantise_period_up_us(stimulus.frequency_mhz)

    def _fits_a_form(self, stimulus: Stimulus, burst: Burst, group: Group) -> bool:
        """Whether the device gives these bursts as one form, once in a period: only those that
        were asked for by the distance of their pulses."""
        period_us = self.quantise_period_up_us(burst.burst_frequency_mhz)
        return (
            burst.interval_us is not None
            and group.pulses > 1
            and stimulus.frequency_sweep is None
            and stimulus.rest is None
            and period_us <= self.period_max_us
            and self.points_of(stimulus, group) <= self.form_points_max
        )

    @property
    def makes_forms(self) -> bool:
        """Whether it repeats forms of points, so that a group of pulses is one of them."""
        return self.form_points_max > 0

    def holds_us(self, stimulus: Stimulus) -> int:
        """How long one repetition holds the source: a pulse, or a whole form, and the recovery."""
        pulse_us = stimulus.pulse.width_total_for(stimulus.widest_phase_us)
        return max(one.span_us(pulse_us) for one in self.forms_of(stimulus)) + self.recovery_us

    def forms_of(self, stimulus: Stimulus) -> tuple[Group, ...]:
        """What it gives in a period by itself: one pulse or a group, and the lead of a hold."""
        group = self.group_of(stimulus) if self.makes_forms else None
        lead = lead_of(stimulus)
        return (group or SINGLE, *(() if lead is None else (lead,)))

    def points_of(self, stimulus: Stimulus, group: Group) -> int:
        """How many points a group takes: of its phases, and of 0 mA between them."""
        pulse, width_us = stimulus.pulse, stimulus.narrowest_phase_us
        phases = 1 if pulse.shape is PulseShape.MONOPHASIC else 2
        each = phases + (1 if pulse.interphase_gap_us and phases == 2 else 0)
        between_us = group.gap_us - pulse.width_total_for(width_us)
        pauses = -(-between_us // self.phase_width_max_us)
        return group.pulses * each + (group.pulses - 1) * max(1, pauses)

    def repeat_mhz(self, stimulus: Stimulus) -> int:
        """How often the device begins anew: the rate of the groups that it makes, or of pulses."""
        if stimulus.burst is not None and self.group_of(stimulus) is not None:
            return stimulus.burst.burst_frequency_mhz
        return stimulus.highest_frequency_mhz

    def hold_mhz(self, stimulus: Stimulus) -> int:
        """How often it is held for so long."""
        return self.repeat_mhz(stimulus) if self.makes_forms else stimulus.highest_frequency_mhz

    def period_min_for(self, channels: Iterable[int]) -> int:
        """The shortest period in us where these channels run at the same time."""
        if self.channels_per_module is None:
            return self.period_min_us
        modules = {(channel - 1) // self.channels_per_module for channel in channels}
        return self.period_min_us * max(len(modules), 1)

    def on_grid(self, amplitude_ua: int) -> bool:
        """Whether the device can set exactly this amplitude (range apart)."""
        return amplitude_ua % self.amplitude_step_ua == 0


def lead_of(stimulus: Stimulus) -> Group | None:
    """The group in the place of the first pulse of each hold."""
    lead = stimulus.lead
    return None if lead is None else Group(lead.pulses, lead.interval_us)


_WANTED: dict[str, type] = {
    "int": int, "bool": bool, "str": str, "frozenset[PulseShape]": frozenset,
}  # fmt: skip


_ON_SCALE = range(1, 101)


@dataclass(frozen=True, slots=True)
class PercentBounds:
    """What a device can do that lets through a part of another unit's output. It knows no current.

    Intensity is in percent of its own scale: `lowest_percent` .. `highest_percent` in steps of
    `step_percent`; off is no setting of that scale. `change_every_us` is the shortest time between
    two settings of one channel. `source` and `certainty` say where the numbers come from.
    Raises UsageError for numbers that cannot be.
    """

    name: str
    channels: int
    lowest_percent: int
    highest_percent: int
    step_percent: int
    change_every_us: int
    source: str = ""
    certainty: str = "D"

    def __post_init__(self) -> None:
        numbers = (self.channels, self.lowest_percent, self.highest_percent, self.step_percent)
        whole = all(type(number) is int for number in (*numbers, self.change_every_us))
        if not whole or self.channels < 1 or self.change_every_us < 1:
            raise self._wrong("its numbers are not whole ones above 0")
        if not all(number in _ON_SCALE for number in numbers[1:]):
            raise self._wrong("its scale is not within 1 % and 100 %")
        if self.lowest_percent > self.highest_percent or self.lowest_percent % self.step_percent:
            raise self._wrong("its lowest setting is no step of its scale")

    def _wrong(self, why: str) -> UsageError:
        return UsageError(f"the bounds of device {self.name!r} are invalid", why=why)

    def on_grid(self, percent: int) -> bool:
        """Whether it can be set to exactly this (range apart); 0, off, always."""
        return percent % self.step_percent == 0
