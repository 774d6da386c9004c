"""What a file of class "functional" says of its inputs, and of the activations that they give.

An input starts and ends output. It never says how strong: that is a plateau found by hand, times a
level of the file (A15).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from stimctl.errors import QuantityError
from stimctl.quantity import parse_scaled
from stimctl.treatment.fields import DurationUs, Name, Permille, choice, unique
from stimctl.treatment.part import Part

TURN = 360_000
"""One turn of a phase input, in thousandths of a degree."""
USUAL_DUTY_PERMILLE = 500
USUAL_PER_MINUTE = 90
USUAL_RATE_MRPM = (10_000, 70_000)
USUAL_LONGEST_US = 5_000_000


class InputKind(StrEnum):
    """What an input is like."""

    EVENT = "event"
    """A moment: a press of a key, a decision of another program."""
    STATE = "state"
    """On or off, such as a switch under a heel."""
    PHASE = "phase"
    """Where something is that goes round, such as a crank."""
    LEVEL = "level"
    """How much of something there is, such as muscle activity."""


class Source(StrEnum):
    """By what way samples of an input may come."""

    KEY = "key"
    LINE = "line"
    API = "api"
    UDP = "udp"
    LSL = "lsl"


class PhaseUnit(StrEnum):
    """In what a phase input counts: 360 deg, or 100 %, are one turn."""

    DEG = "deg"
    PERCENT = "%"


class Edge(StrEnum):
    """A change of a state input."""

    RISE = "rise"
    FALL = "fall"


def _measure(units: dict[str, int], name: str, example: str) -> tuple[BeforeValidator, Any]:
    def read(value: Any) -> int:
        if not isinstance(value, str):
            text = f'has no unit; write text such as "{example}"'
            raise PydanticCustomError("stimctl", "{message}", {"message": text})
        try:
            return parse_scaled(value, units, name=name, example=example)
        except QuantityError as error:
            raise PydanticCustomError("stimctl", "{message}", {"message": str(error)}) from None

    listed = "|".join(units)
    pattern = rf"^(0|[1-9][0-9]*)(\.[0-9]+)? ?({listed})$"
    shown = WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})
    return BeforeValidator(read), shown


RateMrpm = Annotated[int, *_measure({"rpm": 1_000}, "rate", "60 rpm")]
PlaceMdeg = Annotated[int, *_measure({"deg": 1_000, "%": TURN // 100}, "place", "280 deg")]


class InputPart(Part):
    """One input. Which port or stream it is, is said when the session is begun."""

    name: Name
    kind: Annotated[InputKind, choice(InputKind)]
    sources: Annotated[
        tuple[Annotated[Source, choice(Source)], ...], Field(min_length=1), AfterValidator(unique)
    ]
    stale_after_us: DurationUs | None = Field(
        default=None, alias="stale_after", ge=20_000, le=500_000,
        description="Older than this it counts for nothing (K11). Default 100 ms; event 500 ms.",
    )  # fmt: skip
    latency_us: DurationUs = Field(
        alias="latency", ge=30_000, le=500_000,
        description="From the sensor to the first pulse at most; later is late (K15).",
    )  # fmt: skip
    debounce_us: DurationUs | None = Field(
        default=None, alias="debounce", ge=0, le=200_000,
        description="A change of a state counts once it has lasted so long. Default 20 ms.",
    )  # fmt: skip
    unit: Annotated[PhaseUnit, choice(PhaseUnit)] | None = None
    rate_mrpm: tuple[RateMrpm, RateMrpm] | None = Field(
        default=None, alias="rate", description="Outside of it: off (K14). At most 120 rpm."
    )

    @property
    def fresh_for_us(self) -> int:
        """How long one sample counts."""
        usual_us = 500_000 if self.kind is InputKind.EVENT else 100_000
        return self.stale_after_us or usual_us

    @property
    def settles_us(self) -> int:
        """How long a change of a state must last."""
        usual_us = 20_000 if self.kind is InputKind.STATE else 0
        return usual_us if self.debounce_us is None else self.debounce_us

    @property
    def slowest_fastest_mrpm(self) -> tuple[int, int]:
        """The rates of a phase input between which it counts."""
        return self.rate_mrpm or USUAL_RATE_MRPM


class ActivationPart(Part):
    """When one role is on in a functional stage."""

    input: Name
    delay_us: DurationUs = Field(default=0, alias="delay", ge=0, le=2_000_000)
    ramp_up_us: DurationUs = Field(default=200_000, alias="ramp_up", ge=100_000)
    ramp_down_us: DurationUs = Field(default=100_000, alias="ramp_down", ge=0, le=2_000_000)
    longest_us: DurationUs = Field(
        default=USUAL_LONGEST_US, alias="longest", ge=200_000, le=30_000_000,
        description="Each on time ends after it, both ramps included (W17).",
    )  # fmt: skip
    refractory_us: DurationUs = Field(default=200_000, alias="refractory", ge=50_000)
    level_permille: Permille = Field(default=1000, alias="level", ge=1, le=1000)
    on_us: DurationUs | None = Field(
        default=None, alias="on", ge=200_000, le=30_000_000,
        description="Of an event, or of a level: how long it is on.",
    )  # fmt: skip
    start: Annotated[Edge, choice(Edge)] | None = None
    stop: Annotated[Edge, choice(Edge)] | None = None
    extend_us: DurationUs | None = Field(default=None, alias="extend", ge=0, le=2_000_000)
    from_mdeg: PlaceMdeg | None = Field(default=None, alias="from", ge=0, le=TURN)
    to_mdeg: PlaceMdeg | None = Field(default=None, alias="to", ge=0, le=TURN)
    lead_us: DurationUs | None = Field(default=None, alias="lead", ge=0, le=300_000)
    above_permille: Permille | None = Field(default=None, alias="above", ge=1, le=2000)
    below_permille: Permille | None = Field(default=None, alias="below", ge=0, le=2000)

    @property
    def on_at_most_us(self) -> int:
        """How long one on time lasts at most, both ramps included."""
        return min(self.longest_us, self.on_us or self.longest_us)
