"""What a measured electrode impedance means: contact lost, short, rising, at the voltage limit.

The rules E3 to E5 and the hazards H12 to H14 for devices that measure; a device that measures
nothing (P24 in the mid level tells of an error, not of a resistance) never feeds this.
"""

from collections.abc import Mapping
from typing import Final

from stimctl.devices.events import ContactRead
from stimctl.session.alarms import ALARMS, Condition, Effect
from stimctl.session.config import SECOND
from stimctl.session.reasons import Reason, of_condition

LEAST_OHM: Final = 200
MOST_OHM: Final = 10_000
"""Rule E3: outside this range at the test pulse there is no output (D)."""
SHORT_OHM: Final = 150
"""Rule E4: below this the electrodes may touch each other (D)."""
TISSUE_OHM: Final = 200
OHM_CM2: Final = 14_250
"""What a pair of pads has at 200 us: tissue, and what shrinks with their area (M?: 770 ohm for 25
cm2, 1.6 kohm for 10 cm2, from the golden values of the physics page)."""
LEAST_SHARE, MOST_TIMES = 3, 4
"""Hazard H33: a first reading under a third or over four times that does not fit the area (D)."""
SURGE_PERMILLE: Final = 1_200
SURGE_WITHIN_NS: Final = SECOND
"""Hazard H13: 20 % more current within 1 s of the end of clipping is a surge (D)."""


class Contact:
    """The electrodes of one channel since their last interruption. `area_mm2`: None = unknown."""

    def __init__(self, area_mm2: int | None = None) -> None:
        self._area_mm2 = area_mm2
        self.baseline_ohm: int | None = None
        self.condition: Condition | None = None
        self._clipped_ua: int | None = None
        self._clipped_ns = 0

    def feed(self, now_ns: int, reading: ContactRead) -> Condition | None:
        """Take one reading; the condition that begins with it, None where nothing new does."""
        found = self._judge(now_ns, reading)
        if reading.clipping:
            self._clipped_ua, self._clipped_ns = reading.measured_ua, now_ns
        begins = found if found is not self.condition else None
        self.condition = found
        return begins

    def _judge(self, now_ns: int, reading: ContactRead) -> Condition | None:
        ohm = reading.resistance_ohm
        if ohm is None:
            return Condition.CONTACT_LOST
        if not reading.at_plateau or self.baseline_ohm is None:
            found = _at_test_pulse(ohm)
            self.baseline_ohm = ohm if found is None else self.baseline_ohm
        else:
            found = _against(self.baseline_ohm, ohm)
        if found is not None and ALARMS[found].effect is Effect.STOP:
            return found
        if self._surges(now_ns, reading):
            return Condition.SURGE
        if reading.clipping:
            return Condition.COMPLIANCE_REACHED
        if found is None and not _fits_area(self.baseline_ohm, self._area_mm2):
            return Condition.AREA_IMPLAUSIBLE
        return found

    def _surges(self, now_ns: int, reading: ContactRead) -> bool:
        was_ua, is_ua = self._clipped_ua, reading.measured_ua
        if reading.clipping or was_ua is None or is_ua is None:
            return False
        recent = now_ns - self._clipped_ns <= SURGE_WITHIN_NS
        return recent and is_ua * 1_000 > was_ua * SURGE_PERMILLE


def _at_test_pulse(ohm: int) -> Condition | None:
    """Rule E3 before output, when there is nothing to compare with."""
    if ohm > MOST_OHM:
        return Condition.CONTACT_LOST
    return Condition.SHORT_CIRCUIT if ohm < LEAST_OHM else None


def _fits_area(baseline_ohm: int | None, area_mm2: int | None) -> bool:
    """Hazard H33: an area that was entered wrongly makes every density limit wrong."""
    if baseline_ohm is None or area_mm2 is None:
        return True
    usual_ohm = TISSUE_OHM + OHM_CM2 * 100 // area_mm2
    return usual_ohm <= baseline_ohm * LEAST_SHARE and baseline_ohm <= usual_ohm * MOST_TIMES


def _against(baseline_ohm: int, ohm: int) -> Condition | None:
    """Rules E3 and E4 at the plateau."""
    if ohm < SHORT_OHM or ohm * 2 < baseline_ohm:
        return Condition.SHORT_CIRCUIT
    if ohm > baseline_ohm * 2 or ohm > MOST_OHM:
        return Condition.CONTACT_LOST
    return Condition.IMPEDANCE_RISING if ohm * 10 > baseline_ohm * 14 else None


class Contacts:
    """The electrodes of every channel."""

    def __init__(self) -> None:
        self._by_channel: dict[int, Contact] = {}
        self._areas_mm2: dict[int, int] = {}

    def expect(self, areas_mm2: Mapping[int, int]) -> None:
        """The electrodes of a plan: by channel, the area that touches the skin."""
        self._areas_mm2 = dict(areas_mm2)

    def forget(self) -> None:
        """Output was interrupted: the next reading is a new baseline (rule E5)."""
        self._by_channel.clear()

    def feed(self, now_ns: int, reading: ContactRead) -> Condition | None:
        """Take one reading; the condition that begins with it."""
        contact = self._by_channel.get(reading.channel)
        if contact is None:
            contact = Contact(self._areas_mm2.get(reading.channel))
            self._by_channel[reading.channel] = contact
        return contact.feed(now_ns, reading)

    def lock(self, channel: int) -> Reason | None:
        """Why this channel may not be raised; None where its electrodes allow it."""
        contact = self._by_channel.get(channel)
        condition = None if contact is None else contact.condition
        return None if condition is None else of_condition(condition, "raises are locked: ")
