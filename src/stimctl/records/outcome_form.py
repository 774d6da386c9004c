"""The form of how a session went: its questions and the answers that each may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TOPIC: Final = "outcome"
"""Of the note that holds the answers of one form."""
BEFORE: Final = "pain before 0-10"
AFTER: Final = "pain after 0-10"
#: Numeric rating of pain, 0 none to 10 the worst (LOINC 72514-3, R).
_NRS: Final = tuple(str(number) for number in range(11))
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    BEFORE: _NRS,
    AFTER: _NRS,
    "skin": ("unchanged", "slightly red", "red spots", "blister or burn"),
    "tolerance": ("well tolerated", "tolerated", "barely tolerated", "not tolerated"),
    "comfort": ("comfortable", "bearable", "uncomfortable", "painful"),
    "adverse event": ("none", "mild", "moderate", "severe"),
}


def outcome_text(values: Mapping[str, str]) -> str:
    """The note of a form that was filled in."""
    return "; ".join(f"{one}: {values[one]}" for one in FIELDS if one in values)


def outcome_values(topic: str, text: str) -> dict[str, str]:
    """What a note answers of the form, as far as the form knows the answer."""
    pairs = [(topic, text)] if topic == BEFORE else []
    if topic == TOPIC:
        pairs = [(name, value) for name, _, value in (p.partition(": ") for p in text.split("; "))]
    return {name: value for name, value in pairs if value in FIELDS.get(name, ())}
