"""What a run needs of its plan and device: tracks, output and plateaus, for each kind of device."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from stimctl.devices.driver import (
    DeviceDriver,
    Driver,
    GateDriver,
    is_current_source,
    is_gate,
)
from stimctl.devices.events import Acked, AckedOvertaken, Doing, GateAcked, GatePartAcked
from stimctl.session.acknowledged import Point
from stimctl.session.budget import flow_of
from stimctl.session.config import RAMP_MIN_US
from stimctl.session.gate_output import GateOutput
from stimctl.session.gate_track import GateTrack
from stimctl.session.output import Output
from stimctl.session.plateaus import PlanViolation, Plateau
from stimctl.session.ramp_limiter import RampLimiter
from stimctl.session.told import Told
from stimctl.session.track import Track
from stimctl.stimulus import Cycle
from stimctl.stimulus.level import CURRENT, PERCENT, AnyScale
from stimctl.treatment.program import (
    AnyPlan,
    CurrentChannel,
    CurrentPlan,
    PercentPlan,
    in_percent,
    makes_current,
)

Accepted = Acked | AckedOvertaken | GateAcked | GatePartAcked


class Kit(ABC):
    """One plan on one driver. PlanViolation where they do not fit, or a ramp is too short."""

    scale: AnyScale
    tracks: Sequence[RampLimiter]
    output: Told[Any]

    @abstractmethod
    def most(self) -> int:
        """What the plan gives at most: its cleared outputs from beginning to end (H39)."""

    @abstractmethod
    def plateaus(self, *, scripted: bool) -> list[Plateau]:
        """A plateau for each channel, at zero."""

    @abstractmethod
    def tell(self, now_ns: int, plateaus: Mapping[int, int]) -> bool:
        """Tell the device where every channel is now; True where that was something new."""

    @abstractmethod
    def accepted(self, now_ns: int, event: Accepted) -> None:
        """The device has accepted something."""

    @abstractmethod
    def points(self, event: Accepted) -> list[Point] | None:
        """What the device does from now on; None where the event says nothing of that."""


class CurrentKit(Kit):
    """For a source of current."""

    def __init__(self, plan: CurrentPlan, driver: Driver) -> None:
        for one in plan.channels:
            _check_ramp(one.channel, one.stimulus.cycle)
        self.scale = CURRENT
        self._plan = plan
        self.tracks: tuple[Track, ...] = tuple(Track(one) for one in plan.channels)
        self.output: Output = Output(driver, {track.channel: track for track in self.tracks})

    def most(self) -> int:
        flow = sum(_most_flow(one) for one in self._plan.channels)
        return flow * self._plan.duration_us

    def plateaus(self, *, scripted: bool) -> list[Plateau]:
        return [
            Plateau(one.channel, one.most, one.step, CURRENT, scripted=scripted)
            for one in self._plan.channels
        ]

    def tell(self, now_ns: int, plateaus: Mapping[int, int]) -> bool:
        keys = (track.key(plateaus[track.channel]) for track in self.tracks)
        return self.output.tell(now_ns, tuple(key for key in keys if key is not None), plateaus)

    def accepted(self, now_ns: int, event: Accepted) -> None:
        if isinstance(event, Acked):
            self.output.accepted(now_ns, event)
        elif isinstance(event, AckedOvertaken):
            self.output.overtaken(now_ns, event)

    def points(self, event: Accepted) -> list[Point] | None:
        if isinstance(event, GateAcked | GatePartAcked) or (
            isinstance(event, Acked) and event.what is not Doing.APPLY
        ):
            return None
        groups = {one.channel: one.cleared.group for one in self._plan.channels}
        found = []
        for one in event.channels:
            group = groups.get(one.channel)
            each = 1 if group is None else group.pulses
            found.append(
                Point(one.channel, one.amplitude_ua, one.phase_width_us, one.period_us, each)
            )
        return found


class GateKit(Kit):
    """For a device that lets through a part of what another one gives."""

    def __init__(self, plan: PercentPlan, driver: GateDriver) -> None:
        for one in plan.channels:
            _check_ramp(one.channel, one.cycle)
        self.scale = PERCENT
        self._plan = plan
        self.tracks: tuple[GateTrack, ...] = tuple(GateTrack(one) for one in plan.channels)
        self.output: GateOutput = GateOutput(
            driver, {track.channel: track for track in self.tracks}
        )

    def most(self) -> int:
        flows = (_on_share(flow_of(one.most, 1, 1), one.cycle) for one in self._plan.channels)
        return sum(flows) * self._plan.duration_us

    def plateaus(self, *, scripted: bool) -> list[Plateau]:
        return [
            Plateau(one.channel, one.most, one.step, PERCENT, scripted=scripted)
            for one in self._plan.channels
        ]

    def tell(self, now_ns: int, plateaus: Mapping[int, int]) -> bool:
        keys = (track.key(plateaus[track.channel]) for track in self.tracks)
        return self.output.tell(now_ns, tuple(key for key in keys if key is not None), plateaus)

    def accepted(self, now_ns: int, event: Accepted) -> None:
        if isinstance(event, GateAcked):
            self.output.echoed(now_ns, event)
        elif isinstance(event, GatePartAcked):
            self.output.echoed_in_part(now_ns, event)

    def points(self, event: Accepted) -> list[Point] | None:
        if not isinstance(event, GateAcked | GatePartAcked):
            return None
        return [Point(one.channel, one.intensity_percent) for one in event.channels]


def kit_for(plan: AnyPlan, driver: DeviceDriver) -> Kit:
    """The kit of a plan. PlanViolation where the driver is not of its kind."""
    if makes_current(plan):
        if is_current_source(driver):
            return CurrentKit(plan, driver)
    elif in_percent(plan) and is_gate(driver):
        return GateKit(plan, driver)
    raise PlanViolation(f"{plan.protocol.id} is not for a device such as {driver.sheet.family}")


def _most_flow(one: CurrentChannel) -> int:
    """Of a channel at its cleared amplitude, its widest and fastest pulses, its cycle's on time."""
    stimulus = one.stimulus
    flow = flow_of(one.most, stimulus.widest_phase_us, one.period_us)
    flow *= one.pulses_a_period
    burst = one.host_burst
    if burst is not None:
        each_us = burst.pulses_per_burst * one.period_us  # of a pattern that repeats
        flow = min(flow, flow * each_us * burst.burst_frequency_mhz // 1_000_000_000)
    return _on_share(flow, stimulus.cycle)


def _on_share(flow: int, cycle: Cycle | None) -> int:
    return flow if cycle is None else flow * cycle.on_us // cycle.period_us


def _check_ramp(channel: int, cycle: Cycle | None) -> None:
    if cycle is not None and cycle.ramp_up_us < RAMP_MIN_US:
        raise PlanViolation(f"the ramp of channel {channel} is shorter than 0.5 s")
