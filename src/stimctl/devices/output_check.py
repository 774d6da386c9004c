"""The final output check: what the frames make a device do in any second, against what was cleared.

Counted are pulses, I^2 t and rectified charge, in integers, for each channel, from the first
transmission of the frame that opens a channel until the frame that ends its train is known to be
acted on: when it is acknowledged, less the fastest of the latest answers. A second is half open, as
in `stimulus.second`. Amplitude and width of a train count as the highest that may be in force.

What the device may have done is exact where every frame takes the same time to arrive. Where the
line delays one, a train counts as longer, so that the next has less; a second then holds at most
what was cleared, and what the device does until a late closing frame reaches it.

Two ways to keep within a second:

* a clearance for pulses without a pause is kept by distance: a train that restarts waits until the
  period since the last pulse is over. Nothing is counted while it runs;
* any other clearance (bursts) is kept by count: a train is opened for as many pulses as the second
  has left, and closed by `due` when they are used up.

Channels cleared together are bounded together: the sum of what each may have. Those of another
clearance may not share a second with them where one source serves all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from stimctl.devices.output_count import WINDOW_NS, Channel, Unit
from stimctl.errors import LimitRefusedError
from stimctl.safety.cleared import Cleared


class Held(NamedTuple):
    """A channel that may not have output now; `until_ns`: None = not before it was off once."""

    channel: int
    until_ns: int | None
    reason: str


_ANSWERS = 16
"""So many of the latest answers tell how fast the line is."""
TOO_SOON = "the period since the last pulse is not over"
SECOND_FULL = "this second holds as much as was cleared"
OTHER_PLAN = "output of another clearance ended less than one second ago"


class OutputCheck:
    """The check of one device. `now_ns` is the caller's clock, which never goes back.

    `one_source`: one source serves all channels. `keeps_phase`: a channel that is switched on
    while others run joins their rhythm; otherwise it pulses at once.
    """

    __slots__ = ("_answers_ns", "_channels", "_keeps_phase", "_one_source", "_rhythm_ns")

    def __init__(self, *, one_source: bool, keeps_phase: bool = False) -> None:
        self._one_source = one_source
        self._keeps_phase = keeps_phase
        self._channels: dict[int, Channel] = {}
        self._answers_ns: deque[int] = deque(maxlen=_ANSWERS)
        self._rhythm_ns: int | None = None
        """Since when the device has had one rhythm without a break."""

    # -- what is asked

    def admit(
        self, now_ns: int, units: Mapping[int, Unit], proofs: Mapping[int, Cleared]
    ) -> tuple[Held, ...]:
        """The channels that may not be in a frame that is sent now; the others may run."""
        for number, one in self._channels.items():
            if number not in units:
                one.closed = False
        held = []
        for number, unit in units.items():
            one = self._channel(number)
            if one.proof is not proofs[number]:
                one.judged_by(proofs[number], now_ns)
            found = self._against(now_ns, number, one, unit)
            if found is not None:
                held.append(found)
        return tuple(held)

    def _against(self, now_ns: int, number: int, one: Channel, unit: Unit) -> Held | None:
        """Why this channel may not run now, or None."""
        if one.closed:
            return Held(number, None, SECOND_FULL)
        runs, steady = one.runs_on, one.without_pause(unit)
        if runs and steady:
            return None
        quiet_ns = self._others_quiet_ns(now_ns, one)
        if quiet_ns > now_ns:
            return Held(number, quiet_ns, OTHER_PLAN)
        if steady and self._in_time(now_ns, one):
            return None
        one.pass_until(now_ns)
        if runs and one.first_ns - unit.period_ns // 4 > now_ns:
            return None  # it is closed in time where the next unit is one too many
        fits = one.too_many(max(now_ns, one.first_ns) if runs else now_ns, unit)
        if fits is None or (fits and not steady):
            return None
        if steady:
            last_ns = one.last_ns or 0
            return Held(number, max(now_ns + 1, last_ns + one.period_ns), TOO_SOON)
        return Held(number, one.fits_from(now_ns, unit), SECOND_FULL)

    def _in_time(self, now_ns: int, one: Channel) -> bool:
        """Whether a unit now comes no sooner after the last one than was cleared."""
        if now_ns < one.counted_until_ns:
            return False
        last_ns = one.last_before(now_ns)
        if last_ns is None or now_ns - last_ns >= one.period_ns:
            return True
        return self._rhythm_ns is not None and last_ns > self._rhythm_ns

    def _others_quiet_ns(self, now_ns: int, one: Channel) -> int:
        """When every channel of another clearance has been silent for a second."""
        if not self._one_source or one.together is None:
            return 0
        quiet_ns = 0
        for other in self._channels.values():
            if other.together is not None and other.together is not one.together:
                last_ns = other.last_before(now_ns)
                if last_ns is not None:
                    quiet_ns = max(quiet_ns, last_ns + WINDOW_NS)
        return quiet_ns

    def refuse_pulse(self, now_ns: int, channel: int, unit: Unit, proof: Cleared) -> None:
        """LimitRefusedError where one single pulse now would be too soon, or one too many."""
        one = self._channel(channel)
        one.judged_by(proof, now_ns)
        one.pass_until(now_ns)
        least_ns = max(unit.period_ns, one.period_ns)
        if one.last_ns is not None and now_ns - one.last_ns < least_ns:
            raise LimitRefusedError(
                f"channel {channel}: a pulse {(now_ns - one.last_ns) // 1000} us after the last "
                "one",
                why=f"the set point was cleared for one pulse every {least_ns // 1000} us",
                what_to_do="Nothing was sent. Wait for the rest of the period",
            )
        reason, from_ns = OTHER_PLAN, self._others_quiet_ns(now_ns, one)
        if from_ns <= now_ns:
            reason, from_ns = SECOND_FULL, one.fits_from(now_ns, unit)
        if from_ns > now_ns:
            raise LimitRefusedError(
                f"channel {channel}: one more pulse now",
                why=reason,
                what_to_do=f"Nothing was sent. Wait for {-(-(from_ns - now_ns) // 1000)} us",
            )

    # -- what is sent, and what is known of it

    def pulsed(self, now_ns: int, channel: int, unit: Unit) -> None:
        """One single pulse leaves now."""
        self._channel(channel).give(now_ns, unit)

    def sent(self, now_ns: int, units: Mapping[int, Unit]) -> None:
        """A frame leaves for the first time, after which exactly these channels run."""
        for number, one in self._channels.items():
            if number not in units and one.unit is not None:
                one.ending, one.pending = True, None
                one.closes_ns = None
        for number, unit in units.items():
            one = self._channel(number)
            if not one.runs_on:
                self._opens(now_ns, one, unit)
            elif one.follows(unit):
                continue
            elif one.unit is not None and (unit != one.unit or one.ending):
                one.turn_to(now_ns, one.unit.or_more(unit))
                one.ending, one.pending = True, unit
            self._count(one)

    def _opens(self, now_ns: int, one: Channel, unit: Unit) -> None:
        if not (one.without_pause(unit) and self._in_time(now_ns, one)):
            one.counted_until_ns = now_ns + WINDOW_NS
        one.pass_until(now_ns)
        one.unit, one.first_ns = unit, now_ns
        one.ending, one.pending = False, None

    def settled(self, now_ns: int, latency_ns: int | None, units: Mapping[int, Unit]) -> None:
        """The device acts on the frame with these channels, and on no other, from now on at the
        latest. `latency_ns`: how long its answer took; None where zero was verified."""
        at_ns = now_ns
        if latency_ns is not None:
            self._answers_ns.append(latency_ns)
            at_ns = now_ns - min(self._answers_ns)
        for number, one in self._channels.items():
            if one.unit is None:
                continue
            unit = units.get(number)
            if unit is None:
                self._ends(at_ns, one)
            elif unit != one.unit and not one.follows(unit):
                one.turn_to(at_ns, unit)
                self._count(one)
            one.ending, one.pending = False, None
        if latency_ns is None:
            self._rhythm_ns = None

    def _ends(self, at_ns: int, one: Channel) -> None:
        one.pass_until(at_ns)
        if self._keeps_phase and one.unit is not None and one.last_ns is not None:
            # It may lie anywhere in its period.
            one.last_ns = max(one.last_ns, min(at_ns, one.last_ns + one.unit.period_ns))
        one.unit = one.closes_ns = None

    def rhythm_begins(self, now_ns: int) -> None:
        """From now on, until zero is verified, the device has one rhythm for all channels."""
        if self._keeps_phase:
            self._rhythm_ns = now_ns

    # -- closing by count

    def _count(self, one: Channel) -> None:
        """Work out when a train must be closed."""
        unit = one.unit
        one.closes_ns = None
        if unit is None or one.without_pause(unit):
            return
        fits = one.too_many(one.first_ns, unit)
        if fits is not None:
            # A quarter of a period before the first pulse that is one too many.
            one.closes_ns = one.first_ns + fits * unit.period_ns - unit.period_ns // 4

    def deadline(self) -> int | None:
        """When the next train must be closed."""
        due = None
        for one in self._channels.values():
            if one.closes_ns is not None and (due is None or one.closes_ns < due):
                due = one.closes_ns
        return due

    def due(self, now_ns: int) -> tuple[Held, ...]:
        """The channels that must be closed now, each told once."""
        held = []
        for number, one in self._channels.items():
            if one.closes_ns is not None and one.closes_ns <= now_ns:
                one.closes_ns, one.closed = None, True
                held.append(Held(number, None, SECOND_FULL))
        return tuple(held)

    def _channel(self, number: int) -> Channel:
        one = self._channels.get(number)
        if one is None:
            one = self._channels[number] = Channel()
        return one
