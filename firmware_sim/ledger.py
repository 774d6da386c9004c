"""Integrates a twin's record: pulses, charge, rms, peak and last output per channel.

Reads the rows a twin keeps in memory or has written to a JSON-lines file, also while it still runs
or after it was killed: a train that was opened and never closed counts as running on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from pathlib import Path
from typing import Any

WINDOW_US = 1_000_000


@dataclass(frozen=True)
class Run:
    """`count` equal pulses from start_us on, one each period_us; points are (us, uA)."""

    start_us: int
    period_us: int
    count: int
    points: tuple[tuple[int, int], ...]

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
        """The largest magnitude."""
        return max((abs(current) for time_us, current in self.points if time_us), default=0)

    @cached_property
    def energy(self) -> int:
        """Integral of the squared current over one pulse, in uA^2 us."""
        return sum(time_us * current_ua**2 for time_us, current_ua in self.points)

    def energy_until(self, length_us: int) -> int:
        """The same over the first length_us of a pulse."""
        energy = 0
        for time_us, current_ua in self.points:
            energy += max(0, min(time_us, length_us)) * current_ua**2
            length_us -= time_us
        return energy

    def energy_from_end(self, length_us: int) -> int:
        """The same over the last length_us of a pulse."""
        return self.energy - self.energy_until(self.duration_us - length_us)

    @property
    def net_pc(self) -> int:
        """Net charge of one pulse in pC."""
        return sum(time_us * current_ua for time_us, current_ua in self.points)

    @property
    def first_phase_pc(self) -> int:
        """Charge of one pulse's first phase in pC, without its sign."""
        total = 0
        for time_us, current_ua in self.points:
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


@dataclass(slots=True)
class ChannelLedger:
    """What one channel put out."""

    channel: int
    runs: list[Run] = field(default_factory=list)

    @property
    def pulses(self) -> int:
        """Number of pulses, cut ones included."""
        return sum(run.count for run in self.runs)

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
        """The largest magnitude in mA."""
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
        starts, runs = self._single_pulses()
        ends = [at_us + run.duration_us for at_us, run in zip(starts, runs, strict=True)]
        energies = [run.energy for run in runs]
        worst = max(
            _worst_second(starts, ends, energies, runs, Run.energy_until),
            _worst_second(
                [-end_us for end_us in reversed(ends)],
                [-start_us for start_us in reversed(starts)],
                energies[::-1],
                runs[::-1],
                Run.energy_from_end,
            ),
        )
        return sqrt(worst / WINDOW_US) / 1000

    @property
    def rms_session_ma(self) -> float:
        """Rms from the first to the last output in mA."""
        first, last = self.first_output_us, self.last_output_us
        return 0.0 if first is None or last is None else self.rms_over_ma(last - first)

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
    energies: list[int],
    runs: list[Run],
    energy_until: Callable[[Run, int], int],
) -> int:
    """Return the largest energy in a window that begins with one of these pulses, in uA^2 us.

    Flat lists, one entry for each pulse: this looks at every pulse of a session.
    """
    worst = energy = past = 0
    ends = [*ends, max(ends, default=0) + 2 * WINDOW_US]  # nothing whole comes after the last
    for first, from_us in enumerate(starts):
        until_us = from_us + WINDOW_US
        if past < first:
            past = first
        while ends[past] <= until_us:
            energy += energies[past]
            past += 1
        whole = energy
        if past < len(starts) and starts[past] < until_us:
            whole += energy_until(runs[past], until_us - starts[past])
        if whole > worst:
            worst = whole
        if past > first:
            energy -= energies[first]
    return worst


class Ledger:
    """Totals per channel 1..8 of a record.

    until_us: open trains count up to there; without it, up to the latest time in the record, while
    current_after() takes them as going on for ever.
    """

    def __init__(self, rows: Iterable[dict[str, Any]], until_us: int | None = None) -> None:
        self.channels: dict[int, ChannelLedger] = {}
        self.states: list[dict[str, Any]] = []
        self.clock_ns: int | None = None
        self._open: dict[int, dict[str, Any]] = {}
        self._latest_us = 0
        for row in rows:
            self._take(row)
        self._endless = tuple(self._open.values()) if until_us is None else ()
        for row in self._open.values():
            self._close(row, self._latest_us if until_us is None else until_us)

    @classmethod
    def from_file(cls, path: Path | str, until_us: int | None = None) -> Ledger:
        """Read a JSON-lines record; a last line that is still being written is left out."""
        text = Path(path).read_text(encoding="utf-8")
        complete = text[: text.rfind("\n") + 1]
        return cls((json.loads(line) for line in complete.splitlines()), until_us)

    def __getitem__(self, channel: int) -> ChannelLedger:
        return self.channels.get(channel) or ChannelLedger(channel)

    @property
    def latest_us(self) -> int:
        """The latest time the record speaks of."""
        return self._latest_us

    @property
    def last_output_us(self) -> int | None:
        """When the last current on any channel ended; up to "now" for trains still open."""
        ends = [ledger.last_output_us for ledger in self.channels.values()]
        return max((end for end in ends if end is not None), default=None)

    @property
    def running(self) -> bool:
        """Whether a train that carries current is open at the end of the record."""
        return any(current for row in self._endless for _, current in row["points"])

    def current_after(self, at_us: int, channel: int | None = None) -> int:
        """The largest magnitude at or after at_us in uA, on one channel or on all."""
        chosen = self.channels.values() if channel is None else (self[channel],)
        highest = max((ledger.peak_between_ua(at_us) for ledger in chosen), default=0)
        for row in self._endless:
            if channel is None or row["channel"] == channel:
                highest = max(highest, *(abs(current) for _, current in row["points"]), 0)
        return highest

    def peak_between_ua(self, from_us: int, until_us: int) -> int:
        """The largest magnitude on any channel in [from_us, until_us) in uA."""
        every = self.channels.values()
        return max((ledger.peak_between_ua(from_us, until_us) for ledger in every), default=0)

    def monotonic_us(self, at_us: int) -> float:
        """Convert a time of the record to us of the machine's monotonic clock (real time only)."""
        if self.clock_ns is None:
            raise ValueError("this record has no clock row: it was made in virtual time")
        return at_us + self.clock_ns / 1000

    def _take(self, row: dict[str, Any]) -> None:
        kind = row["kind"]
        self._latest_us = max(self._latest_us, row.get("at_us", 0), row.get("start_us", 0))
        if kind == "train_open":
            self._open[row["id"]] = row
        elif kind == "train":
            self._open.pop(row.get("id", 0), None)
            self._add(row, row["period_us"], row["count"])
        elif kind == "pulse":
            self._add(row, 1, 1)
        elif kind == "state":
            self.states.append(row)
        elif kind == "clock":
            self.clock_ns = row["monotonic_ns"]

    def _close(self, row: dict[str, Any], until_us: int) -> None:
        if until_us > row["start_us"]:
            count = (until_us - 1 - row["start_us"]) // row["period_us"] + 1
            self._add(row, row["period_us"], count)

    def _add(self, row: dict[str, Any], period_us: int, count: int) -> None:
        points = tuple((time_us, current_ua) for time_us, current_ua in row["points"])
        run = Run(row["start_us"], period_us, count, points)
        if run.count and run.peak_ua:  # without current nothing reached the electrodes
            ledger = self.channels.setdefault(row["channel"], ChannelLedger(row["channel"]))
            ledger.runs.append(run)
            self._latest_us = max(self._latest_us, run.end_us)
