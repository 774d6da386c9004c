"""Clearing all channels of one device that run at the same time, in milliampere or in percent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stimctl.quantity import format_duration, format_frequency
from stimctl.safety import repair
from stimctl.safety.channel_pairs import (
    Muscle,
    antagonist_refusal,
    channel_refusal,
    for_channel,
    path_refusal,
    refused_for,
)
from stimctl.safety.clearance import clear
from stimctl.safety.cleared import Cleared, sealed_together
from stimctl.safety.device_bounds import PercentBounds
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import Envelope, LayeredBounds
from stimctl.safety.intensity import ClearedIntensity, clear_intensity
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Nearest, Refusal
from stimctl.safety.sites import pad_sites
from stimctl.safety.with_test_pulse import dose_on
from stimctl.stimulus import Cycle, Stimulus
from stimctl.stimulus.consistency import rest_inconsistency
from stimctl.stimulus.exact import ExactDose, exact_dose
from stimctl.stimulus.jitter import Jitter

_US_MHZ = 10**9
# Sums of square roots are floats; this much above a limit is rounding, not current. [D]
_ROUNDING = 1e-9
# Of a host that may be late by 10 ms, and has other work to do. [POLICY, D]
_UPDATES_MAX_MHZ = 50_000
_UNKNOWN_RATE = "a motor programme whose pulse rate is not known"


@dataclass(frozen=True, slots=True)
class _Member:
    channel: int
    stimulus: Stimulus
    envelope: Envelope
    cleared: Cleared


def clear_together(
    requests: Mapping[int, tuple[Stimulus, Envelope]],
    acknowledged: frozenset[str] = frozenset(),
    *,
    co_contraction: bool = False,
    cycle_start_us: Mapping[int, int] | None = None,
) -> Mapping[int, Cleared] | Refusal:
    """Judge all channels that will run at the same time on one device.

    Each by `clear`, then what holds between them: channel numbers, current paths (H42), the
    shared source (W3), antagonists (W10, unless `co_contraction`), sums in one region (H43).
    `cycle_start_us` says when a channel's first cycle begins (0 where it says nothing). A refusal
    names the channel.
    """
    members: list[_Member] = []
    for channel, (stimulus, envelope) in sorted(requests.items()):
        answer = clear(stimulus, envelope, acknowledged=acknowledged)
        if isinstance(answer, Refusal):
            return for_channel(answer, channel)
        members.append(_Member(channel, answer.stimulus, answer.envelope, answer))
    starts = cycle_start_us or {}
    checks = (
        _one_device(members),
        _paths(members),
        _one_rhythm(members),
        _shared_source(members),
        _all_points(members),
        _updates(members),
        None if co_contraction else _antagonists(members, starts),
        _region_sums(members),
    )
    refusal = next((check for check in checks if check is not None), None)
    if refusal is not None:
        return refusal
    return sealed_together({member.channel: member.cleared for member in members})


def _at(member: _Member, frequency_mhz: int) -> Nearest | None:
    """The member's stimulus with no pulse rate above this one, where that clears."""
    stimulus = member.stimulus
    if member.cleared.group is not None:
        return None  # its rate is that of groups, which go with the pulses in them
    lowest_mhz = min(stimulus.lowest_frequency_mhz, frequency_mhz)
    if stimulus.highest_frequency_mhz < frequency_mhz:
        lowest_mhz = frequency_mhz
    found = repair.frequency(stimulus, lowest_mhz, frequency_mhz)
    if found is None or isinstance(clear(found.stimulus, member.envelope), Refusal):
        return None
    return _nearest(found)


def _nearest(found: repair.Repair | None) -> Nearest | None:
    near = found and Nearest(found.parameter, found.value, found.text, found.stimulus)
    return near or None


