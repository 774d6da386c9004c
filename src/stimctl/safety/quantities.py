"""The quantities that limits are about: unit, text form, and how they grow with amplitude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from stimctl.quantity import (
    CURRENT_UNITS,
    DURATION_UNITS,
    FREQUENCY_UNITS,
    INTENSITY_UNITS,
    format_area,
    format_current,
    format_duration,
    format_frequency,
    format_intensity,
    parse_scaled,
)


class Quantity(StrEnum):
    """What a bound bounds, or a refusal is about."""

    AMPLITUDE = "amplitude"
    PHASE_WIDTH = "phase_width"
    INTERPHASE_GAP = "interphase_gap"
    FREQUENCY = "frequency"
    PULSES_PER_BURST = "pulses_per_burst"
    SESSION_DURATION = "session_duration"
    RMS_CURRENT = "rms_current"
    DC_CURRENT = "dc_current"
    AVERAGE_CURRENT = "average_current"
    ENERGY_PER_PULSE = "energy_per_pulse"
    OUTPUT_VOLTAGE = "output_voltage"
    CURRENT_DENSITY = "current_density"
    POWER_DENSITY = "power_density"
    DC_DENSITY = "dc_density"
    CHARGE_PER_PHASE = "charge_per_phase"
    CHARGE_DENSITY = "charge_density"
    # Of a device that knows no current; no stimulus in milliampere has one.
    INTENSITY = "intensity"
    # Not bounded by a number; a refusal may be about them.
    SHAPE = "shape"
    SITE = "site"
    TIMING = "timing"
    DEVICE = "device"
    STIMULUS = "stimulus"


@dataclass(frozen=True, slots=True)
class QuantityInfo:
    """Unit of a bound's value; text units for files (smallest first, `scale` of it one unit).

    `degree` says how the quantity grows with amplitude: 0 not at all, 1 in proportion,
    2 with the square.
    """

    name: str
    unit: str
    units: Mapping[str, int]
    scale: int
    example: str
    degree: int
    format: Callable[[int], str] | None = None

    @property
    def file_settable(self) -> bool:
        """Whether a file or environment variable may set a bound on it."""
        return bool(self.units)


def _steps(*units: str) -> dict[str, int]:
    """Text units, each a thousand of the one before; those per cm2 also with cm²."""
    factors = {unit: 1_000**i for i, unit in enumerate(units)}
    return {**factors, **{unit.replace("cm2", "cm²"): n for unit, n in factors.items()}}


_CURRENT = _steps("uA", "mA")
_DENSITY = _steps("uA/cm2", "mA/cm2")

INFO: Mapping[Quantity, QuantityInfo] = {
    Quantity.AMPLITUDE: QuantityInfo(
        "amplitude", "uA", CURRENT_UNITS, 1, "58 mA", 1, format_current
    ),
    Quantity.PHASE_WIDTH: QuantityInfo(
        "phase width", "us", DURATION_UNITS, 1, "300 us", 0, format_duration
    ),
    Quantity.INTERPHASE_GAP: QuantityInfo(
        "interphase gap", "us", DURATION_UNITS, 1, "100 us", 0, format_duration
    ),
    Quantity.FREQUENCY: QuantityInfo(
        "frequency", "mHz", FREQUENCY_UNITS, 1, "100 Hz", 0, format_frequency
    ),
    Quantity.PULSES_PER_BURST: QuantityInfo("pulses per burst", "pulses", {}, 1, "", 0),
    Quantity.SESSION_DURATION: QuantityInfo(
        "session duration", "us", DURATION_UNITS, 1, "30 min", 0, format_duration
    ),
    Quantity.RMS_CURRENT: QuantityInfo("r.m.s. current", "mA", _CURRENT, 1_000, "30 mA", 1),
    Quantity.DC_CURRENT: QuantityInfo("DC current", "mA", _CURRENT, 1_000, "1 mA", 1),
    Quantity.AVERAGE_CURRENT: QuantityInfo("average current", "mA", _CURRENT, 1_000, "10 mA", 1),
    Quantity.ENERGY_PER_PULSE: QuantityInfo(
        "energy per pulse", "mJ", _steps("uJ", "mJ"), 1_000, "100 mJ", 2
    ),
    Quantity.OUTPUT_VOLTAGE: QuantityInfo("output voltage", "V", {}, 1_000, "", 0),
    Quantity.CURRENT_DENSITY: QuantityInfo(
        "current density", "mA/cm2", _DENSITY, 1_000, "1.5 mA/cm2", 1
    ),
    Quantity.POWER_DENSITY: QuantityInfo(
        "power density", "W/cm2", _steps("uW/cm2", "mW/cm2", "W/cm2"), 1_000_000, "0.05 W/cm2", 2
    ),
    Quantity.DC_DENSITY: QuantityInfo("DC density", "mA/cm2", _DENSITY, 1_000, "0.1 mA/cm2", 1),
    Quantity.CHARGE_PER_PHASE: QuantityInfo(
        "charge per phase", "uC", _steps("nC", "uC"), 1_000, "20 uC", 1
    ),
    Quantity.CHARGE_DENSITY: QuantityInfo(
        "charge density", "uC/cm2", _steps("nC/cm2", "uC/cm2"), 1_000, "5 uC/cm2", 1
    ),
    Quantity.INTENSITY: QuantityInfo(
        "intensity", "%", INTENSITY_UNITS, 1, "40 %", 0, format_intensity
    ),
}


_TEXT_IN: Mapping[str, Callable[[int], str]] = {
    "uA": format_current,
    "us": format_duration,
    "mHz": format_frequency,
    "mm2": format_area,
}


def text_in(value: int | float | str, unit: str) -> str:
    """Return a value in one of stimctl's inner units as people read it: 12300 uA -> "12.3 mA"."""
    shown = _TEXT_IN.get(unit)
    if shown is not None and isinstance(value, int):
        return shown(value)
    return f"{value} {unit}".strip()


def parse_value(quantity: Quantity, text: object) -> int | float:
    """Return `text` in the unit of the quantity's bounds; raises QuantityError."""
    info = INFO[quantity]
    value = parse_scaled(text, info.units, name=info.name, example=info.example)
    if info.scale == 1:
        return value
    whole, rest = divmod(value, info.scale)
    return value / info.scale if rest else whole


def value_text(quantity: Quantity, value: int | float | Fraction) -> str:
    """Return a value of the quantity for people: exact where set, four digits where derived."""
    info = INFO[quantity]
    if info.format is not None:
        return info.format(int(value))
    return f"{float(value):.4g} {info.unit}"
