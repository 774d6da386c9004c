"""What a program knows of its session from the rows so far: set and acknowledged kept apart."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stimctl.errors import OutputUnknownError, StateError
from stimctl.session import rows
from stimctl.stimulus.level import AnyLevel
from stimctl.supervisor.session_model import SessionModel

if TYPE_CHECKING:
    from stimctl.supervisor.client import Row  # it loads the stop path


@dataclass(frozen=True, slots=True)
class Reading:
    """One channel: the plateau that was raised, and what the device has accepted, as levels.

    `acknowledged` is 0 in the off time of a cycle, in a pause and after a verified stop, None where
    nobody knows. `age_s` is the age of that acknowledgement. What is measured is no part of it.
    """

    commanded: AnyLevel
    acknowledged: AnyLevel | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class GivenPulse:
    """One single pulse that the device has acknowledged: times of `time.monotonic_ns()`.

    `asked_ns`: the supervisor took the call; `sent_ns`: its bytes were handed to the line;
    `acked_ns`: the device had answered. The pulse itself lies between the last two.
    """

    channel: int
    amplitude_ua: int
    asked_ns: int
    sent_ns: int
    acked_ns: int


class SessionView:
    """Takes rows (in the client's reading thread) and answers questions (in the program's)."""

    def __init__(self) -> None:
        self.model = SessionModel()
        self._events: list[Row] = []
        self._changed = threading.Condition()
        self.count = 0
        """How many rows have come."""
        self.results: list[Row] = []
        """What a procedure has found so far."""
        self._pulses: queue.SimpleQueue[rows.PulseAcked | rows.Refused] = queue.SimpleQueue()

    def take(self, row: Row) -> None:
        """Remember one row."""
        with self._changed:
            self._events.append(row)
            event = self.model.take(row)
            match event:
                case rows.PulseAcked() | rows.Refused(intent="pulse"):
                    self._pulses.put(event)
                case rows.Result():
                    self.results.append(row)
            self.count += 1
            self._changed.notify_all()

    @property
    def why(self) -> str:
        """Why output is being stopped or was, or there is no device; "" while all is well."""
        return self.model.cause.text

    def plateau(self, channel: int) -> int:
        """The plateau asked for, in the scale of the session."""
        return self.model.level(channel)

    def wait(self, count: int, timeout_s: float) -> None:
        """Until more than `count` rows have come, or for `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != count, timeout_s)

    def forget_pulses(self) -> None:
        """What came of earlier pulses is not waited for any more."""
        self._pulses = queue.SimpleQueue()

    def given_pulse(self, within_s: float) -> GivenPulse | None:
        """What came of the pulse asked for last; None where nothing was told in time.

        Raises `StateError` where it was not given, or not acknowledged.
        """
        try:
            event = self._pulses.get(timeout=within_s)
        except queue.Empty:
            return None
        if isinstance(event, rows.Refused):
            raise StateError("pulse refused", code=event.reason.code, why=event.reason.text)
        times = (event.asked_ns, event.sent_ns, event.acked_ns)
        return GivenPulse(event.channel, event.amplitude_ua, *times)

    def next_pulse(self, within_s: float) -> GivenPulse | None:
        """The next pulse that the device has acknowledged; None where there is none yet."""
        try:
            event = self._pulses.get(timeout=within_s)
        except queue.Empty:
            return None
        if isinstance(event, rows.Refused):
            return None
        times = (event.asked_ns, event.sent_ns, event.acked_ns)
        return GivenPulse(event.channel, event.amplitude_ua, *times)

    def take_events(self) -> list[Row]:
        """The rows since the last call."""
        with self._changed:
            events, self._events = self._events, []
        return events

    def not_confirmed(self) -> OutputUnknownError:
        """The error for an output that is not known to be zero."""
        return OutputUnknownError(
            "the output is not confirmed zero",
            why=self.why or "the device did not report zero",
            what_to_do="pull the electrode cable, or switch the device off",
        )
