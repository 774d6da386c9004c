"""What a program knows of its session from the rows so far: set and acknowledged kept apart."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from stimctl.errors import OutputUnknownError
from stimctl.supervisor.client import Row


@dataclass(frozen=True, slots=True)
class Reading:
    """One channel: what was asked of the device and what it has accepted, in microampere.

    A P24 measures nothing, so there is no third number; `age_s` is that of the acknowledgement.
    """

    set_ua: int
    acked_ua: int | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class IntensityReading:
    """One channel of a device that knows no current: in percent of its own scale."""

    set_percent: int
    acked_percent: int | None
    age_s: float | None


class SessionView:
    """Takes rows (in the client's reading thread) and answers questions (in the program's)."""

    def __init__(self) -> None:
        self.trouble = ""
        self.connect_failed = False
        self._events: list[Row] = []
        self._plateaus: dict[int, int] = {}
        self._acked: dict[int, int] = {}
        self._acked_s: float | None = None
        self._in_percent = False

    def take(self, row: Row) -> None:
        """Remember one row."""
        self._events.append(row)
        kind = row["kind"]
        if kind == "start":
            self._plateaus = {}
        elif kind == "set":
            self._in_percent = "intensity_percent" in row
            name = "intensity_percent" if self._in_percent else "plateau_ua"
            self._plateaus[row["channel"]] = row[name]
        elif kind == "ack":
            outputs = row.get("channels_percent") or row.get("channels") or {}
            self._acked = {int(channel): output for channel, output in outputs.items()}
            self._acked_s = time.monotonic()
        elif kind == "zero_verified":
            if row.get("purpose") != "pause":  # a soft return goes back to what was raised
                self._plateaus = dict.fromkeys(self._plateaus, 0)
            self._acked, self._acked_s = {}, time.monotonic()
        elif kind == "resume" and row.get("from_zero"):
            self._plateaus = dict.fromkeys(self._plateaus, 0)
        elif kind in ("unknown", "connect_failed") or (kind == "alarm" and not self.trouble):
            self.trouble = str(row.get("reason") or row.get("what"))
            self.connect_failed |= kind == "connect_failed"

    def plateau(self, channel: int) -> int:
        """The plateau asked for, in the scale of the session."""
        return self._plateaus.get(channel, 0)

    def readings(self) -> Mapping[int, Reading | IntensityReading]:
        """By channel, what was asked for and what was accepted."""
        age = None if self._acked_s is None else time.monotonic() - self._acked_s
        kind = IntensityReading if self._in_percent else Reading
        return {
            channel: kind(plateau, self._acked.get(channel), age)
            for channel, plateau in sorted(self._plateaus.items())
        }

    def take_events(self) -> list[Row]:
        """The rows since the last call."""
        events, self._events = self._events, []
        return events

    def not_confirmed(self) -> OutputUnknownError:
        """The error for an output that is not known to be zero."""
        return OutputUnknownError(
            "the output is not confirmed zero",
            why=self.trouble or "the device did not report zero",
            what_to_do="pull the electrode cable, or switch the device off",
        )
