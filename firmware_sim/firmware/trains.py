"""One channel's pulse train in closed form: what it was, is and will be, without a step per pulse.

A lane plans one segment at a time: a single pulse (ramp step, or a pulse that will fail) or an
endless train. Only single pulses need waking up; a running train costs nothing until it changes.
"""

from __future__ import annotations

from .electrodes import Delivered, Fault, Loads, deliver
from .p24_fields import PulseForm, Want, ramp_step
from .recorder import Recorder
from .train_rows import Segment, record_cut, record_open, record_over

_NOTHING = Delivered((), [], Fault.TIMEOUT)


class Lane:
    """The mid-level train of one channel (1..8).

    [POLICY] A channel that stays enabled keeps its phase: its next pulse is due one new period
    after its last one, at once if that is past. One that becomes enabled fires at once and runs its
    ramp. A pulse under way is completed when the train changes, and cut when output is stopped.
    Channels do not wait for each other here, although a P24 serves them one after the other.
    """

    stops_on_fault = True
    """Whether a fault ends the train; if not, its pulses are left out while the fault lasts."""

    def __init__(self, channel: int, loads: Loads, recorder: Recorder, compliance_mv: int) -> None:
        self._channel = channel
        self._loads = loads
        self._recorder = recorder
        self._compliance_mv = compliance_mv
        self._want: Want | None = None
        self._late = False
        self._segment: Segment | None = None
        self._tail: tuple[Segment, int] | None = None  # replaced, its last pulse still under way
        self._done = 0  # pulses since the channel was enabled
        self._last_start: int | None = None
        self._on = False
        self.fault = Fault.NONE

    @property
    def active(self) -> bool:
        """Whether the channel is enabled."""
        return self._want is not None

    def next_us(self) -> int | None:
        """Return when something happens by itself."""
        if self._tail is not None:
            return self._tail_end()
        if self._segment is not None and self._segment.single:
            return self._segment.start_us + self._segment.duration_us
        return None

    def _deliver(self, form: PulseForm) -> tuple[Delivered, int]:
        """What of a pulse reaches the electrodes now, and how long it takes (us)."""
        load = self._loads[self._channel]
        return deliver(form.points, load, self._compliance_mv), form.duration_us

    def run(self, at_us: int, want: Want, *, late: bool) -> None:
        """Enable the channel or replace its train; `late` means its pulses find no time slot."""
        if self.stops_on_fault:
            self.fault = Fault.NONE
        if self._want == want and self._late == late:
            return
        enabled = self.active
        if not enabled:
            self._done, self._last_start = 0, None
        self._want, self._late = want, late
        self._replace(at_us)

    def load_changed(self, at_us: int) -> None:
        """Go on with the load that is there now."""
        if self._want is not None:
            self._replace(at_us)

    def stop(self, at_us: int, *, cut: bool) -> None:
        """Disable the channel; a pulse under way ends now (cut) or runs to its end."""
        self._want = None
        if self._tail is not None and cut:
            over = self._tail_end() <= at_us
            if over:
                record_over(self._recorder, self._channel, *self._tail)
            else:
                record_cut(self._recorder, self._channel, *self._tail, at_us)
            self._tail = None
        self._close(at_us, cut=cut)
        self._mark(False, at_us if self._tail is None else self._tail_end())

    def settle(self, at_us: int) -> Fault:
        """Let pass what ends by at_us; return the fault if that stopped the channel."""
        if self._tail is not None and self._tail_end() <= at_us:
            record_over(self._recorder, self._channel, *self._tail)
            self._tail = None
        segment = self._segment
        if segment is None or not segment.single:
            return Fault.NONE
        if segment.start_us + segment.duration_us > at_us:
            return Fault.NONE
        record_over(self._recorder, self._channel, segment, 1)
        self._segment = None
        self._done, self._last_start = self._done + 1, segment.start_us
        if segment.delivered.fault and self.stops_on_fault:
            self._want, self.fault = None, segment.delivered.fault
            self._mark(False, at_us)
            return self.fault
        self._plan(segment.start_us + segment.period_us)
        return Fault.NONE

    def _replace(self, at_us: int) -> None:
        assert self._want is not None
        self._close(at_us, cut=False)
        due = at_us if self._last_start is None else self._last_start + self._want.period_us
        self._plan(max(due, at_us, 0 if self._tail is None else self._tail_end()))

    def _plan(self, due_us: int) -> None:
        want = self._want
        assert want is not None
        step = self._done + 1
        ramp = step if step <= want.ramp else 0
        form = ramp_step(want.form, step, want.ramp) if ramp else want.form
        lead = form.lead
        if self._late:
            delivered, duration_us, lead = _NOTHING, 0, 0
        else:
            delivered, duration_us = self._deliver(form)
        single = bool(ramp or (delivered.fault and self.stops_on_fault))
        train = 0 if single else self._recorder.next_train()
        self._segment = Segment(
            due_us, want.period_us, duration_us, delivered, single, train, ramp, lead
        )
        self._mark(delivered.carries_current, due_us)
        record_open(self._recorder, self._channel, self._segment)

    def _close(self, at_us: int, *, cut: bool) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        count = segment.begun(at_us)
        if count:
            self._done += count
            self._last_start = segment.last_start(count)
            if self._last_start + segment.duration_us > at_us:
                if cut:
                    record_cut(self._recorder, self._channel, segment, count, at_us)
                else:
                    self._tail = (segment, count)
                return
        record_over(self._recorder, self._channel, segment, count)

    def _tail_end(self) -> int:
        assert self._tail is not None
        segment, count = self._tail
        return segment.last_start(count) + segment.duration_us

    def _mark(self, on: bool, at_us: int) -> None:
        if on != self._on:
            self._on = on
            self._recorder.add(
                {"kind": "output", "on": on, "at_us": at_us, "channel": self._channel}
            )
