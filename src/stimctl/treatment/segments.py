"""What one role does in one stage of a `treatment-v2` file, and the stimulus of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from stimctl.stimulus import Burst, Cycle, Pulse, PulseShape, Stimulus, Sweep
from stimctl.stimulus.jitter import Jitter
from stimctl.stimulus.laws import Drawn, Law, Turns
from stimctl.stimulus.modulation import Lead, Rest, Window
from stimctl.stimulus.stream import seed_for
from stimctl.treatment.event_parts import EventsPart
from stimctl.treatment.inputs_schema import (
    USUAL_DUTY_PERMILLE,
    USUAL_PER_MINUTE,
    ActivationPart,
)
from stimctl.treatment.law_parts import (
    JitterLaw,
    LevelLaw,
    ListLaw,
    RandomLaw,
    RateLaw,
    Since,
    SweepLaw,
    WidthLaw,
)
from stimctl.treatment.staged import (
    ALWAYS,
    LeadPart,
    PulseGroup,
    RoleChange,
    StagedChannel,
    StagedCycle,
    StagedProtocol,
    StagePart,
    StageWord,
    Turn,
)

_US_MHZ = 10**9
_ONE_HZ_MHZ = 1_000


class SegmentWaveform(NamedTuple):
    """The waveform of a role with what its stage says of it. Units as in `StagedWaveform`."""

    shape: PulseShape
    phase_width: WidthLaw
    second_phase_ratio: int
    interphase_gap_us: int
    frequency: RateLaw | None
    nlet: PulseGroup | None
    lead: LeadPart | None
    level: LevelLaw | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A role in a stage. `place`: how many stages of the session come before it."""

    role: StagedChannel
    stage: StagePart
    place: int
    waveform: SegmentWaveform
    cycle: StagedCycle | None
    level_permille: int
    turn: Turn = ALWAYS
    """The cycles that are its own, where roles are on one at a time."""

    @property
    def on_off(self) -> Cycle | None:
        """The cycle as a stimulus has it; with turns, the cycles of other roles are off time."""
        cycle = None if self.cycle is None else self.cycle.on_off
        if cycle is None or self.turn.of == 1:
            return cycle
        off_us = self.turn.of * cycle.period_us - cycle.on_us
        return Cycle(**dict(cycle) | {"off_us": off_us})

    @property
    def begins_us(self) -> int:
        """When the first on time begins, after the stage's time of zero."""
        if self.cycle is None:
            return 0
        return self.cycle.start_after_us + self.turn.number * (self.cycle.on_us + self.cycle.off_us)

    @property
    def activation(self) -> ActivationPart | None:
        """What an input makes of it; None where time does."""
        return self.stage.activation.get(self.role.role)


def segment_in(
    protocol: StagedProtocol, place: int, stage: StagePart, role: StagedChannel
) -> Segment | None:
    """What the role does in the stage; None where it is off."""
    one = segment_of(stage, place, role)
    return None if one is None else replace(one, turn=protocol.turn(stage, role.role))


def segment_of(stage: StagePart, place: int, role: StagedChannel) -> Segment | None:
    """The same without regard to turns."""
    if stage.kind is StageWord.FUNCTIONAL and role.role not in stage.activation:
        return None
    if stage.kind is StageWord.REST or (stage.roles is not None and role.role not in stage.roles):
        return None
    as_file = (getattr(role.waveform, name) for name in SegmentWaveform._fields)
    waveform, cycle, level = SegmentWaveform(*as_file), role.cycle, 1000
    for change in (stage, stage.role.get(role.role)):
        if change is not None:
            waveform = _changed(waveform, change)
            cycle = _cycle(cycle, change)
            level = change.level_permille or level
    if stage.kind is StageWord.FUNCTIONAL:
        cycle = None  # an input takes its place
    if stage.events is not None:
        waveform = waveform._replace(frequency=event_rate_mhz(stage.events))
    return Segment(role, stage, place, waveform, cycle, level)


