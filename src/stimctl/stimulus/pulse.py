"""One stimulation pulse: shape, amplitude, widths.

Bounds in these models keep the arithmetic sane; they are not safety limits. What is allowed is
decided in `stimctl.safety`, which trusts no model and validates each again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# One ampere and one second: beyond anything a stimulator for skin electrodes does. [POLICY, D]
AMPLITUDE_TOP_UA = 1_000_000
WIDTH_TOP_US = 1_000_000
RATIO_TOP = 100

AmplitudeUa = Annotated[int, Field(ge=0, le=AMPLITUDE_TOP_UA)]
WidthUs = Annotated[int, Field(ge=1, le=WIDTH_TOP_US)]


class StrictModel(BaseModel):
    """Strict, frozen, no extra fields, no NaN: the manners of every stimulus model."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, revalidate_instances="always"
    )


class PulseShape(StrEnum):
    """Rectangular, current-regulated pulse shapes."""

    SYMMETRIC = "biphasic-symmetric"
    ASYMMETRIC = "biphasic-asymmetric-balanced"
    MONOPHASIC = "monophasic"


class Pulse(StrictModel):
    """One pulse. Amplitude in uA (0 and up), widths in us.

    The second phase follows from the first: equal to it (symmetric), `second_phase_ratio` times
    as long and as many times lower (asymmetric balanced, ratio 2 and up), or absent (monophasic).
    An amplitude that the ratio does not divide is refused, because the charges would not balance.
    """

    shape: PulseShape
    amplitude_ua: AmplitudeUa
    phase_width_us: WidthUs
    interphase_gap_us: Annotated[int, Field(ge=0, le=WIDTH_TOP_US)] = 0
    second_phase_ratio: Annotated[int, Field(ge=1, le=RATIO_TOP)] = 1

    @model_validator(mode="after")
    def _ratio_belongs_to_shape(self) -> Self:
        if self.shape is not PulseShape.ASYMMETRIC:
            if self.second_phase_ratio != 1:
                raise ValueError(f"a {self.shape} pulse has second_phase_ratio 1")
        elif self.second_phase_ratio < 2:
            raise ValueError(f"a {self.shape} pulse needs a second_phase_ratio of 2 or more")
        if self.amplitude_ua % self.second_phase_ratio:
            raise ValueError(
                f"amplitude {self.amplitude_ua} uA is not a multiple of the second phase ratio "
                f"{self.second_phase_ratio}: the phases would not balance"
            )
        return self

    @property
    def second_phase_width_us(self) -> int:
        """Width of the second phase in us; 0 for a monophasic pulse."""
        return self.second_width_for(self.phase_width_us)

    def second_width_for(self, phase_width_us: int) -> int:
        """Width of the second phase in us, were the first `phase_width_us` wide."""
        if self.shape is PulseShape.MONOPHASIC:
            return 0
        return phase_width_us * self.second_phase_ratio

    @property
    def second_phase_amplitude_ua(self) -> int:
        """Magnitude of the second phase in uA; 0 for a monophasic pulse."""
        if self.shape is PulseShape.MONOPHASIC:
            return 0
        return self.amplitude_ua // self.second_phase_ratio

    @property
    def width_total_us(self) -> int:
        """First phase, gap and second phase together, in us."""
        return self.width_total_for(self.phase_width_us)

    def width_total_for(self, phase_width_us: int) -> int:
        """The whole pulse in us, were the first phase `phase_width_us` wide."""
        return phase_width_us + self.interphase_gap_us + self.second_width_for(phase_width_us)
