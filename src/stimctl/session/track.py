"""One channel of a source of current: what is in force, and the set points for it."""

from stimctl.safety.cleared import Cleared, SetPoint
from stimctl.session.config import RAMP_TICK_NS
from stimctl.session.plateaus import PlanViolation
from stimctl.session.ramp_limiter import FULL, Level, RampLimiter
from stimctl.treatment.program import CurrentChannel
from stimctl.treatment.timeline import Drive, amplitude_of

SetPointKey = tuple[int, int, int, int]
"""Channel, amplitude_ua, phase_width_us, period_us: equal keys need not be sent twice."""


class Track(RampLimiter):
    """The drive of one channel that is in force, and what the device should be told for it."""

    def __init__(self, plan_channel: CurrentChannel) -> None:
        stimulus = plan_channel.stimulus
        modulation = stimulus.amplitude_modulation
        super().__init__(
            plan_channel.channel,
            cycles=stimulus.cycle is not None,
            modulated_from=FULL if modulation is None else modulation.lowest_permille,
        )
        self.cleared: Cleared = plan_channel.cleared
        self.step_ua = plan_channel.step
        self._period_us = plan_channel.period_us
        self._made: dict[tuple[int, int, int], SetPoint] = {}
        burst = plan_channel.host_burst
        self._gap_ns: int | None = None
        """How long the gate of a burst may have been shut; a longer gap is none of the pattern."""
        if burst is not None:
            open_us = burst.pulses_per_burst * self._period_us - self._period_us // 2
            shut_us = max(0, 1_000_000_000 // burst.burst_frequency_mhz - open_us)
            self._gap_ns = shut_us * 1_000 + RAMP_TICK_NS
        self._lit = False
        """The device has confirmed the burst that is under way."""
        self._dark_ns = self._shut_ns = 0
        """When the last burst that was confirmed ended, and when any did."""
        self._was_open = False
        self._missed = False
        """The burst under way had no output, at its beginning or since: it gets none any more."""
        self._lacks = False
        """More is asked by now than nothing, so the device has less than what is asked."""
        self._sweeps_width = stimulus.width_sweep is not None
        self._sweeps_rate = stimulus.frequency_sweep is not None

    def zero(self) -> None:
        """Output goes to zero: the next climb starts from there."""
        super().zero()
        self._lit = self._was_open = self._missed = self._lacks = False

    @property
    def is_open(self) -> bool:
        """As of any channel; not where a burst that was missed lacks something."""
        return super().is_open and not self._lacks

    def turn_to(self, drive: Level, *, first: bool, at_ns: int | None = None) -> bool:
        """As of any channel; PlanViolation, too, where width or period change without a cleared
        modulation (rules A6, A7)."""
        before = self.drive
        assert isinstance(drive, Drive)
        if isinstance(before, Drive) and (
            (drive.phase_width_us != before.phase_width_us and not self._sweeps_width)
            or (drive.period_us != before.period_us and not self._sweeps_rate)
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

    def climb(self, now_ns: int, plateau: int, gain: int) -> bool:
        """Move the ramp limiter; True while the output still lags behind the plan."""
        self._look_at_gate(now_ns, plateau)
        lags = super().climb(now_ns, plateau, gain)
        # A burst is begun at its beginning or not at all: begun later it could hold a pulse more
        # than the rest of it, which a second that is cleared for whole bursts has no room for.
        in_burst = self._gap_ns is not None and self.drive is not None and self.drive.gate_open
        self._missed = in_burst and not self.amplitude_ua(plateau)
        self._lacks = self._missed and self.on_grid(plateau, self.reach_permille) > 0
        return lags

    def _look_at_gate(self, now_ns: int, plateau: int) -> None:
        """After too long a gap of bursts the output climbs anew (A1, A3).

        A burst that was left out by a stall, swallowed by the driver or lost on the line makes
        such a gap, and so does one that the device never confirmed. The off time of a cycle is
        none, nor is a burst that was missed because it was zero on the device's grid.
        """
        if self._gap_ns is None or self.drive is None:
            return
        was_open, self._was_open = self._was_open, self.drive.gate_open
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

    def amplitude_ua(self, plateau_ua: int) -> int:
        """What the device should put out now, on its grid."""
        drive = self.drive
        if drive is None or not self.covered or not drive.gate_open or not plateau_ua:
            return 0
        if self._missed:
            return 0
        return self.on_grid(plateau_ua, self.reach_permille)

    def on_grid(self, plateau: int, permille: int) -> int:
        return amplitude_of(plateau, permille, self.step_ua)

    def key(self, plateau_ua: int) -> SetPointKey | None:
        """What the device should be told; None for off."""
        amplitude_ua = self.amplitude_ua(plateau_ua)
        if amplitude_ua == 0:
            return None
        drive = self.drive
        assert isinstance(drive, Drive)
        return (self.channel, amplitude_ua, drive.phase_width_us, drive.period_us)

    def key_of_zero(self) -> SetPointKey:
        """The channel with no current, in the rhythm of the plan."""
        return (self.channel, 0, self.cleared.stimulus.pulse.phase_width_us, self._period_us)

    def point(self, key: SetPointKey) -> SetPoint:
        """The genuine set point for a key, made by the clearance once and kept."""
        _, amplitude_ua, width_us, period_us = key
        made = self._made.get((amplitude_ua, width_us, period_us))
        if made is None:
            made = self.cleared.point(amplitude_ua, width_us, period_us)
            self._made[amplitude_ua, width_us, period_us] = made
        return made
