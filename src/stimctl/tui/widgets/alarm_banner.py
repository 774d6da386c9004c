"""The alarm that matters most: what, where, what to do. There only while there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from textual.content import Content
from textual.reactive import var
from textual.timer import Timer
from textual.widgets import Static


class Priority(IntEnum):
    """By IEC 60601-1-8: how many exclamation marks, which ground, how fast it flashes."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def half_period_s(self) -> float:
        """Half of a flash: 2 Hz, 0.5 Hz, or 0 for none."""
        return {Priority.HIGH: 0.25, Priority.MEDIUM: 1.0, Priority.LOW: 0.0}[self]


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """One alarm. `acknowledged` is the time at which it was, or "" while it is not."""

    priority: Priority
    what: str
    where: str = ""
    do: str = ""
    since: str = ""
    acknowledged: str = ""

    @property
    def rank(self) -> tuple[bool, int]:
        """Not acknowledged first, then by priority."""
        return (not self.acknowledged, self.priority)


class AlarmBanner(Static):
    """Shows the first of its alarms; flashes while that is not acknowledged."""

    alarms: var[tuple[AlarmShown, ...]] = var(())
    lit = var(True, toggle_class="-lit")

    def __init__(
        self,
        *,
        more_key: str = "l",
        flashes: bool = True,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._more_key = more_key
        self._flashes = flashes
        self._flash: Timer | None = None

    def show(self, alarms: Sequence[AlarmShown]) -> None:
        """Show these from now on, whatever their order."""
        self.alarms = tuple(sorted(alarms, key=lambda one: one.rank, reverse=True))

    def flash(self) -> None:
        """The other half of a flash. The timer calls it, and a test."""
        self.lit = not self.lit

    def watch_alarms(self, old: tuple[AlarmShown, ...], new: tuple[AlarmShown, ...]) -> None:
        """Words, ground, and the timer of the first."""
        self.set_class(bool(new), "-any")
        if not new:
            self._restart(0.0)
            return
        first = new[0]
        for priority in Priority:
            self.set_class(priority is first.priority, f"-{priority.name.lower()}")
        self.set_class(bool(first.acknowledged), "-acknowledged")
        self.update(self._words(first, len(new) - 1))
        if not old or old[0].rank != first.rank:
            self._restart(0.0 if first.acknowledged else first.priority.half_period_s)

    def _words(self, first: AlarmShown, more: int) -> Content:
        where = f" – {first.where}" if first.where else ""
        time = f"  acknowledged {first.acknowledged}" if first.acknowledged else f"  {first.since}"
        others = f"  (+{more} more: {self._more_key})" if more else ""
        head = f"{'!' * first.priority} {first.what}{where}"
        return Content.assemble((head, "bold"), time.rstrip(), others, "\n", first.do)

    def _restart(self, half_period_s: float) -> None:
        if self._flash is not None:
            self._flash.stop()
            self._flash = None
        self.lit = True
        if half_period_s and self._flashes:
            self._flash = self.set_interval(half_period_s, self.flash)
