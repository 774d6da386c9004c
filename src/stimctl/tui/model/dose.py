"""What settings come to at the maximum, beside what the protocol's own do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stimctl.tui.model.planning import Choice


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the dose at the maximum: of the file, and now."""

    label: str
    standard: str
    now: str
    unit: str


def figures_of(choice: Choice, role: int, one: Any) -> list[Figure]:
    """Of a planned channel; none where no current is known."""
    from stimctl.stimulus import dose_of
    from stimctl.treatment.stimuli import stimulus_of

    if one is None or not choice.measure.is_dose:
        return []
    filed: Any = choice.filed.channels[role]
    area = one.setup.electrode.effective_area_mm2
    # Of stages nothing is adjusted but their length, and the plan has the strongest of them.
    standard = one.stimulus if choice.stages else stimulus_of(filed, one.most)
    now, was = dose_of(one.stimulus, area), dose_of(standard, area)
    told = (
        ("charge per phase", was.charge_per_phase_uc, now.charge_per_phase_uc, "µC"),
        ("r.m.s. current", was.rms_ma, now.rms_ma, "mA"),
        ("current density", was.current_density_ma_cm2, now.current_density_ma_cm2, "mA/cm²"),
    )
    return [Figure(label, _short(a), _short(b), unit) for label, a, b, unit in told]


def given_rate(one: Any) -> str:
    """Where the device gives another frequency than was asked for: both."""
    told = (note.partition(":")[0] for note in one.notes if " requested, the device gives " in note)
    return next((note.replace(", the device", ", device") for note in told), "")


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
