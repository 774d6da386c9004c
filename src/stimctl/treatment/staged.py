"""What a `treatment-v2` file may say: stages that follow each other, and values that change.

Everything of `treatment-v1` that is not named here is the same. Output is zero between two stages.
A stage changes what a role does; what it does not name stays as the channel has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from stimctl.stimulus import PulseShape
from stimctl.stimulus.level import CURRENT
from stimctl.treatment.event_parts import EventsPart, RulePart
from stimctl.treatment.fields import (
    A11,
    DurationUs,
    FrequencyMhz,
    Name,
    Permille,
    SessionUs,
    choice,
    refuse_bare_amplitude,
    unique,
)
from stimctl.treatment.inputs_schema import ActivationPart, InputPart
from stimctl.treatment.law_parts import (
    TAG,
    LevelChange,
    LevelLaw,
    RateLaw,
    WidthLaw,
    table_or_off,
)
from stimctl.treatment.part import Part
from stimctl.treatment.schema import (
    USUAL_DROP_PERMILLE,
    Amplitude,
    CurrentProtocol,
    CyclePart,
    Role,
    SessionBase,
)

OWN = "own"
"""The plateau of a stage that is found by hand in that stage."""
MOST_STAGES = 200
"""Stages of a session at most, repetitions written out (D)."""


class StageWord(StrEnum):
    """What happens in a stage."""

    PROGRAM = "program"
    REST = "rest"
    TUNE = "tune"
    FUNCTIONAL = "functional"
    EVENTS = "events"


class ProtocolClass(StrEnum):
    """Which kinds of stages a file may have."""

    CYCLIC = "cyclic"
    """Pulse trains: program, rest and tune stages."""
    FUNCTIONAL = "functional"
    """The same, and stages that inputs switch."""
    PROCEDURE = "procedure"
    """Single pulses: tune stages with events, events and rest stages."""


class Advance(StrEnum):
    """What ends a stage."""

    TIME = "time"
    OPERATOR = "operator"


class PulseGroup(Part):
    """Each period gives this many pulses in place of one."""

    pulses: Annotated[int, Field(ge=2, le=16)]
    interval_us: DurationUs = Field(alias="interval", ge=500)


class LeadPart(Part):
    """The first pulse of each hold is this group."""

    pulses: Annotated[int, Field(ge=2, le=8)]
    interval_us: DurationUs = Field(alias="interval", ge=500)


class StagedWaveform(Part):
    """Pulse shape, width and rate; a value that changes is a table (see `law_parts`)."""

    shape: Annotated[PulseShape, choice(PulseShape)]
    phase_width: WidthLaw
    second_phase_ratio: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="Second phase so many times longer and lower; asymmetric only."
    )
    interphase_gap_us: DurationUs = Field(default=0, alias="interphase_gap", ge=0)
    frequency: RateLaw | None = Field(
        default=None, description="Required, but not in a procedure: there events have a time."
    )
    nlet: PulseGroup | None = Field(
        default=None, description="A group in each period; the frequency then counts groups."
    )
    lead: LeadPart | None = Field(
        default=None, description="A group as the first pulse of each hold (W22)."
    )
    level: LevelLaw | None = Field(
        default=None, description="The amplitude as a share of the plateau, never above it."
    )


GroupChange = Annotated[
    Annotated[PulseGroup, Tag(TAG + "table")] | Annotated[Literal[False], Tag(TAG + "off")],
    Discriminator(table_or_off),
]


LeadChange = Annotated[
    Annotated[LeadPart, Tag(TAG + "table")] | Annotated[Literal[False], Tag(TAG + "off")],
    Discriminator(table_or_off),
]


class WaveformChange(Part):
    """What a stage changes of a waveform. Its shape and the ratio of its phases stay (A12)."""

    phase_width: WidthLaw | None = None
    frequency: RateLaw | None = None
    nlet: GroupChange | None = None
    lead: LeadChange | None = None
    level: LevelChange | None = None


class ActiveRest(Part):
    """Slow pulses in the off time of a cycle, weaker than those of the on time (W19)."""

    frequency_mhz: FrequencyMhz = Field(alias="frequency", ge=1)
    phase_width_us: DurationUs | None = Field(default=None, alias="phase_width", ge=1)
    level_permille: Permille = Field(default=1000, alias="level", ge=1, le=1000)


class StagedCycle(CyclePart):
    """On and off, with what may happen in the off time."""

    rest: ActiveRest | None = None


CycleChange = Annotated[
    Annotated[StagedCycle, Tag(TAG + "table")] | Annotated[Literal[False], Tag(TAG + "off")],
    Discriminator(table_or_off),
]


class StagedChannel(Role):
    """One role: what one channel of the device does, where a stage says nothing else."""

    amplitude: Annotated[Amplitude, BeforeValidator(refuse_bare_amplitude)]
    waveform: StagedWaveform
    cycle: StagedCycle | None = None
    offset_us: DurationUs | None = Field(
        default=None, alias="offset", ge=0,
        description="In each hold, its pulses come so much later than the common beat (W24).",
    )  # fmt: skip

    @property
    def aim(self) -> Amplitude:
        """What to look for while raising."""
        return self.amplitude


class RoleChange(Part):
    """What a stage changes of one role."""

    waveform: WaveformChange = WaveformChange()
    cycle: CycleChange | None = Field(default=None, description="false: continuous in this stage.")
    level_permille: Permille | None = Field(
        default=None, alias="level", ge=1, le=1000, description="Of a plateau that is carried."
    )


class Turn(NamedTuple):
    """The cycles of a stage that belong to one role: this one of so many."""

    number: int = 0
    of: int = 1


ALWAYS = Turn()


class StagePart(RoleChange):
    """One stage."""

    name: Name
    kind: Annotated[StageWord, choice(StageWord)] = StageWord.PROGRAM
    duration_us: SessionUs = Field(alias="duration", ge=5_000_000)
    advance: Annotated[Advance, choice(Advance)] | None = Field(
        default=None, description="time, or operator: Next ends it earlier. A tune stage: operator."
    )
    roles: Annotated[tuple[Name, ...], AfterValidator(unique)] | None = Field(
        default=None, min_length=1, description="The others are off in it."
    )
    plateau: Name = Field(
        default=OWN,
        description="own: found by hand in this stage; or the name of an earlier stage (A12).",
    )
    role: Mapping[Name, RoleChange] = Field(default={}, description="Changes of one role.")
    one_at_a_time: bool = Field(
        default=False, description="Of a tune stage: its roles are on in turn, one cycle each."
    )
    activation: Mapping[Name, ActivationPart] = Field(
        default={}, description="Of a functional stage: by role, when it is on."
    )
    duty_permille: Permille | None = Field(
        default=None, alias="duty", ge=50, le=800,
        description="Of a functional stage: a role is on in at most so much of any 60 s (W17).",
    )  # fmt: skip
    per_minute: Annotated[int, Field(ge=1, le=120)] | None = Field(
        default=None, description="Of a functional stage: starts of a role in any 60 s at most."
    )
    exclusive: tuple[Annotated[tuple[Name, ...], AfterValidator(unique)], ...] = Field(
        default=(), description="Of a functional stage: roles that are never on together (W18)."
    )
    events: EventsPart | None = Field(default=None, description="Of a procedure: single pulses.")
    rule: RulePart | None = Field(default=None, description="It chooses the level of the events.")
    marks: Annotated[tuple[Name, ...], Field(max_length=20)] = Field(
        default=(), description="Thresholds that are marked by hand in a tune stage, in order."
    )

    @property
    def by_operator(self) -> bool:
        """Whether a person may end it early."""
        usual = Advance.OPERATOR if self.kind is StageWord.TUNE else Advance.TIME
        return (self.advance or usual) is Advance.OPERATOR


class RepeatedStages(Part):
    """Some stages several times."""

    repeat: Annotated[int, Field(ge=1, le=50)]
    stages: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_STAGES)]


class Comfort(Part):
    """What one press of Less takes, and when the face asks whether to raise again."""

    drop_permille: Permille = Field(default=USUAL_DROP_PERMILLE, alias="drop", ge=50, le=500)
    remind: Annotated[int, Field(ge=1, le=50)] | None = None


class StagedSession(SessionBase):
    """How long, in which order, and how often. Its usual length is that of its stages."""

    stretch: Name | None = Field(
        default=None, description="The stage that becomes longer or shorter with the session."
    )
    order: tuple[Name | RepeatedStages, ...] | None = Field(
        default=None, min_length=1, max_length=MOST_STAGES, description="Default: as in the file."
    )
    comfort: Comfort = Comfort()


class StagedProtocol(CurrentProtocol):
    """One treatment protocol with stages: a starting point for a qualified person."""

    schema_id = "treatment-v2"
    title_of_schema = "treatment protocol with stages"
    meant_for = "a treatment protocol in milliampere, for devices with current control"
    scale = CURRENT
    hint = A11

    schema_name: Literal["treatment-v2"] = Field(alias="schema")
    kind: Annotated[ProtocolClass, choice(ProtocolClass)] = Field(
        default=ProtocolClass.CYCLIC, alias="class"
    )
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(
        default=None, description="Required where something is drawn by chance."
    )
    session: StagedSession
    inputs: Annotated[tuple[InputPart, ...], Field(max_length=8)] = Field(
        default=(), description="What starts and ends output in functional stages."
    )
    channels: Annotated[tuple[StagedChannel, ...], Field(min_length=1, max_length=8)]
    stages: Annotated[tuple[StagePart, ...], Field(min_length=1, max_length=50)]

    @property
    def usual_duration_us(self) -> int:
        """That of all stages, repetitions written out."""
        return sum(stage.duration_us for stage in self.written_out())

    @property
    def drop_permille(self) -> int:
        """What one Less takes from every channel (A19)."""
        return self.session.comfort.drop_permille

    @property
    def remind(self) -> int:
        """After so many contractions somebody is asked whether to raise again; 0: never."""
        return self.session.comfort.remind or 0

    def stage(self, name: str) -> StagePart | None:
        """The stage of this name."""
        return next((one for one in self.stages if one.name == name), None)

    def turn(self, stage: StagePart, role: str) -> Turn:
        """When it is a role's turn, in a stage whose roles are on one at a time."""
        if not stage.one_at_a_time:
            return ALWAYS
        names = [
            one.role for one in self.channels if stage.roles is None or one.role in stage.roles
        ]
        return Turn(names.index(role), len(names)) if role in names else ALWAYS

    def written_out(self) -> tuple[StagePart, ...]:
        """The stages in the order of the session, each as often as it comes; names that no stage
        has are left out (the loader refuses them)."""
        order: list[str] = []
        for one in self.session.order or tuple(stage.name for stage in self.stages):
            if isinstance(one, RepeatedStages):
                order += one.stages * one.repeat
            else:
                order.append(one)
        found = (self.stage(name) for name in order[: 10 * MOST_STAGES])
        return tuple(stage for stage in found if stage is not None)
