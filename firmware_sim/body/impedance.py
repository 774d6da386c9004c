"""What a device would report of a load: impedance in steps of 10 ohm, its class, its noise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .chance import Chance, normal
from .load import Load, Points

#: The pulse a RehaStim2 sends before each pulse is this small [R, D]: 2 mA for 100 us.
TEST_PULSE: Points = ((100, 2_000),)
TEST_COMPLIANCE_MV = 150_000
#: Noise of the reading and its grid [D].
NOISE = 0.03
GRID_OHM = 10
#: A reading is refreshed once a second [D].
REFRESH_US = 1_000_000
#: Measured current: 3 % and 0.5 mA of noise [D].
CURRENT_NOISE = 0.03
CURRENT_NOISE_UA = 500


class Contactness(StrEnum):
    """Classes of impedance."""

    SHORT = "short"
    CHECK = "check"
    GOOD = "good"
    POOR = "poor"
    OPEN = "open"


#: Upper edges in ohm [D]; between 8 and 10 kohm the facts name no class: poor.
CLASSES: tuple[tuple[int, Contactness], ...] = (
    (150, Contactness.SHORT),
    (200, Contactness.CHECK),
    (3_000, Contactness.GOOD),
    (10_000, Contactness.POOR),
)


@dataclass(frozen=True, slots=True)
class ImpedanceReading:
    """ohm None: no current came."""

    ohm: int | None
    contact: Contactness


def classify(ohm: int | None) -> Contactness:
    """Return the class of an impedance; None is an open circuit."""
    if ohm is None:
        return Contactness.OPEN
    # [D] An edge itself belongs to the better class on its left in "200-3000 good".
    for edge, contact in CLASSES[:2]:
        if ohm < edge:
            return contact
    for edge, contact in CLASSES[2:]:
        if ohm <= edge:
            return contact
    return Contactness.OPEN


def true_ohm(load: Load, points: Points = TEST_PULSE) -> int | None:
    """Return v_end / I of the first phase of a pulse; None where no current flows."""
    passed = load.through(points, TEST_COMPLIANCE_MV)
    current_ua = abs(passed.points[0][1])
    if passed.open or not current_ua:
        return None
    return round(passed.voltage_mv[0] * 1000 / current_ua)


def read_impedance(load: Load, chance: Chance, points: Points = TEST_PULSE) -> ImpedanceReading:
    """Read the impedance with its noise (3 %, drawn once also where the circuit is open)."""
    noise = 1 + NOISE * normal(chance)
    ohm = true_ohm(load, points)
    if ohm is None:
        return ImpedanceReading(None, Contactness.OPEN)
    read = max(0, round(ohm * noise / GRID_OHM) * GRID_OHM)
    return ImpedanceReading(read, classify(read))


def read_current_ua(true_ua: int, chance: Chance) -> int:
    """Read a current in uA with its noise; a magnitude is never below zero."""
    read = true_ua * (1 + CURRENT_NOISE * normal(chance)) + CURRENT_NOISE_UA * normal(chance)
    return max(0, round(read))
