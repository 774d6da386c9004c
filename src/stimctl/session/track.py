"""One channel of a run: what of its plan is in force, and the points for it, on any scale."""

from stimctl.safety.device_bounds import SINGLE
from stimctl.safety.sealed import OutputPoint
from stimctl.session.budget import flow_of
from stimctl.session.config import RAMP_TICK_NS
from stimctl.session.plateaus import PlanViolation
from stimctl.session.ramp_limiter import FULL, RampLimiter
from stimctl.treatment.program import CurrentChannel, PlanChannel
from stimctl.treatment.timeline import Drive

Key = tuple[int, ...]
"""Channel and output, and of a current its width, its period, and the pulses in it and their
distance: equal keys need not be sent twice."""


def _goes_on_and_off(one: PlanChannel) -> bool:
    """By a cycle, or by an input."""
    switched = isinstance(one, CurrentChannel) and one.stimulus.window is not None
    return one.cycle is not None or switched


class Track(RampLimiter):
    """The drive of one channel that is in force, and what the device should be told for it."""

    def __init__(self, plan_channel: PlanChannel) -> None:
        super().__init__(plan_channel.channel, cycles=_goes_on_and_off(plan_channel))
        self._lit = False
        """The device has confirmed the burst that is under way."""
        self._dark_ns = self._shut_ns = 0
        """When the last burst that was confirmed ended, and when any did."""
        self._was_open = False
        self._missed = False
        """The burst under way had no output, at its beginning or since: it gets none any more."""
        self._lacks = False
        """More is asked by now than nothing, so the device has less than what is asked."""
        self._plateau = self._gain = 0
        self.asked_down = False
        """Somebody, not the plan alone, wants less than the device was told last."""
        self.enter(plan_channel)

    def enter(self, plan_channel: PlanChannel | None) -> None:
        """A stage begins in which the channel does this; None: it is off in it."""
        self.in_stage = plan_channel is not None
        if plan_channel is None:
            self.drive = None
            return
        one = plan_channel if isinstance(plan_channel, CurrentChannel) else None
        modulation = one.stimulus.amplitude_modulation if one else None
        self.follow(
            cycles=_goes_on_and_off(plan_channel),
            modulated_from=FULL if modulation is None else modulation.lowest,
        )
        self.cleared = plan_channel.cleared
        self._made: dict[Key, OutputPoint] = {}
        self._group = (one.cleared.group if one else None) or SINGLE
        """What the device gives in each period."""
        self._lead = (one.cleared.lead if one else None) or self._group
        """What it gives as the first pulse of a hold."""
        self._step, self._lowest = self.cleared.step, self.cleared.lowest
        self._zero = (one.stimulus.pulse.phase_width_us, one.period_us) if one else ()
        """Width and period with which it begins; nothing where they are those of another unit."""
        burst = one.host_burst if one else None
        self._gap_ns: int | None = None
        """How long the pause between bursts may be; a longer gap is none of the pattern."""
        if one is not None and burst is not None:
            open_us = burst.pulses_per_burst * one.period_us - one.period_us // 2
            shut_us = max(0, 1_000_000_000 // burst.burst_frequency_mhz - open_us)
            self._gap_ns = shut_us * 1_000 + RAMP_TICK_NS
        self._may_rest = one is not None and one.stimulus.rest is not None
        """Width and period change where the output is zero, between contraction and rest (W19)."""
        self._sweeps_width = one is not None and one.stimulus.width_sweep is not None
        self._sweeps_rate = one is not None and one.stimulus.frequency_sweep is not None

    def zero(self) -> None:
        """Output goes to zero: the next climb starts from there."""
        super().zero()
        self._lit = self._was_open = self._missed = self._lacks = False

    @property
    def is_open(self) -> bool:
        """As of any channel; not where a burst that was missed lacks something."""
        return super().is_open and not self._lacks

    def turn_to(self, drive: Drive, *, first: bool, at_ns: int | None = None) -> bool:
        """As of any channel; PlanViolation, too, where width or period change without a cleared
        modulation (rules A6, A7)."""
        before = self.drive
        between = self._may_rest and before is not None and before.level_permille == 0
        if (
            before is not None
            and not between
            and (
                (drive.phase_width_us != before.phase_width_us and not self._sweeps_width)
                or (drive.period_us != before.period_us and not self._sweeps_rate)
            )
        ):
            raise PlanViolation(
                f"channel {self.channel}: width or rate changes without a clearance"
            )
        if before is not None and before.level_permille == 0 and at_ns is not None:
            # Until now the plan asked for nothing: no burst was lost in that time.
            self._dark_ns = max(self._dark_ns, at_ns)
        return super().turn_to(drive, first=first, at_ns=at_ns)

    def confirmed(self, sent_ns: int, reach_ppm: int) -> None:
        """The device has taken what was sent then, when `reach_ppm` was asked of it."""
        if self._was_open:
            self._lit = True
        elif sent_ns < self._shut_ns:
            # The answer to a burst came after its end.
            self._dark_ns = max(self._dark_ns, self._shut_ns)
        super().confirmed(sent_ns, reach_ppm)

    def settled(self, now_ns: int) -> None:
        """The device has all it was told, and what is asked now is the same on its grid."""
        if self._lacks:
            return
        self._lit = self._lit or (self._was_open and self.is_open)
        super().settled(now_ns)

    def closed(self, now_ns: int) -> None:
        """The driver has switched it off: output that comes back climbs again (A1, A3).

        Of bursts the gap counts from here, and one within the pattern is none: the next burst has
        the level of this one.
        """
        if self._gap_ns is None:
            self._stand_at(now_ns, 0)
        elif self._lit:
            self._dark_ns, self._lit = now_ns, False

    def climb(self, now_ns: int, plateau: int, gain: int) -> bool:
        """Move the ramp limiter; True while the output still lags behind the plan.

        Notes who lowers: the plan alone moves neither plateau nor gain.
        """
        self.asked_down |= plateau < self._plateau or gain < self._gain
        self._plateau, self._gain = plateau, gain
        self._look_at_gap(now_ns, plateau)
        lags = super().climb(now_ns, plateau, gain)
        # A burst is begun at its beginning or not at all: begun later it could hold a pulse more
        # than the rest of it, which a second that is cleared for whole bursts has no room for.
        in_burst = self._gap_ns is not None and self.drive is not None and self.drive.is_on
        self._missed = in_burst and not self.output(plateau)
        self._lacks = self._missed and self.on_grid(plateau, self.reach_permille) > 0
        return lags

    def _look_at_gap(self, now_ns: int, plateau: int) -> None:
        """After too long a gap of bursts the output climbs anew (A1, A3).

        A burst that was left out by a stall, swallowed by the driver or lost on the line makes
        such a gap, and so does one that the device never confirmed. The off time of a cycle is
        none, nor is a burst that was missed because it was zero on the device's grid.
        """
        if self._gap_ns is None or self.drive is None:
            return
        was_open, self._was_open = self._was_open, self.drive.is_on
        if was_open and not self._was_open:
            self._shut_ns = now_ns
            if self._lit:
                self._dark_ns = now_ns
            self._lit = False
        if plateau == 0 or self.drive.level_permille == 0 or self._missed:
            self._dark_ns = now_ns  # nothing is wanted, and that is what there is
        if was_open or self._lit or now_ns - self._dark_ns <= self._gap_ns:
            return
        self._dark_ns = now_ns
        self._stand_at(now_ns, 0)

    @property
    def may_open_late(self) -> bool:
        """A burst that climbs begins in time or not at all: its ramp was made for its beginning."""
        return self._gap_ns is None or self.is_up

    def output(self, plateau: int) -> int:
        """What the device should put out now, on its grid."""
        drive = self.drive
        if drive is None or not self.covered or not drive.is_on or not plateau:
            return 0
        if self._missed:
            return 0
        return self.on_grid(plateau, self.reach_permille)

    def on_grid(self, plateau: int, permille: int) -> int:
        output = plateau * permille // FULL
        output -= output % self._step
        return output if output >= self._lowest else 0

    def key(self, plateau: int) -> Key | None:
        """What the device should be told; None for off."""
        output, drive = self.output(plateau), self.drive
        if output == 0 or drive is None:
            return None
        if not self._zero:
            return (self.channel, output)
        group = self._lead if drive.leads else self._group
        return (self.channel, output, drive.phase_width_us, drive.period_us, *group)

    def key_of_zero(self) -> Key:
        """The channel with no output, in the rhythm of the plan."""
        return (self.channel, 0, *self._zero, *(self._group if self._zero else ()))

    def flow(self, key: Key) -> int:
        """What passes with a key."""
        width_us, period_us, pulses, _ = key[2:] or (1, 1, 1, 0)
        return flow_of(key[1], width_us, period_us) * pulses

    def point(self, key: Key) -> OutputPoint:
        """The genuine point for a key, made by the clearance once and kept."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self.cleared.point(*key[1:])
        return made
