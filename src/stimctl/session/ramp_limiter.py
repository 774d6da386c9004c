"""The ramp limiter of one channel, and where its plan has it: the same for every kind of device.

It does not trust the plan: whatever levels the plan asks for, the output climbs from zero to a
plateau in no less than 0.5 s, and at once only inside the modulation that was cleared. It climbs
from what the device has confirmed: while an answer is awaited nothing goes further than a late
wake-up may make up for, so that what a line has swallowed is never made up for by a jump.
"""

from abc import ABC, abstractmethod

from stimctl.session.config import (
    QUICK_RAMP_NS,
    QUICK_TICK_NS,
    RAMP_MIN_NS,
    RAMP_TICK_NS,
)
from stimctl.session.plateaus import PlanViolation
from stimctl.treatment.timeline import Drive

FULL = 1_000
"""Permille of a plateau."""
_ALL_PPM = FULL * FULL
_AHEAD_PPM = _ALL_PPM * 2 * RAMP_TICK_NS // RAMP_MIN_NS
_QUICK_AHEAD_PPM = _ALL_PPM * 2 * QUICK_TICK_NS // QUICK_RAMP_NS


class RampLimiter(ABC):
    """One channel on its way through a plan. `plateau` is in the scale of the run."""

    def __init__(self, channel: int, *, cycles: bool, modulated_from: int = FULL) -> None:
        self.channel = channel
        self.drive: Drive | None = None
        self.covered = False
        self._rest_covered = False
        """The contraction before this off time had its row on the disk."""
        self.contractions = 0
        self.highest_permille = 0
        """The highest level that the plan has asked for since the last time it asked for none."""
        self._reach_ppm = 0
        """How much of the plateau is asked of the device."""
        self._sure_ppm = 0
        """How much of it the device is known to have."""
        self._line_ppm = 0
        """Where the steepest ramp that is allowed was at `_line_ns`: never below what is sure."""
        self._line_ns = 0
        self._ramping = False
        """It was switched on at level 0: a planned ramp has begun, and the line climbs with it."""
        self._ramp_ns = 0
        """When it did; bursts switch it on again before the first step of the ramp is over."""
        self._cycles = cycles
        self._modulated_from = modulated_from
        self.held = 0
        """Up to this output a ramp may be as quick as one of functional output (A14)."""
        self._quick_ppm = 0
        """The same, as a part of the plateau."""

    def follow(self, *, cycles: bool, modulated_from: int) -> None:
        """Another stage begins, from zero."""
        self._cycles, self._modulated_from = cycles, modulated_from
        self.drive = None
        self.highest_permille = 0
        self.held = self._quick_ppm = 0

    def zero(self) -> None:
        """Output goes to zero: the next climb starts from there."""
        self._reach_ppm = self._sure_ppm = self._line_ppm = 0
        self._ramping = False
        self.covered = self._rest_covered = False

    def rewind(self, contractions: int) -> None:
        """The plan begins, after so many contractions."""
        self.zero()
        self.drive = None
        self.contractions = contractions

    @property
    def cycles(self) -> bool:
        """Whether it goes on and off in contractions."""
        return self._cycles

    @abstractmethod
    def on_grid(self, plateau: int, permille: int) -> int:
        """What the device makes of a plateau at a level: down to its grid, 0 for off."""

    @property
    def resting(self) -> bool:
        """In the off time of an on/off cycle."""
        drive = self.drive
        if not self._cycles or drive is None:
            return False
        return drive.rests or (drive.level_permille == 0 and not drive.is_on)

    @property
    def is_open(self) -> bool:
        """The plan lets something through now, be it zero on the device's grid."""
        return self.drive is not None and self.drive.is_on

    @property
    def may_open_late(self) -> bool:
        """Whether it may be switched on at another moment than the plan has it."""
        return True

    @property
    def reach_ppm(self) -> int:
        """How much of the plateau is asked of the device, in millionths."""
        return self._reach_ppm

    @property
    def reach_permille(self) -> int:
        """The same in thousandths."""
        return self._reach_ppm // FULL

    @property
    def is_up(self) -> bool:
        """Whether the device is known to be where the plan has the channel, or inside its
        modulation: what is raised now is one step, and not the last one of a ramp on top of it."""
        if self.drive is None or self._sure_ppm >= self._modulated_from * FULL:
            return True
        return self._sure_ppm >= self._reach_ppm >= self.drive.level_permille * FULL

    def fall_back(self, now_ns: int, output: int, plateau: int) -> None:
        """The device is known to be at `output`: climb from there."""
        # Up to the next permille, or it would be told one step less than it has.
        reached = -(-output * FULL // plateau) * FULL if plateau else 0
        self._stand_at(now_ns, min(self._reach_ppm, reached))

    def confirmed(self, sent_ns: int, reach_ppm: int) -> None:
        """The device has taken what was sent then, when `reach_ppm` was asked of it."""
        self._settle(sent_ns, min(reach_ppm, self._reach_ppm))

    def settled(self, now_ns: int) -> None:
        """The device has all it was told, and what is asked now is the same on its grid."""
        if self.drive is not None and self.drive.is_on:
            self._settle(now_ns, self._reach_ppm)

    def _settle(self, at_ns: int, reach_ppm: int) -> None:
        # The line until then is held to what was known before: time that an answer took is no
        # height that may be jumped to when it comes.
        self._line_ppm = max(self._line_at(at_ns), reach_ppm)
        self._line_ns = max(self._line_ns, at_ns)
        self._sure_ppm = reach_ppm

    def _line_at(self, at_ns: int) -> int:
        """It runs on between two ticks, so that being woken in between costs nothing; but at most
        two ticks' worth ahead, so that neither a late wake-up nor a late answer makes a jump."""
        since_ns = max(0, at_ns - self._line_ns)
        begins, quick = self._line_ppm, self._quick_ppm
        ahead = max(self._sure_ppm + _AHEAD_PPM, min(self._sure_ppm + _QUICK_AHEAD_PPM, quick))
        if begins < quick:
            climbed = begins + _ALL_PPM * since_ns // QUICK_RAMP_NS
            if climbed <= quick:
                return min(climbed, ahead)
            since_ns -= (quick - begins) * QUICK_RAMP_NS // _ALL_PPM
            begins = quick
        return min(begins + _ALL_PPM * since_ns // RAMP_MIN_NS, ahead)

    def _stand_at(self, now_ns: int, reach_ppm: int) -> None:
        self._reach_ppm = self._line_ppm = reach_ppm
        self._sure_ppm = min(self._sure_ppm, reach_ppm)
        self._line_ns = now_ns

    def turn_to(self, drive: Drive, *, first: bool, at_ns: int | None = None) -> bool:
        """Put the next drive in force; True where a contraction begins with it.

        `at_ns`: when the plan says so; a ramp is measured from there, however late it is now.
        PlanViolation where the plan is not about this channel.
        """
        before = self.drive
        if drive.channel != self.channel:
            raise PlanViolation(f"the plan mixes up channels {drive.channel} and {self.channel}")
        self.drive = drive
        if drive.level_permille and (before is None or before.level_permille == 0):
            self.highest_permille = 0
        self.highest_permille = max(self.highest_permille, drive.level_permille)
        if first:
            return False
        if drive.level_permille == 0 and before is not None:
            opens = drive.is_on and not before.is_on
            if opens and self._ramping and at_ns is not None:
                opens = at_ns - self._ramp_ns >= RAMP_TICK_NS
            if before.level_permille or opens:
                self._ramping = opens
                self._line_ppm = 0
            if opens and at_ns is not None:
                self._line_ns = self._ramp_ns = at_ns
        if drive.level_permille == 0:
            if before is not None and before.level_permille and not before.rests:
                self._rest_covered = self.covered
            self.covered = False
            return False
        begins = before is not None and before.level_permille == 0
        if drive.rests:  # it belongs to the contraction before it
            self.covered = self.covered or (begins and self._rest_covered)
            return False
        return begins

    def climb(self, now_ns: int, plateau: int, gain: int) -> bool:
        """Move the ramp limiter; True while the output still lags behind the plan."""
        assert self.drive is not None
        self._quick_ppm = min(_ALL_PPM, self.held * _ALL_PPM // plateau) if plateau else 0
        wanted = self.drive.level_permille * gain
        if plateau == 0:
            self._stand_at(now_ns, wanted)
            self._sure_ppm = wanted
        elif wanted < self._reach_ppm:
            self._stand_at(now_ns, wanted)
        elif gain == FULL and self._sure_ppm >= self._modulated_from * FULL:
            self._reach_ppm = wanted
        elif wanted or self._ramping:
            self._reach_ppm = max(self._reach_ppm, min(wanted, self._line_at(now_ns)))
        else:
            self._line_ns = now_ns  # time at rest is not saved up for the next ramp
        return self._reach_ppm < wanted