def _one_device(members: list[_Member]) -> Refusal | None:
    for member in members:
        device = member.envelope.device
        if device != members[0].envelope.device:
            return refused_for(
                member.channel, "L-DEV", Quantity.DEVICE,
                f"{device.name} is not the device of channel {members[0].channel}",
            )  # fmt: skip
        refusal = channel_refusal(member.channel, device.name, device.channels)
        if refusal is not None:
            return refusal
    return None


def _paths(members: list[_Member]) -> Refusal | None:
    if not members or members[0].envelope.device.isolated_channels:
        return None
    return path_refusal({m.channel: m.envelope.electrode.site for m in members})


def _antagonists(members: list[_Member], starts: Mapping[int, int]) -> Refusal | None:
    return antagonist_refusal(
        [
            Muscle(
                m.channel,
                site,
                m.stimulus.cycle,
                starts.get(m.channel, 0),
                switched=m.stimulus.window is not None,
            )
            for m in members
            if m.stimulus.motor and (site := m.envelope.electrode.site) is not None
        ]
    )


def _one_rhythm(members: list[_Member]) -> Refusal | None:
    """Where all channels share one rhythm: it is the same for all, and not too fast for them."""
    if not members or not members[0].envelope.device.fixed_rhythm:
        return None
    device = members[0].envelope.device
    first = device.repeat_mhz(members[0].stimulus)
    about: dict[str, Any] = {
        "source": f"{device.name}: {device.source}",
        "certainty": device.certainty,
    }
    for member in members:
        asked = device.repeat_mhz(member.stimulus)
        if asked != first:
            return refused_for(
                member.channel, "L-DEV", Quantity.FREQUENCY,
                f"{device.name} has one pulse rate for all channels, and channel "
                f"{members[0].channel} has {format_frequency(first)}",
                asked=asked, allowed=first, unit="mHz", nearest=_at(member, first), **about,
            )  # fmt: skip
    least_us = device.period_min_for(member.channel for member in members)
    refusal = _one_gap(members, least_us)
    if refusal is not None:
        return refusal
    if device.quantise_period_up_us(first) >= least_us:
        return None
    allowed = _US_MHZ // least_us
    return refused_for(
        members[-1].channel, "L-DEV", Quantity.FREQUENCY,
        f"{device.name} needs {format_duration(least_us)} for channels of two modules and cannot "
        f"keep {format_frequency(first)}; channels of one module would do",
        asked=first, allowed=allowed, unit="mHz", nearest=_at(members[-1], allowed), **about,
    )  # fmt: skip


def _one_gap(members: list[_Member], least_us: int) -> Refusal | None:
    """Groups of all channels have one gap between their pulses, long enough for the modules."""
    groups = [(m, m.cleared.group.gap_us) for m in members if m.cleared.group is not None]
    for member, gap_us in groups:
        device = member.envelope.device
        why = None
        if gap_us != groups[0][1]:
            why = f"one gap between the pulses of all groups, {format_duration(groups[0][1])}"
        elif gap_us < least_us:
            why = f"at least {format_duration(least_us)} between pulses on these channels"
        if why is not None:
            return refused_for(
                member.channel, "L-DEV", Quantity.FREQUENCY,
                f"{device.name} has {why}, and {format_duration(gap_us)} was asked",
                asked=gap_us, allowed=max(least_us, groups[0][1]), unit="us",
                source=f"{device.name}: {device.source}", certainty=device.certainty,
            )  # fmt: skip
    return None


def _shared_source(members: list[_Member]) -> Refusal | None:
    """W3: where channels take turns, all their pulses fit the shortest period."""
    if len(members) < 2 or not members[0].envelope.device.multiplexed:
        return None
    device = members[0].envelope.device
    available = 1_000 * device.busy_max_us
    widths_us = [device.holds_us(m.stimulus) for m in members]
    fastest = max(members, key=lambda m: device.hold_mhz(m.stimulus))
    fastest_mhz = device.hold_mhz(fastest.stimulus)
    if sum(widths_us) * fastest_mhz <= available:
        return None
    allowed_mhz = available // sum(widths_us)
    return refused_for(
        fastest.channel, "W3", Quantity.TIMING,
        f"the pulses of {len(members)} channels take {format_duration(sum(widths_us))} of one "
        f"source and do not fit the period of {format_frequency(fastest_mhz)}; together they fit "
        f"{format_frequency(allowed_mhz)}",
        asked=fastest_mhz, allowed=allowed_mhz, unit="mHz", nearest=_at(fastest, allowed_mhz),
    )  # fmt: skip


