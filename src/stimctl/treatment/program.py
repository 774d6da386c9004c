"""A compiled plan as data: who does what, for how long, within which limits, and its digest.

A plan carries its scale. What every plan has stands in `Plan` and `PlanChannel`; of a plan in
milliampere the pulses are known, too. The two kinds are different types, so that nothing that
needs a current takes a percent.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeGuard, TypeVar

from pydantic import BaseModel

from stimctl.devices.sheet import CapabilitySheet
from stimctl.quantity import format_duration
from stimctl.safety import Clearance, Cleared, ClearedIntensity, Electrode
from stimctl.stimulus import Burst, Cycle, Stimulus
from stimctl.stimulus.level import CURRENT, PERCENT, AnyScale, Level
from stimctl.treatment.event_plan import StageEvents
from stimctl.treatment.schema import ProtocolBase
from stimctl.treatment.switching import Switching

K = TypeVar("K")

MAIN_STAGE = "main"
"""The name of the only stage of a plan that has no others."""


class StageKind(StrEnum):
    """What happens in a stage."""

    PROGRAM = "program"
    """Pulses as the file has them, up to plateaus that a hand finds."""
    REST = "rest"
    """No output."""
    TUNE = "tune"
    """Plateaus are found by hand, for the stages that follow."""
    FUNCTIONAL = "functional"
    """Inputs switch the channels, at plateaus that were found before."""
    EVENTS = "events"
    """Single pulses at levels of a list, or that a rule chooses."""


@dataclass(frozen=True, slots=True)
class ChannelSetup(Generic[K]):
    """What the operator says about one device channel.

    `most`: what the raise goes to at most, on the device's grid; 0 is allowed and means a session
    without output on this channel.
    """

    channel: int
    most: Level[K]
    electrode: Electrode


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChannel:
    """One device channel of a plan. `motor`: it moves a muscle."""

    channel: int
    role: str
    setup: ChannelSetup[Any]
    cleared: Clearance[Any, Any]
    motor: bool
    cycle: Cycle | None = None
    start_after_us: int = 0
    notes: tuple[str, ...] = ()

    @property
    def most(self) -> int:
        """Where the raise ends at most, in the unit of the plan's scale."""
        return self.cleared.most

    @property
    def step(self) -> int:
        """One step of the device."""
        return self.cleared.step


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentChannel(PlanChannel):
    """A channel of a current source. `stimulus` is the cleared one, `period_us` what the device
    makes of its highest frequency (never shorter than asked)."""

    cleared: Cleared
    stimulus: Stimulus
    period_us: int
    width_step_us: int
    offset_us: int | None = None
    """In each hold its train begins anew, so long after it; None: it goes on."""
    round_us: int = 0
    """After so long at a plateau every value of a law that changes much was met (A20); else 0."""

    @property
    def host_burst(self) -> Burst | None:
        """The bursts that the host opens and closes; None where the device makes them itself."""
        return None if self.cleared.group is not None else self.stimulus.burst

    @property
    def pulses_a_period(self) -> int:
        """How many pulses the device gives in each period."""
        group = self.cleared.group
        return 1 if group is None else group.pulses

    @property
    def pulses_at_once(self) -> int:
        """The most pulses that it gives in one period, in the lead of a hold."""
        lead = self.cleared.lead
        return self.pulses_a_period if lead is None else lead.pulses


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentChannel(PlanChannel):
    """A channel that lets through a part of what another unit gives: its pulses are not known."""

    cleared: ClearedIntensity


C = TypeVar("C", bound=PlanChannel, covariant=True)


@dataclass(frozen=True, slots=True)
class Carried:
    """A channel of a stage begins with the plateau of an earlier stage, times `level_permille`.

    Rule A12: the waveform of this stage is at that level at no time stronger than the one with
    which the plateau was found.
    """

    stage: int
    level_permille: int = 1000

    def plateau(self, found: int, step: int) -> int:
        """What becomes of the plateau that was found there, down to the grid of the device."""
        carried = found * self.level_permille // 1000
        return carried - carried % step


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Generic[C]):
    """A part of a plan in which every channel keeps its waveform and cycle.

    It lasts from `start_us` of the plan for `duration_us`; the first `zero_us` of it, all channels
    are off. Channels of the plan that are not in `channels` are off in it. `carried` says by
    channel where a plateau comes from; the others begin at zero. `ends_by_operator`: a person may
    end it earlier. `switching`: which inputs switch it; None where time does.
    """

    number: int
    name: str
    kind: StageKind
    sheet: CapabilitySheet
    channels: tuple[C, ...]
    every_channel: tuple[int, ...]
    start_us: int
    duration_us: int
    zero_us: int = 0
    carried: Mapping[int, Carried] = field(default_factory=lambda: MappingProxyType({}))
    ends_by_operator: bool = False
    switching: Switching | None = None
    events: StageEvents | None = None
    """Single pulses in the place of trains."""

    @property
    def end_us(self) -> int:
        """When it ends, in plan time."""
        return self.start_us + self.duration_us

    @property
    def output_from_us(self) -> int:
        """From when on, in plan time, there may be output."""
        return self.start_us + self.zero_us

    def channel(self, number: int) -> C | None:
        """What device channel `number` does in it; None where it is off."""
        return next((one for one in self.channels if one.channel == number), None)


