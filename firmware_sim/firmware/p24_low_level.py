"""The low level of a P24: single pulses, queued, executed one by one, each acknowledged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .electrodes import (
    FAULT_RESULT,
    FULL_COMPLIANCE_MV,
    Delivered,
    Fault,
    Loads,
    cut_points,
    deliver,
)
from .p24_commands import Result
from .p24_fields import RECOVERY_US, LowLevelInit, LowLevelPulse, PulseForm
from .recorder import Recorder
from .train_rows import pulse_row

#: Ll_channel_config commands that may be unanswered at a time, the one under way included [IFU].
QUEUE_LENGTH = 10
SAMPLES = 128
#: High-voltage code of Ll_init to mV: 0 standard, 1 off, 2..6 = 30..150 V [LIB].
HIGH_VOLTAGE_MV = (FULL_COMPLIANCE_MV, 0, 30_000, 60_000, 90_000, 120_000, FULL_COMPLIANCE_MV)

#: (time us, packet number, data) of an Ll_channel_config_ack.
Acknowledge = Callable[[int, int, bytes], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """An accepted pulse; begun when start_us has come."""

    packet_number: int
    pulse: LowLevelPulse
    start_us: int
    delivered: Delivered
    end_us: int


class LowLevel:
    """Pulses on channels 1..8; all times in us of the twin's clock."""

    recovery_us = RECOVERY_US

    def __init__(
        self, loads: Loads, recorder: Recorder, acknowledge: Acknowledge, turnaround_us: int
    ) -> None:
        self._loads = loads
        self._recorder = recorder
        self._acknowledge = acknowledge
        self._turnaround_us = turnaround_us
        self._waiting: deque[tuple[int, LowLevelPulse]] = deque()
        self._job: _Job | None = None
        self._free_us = 0
        self._measurement = 0
        self._high_voltage = 0

    @property
    def busy(self) -> bool:
        """Whether pulses are under way or waiting."""
        return self._job is not None

    @property
    def high_voltage(self) -> int:
        """The high-voltage level as Get_stim_status reports it (standard is 150 V)."""
        return self._high_voltage or 6

    def initialise(self, init: LowLevelInit) -> None:
        """Take measurement and high-voltage level of a valid Ll_init."""
        self._measurement, self._high_voltage = init.measurement, init.high_voltage

    def enqueue(self, at_us: int, packet_number: int, pulse: LowLevelPulse) -> bool:
        """Accept a pulse; False if ten are unanswered already."""
        if len(self._waiting) + self.busy >= QUEUE_LENGTH:
            return False
        self._waiting.append((packet_number, pulse))
        self._start_next(at_us)
        return True

    def stop(self, at_us: int) -> None:
        """End output now; what was not executed to its end is answered "not initialised"."""
        refused = list(self._waiting)
        self._waiting.clear()
        job, self._job = self._job, None
        if job is not None:
            refused.insert(0, (job.packet_number, job.pulse))
            if at_us > job.start_us:
                self._record(job, cut_points(job.delivered.row, at_us - job.start_us), cut=True)
            self._mark(job, max(at_us, job.start_us), on=False)
        ready_us = at_us + self._turnaround_us
        for packet_number, pulse in refused:
            head = self._head(Result.NOT_INITIALISED, pulse.channel, 0)
            self._acknowledge(ready_us, packet_number, head)

    def settle(self, at_us: int) -> None:
        """Finish the pulse that ends by at_us and start the next."""
        job = self._job
        if job is None or job.end_us > at_us:
            return
        self._job = None
        ready_us = job.end_us
        if job.pulse.form is None:
            ready_us += self._turnaround_us
        else:
            self._free_us = job.end_us + self.recovery_us
            self._record(job, job.delivered.row, cut=False)
            self._mark(job, job.end_us, on=False)
        self._acknowledge(ready_us, job.packet_number, self._report(job))
        self._start_next(job.end_us)

    def next_us(self) -> int | None:
        """Return when the pulse under way ends."""
        return None if self._job is None else self._job.end_us

    def _start_next(self, at_us: int) -> None:
        if self._job is not None or not self._waiting:
            return
        packet_number, pulse = self._waiting.popleft()
        start_us = max(at_us, self._free_us)
        if pulse.form is None:
            nothing = Delivered((), [], Fault.NONE)
            self._job = _Job(packet_number, pulse, start_us, nothing, start_us)
            return
        delivered, duration_us = self._deliver(pulse.channel, pulse.form)
        self._job = _Job(packet_number, pulse, start_us, delivered, start_us + duration_us)
        self._mark(self._job, start_us, on=True)

    def _deliver(self, channel: int, form: PulseForm) -> tuple[Delivered, int]:
        """What of a pulse reaches the electrodes, and how long it takes (us)."""
        compliance_mv = HIGH_VOLTAGE_MV[self._high_voltage]
        return deliver(form.points, self._loads[channel], compliance_mv), form.duration_us

    def _mark(self, job: _Job, at_us: int, *, on: bool) -> None:
        if job.delivered.carries_current:
            self._recorder.add(
                {"kind": "output", "on": on, "at_us": at_us, "channel": job.pulse.channel}
            )

    def _record(self, job: _Job, points: list[list[int]], *, cut: bool) -> None:
        lead = 0 if job.pulse.form is None else job.pulse.form.lead
        row = pulse_row(job.pulse.channel, job.start_us, points, lead)
        if cut:
            row["cut"] = True
        self._recorder.add(row)

    def _report(self, job: _Job) -> bytes:
        fault = job.delivered.fault
        head = self._head(FAULT_RESULT[fault], job.pulse.channel, self._measurement)
        if not self._measurement:
            return head
        duration_us = job.end_us - job.start_us
        sampling_us = max(1, -(-duration_us // SAMPLES))
        return head + sampling_us.to_bytes(2, "big") + self._samples(job, sampling_us)

    def _head(self, result: Result, channel: int, measurement: int) -> bytes:
        """The first bytes of an Ll_channel_config_ack."""
        connector, inside = divmod(channel - 1, 4)
        return bytes((result, connector << 4 | inside, measurement))

    def _samples(self, job: _Job, sampling_us: int) -> bytes:
        """Return 128 samples, unsigned, in 0.01 mA or 0.01 V [PEER]."""
        compliance_mv = HIGH_VOLTAGE_MV[self._high_voltage]
        values = [compliance_mv // 10 if self._measurement == 3 else 0] * SAMPLES
        at_us = 0
        delivered = job.delivered
        for (time_us, current_ua), voltage_mv in zip(
            delivered.points, delivered.voltage_mv, strict=True
        ):
            value = (abs(current_ua) if self._measurement == 1 else voltage_mv) // 10
            if self._measurement != 3:
                first, past = -(-at_us // sampling_us), -(-(at_us + time_us) // sampling_us)
                values[first:past] = [value] * (past - first)
            at_us += time_us
        return b"".join(value.to_bytes(2, "big") for value in values)
