"""Integrates a twin's record: pulses, charge, rms, peak and last output per channel.

Reads the rows a twin keeps in memory or has written to a JSON-lines file, also while it still runs
or after it was killed: a train that was opened and never closed counts as running on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firmware_sim.channel_ledger import ChannelLedger, Run
from firmware_sim.firmware.recorder import all_points
from firmware_sim.forms import pulses_of

__all__ = ["ChannelLedger", "Ledger", "Run"]


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
        return any(current for row in self._endless for _, current in all_points(row)[1])

    def current_after(self, at_us: int, channel: int | None = None) -> int:
        """The largest magnitude at or after at_us in uA, on one channel or on all."""
        chosen = self.channels.values() if channel is None else (self[channel],)
        highest = max((ledger.peak_between_ua(at_us) for ledger in chosen), default=0)
        for row in self._endless:
            if channel is None or row["channel"] == channel:
                highest = max(highest, *(abs(current) for _, current in all_points(row)[1]), 0)
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
        start_us, all_of_it = all_points(row)
        lead = all_of_it[: len(all_of_it) - len(row["points"])]
        before_us = sum(time_us for time_us, _ in lead)
        for number, (later_us, points) in enumerate(pulses_of(row["points"])):
            if number == 0:
                own = tuple((time_us, current_ua) for time_us, current_ua in lead)
                run = Run(start_us, period_us, count, own + points, len(own))
            else:
                run = Run(start_us + before_us + later_us, period_us, count, points)
            if run.count and run.energy:  # without current nothing reached the electrodes
                ledger = self.channels.setdefault(row["channel"], ChannelLedger(row["channel"]))
                ledger.runs.append(run)
                self._latest_us = max(self._latest_us, run.end_us)
