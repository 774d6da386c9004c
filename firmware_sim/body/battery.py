"""The battery of a device: charge, voltage, and when it is low, critical or gone.

| number | value | certainty |
|---|---|---|
| usable share of the capacity | 0.85 | D |
| efficiency of the output stage | 0.5 | D |
| overhead | 120 mW | D |
| open-circuit voltage of a lithium cell | 4.1 V full to 3.3 V empty, linear | M? |
| internal resistance | 0.15 ohm per cell | D |
| 9 V alkaline | 550 mAh, cut at 6.5 V | M? |
| low, critical | 20 %, 5 % | D |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

USABLE = 0.85
EFFICIENCY = 0.5
OVERHEAD_MW = 120
LOW_PERMILLE, CRITICAL_PERMILLE = 200, 50
HOUR_US = 3_600_000_000


class Charge(StrEnum):
    """What a device would say of its battery."""

    GOOD = "good"
    LOW = "low"
    CRITICAL = "critical"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Cells:
    """A kind of battery: mV of the whole pack, mAh, mohm; cut_mv is where the device resets."""

    nominal_mv: int
    capacity_mah: int
    full_mv: int
    empty_mv: int
    inner_mohm: int
    cut_mv: int


#: Two lithium cells as in the golden figures (nominal 8.0 V there).
LITHIUM_PACK = Cells(8_000, 600, 8_200, 6_600, 300, 6_000)
LITHIUM_CELL = Cells(3_700, 1_200, 4_100, 3_300, 150, 3_000)
ALKALINE_9V = Cells(9_000, 550, 9_500, 6_500, 2_000, 6_500)


class Battery:
    """Energy that is drawn interval by interval; power in mW into the load."""

    __slots__ = ("_capacity_nj", "_cells", "_used_nj", "_watts")

    def __init__(self, cells: Cells = LITHIUM_PACK, charge_permille: int = 1000) -> None:
        if not 0 <= charge_permille <= 1000:
            raise ValueError(f"charge of {charge_permille} permille: give 0 to 1000")
        self._cells = cells
        # mW us are nJ.
        self._capacity_nj = USABLE * cells.capacity_mah * cells.nominal_mv / 1000 * HOUR_US
        self._used_nj = self._capacity_nj * (1000 - charge_permille) / 1000
        self._watts = 0.0

    @property
    def charge_permille(self) -> int:
        """Return what is left of the usable charge."""
        return max(0, round(1000 * (1 - self._used_nj / self._capacity_nj)))

    @property
    def voltage_mv(self) -> int:
        """Return the voltage under the load of the last interval."""
        cells = self._cells
        left = self.charge_permille / 1000
        open_mv = cells.empty_mv + (cells.full_mv - cells.empty_mv) * left
        return round(open_mv - self._watts * 1e6 / open_mv * cells.inner_mohm / 1000)

    @property
    def state(self) -> Charge:
        """Return what a device would say; empty means that it resets."""
        if self.charge_permille == 0 or self.voltage_mv < self._cells.cut_mv:
            return Charge.EMPTY
        if self.charge_permille <= CRITICAL_PERMILLE:
            return Charge.CRITICAL
        return Charge.LOW if self.charge_permille <= LOW_PERMILLE else Charge.GOOD

    def run(self, time_us: int, power_mw: float) -> None:
        """Let time pass with that much power into the load, on top of the overhead."""
        drawn_mw = power_mw / EFFICIENCY + OVERHEAD_MW
        self._watts = drawn_mw / 1000
        self._used_nj += drawn_mw * time_us

    def hours_left(self, power_mw: float) -> float:
        """Return how long what is left lasts at that power into the load."""
        left = max(0.0, self._capacity_nj - self._used_nj)
        return left / (power_mw / EFFICIENCY + OVERHEAD_MW) / HOUR_US
