"""One channel of a report, gathered row by row: figures, curves, electrode, cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stimctl.records.delivered import bounds_of, describe
from stimctl.records.planned import planned_figures
from stimctl.records.said import Threshold
from stimctl.report.model import NOT_RECORDED, ChannelReport, Curves, Figures
from stimctl.report.planned_curve import cycle_of, planned_steps, staged_cycles, staged_steps
from stimctl.report.setup_text import staged_lines, stimulus_lines
from stimctl.session.measured import measured_of

Data = Mapping[str, Any]


def highest_of(telemetry: Data, name: str, channel: int) -> int:
    """The output of a channel in the second that a row tells of: `set` or `acked`. A burst has
    often ended when the row is written."""
    above = telemetry.get("highest")
    for levels in (above.get(name) if isinstance(above, Mapping) else None, telemetry.get(name)):
        level = levels.get(str(channel), levels.get(channel)) if isinstance(levels, Mapping) else 0
        if level:
            return int(level)
    return 0


@dataclass(slots=True)
class Channel:
    """What the rows have said of one channel so far. `unit`: "uA" or "%"."""

    setup: Data = field(default_factory=dict)
    stages: tuple[Data, ...] = ()
    planned: Figures = field(default_factory=Figures)
    commanded: list[tuple[float, int]] = field(default_factory=list)
    acknowledged: list[tuple[float, int | None]] = field(default_factory=list)
    measured: list[tuple[float, int]] = field(default_factory=list)
    impedance: list[tuple[float, int | None]] = field(default_factory=list)
    contractions: int = 0

    def is_planned(self, text: str) -> None:
        """What the plan would give, in the words of its note."""
        self.planned = _figures(planned_figures(text))

    def sample(self, at_s: float, commanded: int, acknowledged: int, measured: Any) -> None:
        """One second of a run."""
        self.commanded.append((at_s, commanded))
        self.acknowledged.append((at_s, acknowledged))
        current_ua, impedance_ohm = measured_of(measured)
        if current_ua is not None:
            self.measured.append((at_s, current_ua))
        if impedance_ohm is not None or self.impedance:
            self.impedance.append((at_s, impedance_ohm))

    def is_off(self, at_s: float, level: int | None) -> None:
        """Zero is commanded; `level`: what is known of it."""
        if self.acknowledged:
            self.acknowledged.append((at_s, level))
            self.commanded.append((at_s, 0))
        if self.impedance:
            self.impedance.append((at_s, None))

    def report(
        self,
        number: int,
        told: Data,
        *,
        unit: str,
        planned_s: float,
        cut_at_s: float | None,
        thresholds: tuple[Threshold, ...],
    ) -> ChannelReport:
        """`told`: what was acknowledged of it; `cut_at_s`: where a record ends early."""
        setup = self.setup
        maximum = setup.get("cleared", setup.get("cleared_ua", setup.get("cleared_percent")))
        least, most, open_ended = _bounds(told)
        # One sample a second misses a peak; the most that may have come is the most commanded.
        highest = [level for _, level in self.commanded]
        measured = max((level for _, level in self.measured), default=None)
        if most is not None and most.peak is not None:
            highest.append(most.peak)
        stimulus = setup.get("stimulus") or {}
        electrode = setup.get("electrode") or {}
        cycle = cycle_of(stimulus.get("cycle") or setup.get("cycle"))
        begins_s = int(setup.get("start_after_us", 0)) / 1e6
        end = () if cut_at_s is None else ((cut_at_s, None),)
        return ChannelReport(
            number=number,
            role=str(setup.get("role", "")),
            site=str(electrode.get("site") or NOT_RECORDED),
            unit=unit,
            electrode=_electrode(electrode),
            stimulus=(staged_lines(self.stages, number) if self.stages else stimulus_lines(setup)),
            maximum=maximum,
            planned=self.planned,
            commanded=Figures(peak=max(highest, default=None)),
            acknowledged=_figures(told),
            least=least,
            most=most,
            open_ended=open_ended,
            measured=None if measured is None else Figures(peak=measured),
            contractions=self.contractions,
            curves=Curves(
                staged_steps(self.stages, number, int(maximum or 0))
                if self.stages
                else planned_steps(int(maximum or 0), begins_s, planned_s, cycle),
                (*self.commanded, *end),
                (*self.acknowledged, *end),
                tuple(self.measured),
                (*self.impedance, *end) if self.impedance else (),
            ),
            cycles=(
                staged_cycles(self.stages, number)
                if self.stages
                else ()
                if cycle is None
                else (("", cycle),)
            ),
            thresholds=thresholds,
            given=describe(told) if told else "",
        )


def _figures(told: Data) -> Figures:
    peak = told.get("peak_ua", told.get("peak_percent"))
    return Figures(peak, told.get("pulses"), told.get("charge_nc"), told.get("on_ms"))


def _bounds(told: Data) -> tuple[Figures | None, Figures | None, bool]:
    pairs = {
        name: bounds_of(told, name)
        for name in ("peak_ua", "peak_percent", "pulses", "charge_nc", "on_ms")
    }
    known = {name: pair for name, pair in pairs.items() if pair is not None}
    if not known:
        return None, None, False
    least = _figures({name: low for name, (low, _) in known.items()})
    most = _figures({name: high for name, (_, high) in known.items()})
    return least, most, any(high is None for _, high in known.values())


def _electrode(electrode: Data) -> str:
    if not electrode.get("area_mm2"):
        return NOT_RECORDED
    contact = int(electrode.get("contact_permille", 1_000))
    touching = "" if contact == 1_000 else f", {contact / 10:g} % of it touching"
    return f"{electrode['area_mm2'] / 100:g} cm2{touching}"
