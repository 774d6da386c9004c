"""What is asked of one channel: pulse, frequency, modulation and cycle together."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from stimctl.stimulus.laws import Law, LevelLaw, RateLaw
from stimctl.stimulus.modulation import Burst, Cycle, FrequencyMhz, Lead, Rest, Window
from stimctl.stimulus.pulse import Pulse, StrictModel

_US_MHZ = 10**9


class Stimulus(StrictModel):
    """One channel's stimulus.

    `frequency_mhz` is the pulse rate while pulses come; inside a burst where there is one.
    `frequency_sweep` is in mHz and `width_sweep` in us. `motor` says that a contraction is meant,
    which brings in the rules for muscle programmes. `lead`: of the first pulse of each hold.
    """

    pulse: Pulse
    frequency_mhz: FrequencyMhz
    burst: Burst | None = None
    frequency_sweep: RateLaw | None = None
    width_sweep: Law | None = None
    amplitude_modulation: LevelLaw | None = None
    cycle: Cycle | None = None
    rest: Rest | None = None
    window: Window | None = None
    lead: Lead | None = None
    motor: bool = False

    @model_validator(mode="after")
    def _rate_of_interval(self) -> Self:
        interval_us = None if self.burst is None else self.burst.interval_us
        if interval_us is not None and self.frequency_mhz != -(-_US_MHZ // interval_us):
            raise ValueError(f"{interval_us} us between pulses and {self.frequency_mhz} mHz differ")
        return self

    @property
    def highest_frequency_mhz(self) -> int:
        """The fastest pulse rate reachable, in mHz."""
        sweep, rest = self.frequency_sweep, self.rest
        highest = self.frequency_mhz if sweep is None else max(self.frequency_mhz, sweep.highest)
        return highest if rest is None else max(highest, rest.frequency_mhz)

    @property
    def closest_mhz(self) -> int:
        """The rate of the two pulses that come closest after each other, in mHz."""
        highest = self.highest_frequency_mhz
        return highest if self.lead is None else max(highest, self.lead.inside_mhz)

    @property
    def lowest_frequency_mhz(self) -> int:
        """The slowest pulse rate reachable, in mHz."""
        sweep, rest = self.frequency_sweep, self.rest
        lowest = self.frequency_mhz if sweep is None else min(self.frequency_mhz, sweep.lowest)
        return lowest if rest is None else min(lowest, rest.frequency_mhz)

    @property
    def widest_phase_us(self) -> int:
        """The widest first phase reachable, in us."""
        sweep, width, rest = self.width_sweep, self.pulse.phase_width_us, self.rest
        widest = width if sweep is None else max(width, sweep.highest)
        return widest if rest is None else max(widest, rest.phase_width_us)

    @property
    def narrowest_phase_us(self) -> int:
        """The narrowest first phase reachable, in us."""
        sweep, width, rest = self.width_sweep, self.pulse.phase_width_us, self.rest
        narrowest = width if sweep is None else min(width, sweep.lowest)
        return narrowest if rest is None else min(narrowest, rest.phase_width_us)

    def with_amplitude(self, amplitude_ua: int) -> Stimulus:
        """The same stimulus at another amplitude in uA, validated as if it were new."""
        pulse = {**dict(self.pulse), "amplitude_ua": amplitude_ua}
        return Stimulus.model_validate({**dict(self), "pulse": pulse})