def _all_points(members: list[_Member]) -> Refusal | None:
    """W21: the forms of all channels fit into one message to the device."""
    if not members or members[0].envelope.device.forms_points_max is None:
        return None
    device = members[0].envelope.device
    points = [
        max(device.points_of(m.stimulus, one) for one in device.forms_of(m.stimulus))
        for m in members
    ]
    most = device.forms_points_max
    if most is None or sum(points) <= most:
        return None
    longest = points.index(max(points))
    return refused_for(
        members[longest].channel, "W21", Quantity.DEVICE,
        f"{device.name} takes {most} points for all channels together, and the groups of pulses "
        f"here are {sum(points)}; take fewer channels, or shorter groups",
        asked=sum(points), allowed=most, unit="points",
        source=f"{device.name}: {device.source}", certainty=device.certainty,
    )  # fmt: skip


def _updates(members: list[_Member]) -> Refusal | None:
    """W23: the host tells the device each drawn interval, so many in all at most."""
    laws = [
        (m.channel, law.updates_mhz)
        for m in members
        if isinstance(law := m.stimulus.frequency_sweep, Jitter)
    ]
    total = sum(mhz for _, mhz in laws)
    if total <= _UPDATES_MAX_MHZ:
        return None
    return refused_for(
        laws[-1][0], "W23", Quantity.FREQUENCY,
        f"the host would tell the device {format_frequency(total)} another interval, and "
        f"{format_frequency(_UPDATES_MAX_MHZ)} is the most; take longer intervals, or fewer "
        "channels with jitter",
        asked=total, allowed=_UPDATES_MAX_MHZ, unit="mHz",
    )  # fmt: skip


def _region_sums(members: list[_Member]) -> Refusal | None:
    """H43: what channels in one region come to together keeps the limits of one.

    R.m.s. currents add as squares where channels take turns on one source, and in full where
    they may coincide; power densities always add.
    """
    by_region: dict[str, list[_Member]] = {}
    for member in members:
        site = member.envelope.electrode.site
        if site is not None:
            for region in sorted({pad.region for pad in pad_sites(site)}):
                by_region.setdefault(region, []).append(member)
    for region, group in by_region.items():
        refusal = _region_sum(region, group) if len(group) > 1 else None
        if refusal is not None:
            return refusal
    return None


def _region_sum(region: str, group: list[_Member]) -> Refusal | None:
    doses = [dose_on(m.stimulus, m.envelope.device) for m in group]
    rms = [math.sqrt(dose.rms_ma_squared) for dose in doses]
    takes_turns = group[0].envelope.device.multiplexed
    sums = (
        (Quantity.RMS_CURRENT, math.hypot(*rms) if takes_turns else math.fsum(rms)),
        (Quantity.POWER_DENSITY, math.fsum(map(_power_density, group, doses))),
    )
    for quantity, total in sums:
        bounds = [b for b in (m.envelope.tightest(quantity) for m in group) if b is not None]
        bound = min(bounds, key=lambda b: b.value)
        if total > float(bound.value) * (1.0 + _ROUNDING):
            highest = _highest(group, rms)
            return refused_for(
                group[highest].channel, "H43", quantity,
                f"{len(group)} channels in the region {region} come to {total:.4g} {bound.unit} "
                f"together, more than {bound.text} ({bound.limit_id})",
                asked=total, allowed=bound.value, unit=bound.unit,
                source=f"hazard H43; {bound.limit_id}: {bound.source}", certainty=bound.certainty,
                nearest=_within_sum(group, highest, quantity, float(bound.value), takes_turns),
            )  # fmt: skip
    return None


