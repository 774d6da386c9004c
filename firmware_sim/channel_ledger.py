"""One channel of a twin's record: runs of equal pulses, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

WINDOW_US = 1_000_000


@dataclass(frozen=True)
class Run:
    """`count` equal pulses from start_us on, one each period_us; points are (us, uA). Of a form
    with several pulses, each is a run of its own.

    lead: how many of the points are a test pulse of the device's own, and the pause after it. They
    count wherever current counts (energy, charge, when it ends), not in what was ordered (peak,
    first phase).
    """

    start_us: int
    period_us: int
    count: int
    points: tuple[tuple[int, int], ...]
    lead: int = 0

    @property
    def ordered(self) -> tuple[tuple[int, int], ...]:
        """The points that were ordered."""
        return self.points[self.lead :]

    @property
    def test_pc(self) -> int:
        """Charge of the test pulse's first phase in pC."""
        return next((t * abs(i) for t, i in self.points[: self.lead]), 0)

    @property
    def last_start_us(self) -> int:
        """When the last pulse begins."""
        return self.start_us + (self.count - 1) * self.period_us

    @cached_property
    def duration_us(self) -> int:
        """From the start of a pulse to the end of its last current that is not zero."""
        at_us = last = 0
        for time_us, current_ua in self.points:
            at_us += time_us
            if current_ua:
                last = at_us
        return last

    @property
    def end_us(self) -> int:
        """When the last current that is not zero ends."""
        return self.last_start_us + self.duration_us

    @property
    def peak_ua(self) -> int:
        """The largest magnitude of what was ordered."""
        return max((abs(current) for time_us, current in self.ordered if time_us), default=0)

    @cached_property
    def energy(self) -> int:
        """Integral of the squared current over one pulse, in uA^2 us."""
        return sum(time_us * current_ua**2 for time_us, current_ua in self.points)

    @cached_property
    def rectified_pc(self) -> int:
        """Integral of the current's magnitude over one pulse, in pC."""
        return sum(time_us * abs(current_ua) for time_us, current_ua in self.points)

    def energy_until(self, length_us: int) -> int:
        """The energy of the first length_us of a pulse."""
        return self._until(length_us, lambda current_ua: current_ua**2)

    def energy_from_end(self, length_us: int) -> int:
        """The energy of the last length_us of a pulse."""
        return self.energy - self.energy_until(self.duration_us - length_us)

    def rectified_until(self, length_us: int) -> int:
        """The rectified charge of the first length_us of a pulse."""
        return self._until(length_us, abs)

    def rectified_from_end(self, length_us: int) -> int:
        """The rectified charge of the last length_us of a pulse."""
        return self.rectified_pc - self.rectified_until(self.duration_us - length_us)

    def _until(self, length_us: int, weight: Callable[[int], int]) -> int:
        total = 0
        for time_us, current_ua in self.points:
            total += max(0, min(time_us, length_us)) * weight(current_ua)
            length_us -= time_us
        return total

    @property
    def net_pc(self) -> int:
        """Net charge of one pulse in pC."""
        return sum(time_us * current_ua for time_us, current_ua in self.points)

    @property
    def first_phase_pc(self) -> int:
        """Charge of one pulse's first phase in pC, without its sign."""
        total = 0
        for time_us, current_ua in self.ordered:
            if total * current_ua < 0 or (total and not current_ua):
                break
            total += time_us * current_ua
        return abs(total)

    def peak_between(self, from_us: int, until_us: int | None) -> int:
        """The largest magnitude in [from_us, until_us) in uA; until None = without end."""
        if not self.count or from_us >= self.end_us:
            return 0
        first = max(0, min((from_us - self.start_us) // self.period_us, self.count - 1))
        highest = 0
        # The pulse at from_us, and the next; after that all are the same.
        for number in range(first, min(first + 2, self.count)):
            at_us = self.start_us + number * self.period_us
            for time_us, current_ua in self.points:
                begins_before_end = until_us is None or at_us < until_us
                at_us += time_us
                if time_us and at_us > from_us and begins_before_end:
                    highest = max(highest, abs(current_ua))
        return highest


_PartOfRun = Callable[[Run, int], int]


@dataclass(slots=True)
class ChannelLedger:
    """What one channel put out."""

    channel: int
    runs: list[Run] = field(default_factory=list)

    @property
    def pulses(self) -> int:
        """Number of pulses, cut ones included, test pulses not."""
        return sum(run.count for run in self.runs if run.peak_ua)

    @property
    def test_pulses(self) -> int:
        """Number of the device's own test pulses through which current flowed."""
        return sum(run.count for run in self.runs if run.test_pc)

    @property
    def test_charge_uc(self) -> float:
        """Sum of the charges of all first phases of test pulses in uC."""
        return sum(run.count * run.test_pc for run in self.runs) / 1e6

    @property
    def charge_uc(self) -> float:
        """Sum of the charges of all first phases in uC."""
        return sum(run.count * run.first_phase_pc for run in self.runs) / 1e6

    @property
    def net_charge_uc(self) -> float:
        """Sum of all current over time in uC, with its sign."""
        return sum(run.count * run.net_pc for run in self.runs) / 1e6

    @property
    def peak_ma(self) -> float:
        """The largest magnitude of what was ordered, in mA."""
        return max((run.peak_ua for run in self.runs), default=0) / 1000

    @property
    def first_output_us(self) -> int | None:
        """When the first pulse began."""
        return min((run.start_us for run in self.runs), default=None)

    @property
    def last_output_us(self) -> int | None:
        """When the last current that is not zero ended."""
        return max((run.end_us for run in self.runs), default=None)

    @property
    def rms_worst_second_ma(self) -> float:
        """Rms over the worst second in mA: of all that begin or end with a pulse."""
        return sqrt(self.worst_second_ua2_us / WINDOW_US) / 1000

    @property
    def worst_second_ua2_us(self) -> int:
        """The highest integral of the squared current over a second, in uA^2 us."""
        return self._worst(lambda run: run.energy, Run.energy_until, Run.energy_from_end)

    @property
    def worst_second_rectified_ua_us(self) -> int:
        """The highest integral of the current's magnitude over a second, in uA us."""
        return self._worst(
            lambda run: run.rectified_pc, Run.rectified_until, Run.rectified_from_end
        )

    @property
    def worst_second_net_ua_us(self) -> int:
        """The highest net charge of the pulses that begin within a second, in uA us.

        Whole pulses: what flows between the two phases of a pulse is no direct current.
        """
        starts, runs = self._single_pulses()
        begun = [start_us + 1 for start_us in starts]
        return max(
            _worst_second(starts, begun, [sign * run.net_pc for run in runs], runs, lambda *_: 0)
            for sign in (1, -1)
        )

    def _worst(self, whole: Callable[[Run], int], until: _PartOfRun, from_end: _PartOfRun) -> int:
        starts, runs = self._single_pulses()
        ends = [at_us + run.duration_us for at_us, run in zip(starts, runs, strict=True)]
        amounts = [whole(run) for run in runs]
        return max(
            _worst_second(starts, ends, amounts, runs, until),
            _worst_second(
                [-end_us for end_us in reversed(ends)],
                [-start_us for start_us in reversed(starts)],
                amounts[::-1],
                runs[::-1],
                from_end,
            ),
        )

    @property
    def rms_session_ma(self) -> float:
        """Rms from the first to the last output in mA."""
        first, last = self.first_output_us, self.last_output_us
        return 0.0 if first is None or last is None else self.rms_over_ma(last - first)

    def since(self, at_us: int) -> ChannelLedger:
        """Only the runs that begin at at_us or later."""
        return ChannelLedger(self.channel, [run for run in self.runs if run.start_us >= at_us])

    def rms_over_ma(self, duration_us: int) -> float:
        """Rms of everything, spread over that duration, in mA."""
        return sqrt(sum(run.count * run.energy for run in self.runs) / duration_us) / 1000

    def peak_between_ua(self, from_us: int, until_us: int | None = None) -> int:
        """The largest magnitude in [from_us, until_us) in uA; without until_us from then on."""
        return max((run.peak_between(from_us, until_us) for run in self.runs), default=0)

    def _single_pulses(self) -> tuple[list[int], list[Run]]:
        """Every pulse in time order, its start and its run.

        Of a long train only as many as any window can tell apart.
        """
        starts: list[int] = []
        runs: list[Run] = []
        for run in self.runs:
            edge = WINDOW_US // run.period_us + 2
            numbers: Iterable[int] = range(run.count)
            if run.count > 2 * edge:
                numbers = (*range(edge), *range(run.count - edge, run.count))
            before = len(starts)
            starts.extend([run.start_us + n * run.period_us for n in numbers])
            runs.extend([run] * (len(starts) - before))
        order = sorted(range(len(starts)), key=starts.__getitem__)
        return [starts[n] for n in order], [runs[n] for n in order]


def _worst_second(
    starts: list[int],
    ends: list[int],
    amounts: list[int],
    runs: list[Run],
    amount_until: _PartOfRun,
) -> int:
    """Return the largest amount in a window that begins with one of these pulses.

    Flat lists, one entry for each pulse: this looks at every pulse of a session.
    """
    worst = amount = past = 0
    ends = [*ends, max(ends, default=0) + 2 * WINDOW_US]  # nothing whole comes after the last
    for first, from_us in enumerate(starts):
        until_us = from_us + WINDOW_US
        if past < first:
            past = first
        while ends[past] <= until_us:
            amount += amounts[past]
            past += 1
        whole = amount
        if past < len(starts) and starts[past] < until_us:
            whole += amount_until(runs[past], until_us - starts[past])
        if whole > worst:
            worst = whole
        if past > first:
            amount -= amounts[first]
    return worst
