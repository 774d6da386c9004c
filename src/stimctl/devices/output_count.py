"""How much one channel may have given in the last second, in integers: runs of equal pulses.

A second is half open, as in `stimulus.second`. Nothing here knows of frames or answers: see
`output_check`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from stimctl.safety.cleared import Cleared
from stimctl.safety.device_bounds import Group
from stimctl.stimulus import SecondDose

WINDOW_NS = 1_000_000_000
_NOTHING = SecondDose(0, 0, 0)


class Unit(NamedTuple):
    """What a running channel gives once in a period: a pulse, or a group of them."""

    period_ns: int
    dose: SecondDose

    def or_more(self, other: Unit) -> Unit:
        """At least as much as either."""
        return Unit(min(self.period_ns, other.period_ns), _most(self.dose, other.dose))


def unit_of(period_us: int, phases: Iterable[tuple[int, int]], pulses: int = 1) -> Unit:
    """A unit of so many pulses, with all of these phases (us, uA) together, once in `period_us`."""
    square = rectified = 0
    for width_us, current_ua in phases:
        square += width_us * current_ua * current_ua
        rectified += width_us * abs(current_ua)
    return Unit(period_us * 1_000, SecondDose(pulses, square, rectified))


class Run(NamedTuple):
    """Units that have been given, or may have been, at equal distances."""

    first_ns: int
    unit: Unit
    units: int

    @property
    def last_ns(self) -> int:
        return self.first_ns + (self.units - 1) * self.unit.period_ns


class Channel:
    """What one channel may have done in the last second, and what it may do."""

    __slots__ = ("_asked", "_fit", "before", "before_until_ns", "closed", "closes_ns",
                 "counted_until_ns", "ending", "first_ns", "group", "judged", "last_ns", "limit",
                 "pending", "period_ns", "proof", "runs", "steady", "together",
                 "unit")  # fmt: skip

    def __init__(self) -> None:
        self.proof: Cleared | None = None
        self.limit = _NOTHING
        self.period_ns = 0
        self.together: SecondDose | None = None
        self.group: Group | None = None
        self.before = _NOTHING
        self.before_until_ns = 0
        self.runs: deque[Run] = deque()
        self.judged: Unit | None = None
        self.steady = False
        """The clearance is for units as the one judged last, without a pause."""
        self.unit: Unit | None = None
        """What runs, or may run; None = off."""
        self.first_ns = 0
        """When the next unit of it may come that is not yet in `runs`."""
        self.pending: Unit | None = None
        self.ending = False
        """`pending` replaces `unit` once its frame is acknowledged; None then ends it."""
        self.last_ns: int | None = None
        self.closes_ns: int | None = None
        self.closed = False
        self._asked: tuple[int, Unit] | None = None
        self._fit: int | None = None
        self.counted_until_ns = 0

    def judged_by(self, proof: Cleared, now_ns: int) -> None:
        """Take the clearance of what is asked. A second that lies in two is held to the larger."""
        if proof is self.proof:
            return
        limit = proof.second
        if self.proof is not None and limit != self.limit:
            self.before, self.before_until_ns = self.limit, now_ns + WINDOW_NS
        self.proof, self.limit, self.judged, self._asked = proof, limit, None, None
        self.period_ns, self.together = proof.shortest_period_us * 1_000, proof.together
        self.group = proof.group

    def allowed(self, at_ns: int) -> SecondDose:
        """What a second that ends then may hold."""
        return self.limit if at_ns >= self.before_until_ns else _most(self.limit, self.before)

    def without_pause(self, unit: Unit) -> bool:
        """Whether the clearance is for such units one after the other, without a pause."""
        if unit is not self.judged:
            self.judged = unit
            if self.group is not None:  # the device keeps to the rhythm that was cleared
                slow = unit.period_ns >= self.period_ns
                self.steady = slow and unit.dose.pulses <= self.group.pulses
            else:
                units = -(-WINDOW_NS // self.period_ns)
                self.steady = _within(_times(unit.dose, units), self.limit)
        return self.steady

    @property
    def runs_on(self) -> bool:
        """On, and not about to be off."""
        return self.unit is not None and not (self.ending and self.pending is None)

    def give(self, now_ns: int, unit: Unit) -> None:
        """A single unit now."""
        self.runs.append(Run(now_ns, unit, 1))
        self.last_ns, self._asked = now_ns, None

    def follows(self, unit: Unit) -> bool:
        """Take a unit of another height where only its distance counts; True where that is so."""
        now = self.unit
        if (
            now is None
            or unit.dose.pulses != now.dose.pulses
            or not self.without_pause(unit)
            or unit.period_ns != now.period_ns
        ):
            return False
        if not _within(unit.dose, now.dose):
            self.unit = now.or_more(unit)
        return True

    def pass_until(self, at_ns: int) -> None:
        """Note the units that may have come before `at_ns`."""
        unit = self.unit
        if unit is not None and at_ns > self.first_ns:
            count = -(-(at_ns - self.first_ns) // unit.period_ns)
            run = Run(self.first_ns, unit, count)
            self.runs.append(run)
            self._asked = None
            self.last_ns = run.last_ns
            self.first_ns += count * unit.period_ns
        runs = self.runs
        while runs and runs[0].last_ns <= at_ns - WINDOW_NS:
            runs.popleft()

    def turn_to(self, at_ns: int, unit: Unit) -> None:
        """Another unit from now on; the rhythm goes on from the last one."""
        self.pass_until(at_ns)
        if self.unit is not None and unit.period_ns != self.unit.period_ns:
            last_ns = self.last_ns
            if last_ns is not None:
                self.first_ns = max(at_ns, last_ns + unit.period_ns)
        self.unit = unit

    def last_before(self, at_ns: int) -> int | None:
        """When the last unit before `at_ns` may have come."""
        if self.unit is None or at_ns <= self.first_ns:
            return self.last_ns
        period_ns = self.unit.period_ns
        return self.first_ns + ((at_ns - self.first_ns - 1) // period_ns) * period_ns

    def history(self, now_ns: int) -> list[tuple[int, SecondDose]]:
        """Every unit that may have come in the second before now, in order."""
        found: list[tuple[int, SecondDose]] = []
        for first_ns, unit, count in self.runs:
            skipped = max(0, (now_ns - WINDOW_NS - first_ns) // unit.period_ns + 1)
            found += [
                (first_ns + number * unit.period_ns, unit.dose) for number in range(skipped, count)
            ]
        return found

    def too_many(self, from_ns: int, unit: Unit) -> int | None:
        """How many units fit when they begin at `from_ns`; None where they may go on for ever."""
        asked = (from_ns, unit)
        if self._asked != asked:
            self._asked, self._fit = asked, self._work_out(from_ns, unit)
        return self._fit

    def _work_out(self, from_ns: int, unit: Unit) -> int | None:
        """Step by step from one unit that leaves the second behind to the next."""
        period_ns, dose = unit
        history = self.history(from_ns)
        begun, total = 0, _sum(dose for _, dose in history)
        number, all_of_them = 0, -(-WINDOW_NS // period_ns)
        while number < all_of_them:
            at_ns = from_ns + number * period_ns
            while begun < len(history) and history[begun][0] <= at_ns - WINDOW_NS:
                total = _minus(total, history[begun][1])
                begun += 1
            more = all_of_them - number
            if begun < len(history):
                more = min(more, -(-(history[begun][0] + WINDOW_NS - at_ns) // period_ns))
            if at_ns < self.before_until_ns:
                more = min(more, -(-(self.before_until_ns - at_ns) // period_ns))
            room = _room(total, dose, self.allowed(at_ns))
            if room < more:
                return number + room
            total = _plus(total, _times(dose, more))
            number += more
        return None

    def fits_from(self, now_ns: int, unit: Unit) -> int:
        """The first time from now on at which one unit fits."""
        history = self.history(now_ns)
        total, at_ns = _plus(_sum(dose for _, dose in history), unit.dose), now_ns
        for begun_ns, dose in history:
            if _within(total, self.allowed(at_ns)):
                return at_ns
            total, at_ns = _minus(total, dose), begun_ns + WINDOW_NS
        return at_ns if _within(total, self.allowed(at_ns)) else at_ns + WINDOW_NS


def _most(one: SecondDose, other: SecondDose) -> SecondDose:
    return SecondDose(*map(max, one, other))


def _plus(one: SecondDose, other: SecondDose) -> SecondDose:
    return SecondDose(one[0] + other[0], one[1] + other[1], one[2] + other[2])


def _minus(one: SecondDose, other: SecondDose) -> SecondDose:
    return SecondDose(one[0] - other[0], one[1] - other[1], one[2] - other[2])


def _times(one: SecondDose, count: int) -> SecondDose:
    return SecondDose(one[0] * count, one[1] * count, one[2] * count)


def _sum(doses: Iterable[SecondDose]) -> SecondDose:
    pulses = square = rectified = 0
    for one in doses:
        pulses, square, rectified = pulses + one[0], square + one[1], rectified + one[2]
    return SecondDose(pulses, square, rectified)


def _room(held: SecondDose, dose: SecondDose, limit: SecondDose) -> int:
    """How many more of `dose` fit."""
    parts = zip(held, dose, limit, strict=True)
    return max(0, min((most - have) // each for have, each, most in parts if each))


def _within(one: SecondDose, limit: SecondDose) -> bool:
    return one[0] <= limit[0] and one[1] <= limit[1] and one[2] <= limit[2]
