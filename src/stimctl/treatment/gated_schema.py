"""What a file for external pulses may say: schema `gated-v1`.

For devices that let through a part of what another unit gives. The file has no pulse shape, width
or frequency: those are set on that unit, by hand, and stimctl neither knows nor checks them. What
is left is who gets how much of it, for how long, and how that is found with the person.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from stimctl.treatment.fields import (
    A11,
    ContraindicationId,
    IntensityPercent,
    Name,
    Text,
    Version,
    choice,
    refuse_bare_intensity,
    unique,
)
from stimctl.treatment.schema import (
    MOTOR,
    CyclePart,
    Electrodes,
    Evidence,
    Part,
    Session,
    Target,
    json_schema_of,
)

GATED_SCHEMA_NAME = "gated-v1"


class External(Part):
    """The unit whose pulses are let through, in words: stimctl cannot check any of it."""

    unit: Text = Field(description="What kind of unit it must be.")
    settings: Text = Field(description="What is set on it before anything is connected.")
    dial: Text = Field(description="How its own amplitude dial is set, and when it may be moved.")


class Intensity(Part):
    """What to look for while raising by hand; at most a cap, never an intensity to go to."""

    target: Annotated[Target, choice(Target, hint=A11)]
    cap_percent: IntensityPercent | None = Field(
        default=None,
        alias="cap",
        ge=1,
        le=100,
        description="The intensity may not be raised above this. It is a bound, not an aim.",
    )
    how: Text | None = Field(default=None, description="How the target is found, in words.")


class GatedChannel(Part):
    """One role: what one channel of the device does."""

    role: Name
    sites: Annotated[tuple[Name, ...], AfterValidator(unique)] = Field(
        default=(), description="Suggestions; the person at the device chooses."
    )
    motor: bool = Field(description=MOTOR)
    antagonist_of: Name | None = Field(
        default=None, description="A role on the same joint; the on times may not overlap (W10)."
    )
    intensity: Annotated[Intensity, BeforeValidator(refuse_bare_intensity)]
    cycle: CyclePart | None = None

    @property
    def moves_muscle(self) -> bool:
        """Whether a muscle moves: the target decides, whatever `motor` says."""
        return self.motor or self.intensity.target.moves_muscle


class GatedProtocol(Part):
    """One file for external pulses: a starting point for a qualified person."""

    schema_name: Literal["gated-v1"] = Field(alias="schema")
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
    evidence: Evidence
    external: External
    electrodes: Electrodes
    session: Session
    channels: Annotated[tuple[GatedChannel, ...], Field(min_length=1, max_length=8)]


def gated_json_schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors (`#:schema ./gated-v1.json`)."""
    title = f"stimctl protocol for external pulses, {GATED_SCHEMA_NAME}"
    return json_schema_of(GatedProtocol, title)


def gated_schema_text() -> str:
    """The text of the committed schema file."""
    return json.dumps(gated_json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
