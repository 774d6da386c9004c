"""The channel list of a RehaStim2: which pulses leave when, in closed form, and the skin test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .electrodes import FULL_COMPLIANCE_MV, Load, Loads, deliver, nominal_ohm
from .recorder import Recorder
from .rehastim2_fields import SLOT_US, Programme, Want
from .train_rows import Segment, record_cut, record_open, record_over

#: The test pulse before each pulse lets nothing through outside these; the vendor names no numbers
#: [POLICY].
LEAST_SKIN_OHM = 50
MOST_SKIN_OHM = 10_000
#: The compliance of a RehaStim2 is not documented: that of the same maker's P24 [POLICY].
COMPLIANCE_MV = FULL_COMPLIANCE_MV


@dataclass(frozen=True, slots=True)
class _Form:
    """What a channel does in the list, and how it lies in it."""

    want: Want
    offset_us: int
    period_us: int
    every: int
    pulse_gap_us: int
    once: bool


def _forms(programme: Programme) -> dict[int, _Form]:
    """Lay out the channels: slots in ascending order, module A before module B.

    A channel without current has a slot, too.
    """
    forms: dict[int, _Form] = {}
    for slot, (channel, want) in enumerate(programme.wants.items()):
        every = programme.factor + 1 if channel in programme.slow else 1
        forms[channel] = _Form(
            want,
            slot * SLOT_US,
            programme.main_us * every,
            every,
            programme.pulse_gap_us,
            not programme.main_us,
        )
    return forms


class ListPlayer:
    """Executes channel lists on channels 1..8; times in us of the twin's clock.

    [POLICY] A list under way is completed; what was ordered last begins with the next. A channel
    that fails the skin test is left out until the next order, and reported once.
    fault: told (time, channel) when a test fails.
    """

    def __init__(self, loads: Loads, recorder: Recorder, fault: Callable[[int, int], None]) -> None:
        self._loads = loads
        self._recorder = recorder
        self._fault = fault
        self._programme: Programme | None = None
        self._next: Programme | None = None
        self._list_us = 0  # start of list number _number
        self._number = 0
        self._forms: dict[int, _Form] = {}
        self._running: dict[int, list[Segment]] = {}
        self._failing: dict[int, int] = {}  # channel, and when its test fails
        self._skipped: set[int] = set()
        self._moved: set[int] = set()
        self._on: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether a list is being executed."""
        return self._programme is not None

    def play(self, at_us: int, programme: Programme) -> None:
        """Execute a list from now on, or from the next boundary if one is under way."""
        if self._programme is None:
            self._list_us, self._number = at_us, 0
            self._begin(programme)
        else:
            self._catch_up(at_us)
            self._next = programme

    def load_moved(self, at_us: int, channel: int) -> None:
        """Go on with the load that is on the channel now, from the next list."""
        if self._programme is not None and self._programme.main_us:
            self._catch_up(at_us)
            self._moved.add(channel)

    def stop(self, at_us: int) -> None:
        """End all output now; a pulse under way is cut."""
        for channel in list(self._running):
            self._end(channel, at_us)
        self._programme = self._next = None
        self._forms.clear()
        self._failing.clear()
        self._skipped.clear()
        self._moved.clear()

    def next_us(self) -> int | None:
        """Return when something happens by itself, or an order comes into effect."""
        times = list(self._failing.values())
        if self._programme is not None and self._awaits_boundary:
            times.append(self._boundary())
        return min(times, default=None)

    def settle(self, at_us: int) -> None:
        """Let pass what is due by at_us."""
        for channel, due_us in sorted(self._failing.items(), key=lambda item: item[1]):
            if due_us <= at_us:
                del self._failing[channel]
                self._fault(at_us, channel)
        if self._programme is not None and self._awaits_boundary and self._boundary() <= at_us:
            self._turn(self._programme)

    # Lists

    @property
    def _awaits_boundary(self) -> bool:
        once = self._programme is not None and not self._programme.main_us
        return once or self._next is not None or bool(self._moved)

    def _catch_up(self, at_us: int) -> None:
        """Find the list that is under way; one that begins at at_us has not begun."""
        assert self._programme is not None
        period_us = self._programme.main_us
        if period_us and not self._awaits_boundary:
            passed = max(0, (at_us - 1 - self._list_us) // period_us)
            self._list_us += passed * period_us
            self._number += passed

    def _boundary(self) -> int:
        assert self._programme is not None
        return self._list_us + (self._programme.main_us or self._programme.length_us)

    def _turn(self, programme: Programme) -> None:
        order, self._next = self._next, None
        self._list_us, self._number = self._boundary(), self._number + 1
        if not programme.main_us:
            for channel in list(self._running):
                self._end(channel, self._list_us)
            self._forms.clear()
            self._programme = None
        if order is not None:
            self._skipped.clear()
            self._failing.clear()
            self._begin(order)
        elif programme.main_us:
            self._begin(programme)

    def _begin(self, programme: Programme) -> None:
        self._programme = programme
        forms = _forms(programme)
        for channel, form in forms.items():
            kept = channel in self._running or channel in self._skipped
            if not (kept and self._forms.get(channel) == form) or channel in self._moved:
                self._replace(channel, form)
        self._forms = forms
        self._moved.clear()

    # Channels

    def _replace(self, channel: int, form: _Form) -> None:
        if channel in self._running:
            self._end(channel, self._list_us)
        if channel in self._skipped or not form.want.points:
            return
        skipped_lists = -self._number % form.every
        start_us = self._list_us + skipped_lists * (form.period_us // form.every) + form.offset_us
        load = self._loads[channel]
        if not _passes(load):
            self._skipped.add(channel)
            self._failing[channel] = start_us
            return
        segments: list[Segment] = []
        delivered = deliver(form.want.points, load, COMPLIANCE_MV)
        duration_us = sum(time_us for time_us, _ in form.want.points)
        for pulse in range(form.want.pulses):
            segment = Segment(
                start_us + pulse * form.pulse_gap_us,
                max(form.period_us, 1),
                duration_us,
                delivered,
                form.once,
                0 if form.once else self._recorder.next_train(),
                0,
            )
            record_open(self._recorder, channel, segment)
            segments.append(segment)
        self._running[channel] = segments
        self._mark(channel, start_us, on=delivered.carries_current)

    def _end(self, channel: int, at_us: int) -> None:
        for segment in self._running.pop(channel):
            count = segment.begun(at_us)
            if count and segment.last_start(count) + segment.duration_us > at_us:
                record_cut(self._recorder, channel, segment, count, at_us)
            else:
                record_over(self._recorder, channel, segment, count)
        self._mark(channel, at_us, on=False)

    def _mark(self, channel: int, at_us: int, *, on: bool) -> None:
        if on == (channel in self._on):
            return
        (self._on.add if on else self._on.discard)(channel)
        self._recorder.add({"kind": "output", "on": on, "at_us": at_us, "channel": channel})


def _passes(load: Load) -> bool:
    ohm = nominal_ohm(load)
    return ohm is not None and LEAST_SKIN_OHM <= ohm <= MOST_SKIN_OHM