def _power_density(member: _Member, dose: ExactDose) -> float:
    """In W/cm2 under the smallest electrode, contact applied."""
    return float(dose.power_w) * 100.0 / member.envelope.electrode.effective_area_mm2


def _highest(group: list[_Member], rms: list[float]) -> int:
    return max(range(len(group)), key=lambda number: rms[number])


def _within_sum(
    group: list[_Member], changed: int, quantity: Quantity, allowed: float, takes_turns: bool
) -> Nearest | None:
    """The highest amplitude of one member at which the sum fits, the others as they are.

    Currents grow with the amplitude, powers with its square; currents that take turns add as
    squares. A test pulse of the device's own does not grow with it.
    """
    power = quantity is Quantity.POWER_DENSITY
    squares = takes_turns or power

    def part_of(member: _Member, dose: ExactDose) -> float:
        if power:
            return _power_density(member, dose)
        return math.sqrt(dose.rms_ma_squared) ** (2 if squares else 1)

    parts = [part_of(m, dose_on(m.stimulus, m.envelope.device)) for m in group]
    limit = allowed if power or not squares else allowed**2
    member = group[changed]
    grows = part_of(member, exact_dose(member.stimulus))
    left = limit - math.fsum(parts[:changed]) - math.fsum(parts[changed + 1 :])
    left -= parts[changed] - grows
    share = max(left, 0.0) / grows  # the highest of a sum above a limit is not zero
    most_ua = int(member.stimulus.pulse.amplitude_ua * (math.sqrt(share) if squares else share))
    amplitude_ua = most_ua - most_ua % member.cleared.step
    return _nearest(repair.amplitude(member.stimulus, amplitude_ua)) if amplitude_ua else None


# -- in percent ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IntensityRequest:
    """What is asked of one channel: up to which intensity, where, and in which cycle if any."""

    percent: int
    electrode: Electrode
    layers: LayeredBounds = LayeredBounds()  # noqa: RUF009 - frozen, and empty
    motor: bool = False
    cycle: Cycle | None = None
    begins_us: int = 0


def clear_intensities_together(
    requests: Mapping[int, IntensityRequest],
    bounds: PercentBounds,
    acknowledged: frozenset[str] = frozenset(),
    *,
    co_contraction: bool = False,
) -> Mapping[int, ClearedIntensity] | Refusal:
    """Each by `clear_intensity`, then what holds between them: paths (H42), antagonists (W10).

    A muscle rests (W6), whatever the rate of the unit whose pulses are let through: nobody knows
    it here. Sums of one region (H43) are currents, and cannot be judged here. A refusal names the
    channel.
    """
    cleared: dict[int, ClearedIntensity] = {}
    for channel, asked in sorted(requests.items()):
        answer = clear_intensity(
            asked.percent, bounds, asked.electrode, asked.layers, acknowledged=acknowledged
        )
        if isinstance(answer, Refusal):
            return for_channel(answer, channel)
        refusal = channel_refusal(channel, bounds.name, bounds.channels)
        if refusal is not None:
            return refusal
        cleared[channel] = answer
    refusal = path_refusal({ch: asked.electrode.site for ch, asked in sorted(requests.items())})
    if refusal is None and not co_contraction:
        refusal = antagonist_refusal(
            [
                Muscle(channel, asked.electrode.site, asked.cycle, asked.begins_us)
                for channel, asked in sorted(requests.items())
                if asked.motor and asked.electrode.site is not None
            ]
        )
    return refusal or _without_rest(requests) or MappingProxyType(cleared)


def _without_rest(requests: Mapping[int, IntensityRequest]) -> Refusal | None:
    for channel, asked in sorted(requests.items()):
        if asked.motor:
            found = rest_inconsistency(asked.cycle, _UNKNOWN_RATE)
            if found is not None:
                return refused_for(channel, found.rule, Quantity.TIMING, found.message)
    return None
