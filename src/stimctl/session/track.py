"""One channel's way through the plan: what is in force, how far its ramp has come, its set points.

The ramp limiter here is the engine's own and does not trust the plan: whatever levels the plan
asks for, the output climbs from zero to a plateau in no less than 0.5 s, and at once only inside
the amplitude modulation that was cleared.
"""

from stimctl.safety.cleared import Cleared, SetPoint
from stimctl.session.config import RAMP_MIN_NS, RAMP_TICK_NS
from stimctl.session.plateaus import RunFault
from stimctl.treatment.program import PlanChannel
from stimctl.treatment.timeline import Drive, amplitude_of

FULL = 1_000
"""Permille of a plateau."""
_AHEAD_PPM = FULL * FULL * 2 * RAMP_TICK_NS // RAMP_MIN_NS

SetPointKey = tuple[int, int, int, int]
"""Channel, amplitude_ua, phase_width_us, period_us: equal keys need not be sent twice."""


class Track:
    """The drive of one channel that is in force, and what the device should be told for it."""

    def __init__(self, plan_channel: PlanChannel) -> None:
        self.channel = plan_channel.channel
        self.cleared: Cleared = plan_channel.cleared
        self.step_ua = plan_channel.step_ua
        self._period_us = plan_channel.period_us
        self.drive: Drive | None = None
        self.covered = False
        self.contractions = 0
        self._reach_ppm = 0
        self._line_ppm = 0
        """Where the steepest ramp that is allowed would be by now: never below the reach."""
        self._line_ns = 0
        self._ramping = False
        """The gate has opened at level 0: a planned ramp has begun, and the line climbs with it."""
        self._made: dict[tuple[int, int, int], SetPoint] = {}
        stimulus = plan_channel.stimulus
        burst = stimulus.burst
        self._gap_ns: int | None = None
        """How long the gate of a burst may have been shut; a longer gap is none of the pattern."""
        if burst is not None:
            open_us = burst.pulses_per_burst * self._period_us - self._period_us // 2
            shut_us = max(0, 1_000_000_000 // burst.burst_frequency_mhz - open_us)
            self._gap_ns = shut_us * 1_000 + RAMP_TICK_NS
        self._on_ns: int | None = None
        self._regaining = False
        """Climbing back after such a gap: time behind a shut gate does not count for it."""
        self._was_open = False
        self._cycles = stimulus.cycle is not None
        self._sweeps_width = stimulus.width_sweep is not None
        self._sweeps_rate = stimulus.frequency_sweep is not None
        modulation = stimulus.amplitude_modulation
        self._modulated_from = FULL if modulation is None else modulation.lowest_permille

    def zero(self) -> None:
        """Output goes to zero: the next climb starts from there."""
        self._reach_ppm = self._line_ppm = 0
        self._ramping = self._regaining = False
        self._on_ns = None
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

    def fall_back(self, now_ns: int, amplitude_ua: int, plateau_ua: int) -> None:
        """The device is known to be at `amplitude_ua`: climb from there."""
        reached = amplitude_ua * FULL * FULL // plateau_ua if plateau_ua else 0
        self._reach_ppm = self._line_ppm = min(self._reach_ppm, reached)
        self._line_ns = now_ns

    def turn_to(self, drive: Drive, *, first: bool, at_ns: int | None = None) -> bool:
        """Put the next drive in force; True where a contraction begins with it.

        `at_ns`: when the plan says so; a ramp is measured from there, however late it is now.
        RunFault where width or period change without a cleared modulation (rules A6, A7).
        """
        before = self.drive
        if drive.channel != self.channel:
            raise RunFault(f"the plan mixes up channels {drive.channel} and {self.channel}")
        if before is not None and (
            (drive.phase_width_us != before.phase_width_us and not self._sweeps_width)
            or (drive.period_us != before.period_us and not self._sweeps_rate)
        ):
            raise RunFault(f"channel {self.channel}: width or rate changes without a clearance")
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

    def saw(self, now_ns: int, *, on: bool) -> None:
        """Whether the device has confirmed output; after too long a gap of bursts it climbs anew.

        A burst that was left out by a stall or lost on the line makes such a gap (A1, A3).
        """
        if on:
            self._on_ns = now_ns
        if self._gap_ns is None or self._on_ns is None or now_ns - self._on_ns <= self._gap_ns:
            return
        self._on_ns = None
        self._reach_ppm = self._line_ppm = 0
        self._regaining = True

    def climb(self, now_ns: int, plateau_ua: int, gain: int) -> bool:
        """Move the ramp limiter; True while the output still lags behind the plan."""
        assert self.drive is not None
        wanted = self.drive.level_permille * gain
        since_ns, self._line_ns = now_ns - self._line_ns, now_ns
        was_open, self._was_open = self._was_open, self.drive.gate_open
        if self._regaining and not was_open:
            since_ns = 0
        modulated = gain == FULL and self._reach_ppm >= self._modulated_from * FULL
        if plateau_ua == 0 or modulated or wanted < self._reach_ppm:
            self._reach_ppm = self._line_ppm = wanted
        elif wanted or self._ramping:
            # The line runs on between two ticks, so that being woken in between costs nothing; but
            # at most two ticks' worth ahead, so that a late wake-up makes no jump.
            climbed = self._line_ppm + FULL * FULL * since_ns // RAMP_MIN_NS
            self._line_ppm = min(climbed, self._reach_ppm + _AHEAD_PPM)
            self._reach_ppm = min(wanted, self._line_ppm)
        self._regaining = self._regaining and self._reach_ppm < wanted
        return self._reach_ppm < wanted

    def amplitude_ua(self, plateau_ua: int) -> int:
        """What the device should put out now, on its grid."""
        drive = self.drive
        if drive is None or not self.covered or not drive.gate_open or not plateau_ua:
            return 0
        return amplitude_of(plateau_ua, self.reach_permille, self.step_ua)

    def key(self, plateau_ua: int) -> SetPointKey | None:
        """What the device should be told; None for off."""
        amplitude_ua = self.amplitude_ua(plateau_ua)
        if amplitude_ua == 0:
            return None
        drive = self.drive
        assert drive is not None
        return (self.channel, amplitude_ua, drive.phase_width_us, drive.period_us)

    def key_of_zero(self) -> SetPointKey:
        """The channel with no current, in the rhythm of the plan."""
        return (self.channel, 0, self.cleared.stimulus.pulse.phase_width_us, self._period_us)

    def set_point(self, key: SetPointKey) -> SetPoint:
        """The genuine set point for a key, made by the clearance once and kept."""
        _, amplitude_ua, width_us, period_us = key
        made = self._made.get((amplitude_ua, width_us, period_us))
        if made is None:
            made = self.cleared.set_point(amplitude_ua, width_us, period_us)
            self._made[amplitude_ua, width_us, period_us] = made
        return made
