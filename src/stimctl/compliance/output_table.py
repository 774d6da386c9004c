"""What a device family can put out, as the FDA's output table asks for it.

The rows follow the 1999 guidance for powered muscle stimulators (R) and 21 CFR 882.5891 (R2). They
are what the device could do, not what stimctl lets it do: `stimctl check` shows the limits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_current, format_duration, format_frequency

if TYPE_CHECKING:
    from stimctl.devices.sheet import CapabilitySheet
    from stimctl.safety.device_bounds import DeviceBounds, PercentBounds

LOADS_OHM = (500, 2_000, 10_000)
"""The loads at which an output is characterised (FDA 1999; 21 CFR 882.5891)."""
SMALLEST_CM2 = 5
"""The smallest electrode that stimctl assumes anywhere (D)."""
RATE_HZ = 50
"""The rate at which averages are given: the usual tetanic one, which each family reaches (D)."""
_US_MHZ = 10**9


def output_table(sheet: CapabilitySheet) -> dict[str, Any]:
    """The whole table. Texts carry their units; `max_output` is by load in ohm."""
    death, protections = sheet.run_after_host_death, sheet.protections
    return {
        "family": sheet.family,
        "device": f"{sheet.maker} {sheet.model}",
        "wire": sheet.wire,
        "intended_use": sheet.intended_use.value,
        "output": _output(sheet),
        # Of a device that attenuates another one nothing can be said in milliampere.
        "max_output": [_at_load(sheet, ohm) for ohm in LOADS_OHM if sheet.current is not None],
        "basic_unit": _basic_unit(sheet),
        "protections": {
            name.replace("_", " "): {
                "presence": getattr(protections, name).presence.value,
                "note": getattr(protections, name).note,
            }
            for name in ("overload_trip", "no_load_trip", "automatic_shut_off", "patient_override")
        },
        "output_after_host_death": {
            "as shipped": _longest(death.as_shipped_us),
            "under our rules": _longest(death.under_our_rules_us),
            "one of our processes left": _longest(death.with_supervisor_or_face_alive_us),
            "note": death.note,
        },
        "facts": [
            {"name": one.name, "value": one.value, "source": one.source,
             "certainty": one.certainty, "note": one.note}
            for one in sheet.facts
        ],
    }  # fmt: skip


def _longest(time_us: int | None) -> str:
    return "nothing bounds it" if time_us is None else format_duration(time_us)


def _share(share: PercentBounds) -> dict[str, str]:
    """What is let through; shape, width, rate and current are those of another unit."""
    scale = (
        f"{share.lowest_percent} % to {share.highest_percent} %, steps of {share.step_percent} %"
    )
    others = "those of the unit whose pulses are let through: unknown here"
    return {
        "class": "uncalibrated: no dose is known, attended only, no scripted runs",
        "intensity": f"{scale}, of the device's own scale; 0 % is off",
        "waveform, phase duration, frequency, current": others,
        "net charge per pulse": others,
        "changes": f"each channel at most every {format_duration(share.change_every_us)}",
        "on/off times": "by the host, in bursts that end by themselves",
    }


def _output(sheet: CapabilitySheet) -> dict[str, str]:
    if sheet.external_pulses is not None:
        return _share(sheet.external_pulses)
    bounds = sheet.bounds
    shapes = ", ".join(sorted(str(shape) for shape in bounds.shapes))
    gap_us = bounds.interphase_gap_fixed_us
    gap = f"0 to {format_duration(bounds.interphase_gap_max_us)}"
    balanced = "0 uC: the second phase takes back what the first gave"
    if len(bounds.shapes) > 1:
        balanced += "; monophasic pulses, where allowed at all, carry the charge of their phase"
    fastest = format_frequency(_US_MHZ // bounds.period_min_us)
    slowest = format_frequency(-(-_US_MHZ // bounds.period_max_us))
    return {
        "waveform": "rectangular, regulated current",
        "shape": shapes,
        "amplitude": f"0 to {format_current(bounds.amplitude_max_ua)}, "
        f"steps of {format_current(bounds.amplitude_step_ua)}",
        "phase duration": f"{format_duration(bounds.phase_width_min_us)} to "
        f"{format_duration(bounds.phase_width_max_us)}, "
        f"steps of {format_duration(bounds.phase_width_step_us)}",
        "between the phases": gap if gap_us is None else f"always {format_duration(gap_us)}",
        "frequency": f"{slowest} to {fastest}, one for all channels"
        if bounds.fixed_rhythm
        else f"{slowest} to {fastest}",
        "bursts": _bursts(bounds),
        "net charge per pulse": balanced,
        "on/off times": "by the host",
    }


def _bursts(bounds: DeviceBounds) -> str:
    if bounds.makes_forms:
        return (
            f"up to {bounds.form_points_max} points by the device, such as 4 pulses 5 ms apart; "
            "longer ones by the host"
        )
    if not bounds.fixed_rhythm:
        return "by the host"
    if bounds.pulses_per_group_max < 2:
        return "none"
    return (
        f"2 or {bounds.pulses_per_group_max} pulses by the device, "
        f"{format_duration(bounds.period_min_us)} to {format_duration(bounds.group_gap_max_us)} "
        "apart"
    )


def _at_load(sheet: CapabilitySheet, ohm: int) -> dict[str, float | int | bool]:
    """The most into a load: widest symmetric pulse, 50 Hz, one channel, smallest electrode."""
    bounds = sheet.bounds
    most_ma = bounds.amplitude_max_ua / 1_000
    reach_ma = bounds.compliance_mv / ohm
    current_ma = min(most_ma, reach_ma)
    width_us = min(bounds.phase_width_max_us, _US_MHZ // (RATE_HZ * 1_000) // 2)
    rms_ma = current_ma * math.sqrt(2 * RATE_HZ * width_us / 1e6)
    return {
        "load_ohm": ohm,
        "current_ma": round(current_ma, 3),
        "voltage_v": round(current_ma * ohm / 1_000, 3),
        "falls_short": reach_ma < most_ma,
        "phase_charge_uc": round(current_ma * width_us / 1_000, 3),
        "rms_ma": round(rms_ma, 3),
        "average_ma": round(current_ma * 2 * RATE_HZ * width_us / 1e6, 3),
        "current_density_ma_cm2": round(rms_ma / SMALLEST_CM2, 3),
        "power_density_w_cm2": round(ohm * (rms_ma / 1_000) ** 2 / SMALLEST_CM2, 3),
    }


def _basic_unit(sheet: CapabilitySheet) -> dict[str, str]:
    facts = {one.name: one for one in sheet.facts}

    def told(name: str) -> str:
        fact = facts.get(name)
        if fact is None:
            return "not stated in the texts we read"
        return fact.value if fact.certainty == "R" else f"{fact.value} (certainty {fact.certainty})"

    watchdog, bounds = sheet.watchdog_us, sheet.current
    how, isolated = ", each with a unit's output of its own", "as those outputs are"
    if bounds is not None:
        how = ", in turn" if bounds.multiplexed else ", synchronous"
        isolated = "yes" if bounds.isolated_channels else "assumed not"
    return {
        "channels": f"{sheet.channels}{how}",
        "channels isolated from each other": isolated,
        "power source": told("power"),
        "isolation": told("isolation"),
        "leakage current": "not stated in the texts we read",
        "regulated": "current" if sheet.calibrated else "nothing: it attenuates another device",
        "software controlled": "yes",
        "stops without a host after": "never" if watchdog is None else format_duration(watchdog),
        "read back": sheet.readback.value,
        "stop at the device": sheet.stop_instruction,
    }