@dataclass(frozen=True, slots=True, repr=False)
class Plan(Generic[C]):
    """A protocol file compiled for one device, one set of electrodes, one person's limits.

    `channels` are those of the device that it uses, each with the strongest of what it does.
    `named_stages` are those of the file; a file without any has one stage that is all of it.
    """

    protocol: ProtocolBase
    sheet: CapabilitySheet
    channels: tuple[C, ...]
    duration_us: int
    notes: tuple[str, ...] = ()
    named_stages: tuple[Stage[C], ...] = ()

    @property
    def stages(self) -> tuple[Stage[C], ...]:
        """What follows each other, with zero between them; one at least."""
        if self.named_stages:
            return self.named_stages
        numbers = tuple(one.channel for one in self.channels)
        whole = Stage(
            number=0, name=MAIN_STAGE, kind=StageKind.PROGRAM, sheet=self.sheet,
            channels=self.channels, every_channel=numbers, start_us=0,
            duration_us=self.duration_us,
        )  # fmt: skip
        return (whole,)

    @property
    def scale(self) -> AnyScale:
        """In what its levels are counted."""
        return self.protocol.scale

    @property
    def drop_permille(self) -> int:
        """What one Less takes from every channel (A19)."""
        return self.protocol.drop_permille

    @property
    def remind(self) -> int:
        """After so many contractions somebody is asked whether to raise again; 0: never."""
        return self.protocol.remind

    def channel(self, number: int) -> C:
        """The plan's part for device channel `number`; KeyError where it has none."""
        for one in self.channels:
            if one.channel == number:
                return one
        raise KeyError(number)

    def stage_at(self, t_us: int) -> Stage[C]:
        """The stage that plan time `t_us` lies in; at its end and after, the last one."""
        stages = self.stages
        return next((one for one in stages if t_us < one.end_us), stages[-1])

    def __repr__(self) -> str:
        numbers = ", ".join(str(one.channel) for one in self.channels)
        return (
            f"<Plan {self.protocol.id} on {self.sheet.family}, channels {numbers}, "
            f"{format_duration(self.duration_us)}>"
        )

    def digest(self) -> str:
        """SHA-256 (hex) of everything that decides what the plan does, and within which limits."""
        content = {
            "protocol": plain(self.protocol),
            "sheet": plain(self.sheet),
            "channels": [_decisive(one) for one in self.channels],
            "duration_us": self.duration_us,
            "stages": [_decisive_stage(one) for one in self.stages],
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


AnyPlan = Plan[PlanChannel]
CurrentPlan = Plan[CurrentChannel]
PercentPlan = Plan[PercentChannel]


def makes_current(plan: AnyPlan) -> TypeGuard[CurrentPlan]:
    """Whether the pulses of a plan are known, and its levels are currents."""
    return plan.scale is CURRENT


def gives_events(plan: AnyPlan) -> bool:
    """Whether a plan is a procedure: single pulses only, none of them in a train."""
    return any(stage.events is not None for stage in plan.stages)


def input_names(plan: AnyPlan) -> frozenset[str]:
    """The inputs that switch its output."""
    switched = (one.switching for one in plan.stages if one.switching is not None)
    return frozenset(spec.name for one in switched for spec in one.inputs)


def of_currents(stage: Stage[PlanChannel]) -> TypeGuard[Stage[CurrentChannel]]:
    """Whether the pulses of a stage are known."""
    return stage.sheet.scale is CURRENT


def in_percent(plan: AnyPlan) -> TypeGuard[PercentPlan]:
    """Whether its levels are percents of a device's own scale."""
    return plan.scale is PERCENT


def _decisive(one: PlanChannel) -> dict[str, Any]:
    """What of a channel decides what a plan does; its clearance is there by its limits."""
    names = {field.name for field in dataclasses.fields(one)} - {"cleared", "notes"}
    values = {name: plain(getattr(one, name)) for name in names}
    return values | {"limits": one.cleared.digest(), "most": one.most, "step": one.step}


def _decisive_stage(stage: Stage[Any]) -> dict[str, Any]:
    """What of a stage decides what a plan does."""
    names = {field.name for field in dataclasses.fields(stage)} - {"sheet", "channels"}
    names -= {"events"} if stage.events is None else set()
    values = {name: plain(getattr(stage, name)) for name in names}
    return values | {"channels": [_decisive(one) for one in stage.channels]}


_PLAIN = frozenset({type(None), bool, int, float, str})


def plain(value: Any) -> Any:
    """`value` as JSON-able data whose text does not depend on the process (sets are sorted)."""
    if type(value) in _PLAIN:  # most are; an Enum may be a str, but is of its own type
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Level):
        return {"level": value.value, "unit": value.scale.unit}
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
