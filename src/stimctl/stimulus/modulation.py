"""How a stimulus changes over time: bursts, sweeps, amplitude modulation, on/off cycle."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from stimctl.stimulus.pulse import StrictModel

# 0.001 Hz .. 100 kHz: sanity, not safety. [POLICY, D]
FREQUENCY_TOP_MHZ = 100_000_000
# A day: sanity, not safety. [POLICY, D]
TIME_TOP_US = 86_400_000_000

FrequencyMhz = Annotated[int, Field(ge=1, le=FREQUENCY_TOP_MHZ)]
ModulationPeriodUs = Annotated[int, Field(ge=1_000, le=TIME_TOP_US)]
SpanUs = Annotated[int, Field(ge=0, le=TIME_TOP_US)]


class SweepShape(StrEnum):
    """How a swept value moves within one period."""

    TRIANGLE = "triangle"
    SINE = "sine"
    STEP = "step"


def _wave(t_us: int, period_us: int, shape: SweepShape, span: int) -> int:
    """Return 0..span: 0 at the start of the period, `span` in its middle (or second half)."""
    t = t_us % period_us
    if shape is SweepShape.STEP:
        return 0 if 2 * t < period_us else span
    if shape is SweepShape.SINE:
        raised = (1.0 - math.cos(2.0 * math.pi * t / period_us)) / 2.0
        return min(span, max(0, math.floor(span * raised)))
    return 2 * span * min(t, period_us - t) // period_us


class Burst(StrictModel):
    """Groups of pulses: `pulses_per_burst` of them, `burst_frequency_mhz` groups a second.

    `interval_us`: from one pulse to the next, where that is what was asked for; the rate of the
    stimulus is then the same, rounded up.
    """

    pulses_per_burst: Annotated[int, Field(ge=1, le=1_000_000)]
    burst_frequency_mhz: FrequencyMhz
    interval_us: Annotated[int, Field(ge=1, le=TIME_TOP_US)] | None = None


class Lead(StrictModel):
    """The first pulse of each hold is a group: `pulses` of them, `interval_us` apart."""

    pulses: Annotated[int, Field(ge=2, le=16)]
    interval_us: Annotated[int, Field(ge=1, le=TIME_TOP_US)]

    @property
    def inside_mhz(self) -> int:
        """The rate of its pulses, rounded up."""
        return -(-(10**9) // self.interval_us)


SWEEP_TICK_US = 250_000
"""What is swept is followed at this tick. [POLICY, D]"""


class _Ticked(StrictModel):
    """What moves all the time, and is followed at the tick."""

    if TYPE_CHECKING:

        def value_at(self, t_us: int) -> int:
            """The value `t_us` after its time began."""

    def held_at(self, t_us: int) -> int:
        """What is in force then: the value of the last tick."""
        return self.value_at(t_us - t_us % SWEEP_TICK_US)

    def next_change_us(self, t_us: int) -> int | None:
        """The first time after `t_us` at which another value may be in force."""
        return t_us - t_us % SWEEP_TICK_US + SWEEP_TICK_US


class Sweep(_Ticked):
    """A value that moves between `lowest` and `highest` (unit of the field that holds it).

    `falls`: it begins at `highest`. `since_on`: its time begins with each on time.
    """

    lowest: Annotated[int, Field(ge=1)]
    highest: Annotated[int, Field(ge=1)]
    period_us: ModulationPeriodUs
    shape: SweepShape
    falls: bool = False
    since_on: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError(f"lowest {self.lowest} is above highest {self.highest}")
        return self

    def value_at(self, t_us: int) -> int:
        """The value `t_us` after its time began; it never leaves the range."""
        moved = _wave(t_us, self.period_us, self.shape, self.highest - self.lowest)
        return self.highest - moved if self.falls else self.lowest + moved

    @property
    def round_us(self) -> int:
        """After so long it has shown all of its values."""
        return self.period_us


class AmplitudeModulation(_Ticked):
    """The amplitude moves between the hand-set value (1000 permille) and `lowest_permille` of it.

    It never goes above the hand-set value (SAFETY A8, TREATMENTS T05).
    """

    lowest_permille: Annotated[int, Field(ge=0, le=1000)]
    period_us: ModulationPeriodUs
    shape: SweepShape

    @property
    def lowest(self) -> int:
        """The lowest level in permille."""
        return self.lowest_permille

    @property
    def highest(self) -> int:
        """The highest level in permille."""
        return 1000

    @property
    def since_on(self) -> bool:
        """Its time begins with the stage."""
        return False

    def value_at(self, t_us: int) -> int:
        """The level in permille `t_us` after the start; begins at 1000."""
        return 1000 - _wave(t_us, self.period_us, self.shape, 1000 - self.lowest_permille)

    @property
    def round_us(self) -> int:
        """After so long it has shown all of its levels."""
        return self.period_us


class Rest(StrictModel):
    """Slow pulses in the off time of a cycle, at most `level_permille` of the plateau (W19)."""

    frequency_mhz: FrequencyMhz
    phase_width_us: Annotated[int, Field(ge=1)]
    level_permille: Annotated[int, Field(ge=1, le=1000)]


class Window(StrictModel):
    """What bounds output that an input switches, in place of a cycle (W17).

    Each on time ends after `longest_us`, and at least `refractory_us` are off then. In any 60 s
    there are at most `per_minute` on times, and they take at most `duty_permille` of it.
    """

    longest_us: Annotated[int, Field(ge=200_000, le=30_000_000)]
    refractory_us: Annotated[int, Field(ge=50_000, le=TIME_TOP_US)]
    duty_permille: Annotated[int, Field(ge=50, le=800)]
    per_minute: Annotated[int, Field(ge=1, le=120)]

    @property
    def on_in_a_minute_us(self) -> int:
        """How long it may be on in any 60 s."""
        return 60_000 * self.duty_permille


class Cycle(StrictModel):
    """On and off times in us. `on_us` includes both ramps: up + hold + down = on."""

    on_us: Annotated[int, Field(ge=1, le=TIME_TOP_US)]
    off_us: SpanUs
    ramp_up_us: SpanUs
    ramp_down_us: SpanUs

    @property
    def hold_us(self) -> int:
        """Time at the plateau; negative where the ramps do not fit (rule W5 refuses that)."""
        return self.on_us - self.ramp_up_us - self.ramp_down_us

    @property
    def period_us(self) -> int:
        """One on and one off time together."""
        return self.on_us + self.off_us
