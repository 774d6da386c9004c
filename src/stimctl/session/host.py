"""What the computer itself allows: a battery that lasts (H05), a disk that has room (H36)."""

from typing import Final

from stimctl.session.alarms import Condition
from stimctl.session.facts import DiskSpace, HostPower
from stimctl.session.reasons import Reason, of_condition

LOW_PERCENT: Final = 20
CRITICAL_PERCENT: Final = 10
"""Hazard H05: warn at 20 %, refuse to arm at 10 %, on battery (D)."""
LEAST_FREE_BYTES: Final = 100_000_000
"""Hazard H36: a session begins with at least this much room for its journal (D)."""


class Host:
    """The last that was heard of the computer; what was never heard of forbids nothing."""

    def __init__(self) -> None:
        self._power: Condition | None = None
        self._disk: Condition | None = None

    def power(self, fact: HostPower) -> Condition | None:
        """Take a reading of the battery; the condition that begins with it."""
        was, self._power = self._power, _power(fact)
        return None if self._power is was else self._power

    def disk(self, fact: DiskSpace) -> Condition | None:
        """Take a reading of the disk; the condition that begins with it."""
        was = self._disk
        self._disk = Condition.DISK_LOW if fact.free_bytes < LEAST_FREE_BYTES else None
        return None if self._disk is was else self._disk

    def refusal(self) -> tuple[Reason, str] | None:
        """Why no session may be armed on this computer now, and what to do; None where it may."""
        if self._power is Condition.BATTERY_CRITICAL:
            return of_condition(self._power), "connect the charger"
        if self._disk is not None:
            return of_condition(self._disk), "make room on the disk of the journal"
        return None


def _power(fact: HostPower) -> Condition | None:
    if not fact.on_battery or fact.percent > LOW_PERCENT:
        return None
    critical = fact.percent <= CRITICAL_PERCENT
    return Condition.BATTERY_CRITICAL if critical else Condition.BATTERY_LOW
