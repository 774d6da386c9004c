"""N9: thresholds that hurt by purpose are for the research profile only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stimctl.safety import Layer, Profile, Quantity, Refusal
from stimctl.safety.channel_pairs import refused_for
from stimctl.treatment.clearing import Choices
from stimctl.treatment.program import CurrentChannel
from stimctl.treatment.staged import StagePart

PAINFUL: Final = frozenset({"pain-threshold", "reflex-threshold"})


def painful(part: StagePart, channels: Sequence[CurrentChannel], how: Choices) -> Refusal | None:
    """The refusal of a stage that looks for pain where the profile does not allow it."""
    named = {*part.marks, *(() if part.rule is None else (part.rule.gives,))} & PAINFUL
    if not named or how.get("profile", Profile.CLINIC) is Profile.RESEARCH:
        return None
    return refused_for(
        channels[0].channel if channels else 1, "N9", Quantity.AMPLITUDE,
        f"{' and '.join(sorted(named))} is looked for in the research profile only: it hurts by "
        "purpose, and the person holds the stop",
        layer=Layer.PROTOCOL,
    )  # fmt: skip
