"""The ramp limiter of one channel, and where its plan has it: the same for every kind of device.

It does not trust the plan: whatever levels the plan asks for, the output climbs from zero to a
plateau in no less than 0.5 s, and at once only inside the modulation that was cleared.
"""

from typing import Protocol

from stimctl.session.config import RAMP_MIN_NS, RAMP_TICK_NS
from stimctl.session.plateaus import RunFault

FULL = 1_000
"""Permille of a plateau."""
AHEAD_PPM = FULL * FULL * 2 * RAMP_TICK_NS // RAMP_MIN_NS
"""Two ticks of the steepest ramp, in millionths of a plateau."""


class Level(Protocol):
    """What any plan says of a channel at a time."""

    @property
    def channel(self) -> int:
        """The device channel."""

    @property
    def level_permille(self) -> int:
        """How much of its plateau."""

    @property
    def gate_open(self) -> bool:
        """False in the off time of a cycle, and between bursts."""

    @property
    def may_raise(self) -> bool:
        """Whether the plateau may be raised now."""


class Ramped:
    """One channel on its way through a plan. `plateau` is in the scale of the run."""

    def __init__(self, channel: int, *, cycles: bool, modulated_from: int = FULL) -> None:
        self.channel = channel
        self.drive: Level | None = None
        self.covered = False
        self.contractions = 0
        self._reach_ppm = 0
        self._line_ppm = 0
        """Where the steepest ramp that is allowed would be by now: never below the reach."""
        self._line_ns = 0
        self._ramping = False
        """The gate has opened at level 0: a planned ramp has begun, and the line climbs with it."""
        self._regaining = False
        """Climbing back after a gap: time behind a shut gate does not count for it."""
        self._was_open = False
        self._cycles = cycles
        self._modulated_from = modulated_from

    def zero(self) -> None:
        """Output goes to zero: the next climb starts from there."""
        self._reach_ppm = self._line_ppm = 0
        self._ramping = self._regaining = False
        self.covered = False

    def rewind(self) -> None:
        """The plan begins again."""
        self.zero()
        self.drive = None
        self.contractions = 0

    @property
    def resting(self) -> bool:
        """In the off time of an on/off cycle."""
        drive = self.drive
        if not self._cycles or drive is None:
            return False
        return drive.level_permille == 0 and not drive.gate_open

    @property
    def reach_permille(self) -> int:
        """How much of the plateau the output has climbed to."""
        return self._reach_ppm // FULL

    def fall_back(self, now_ns: int, output: int, plateau: int) -> None:
        """The device is known to be at `output`: climb from there."""
        reached = output * FULL * FULL // plateau if plateau else 0
        self._reach_ppm = self._line_ppm = min(self._reach_ppm, reached)
        self._line_ns = now_ns

    def turn_to(self, drive: Level, *, first: bool, at_ns: int | None = None) -> bool:
        """Put the next drive in force; True where a contraction begins with it.

        `at_ns`: when the plan says so; a ramp is measured from there, however late it is now.
        RunFault where the plan is not about this channel.
        """
        before = self.drive
        if drive.channel != self.channel:
            raise RunFault(f"the plan mixes up channels {drive.channel} and {self.channel}")
        self.drive = drive
        if first:
            return False
        if drive.level_permille == 0 and before is not None:
            opens = drive.gate_open and not before.gate_open
            if before.level_permille or opens:
                self._ramping = opens
                self._line_ppm = 0
            if opens and at_ns is not None:
                self._line_ns = at_ns
        if drive.level_permille == 0:
            self.covered = False
            return False
        return before is not None and before.level_permille == 0

    def saw(self, now_ns: int, acked: int) -> None:
        """What the device has confirmed, in the scale of the run."""

    def _most_ppm(self, plateau: int) -> int:  # noqa: ARG002
        """Two ticks and a step beyond what the device has confirmed.

        What waits on a slow line is replaced by what comes after it, so that a ramp that went on
        regardless would reach the electrodes as a jump (A3).
        """
        return FULL * FULL

    def climb(self, now_ns: int, plateau: int, gain: int) -> bool:
        """Move the ramp limiter; True while the output still lags behind the plan."""
        assert self.drive is not None
        wanted = self.drive.level_permille * gain
        since_ns, self._line_ns = now_ns - self._line_ns, now_ns
        was_open, self._was_open = self._was_open, self.drive.gate_open
        if self._regaining and not was_open:
            since_ns = 0
        modulated = gain == FULL and self._reach_ppm >= self._modulated_from * FULL
        if plateau == 0 or modulated or wanted < self._reach_ppm:
            self._reach_ppm = self._line_ppm = wanted
        elif wanted or self._ramping:
            # The line runs on between two ticks, so that being woken in between costs nothing; but
            # at most two ticks' worth ahead, so that a late wake-up makes no jump.
            climbed = self._line_ppm + FULL * FULL * since_ns // RAMP_MIN_NS
            self._line_ppm = min(climbed, self._reach_ppm + AHEAD_PPM)
            most_ppm = max(self._reach_ppm, self._most_ppm(plateau))
            self._reach_ppm = min(wanted, self._line_ppm, most_ppm)
        self._regaining = self._regaining and self._reach_ppm < wanted
        return self._reach_ppm < wanted
