"""What somebody has put on record in words, as figures again: thresholds, pain, how it went."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stimctl.errors import QuantityError
from stimctl.quantity import parse_current_ua, parse_intensity_percent
from stimctl.records.outcome_form import outcome_values

THRESHOLD: Final = "threshold"
CORRECTION: Final = "correction"
_TAKEN_BACK: Final = "taken back"
_FORM: Final = re.compile(r"(?P<what>\w+) ch(?P<channel>\d+) (?P<site>.*?) ?(?P<level>[\d.]+ \S+)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """At which level of a channel something began. In uA, or in percent of a device's scale."""

    what: str
    channel: int
    site: str
    level: int
    unit: str


def threshold_text(what: str, channel: int, site: str, level: str) -> str:
    """The words of a note; `level` with its unit."""
    return f"{what} ch{channel} {site} {level}"


def threshold_of(text: str) -> Threshold | None:
    """The figures of such a note; None where the words are others."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    percent = match["level"].endswith("%")
    try:
        level = (parse_intensity_percent if percent else parse_current_ua)(match["level"])
    except QuantityError:
        return None
    unit = "%" if percent else "uA"
    return Threshold(match["what"], int(match["channel"]), match["site"], level, unit)


def taken_back(topic: str, text: str) -> str:
    """The words of the note that takes another one back."""
    return f"{_TAKEN_BACK}: {topic}: {text}"


def standing(notes: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Topic and text of the notes that were not taken back, in their order."""
    kept: list[tuple[str, str]] = []
    for topic, text in notes:
        if topic == CORRECTION and text.startswith(_TAKEN_BACK):
            gone = next((one for one in reversed(kept) if taken_back(*one) == text), None)
            if gone is not None:
                kept.reverse()
                kept.remove(gone)
                kept.reverse()
        else:
            kept.append((topic, text))
    return kept


def answers_in(notes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What was answered to each question of the outcome form, the last answer of each; pain before
    may have been put on record by itself."""
    found: dict[str, str] = {}
    for topic, text in notes:
        found |= outcome_values(topic, text)
    return found


def pain_in(answers: Mapping[str, str], question: str) -> int | None:
    """A pain score from 0 to 10; None where none was given."""
    return int(answers[question]) if question in answers else None
