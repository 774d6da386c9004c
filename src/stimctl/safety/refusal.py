"""The answer "no": which limit, what was asked, what is allowed, whose word that is, what is near.

A refusal is an answer, not an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stimctl.safety.bounds import Layer
from stimctl.safety.quantities import Quantity
from stimctl.stimulus import Stimulus


class RefusalKind(StrEnum):
    """Why not."""

    LIMIT = "limit"  # a bound is exceeded
    RULE = "rule"  # a consistency or path rule is broken
    NEEDS_ACKNOWLEDGEMENT = "needs-acknowledgement"  # allowed once `limit_id` is acknowledged
    INVALID = "invalid"  # not a stimulus or envelope that could be judged


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest legal value of `parameter`, and the whole stimulus with it (it clears).

    `text` names every parameter that had to change, the first one first. No stimulus where the
    parameter is none of it (channel number, electrode, length of the session).
    """

    parameter: str
    value: int
    text: str
    stimulus: Stimulus | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a stimulus was not cleared.

    `asked` and `allowed` are in `unit` (their texts beside them); they are texts where the matter
    is no number. `source` and `certainty` are the limit's. `channel` is set where several were
    judged together.
    """

    limit_id: str
    layer: Layer
    quantity: Quantity
    asked: int | float | str
    allowed: int | float | str
    unit: str
    source: str
    certainty: str
    message: str
    kind: RefusalKind = RefusalKind.LIMIT
    channel: int | None = None
    nearest: Nearest | None = None
    asked_text: str = ""
    allowed_text: str = ""

    @property
    def needs_acknowledgement(self) -> bool:
        """Whether acknowledging `limit_id` would settle it."""
        return self.kind is RefusalKind.NEEDS_ACKNOWLEDGEMENT

    def as_dict(self) -> dict[str, Any]:
        """The refusal as JSON-able values."""
        near = self.nearest
        return {
            "limit_id": self.limit_id,
            "kind": str(self.kind),
            "layer": str(self.layer),
            "quantity": str(self.quantity),
            "asked": self.asked,
            "asked_text": self.asked_text,
            "allowed": self.allowed,
            "allowed_text": self.allowed_text,
            "unit": self.unit,
            "source": self.source,
            "certainty": self.certainty,
            "channel": self.channel,
            "nearest": None
            if near is None
            else {"parameter": near.parameter, "value": near.value, "text": near.text},
            "message": self.message,
        }
