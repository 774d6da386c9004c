"""What a protocol file may say: `treatment-v1` for currents, `gated-v1` for external pulses.

The models are strict and frozen and know no extra keys. Field names inside carry their unit
(`duration_us`); the key in the file is the name without it (`duration`). A file describes stimuli
over time and how to find the amplitude with the person; it never holds a current to go to (A11).

A `gated-v1` file is for devices that let through a part of what another unit gives. It has no pulse
shape, width or frequency: those are set on that unit, by hand, and stimctl neither knows nor checks
them. What is left is who gets how much of it, for how long, and how that is found with the person.

An *on* time includes both of its ramps: ramp up, hold and ramp down together are `on` (W5).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from stimctl.stimulus import Cycle, PulseShape, SweepShape
from stimctl.stimulus.level import CURRENT, PERCENT, Level, Scale
from stimctl.treatment.fields import (
    A11,
    A11_PERCENT,
    AreaMm2,
    ContraindicationId,
    Count,
    CurrentUa,
    DurationUs,
    FrequencyMhz,
    IntensityPercent,
    MarkedText,
    Name,
    Permille,
    SessionUs,
    Text,
    Version,
    choice,
    refuse_bare_amplitude,
    refuse_bare_intensity,
    unique,
)
from stimctl.treatment.lock import Lock, Parent
from stimctl.treatment.part import GRADE, Part


class Target(StrEnum):
    """What the person feels or shows at the amplitude to find; never a number."""

    SENSORY_THRESHOLD = "sensory-threshold"
    STRONG_COMFORTABLE = "strong-comfortable"
    MOTOR_THRESHOLD = "motor-threshold"
    STRONG_CONTRACTION = "strong-contraction"
    HIGHEST_TOLERABLE = "highest-tolerable"

    @property
    def moves_muscle(self) -> bool:
        """Whether who reaches it contracts a muscle, so that the rules for muscles hold (W6)."""
        return self in _MOTOR_TARGETS


_MOTOR_TARGETS = frozenset(
    {Target.MOTOR_THRESHOLD, Target.STRONG_CONTRACTION, Target.HIGHEST_TOLERABLE}
)


class Evidence(Part):
    """What is known about the treatment, with how certain each statement is."""

    grade: Annotated[str, Field(pattern=GRADE)] = Field(
        description="A guideline or moderate-certainty review; B randomised trials or "
        "low-certainty review; C conflicting or weak; D technique or expert only; X recommended "
        "against by a major guideline. Two grades where sources differ: B/C."
    )
    lines: Annotated[tuple[MarkedText, ...], Field(min_length=1, max_length=20)] = Field(
        description="One statement each, with its certainty mark: R, R2, M+, M?, D."
    )
    recommended_against: MarkedText | None = Field(
        default=None, description="The guideline's words; required when the grade holds an X."
    )


class Electrodes(Part):
    """Pads per channel: the smallest allowed, how many, where and how far apart."""

    minimum_area_mm2: AreaMm2 = Field(
        alias="minimum_area", ge=1, description="Conductive area of the smallest pad."
    )
    count: Annotated[int, Field(ge=2, le=8)] = Field(
        default=2, description="Pads for each channel."
    )
    placement: Text
    distance: Text | None = None
    size: Text | None = Field(default=None, description="What the sources used, in words.")


class SessionBase(Part):
    """How long a session may be, and how often."""

    shortest_us: SessionUs = Field(
        alias="shortest", ge=1, description="A session may not be set shorter than this."
    )
    longest_us: SessionUs = Field(alias="longest", ge=1)
    studied_from_us: SessionUs | None = Field(
        default=None,
        alias="studied_from",
        ge=1,
        description="Below this, the plan notes that the evidence is about longer sessions.",
    )
    beyond_an_hour: Text | None = Field(
        default=None, description="Why a session may exceed 60 min (N1); never beyond 120 min."
    )
    sessions_per_week: Annotated[int, Field(ge=1, le=70)] | None = None
    weeks: Annotated[int, Field(ge=1, le=104)] | None = None
    schedule: Text | None = None


class Session(SessionBase):
    """How long, and how often."""

    duration_us: SessionUs = Field(alias="duration", ge=1)
    contractions: Count | None = Field(
        default=None, description="Contractions in the default duration; on/off cycles only."
    )


class Aim(Part):
    """What to look for while raising by hand; at most a cap, never a level to go to."""

    target: Annotated[Target, choice(Target, hint=A11)]
    cap: int | None = None
    how: Text | None = Field(default=None, description="How the target is found, in words.")


class Amplitude(Aim):
    """What to look for while raising by hand; at most a cap, never a current to go to."""

    cap: CurrentUa | None = Field(
        default=None,
        ge=1,
        description="The amplitude may not be raised above this. It is a bound, not an aim.",
    )


class Intensity(Aim):
    """What to look for while raising by hand; at most a cap, never an intensity to go to."""

    cap: IntensityPercent | None = Field(
        default=None,
        ge=1,
        le=100,
        description="The intensity may not be raised above this. It is a bound, not an aim.",
    )


class BurstPart(Part):
    """Groups of pulses."""

    pulses: Annotated[int, Field(ge=1, le=1000)] = Field(description="Pulses in each burst.")
    frequency_mhz: FrequencyMhz = Field(alias="frequency", ge=1, description="Bursts per second.")


class FrequencySweep(Part):
    """The frequency wanders between two values and back, once a period."""

    lowest_mhz: FrequencyMhz = Field(alias="lowest", ge=1)
    highest_mhz: FrequencyMhz = Field(alias="highest", ge=1)
    period_us: DurationUs = Field(alias="period", ge=1)
    shape: Annotated[SweepShape, choice(SweepShape)] = SweepShape.TRIANGLE


class PhaseWidthSweep(Part):
    """The phase width wanders between two values and back, once a period."""

    lowest_us: DurationUs = Field(alias="lowest", ge=1)
    highest_us: DurationUs = Field(alias="highest", ge=1)
    period_us: DurationUs = Field(alias="period", ge=1)
    shape: Annotated[SweepShape, choice(SweepShape)] = SweepShape.TRIANGLE


class AmplitudeModulationPart(Part):
    """The amplitude wanders between a share of the hand-set value and that value itself."""

    lowest_permille: Permille = Field(
        alias="lowest", ge=0, le=1000, description="Share of the hand-set value, never above 100 %."
    )
    period_us: DurationUs = Field(alias="period", ge=1)
    shape: Annotated[SweepShape, choice(SweepShape)] = SweepShape.TRIANGLE


class Waveform(Part):
    """Pulse shape and rate. A swept value is given by its sweep alone."""

    shape: Annotated[PulseShape, choice(PulseShape)]
    phase_width_us: DurationUs | None = Field(default=None, alias="phase_width", ge=1)
    second_phase_ratio: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="Second phase so many times longer and lower; asymmetric only."
    )
    interphase_gap_us: DurationUs = Field(default=0, alias="interphase_gap", ge=0)
    frequency_mhz: FrequencyMhz | None = Field(default=None, alias="frequency", ge=1)
    burst: BurstPart | None = None
    frequency_sweep: FrequencySweep | None = None
    phase_width_sweep: PhaseWidthSweep | None = None
    amplitude_modulation: AmplitudeModulationPart | None = None


class CyclePart(Part):
    """On and off. `on` includes both ramps: ramp up + hold + ramp down (W5)."""

    on_us: DurationUs = Field(alias="on", ge=1, description="Includes both ramps.")
    off_us: DurationUs = Field(alias="off", ge=1)
    ramp_up_us: DurationUs = Field(alias="ramp_up", ge=1)
    ramp_down_us: DurationUs = Field(alias="ramp_down", ge=1)
    start_after_us: DurationUs = Field(
        default=0,
        alias="start_after",
        ge=0,
        description="The first on starts this long after the session; for alternating channels.",
    )

    @property
    def on_off(self) -> Cycle:
        """The cycle as a stimulus has it."""
        return Cycle(
            on_us=self.on_us,
            off_us=self.off_us,
            ramp_up_us=self.ramp_up_us,
            ramp_down_us=self.ramp_down_us,
        )


class Role(Part):
    """One role: what one channel of the device does, on any scale."""

    role: Name
    sites: Annotated[tuple[Name, ...], AfterValidator(unique)] = Field(
        default=(), description="Suggestions; the person at the device chooses."
    )
    motor: bool = Field(
        description="Whether the stimulus moves a muscle; true for the targets motor-threshold, "
        "strong-contraction and highest-tolerable."
    )
    antagonist_of: Name | None = Field(
        default=None, description="A role on the same joint; the on times may not overlap (W10)."
    )
    cycle: CyclePart | None = None

    @property
    def aim(self) -> Aim:
        """What the role is raised to, and how that is found."""
        raise NotImplementedError

    @property
    def moves_muscle(self) -> bool:
        """Whether a muscle moves: the target decides, whatever `motor` says."""
        return self.motor or self.aim.target.moves_muscle

    @property
    def on_off(self) -> Cycle | None:
        """The cycle as a stimulus has it."""
        return None if self.cycle is None else self.cycle.on_off

    @property
    def begins_us(self) -> int:
        """When the first on time begins."""
        return self.cycle.start_after_us if self.cycle else 0


class Channel(Role):
    """One role: what one channel of the device does."""

    amplitude: Annotated[Amplitude, BeforeValidator(refuse_bare_amplitude)]
    waveform: Waveform

    @property
    def aim(self) -> Amplitude:
        """What to look for while raising."""
        return self.amplitude


class PercentRole(Role):
    """One role: what one channel of the device does."""

    intensity: Annotated[Intensity, BeforeValidator(refuse_bare_intensity)]

    @property
    def aim(self) -> Intensity:
        """What to look for while raising."""
        return self.intensity


class External(Part):
    """The unit whose pulses are let through, in words: stimctl cannot check any of it."""

    unit: Text = Field(description="What kind of unit it must be.")
    settings: Text = Field(description="What is set on it before anything is connected.")
    dial: Text = Field(description="How its own amplitude dial is set, and when it may be moved.")


USUAL_DROP_PERMILLE = 100
"""A tenth (D)."""


class ProtocolBase(Part):
    """A protocol file of any schema. Levels are on `scale`; `title_of_schema` names the kind."""

    schema_id: ClassVar[str]
    title_of_schema: ClassVar[str]
    meant_for: ClassVar[str]
    scale: ClassVar[Scale[Any]]
    hint: ClassVar[str]
    """Why the file holds no level to go to."""

    schema_name: str = Field(alias="schema")
    id: Name = Field(description="The file's name without .toml.")
    version: Version
    title: Text
    purpose: Text
    sources: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]
    contraindications: Annotated[tuple[ContraindicationId, ...], AfterValidator(unique)]
    cautions: tuple[Text, ...] = ()
    outcomes: tuple[Text, ...] = ()
    co_contraction: bool = Field(
        default=False, description="Antagonists may be on at the same time (W10)."
    )
    locked: Lock | None = None
    parent: Parent | None = None
    evidence: Evidence
    electrodes: Electrodes
    session: SessionBase
    channels: tuple[Role, ...]

    @property
    def usual_duration_us(self) -> int:
        """How long a session is where nobody says anything else."""
        raise NotImplementedError

    @property
    def drop_permille(self) -> int:
        """What one Less takes from every channel (A19)."""
        return USUAL_DROP_PERMILLE

    @property
    def remind(self) -> int:
        """After so many contractions somebody is asked whether to raise again; 0: never."""
        return 0

    def cap_of(self, role: Role) -> Level[Any] | None:
        """The file's own bound on a role."""
        return None if role.aim.cap is None else Level(self.scale, role.aim.cap)


class UnstagedProtocol(ProtocolBase):
    """A file without stages."""

    session: Session

    @property
    def usual_duration_us(self) -> int:
        """As the file has it."""
        return self.session.duration_us


class CurrentProtocol(ProtocolBase):
    """A file for devices with current control, of whichever schema."""


class TreatmentProtocol(UnstagedProtocol, CurrentProtocol):
    """One treatment protocol: a starting point for a qualified person, not a prescription."""

    schema_id = "treatment-v1"
    title_of_schema = "treatment protocol"
    meant_for = "a treatment protocol in milliampere, for devices with current control"
    scale = CURRENT
    hint = A11

    schema_name: Literal["treatment-v1"] = Field(alias="schema")
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=8)]


class PercentProtocol(UnstagedProtocol):
    """One file for external pulses: a starting point for a qualified person."""

    schema_id = "gated-v1"
    title_of_schema = "protocol for external pulses"
    meant_for = "a file for external pulses, for devices without current control"
    scale = PERCENT
    hint = A11_PERCENT

    schema_name: Literal["gated-v1"] = Field(alias="schema")
    external: External
    channels: Annotated[tuple[PercentRole, ...], Field(min_length=1, max_length=8)]
