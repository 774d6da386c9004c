"""What a twin must know of whatever its leads are clipped to: one protocol, and the test loads.

Points are (duration in us, signed current in uA), as everywhere in the twins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

Point = tuple[int, int]
Points = tuple[Point, ...]

#: A phase that lost more than this share of its current anywhere counts as clipped [D].
CLIP_PERMILLE = 20


class Passed(NamedTuple):
    """A pulse as it left the device: as many points as were commanded.

    A phase that clips carries its mean current, so that its charge is exact (its rms is a little
    too small). voltage_mv: the magnitude at the leads at the end of each point.
    """

    points: Points
    voltage_mv: tuple[int, ...]
    clipped: bool
    open: bool


@runtime_checkable
class Load(Protocol):
    """Something between the two leads of a channel."""

    @property
    def nominal_ohm(self) -> int | None:
        """Magnitude of the impedance that a small test pulse sees; None for an open circuit."""

    def through(self, points: Points, compliance_mv: int) -> Passed:
        """Send a pulse through at a compliance in mV."""


@dataclass(frozen=True, slots=True)
class Resistor:
    """A pure resistance in ohm: 500 is the test load of IEC 60601-2-10 [R]."""

    ohm: int

    def __post_init__(self) -> None:
        if self.ohm < 1:
            raise ValueError(f"resistor of {self.ohm} ohm: give at least 1 ohm")

    @property
    def nominal_ohm(self) -> int:
        """Return the resistance."""
        return self.ohm

    def through(self, points: Points, compliance_mv: int) -> Passed:
        """Limit each phase to compliance / resistance."""
        most_ua = compliance_mv * 1000 // self.ohm
        through = tuple((time, max(-most_ua, min(most_ua, wanted))) for time, wanted in points)
        voltage = tuple(abs(current) * self.ohm // 1000 for _, current in through)
        lost = any(most_ua * 1000 < abs(wanted) * (1000 - CLIP_PERMILLE) for _, wanted in points)
        return Passed(through, voltage, lost, False)


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """Nothing: the device regulates up to all it has, and no current comes.

    The stray 100 pF of open leads (15 nC at 150 V) are left out [D].
    """

    @property
    def nominal_ohm(self) -> None:
        """Return None: there is no impedance to speak of."""
        return None

    def through(self, points: Points, compliance_mv: int) -> Passed:
        """Let no current through."""
        nothing = tuple((time, 0) for time, _ in points)
        voltage = tuple(compliance_mv if wanted else 0 for _, wanted in points)
        return Passed(nothing, voltage, any(wanted for _, wanted in points), True)


#: The loads of the output tables of FDA (1999) and the standard's own one [R].
TEST_LOADS: dict[str, Resistor] = {
    "test500": Resistor(500),
    "test1k": Resistor(1_000),
    "test2k": Resistor(2_000),
    "test10k": Resistor(10_000),
}
