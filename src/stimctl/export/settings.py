"""What one channel was set up to give, as numbers with units; None where a record has it not.

A channel of a plan with stages does something else in each of them: a setting holds for the whole
session only where it is the same in all stages in which the channel is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from stimctl.quantity import format_duration, format_frequency, format_permille
from stimctl.report.planned_curve import stages_of
from stimctl.report.setup_text import law_text
from stimctl.stimulus.pulse import PulseShape


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one channel, in one stage or in the whole session. The fields are those of the tables
    `setups` and `stages`; a `_law` says in words how a value changes, None where it does not."""

    electrode_area_cm2: float | None
    electrode_contact_percent: float | None
    start_after_s: float | None
    pulse_shape: str | None
    phase_width_us: float | None
    interphase_gap_us: float | None
    second_phase_width_us: float | None
    pulse_frequency_hz: float | None
    burst_pulses: int | None
    burst_frequency_hz: float | None
    cycle_on_s: float | None
    cycle_off_s: float | None
    ramp_up_s: float | None
    ramp_down_s: float | None
    frequency_changes: bool | None
    width_changes: bool | None
    amplitude_changes: bool | None
    rest_frequency_hz: float | None
    rest_phase_width_us: float | None
    rest_level_percent: float | None
    frequency_law: str | None
    width_law: str | None
    amplitude_law: str | None


_DIFFERING: Final = {
    "frequency_changes": ("pulse_frequency_hz", "burst_frequency_hz", "frequency_law"),
    "width_changes": ("phase_width_us", "second_phase_width_us", "width_law"),
    "amplitude_changes": ("amplitude_law",),
}
"""What changes where one of these differs between stages."""


@dataclass(frozen=True, slots=True)
class StageSettings:
    """A channel in one stage of a setup row. `settings`: None where it is off in it. `number`
    counts from 1; `carried_from`: of the stage whose plateau it begins with."""

    number: int
    stage: Mapping[str, Any]
    settings: Settings | None
    carried_from: int | None
    level_percent: float | None


def stage_settings(
    setup: Mapping[str, Any], stages: Sequence[Mapping[str, Any]]
) -> Iterator[StageSettings]:
    """What a channel does in each stage; nothing where there are no stages."""
    for place, (stage, does) in enumerate(stages_of(stages, setup.get("channel", 0)), start=1):
        carried = _within(_within(stage, "carried"), str(setup.get("channel")))
        shared = _over(carried, "level_permille", 10)
        yield StageSettings(
            number=place,
            stage=stage,
            settings=None if does is None else _settings({**setup, "cycle": None, **does}),
            carried_from=carried["stage"] + 1 if "stage" in carried else None,
            level_percent=shared,
        )


def settings_of(setup: Mapping[str, Any], stages: Sequence[Mapping[str, Any]] = ()) -> Settings:
    """From what the setup row has of a channel, and of its stages."""
    in_stages = [one for one in stage_settings(setup, stages) if one.settings is not None]
    told = [one.settings for one in in_stages if one.settings is not None]
    if not told:
        return _settings(setup)
    first = told[0]
    differs = {
        one.name
        for one in fields(Settings)
        if any(getattr(other, one.name) != getattr(first, one.name) for other in told)
    }
    changes: dict[str, Any] = {
        name: any(getattr(one, name) for one in told) or not differs.isdisjoint(others)
        for name, others in _DIFFERING.items()
    }
    if any(one.level_percent not in (None, 100) for one in in_stages):
        changes["amplitude_changes"] = True
    return replace(first, **dict.fromkeys(differs) | changes)


def _settings(setup: Mapping[str, Any]) -> Settings:
    electrode = _within(setup, "electrode")
    stimulus = _within(setup, "stimulus")
    pulse, burst = _within(stimulus, "pulse"), _within(stimulus, "burst")
    cycle = _within(stimulus, "cycle") or _within(setup, "cycle")
    rest = _within(stimulus, "rest")
    return Settings(
        electrode_area_cm2=_over(electrode, "area_mm2", 100),
        electrode_contact_percent=_over(electrode, "contact_permille", 10),
        start_after_s=_over(setup, "start_after_us", 1e6),
        pulse_shape=pulse.get("shape"),
        phase_width_us=pulse.get("phase_width_us"),
        interphase_gap_us=pulse.get("interphase_gap_us"),
        second_phase_width_us=_second_phase(pulse),
        pulse_frequency_hz=_over(stimulus, "frequency_mhz", 1_000),
        burst_pulses=burst.get("pulses_per_burst"),
        burst_frequency_hz=_over(burst, "burst_frequency_mhz", 1_000),
        cycle_on_s=_over(cycle, "on_us", 1e6),
        cycle_off_s=_over(cycle, "off_us", 1e6),
        ramp_up_s=_over(cycle, "ramp_up_us", 1e6),
        ramp_down_s=_over(cycle, "ramp_down_us", 1e6),
        frequency_changes=_is_there(stimulus, "frequency_sweep"),
        width_changes=_is_there(stimulus, "width_sweep"),
        amplitude_changes=_is_there(stimulus, "amplitude_modulation"),
        rest_frequency_hz=_over(rest, "frequency_mhz", 1_000),
        rest_phase_width_us=rest.get("phase_width_us"),
        rest_level_percent=_over(rest, "level_permille", 10),
        frequency_law=law_text(stimulus.get("frequency_sweep"), format_frequency) or None,
        width_law=law_text(stimulus.get("width_sweep"), format_duration) or None,
        amplitude_law=law_text(stimulus.get("amplitude_modulation"), format_permille) or None,
    )


def _within(outer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = outer.get(name)
    return found if isinstance(found, Mapping) else {}


def _over(values: Mapping[str, Any], name: str, divisor: float) -> float | None:
    value = values.get(name)
    return None if value is None else value / divisor


def _is_there(stimulus: Mapping[str, Any], name: str) -> bool | None:
    return bool(stimulus.get(name)) if stimulus else None


def _second_phase(pulse: Mapping[str, Any]) -> float | None:
    if pulse.get("phase_width_us") is None:
        return None
    if pulse.get("shape") == PulseShape.MONOPHASIC:
        return 0
    return float(pulse["phase_width_us"] * pulse.get("second_phase_ratio", 1))