def event_rate_mhz(events: EventsPart) -> int:
    """The fastest rate of single events; of rarer ones one a second, as the worst second has it."""
    return max(_ONE_HZ_MHZ, -(-_US_MHZ // events.shortest_us))


def _changed(waveform: SegmentWaveform, change: RoleChange) -> SegmentWaveform:
    """The waveform with what a stage says of it, key by key."""
    named = change.waveform.model_fields_set
    values: dict[str, Any] = {name: getattr(change.waveform, name) or None for name in named}
    return waveform._replace(**values)


def _cycle(cycle: StagedCycle | None, change: RoleChange) -> StagedCycle | None:
    if change.cycle is False:
        return None
    return change.cycle or cycle


def stimulus_of_segment(protocol: StagedProtocol, one: Segment, amplitude_ua: int) -> Stimulus:
    """The stimulus at `amplitude_ua` (uA). Raises pydantic's ValidationError.

    A value that changes counts as its highest, so that every limit is judged at the worst corner
    (W20).
    """
    laws = _Laws(protocol.seed or 0, one)
    frequency_mhz, rate = laws.of("frequency", one.waveform.frequency)
    width_us, width = laws.of("phase_width", one.waveform.phase_width)
    _, level = laws.of("level", one.waveform.level)
    group, burst, lead = one.waveform.nlet, None, one.waveform.lead
    if group is not None:
        burst = Burst(
            pulses_per_burst=group.pulses,
            burst_frequency_mhz=frequency_mhz,
            interval_us=group.interval_us,
        )
        frequency_mhz = -(-_US_MHZ // group.interval_us)
    return Stimulus(
        pulse=Pulse(
            shape=one.waveform.shape,
            amplitude_ua=amplitude_ua,
            phase_width_us=width_us,
            interphase_gap_us=one.waveform.interphase_gap_us,
            second_phase_ratio=one.waveform.second_phase_ratio,
        ),
        frequency_mhz=frequency_mhz,
        burst=burst,
        frequency_sweep=rate,
        width_sweep=width,
        amplitude_modulation=level,
        cycle=one.on_off,
        rest=_rest(one, width_us),
        window=_window(one),
        lead=None if lead is None else Lead(pulses=lead.pulses, interval_us=lead.interval_us),
        motor=one.role.moves_muscle,
    )


def _rest(one: Segment, width_us: int) -> Rest | None:
    part = None if one.cycle is None else one.cycle.rest
    if part is None:
        return None
    return Rest(
        frequency_mhz=part.frequency_mhz,
        phase_width_us=part.phase_width_us or width_us,
        level_permille=part.level_permille,
    )


def _window(one: Segment) -> Window | None:
    """What bounds a role that an input switches (W17)."""
    part, stage = one.activation, one.stage
    if part is None or stage.kind is not StageWord.FUNCTIONAL:
        return None
    return Window(
        longest_us=part.on_at_most_us,
        refractory_us=part.refractory_us,
        duty_permille=stage.duty_permille or USUAL_DUTY_PERMILLE,
        per_minute=stage.per_minute or USUAL_PER_MINUTE,
    )


class _Laws:
    """The laws of one role in one stage. What is drawn is a sequence of its own for each use."""

    def __init__(self, seed: int, one: Segment) -> None:
        self._rate = one.waveform.frequency
        self._seed = seed
        self._names = (one.stage.name, str(one.place), one.role.role)

    def of(self, use: str, value: Any) -> tuple[int, Any]:
        """The highest value, and the law where it changes."""
        law: Law
        if isinstance(value, SweepLaw):
            law = self._sweep(value)
        elif isinstance(value, ListLaw):
            law = self._list(value)
        elif isinstance(value, RandomLaw):
            low, high = sorted(value.between)
            law = Drawn(
                lowest=low, highest=high, dwell_us=value.dwell_us,
                seed=seed_for(self._seed, *self._names, use), since_on=value.since is Since.ON,
            )  # fmt: skip
        elif isinstance(value, JitterLaw):
            jitter = Jitter(
                interval_us=value.interval_us, jitter_us=value.jitter_us,
                seed=seed_for(self._seed, *self._names, use),
            )  # fmt: skip
            return jitter.highest, jitter
        else:
            return value or 0, None
        return law.highest, law

    def _sweep(self, value: SweepLaw[int]) -> Sweep:
        leads = self._rate if value.follows and isinstance(self._rate, SweepLaw) else value
        begins, ends = value.sweep
        return Sweep(
            lowest=min(begins, ends), highest=max(begins, ends), period_us=leads.period_us or 0,
            shape=leads.shape, falls=begins > ends,
        )  # fmt: skip

    def _list(self, value: ListLaw[int]) -> Turns:
        leads = self._rate if value.follows and isinstance(self._rate, ListLaw) else value
        dwells, count = leads.dwell_us, len(value.values)
        once = isinstance(dwells, tuple)
        return Turns(
            values=value.values,
            dwells_us=dwells if isinstance(dwells, tuple) else (dwells or 0,) * count,
            once=once, since_on=leads.since is Since.ON,
        )  # fmt: skip
