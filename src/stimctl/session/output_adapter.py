"""What a run needs of its plan and device: tracks, output and plateaus, on the plan's scale."""

from collections.abc import Mapping

from stimctl.devices.driver import AnyDriver
from stimctl.devices.events import AckedOvertaken, ChannelSet, Doing
from stimctl.session.budget import flow_of
from stimctl.session.commanded_output import Accepted, CommandedOutput
from stimctl.session.config import QUICK_RAMP_US, RAMP_MIN_US
from stimctl.session.ladder import Ladder
from stimctl.session.plateaus import PlanViolation, Plateau
from stimctl.session.track import Track
from stimctl.stimulus.level import CURRENT
from stimctl.treatment.program import AnyPlan, CurrentChannel, PlanChannel, Stage
from stimctl.treatment.switching import Switch
from stimctl.treatment.timeline import contraction_starts


class OutputAdapter:
    """One plan on one driver. PlanViolation where they do not fit, or a ramp is too short."""

    def __init__(self, plan: AnyPlan, driver: AnyDriver, too_much: Ladder | None = None) -> None:
        """`too_much`: knows above what nobody goes any more in this session."""
        if plan.scale is not driver.sheet.scale:
            raise PlanViolation(
                f"{plan.protocol.id} is not for a device such as {driver.sheet.family}"
            )
        for one in (one for stage in plan.stages for one in stage.channels):
            if one.cycle is not None and one.cycle.ramp_up_us < RAMP_MIN_US:
                raise PlanViolation(f"the ramp of channel {one.channel} is shorter than 0.5 s")
        for switch in (one for stage in plan.stages for one in switches_of(stage)):
            if switch.timing.ramp_up_us < QUICK_RAMP_US:
                raise PlanViolation("a ramp of functional output is shorter than 0.1 s")
        self.scale = plan.scale
        self._plan = plan
        self._too_much = too_much
        self.tracks = tuple(Track(one) for one in plan.channels)
        self.output = CommandedOutput(driver, {track.channel: track for track in self.tracks})

    def most(self) -> int:
        """What the plan gives at most: its cleared outputs from beginning to end (H39)."""
        return sum(_most_of(stage, one) for stage in self._plan.stages for one in stage.channels)

    def plateaus(self, *, scripted: bool) -> list[Plateau]:
        """A plateau for each channel, at zero; none above what was too much in this session."""
        plateaus = [
            Plateau(one.channel, one.most, one.step, self.scale, scripted=scripted)
            for one in self._plan.channels
        ]
        # It was said of a current: of percents of a device's own scale it says nothing.
        caps = self._too_much if self.scale is CURRENT else None
        return plateaus if caps is None else caps.caps(plateaus)

    def tell(self, now_ns: int, plateaus: Mapping[int, int]) -> bool:
        """Tell the device where every channel is now; True where that was something new."""
        keys = (track.key(plateaus[track.channel]) for track in self.tracks)
        return self.output.tell(now_ns, tuple(key for key in keys if key is not None), plateaus)

    def sets(self, event: Accepted) -> tuple[ChannelSet, ...] | None:
        """What the device does from now on; None where the event says nothing of that."""
        if isinstance(event, AckedOvertaken) or event.what is Doing.APPLY:
            return event.channels
        return None


def switches_of(stage: Stage[PlanChannel]) -> tuple[Switch, ...]:
    """What inputs switch in a stage."""
    return () if stage.switching is None else tuple(stage.switching.switches.values())


def _most_of(stage: Stage[PlanChannel], one: PlanChannel) -> int:
    """Of a channel in a stage at its cleared output: its widest and fastest pulses in the on times
    that the stage has room for (W14), and slow pulses in the off times."""
    flow = flow_of(one.most, 1, 1)
    if isinstance(one, CurrentChannel):
        flow = flow_of(one.most, one.stimulus.widest_phase_us, one.period_us) * one.pulses_a_period
        burst = one.host_burst
        if burst is not None:
            each_us = burst.pulses_per_burst * one.period_us  # of a pattern that repeats
            flow = min(flow, flow * each_us * burst.burst_frequency_mhz // 1_000_000_000)
    window = one.stimulus.window if isinstance(one, CurrentChannel) else None
    if window is not None:
        return flow * stage.duration_us * window.duty_permille // 1_000
    if one.cycle is None:
        return flow * stage.duration_us
    times = len(contraction_starts(stage, one))
    rest = one.stimulus.rest if isinstance(one, CurrentChannel) else None
    resting = 0
    if rest is not None:
        period_us = stage.sheet.bounds.quantise_period_up_us(rest.frequency_mhz)
        level = one.most * rest.level_permille // 1000
        resting = flow_of(level, rest.phase_width_us, period_us)
    leads = 0
    if isinstance(one, CurrentChannel) and one.cleared.lead is not None:
        more = one.cleared.lead.pulses - 1
        leads = flow_of(one.most, one.stimulus.widest_phase_us, 1) * more
    return times * (flow * one.cycle.on_us + resting * one.cycle.off_us + leads)
