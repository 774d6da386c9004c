"""Both levels of a RehaMove3: those of a P24, with a test pulse of its own before every pulse."""

from __future__ import annotations

from .electrodes import Delivered, Fault, Load, deliver, nominal_ohm
from .p24_commands import Result
from .p24_fields import PulseForm, Want
from .p24_low_level import HIGH_VOLTAGE_MV, LowLevel
from .p24_mid_level import MidLevel, group
from .rehamove3_fields import (
    CHANNELS,
    RESERVE_US,
    TEST_PULSE,
    TEST_US,
    read_ml_update,
    without_time,
)
from .train_rows import Segment
from .trains import Lane

#: Less than this is out of range for the test pulse; the vendor names no numbers [POLICY]. At the
#: other end the test fails where the high voltage cannot drive its 15 mA: 10 kOhm at 150 V.
LEAST_OHM = 50
#: Bit of Ml_get_current_data's mask that asks for stimulation data [DOC].
STIMULATION_DATA = 2


def deliver_tested(form: PulseForm, load: Load, compliance_mv: int) -> tuple[Delivered, int]:
    """Give the test pulse, and the pulse if that has passed; and how long it takes (us).

    A pulse that the high voltage cannot drive in full falls short unnoticed: there is no result for
    it [POLICY].
    """
    test = deliver(TEST_PULSE, load, compliance_mv)
    if test.fault or (nominal_ohm(load) or 0) < LEAST_OHM:
        return test._replace(fault=Fault.ELECTRODE), TEST_US
    whole = deliver(form.points, load, compliance_mv)
    return whole._replace(fault=Fault.NONE), form.duration_us


class TestedLane(Lane):
    """A channel's train, each pulse behind its test.

    [POLICY] A pulse whose test fails is left out and the next one is tried; the error is told as
    long as tests fail. What a channel without time does is not told.
    """

    __test__ = False  # no test of pytest's
    stops_on_fault = False
    _tested: Segment | None = None

    def next_us(self) -> int | None:
        """Return when something happens by itself: also when a new train is tested first."""
        first, tested_us = super().next_us(), self._untested_us()
        if first is None or (tested_us is not None and tested_us < first):
            return tested_us
        return first

    def settle(self, at_us: int) -> Fault:
        """Let pass what ends by at_us; return the fault that was found now."""
        found = Fault.NONE
        due_us, segment = self._untested_us(), self._segment
        if segment is not None and due_us is not None and due_us <= at_us:
            before, self.fault = self.fault, segment.delivered.fault
            found = self.fault if not before else Fault.NONE
            if before and not self.fault:
                self._recorder.log(at_us, "electrode found again", channel=self._channel)
            self._tested = segment
        super().settle(at_us)
        return found

    def stop(self, at_us: int, *, cut: bool) -> None:
        """Disable the channel, and forget what its tests have found."""
        super().stop(at_us, cut=cut)
        self.fault = Fault.NONE

    def _untested_us(self) -> int | None:
        segment = self._segment
        if segment is None or segment is self._tested or self._late:
            return None
        return segment.start_us + TEST_US

    def _deliver(self, form: PulseForm) -> tuple[Delivered, int]:
        return deliver_tested(form, self._loads[self._channel], self._compliance_mv)


class TestedMidLevel(MidLevel):
    """Trains on channels 1..4."""

    __test__ = False
    channels = CHANNELS
    lane = TestedLane

    def initialise(self, data: bytes) -> None:
        """Nothing is chosen: the bit that a P24 reads is "not yet implemented" here."""

    def current_data(self, at_us: int, data: bytes) -> bytes:
        """Answer Ml_get_current_data, whatever its mask is: it counts as keep-alive."""
        mask = data[0]
        if self.running:
            self.fed_us = at_us
        head = bytes((Result.OK, mask))
        if not mask & STIMULATION_DATA:
            return head
        return head + bytes((group(self.running, [lane.fault for lane in self._lanes]),))

    def _read(self, data: bytes) -> tuple[dict[int, Want], frozenset[int]] | None:
        wants = read_ml_update(data)
        return None if wants is None else (wants, without_time(wants))


class TestedLowLevel(LowLevel):
    """Pulses on channels 1..4."""

    __test__ = False
    recovery_us = RESERVE_US

    def _deliver(self, channel: int, form: PulseForm) -> tuple[Delivered, int]:
        return deliver_tested(form, self._loads[channel], HIGH_VOLTAGE_MV[self._high_voltage])

    def _head(self, result: Result, channel: int, measurement: int) -> bytes:
        """Result, and the channel of an electrode error; else 0 [DOC]."""
        del measurement  # there is none
        return bytes((result, channel - 1 if result is Result.ELECTRODE else 0))
