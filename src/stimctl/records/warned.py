"""How often a session warned, and what was waved through: so many that nobody reads them (H58)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stimctl.quantity import format_count
from stimctl.records.rows import Row
from stimctl.session.row_base import Kind


@dataclass(slots=True)
class Warned:
    """What stood in the operator's way. `acknowledged`: the ids that were waved through."""

    alarms: Counter[str] = field(default_factory=Counter)
    prompts: int = 0
    refused: int = 0
    acknowledged: set[str] = field(default_factory=set)

    def take(self, row: Row) -> None:
        """Count one row of a journal."""
        if row.kind == Kind.ALARM:
            self.alarms[str(row.data.get("priority"))] += 1
        elif row.kind == Kind.PROMPT or (row.kind == Kind.ATTENDANCE and row.data.get("prompt")):
            self.prompts += 1
        elif row.kind in (Kind.REFUSED, Kind.LIMIT):
            self.refused += 1
        elif row.kind == Kind.NOTE and row.data.get("topic") == "acknowledged":
            self.acknowledged |= set(str(row.data.get("text")).split())

    @property
    def text(self) -> str:
        """In one line."""
        parts = [f"{count} {priority}" for priority, count in sorted(self.alarms.items())]
        alarms = format_count(self.alarms.total(), "alarm") + (
            f" ({', '.join(parts)})" if parts else ""
        )
        prompts = format_count(self.prompts, "prompt")
        told = f"{alarms}, {prompts}, {format_count(self.refused, 'refusal')}"
        names = " ".join(sorted(self.acknowledged))
        return f"{told}; acknowledged: {names}" if names else told

    def as_dict(self) -> Mapping[str, Any]:
        """The JSON form."""
        return {
            "alarms": dict(self.alarms),
            "prompts": self.prompts,
            "refused": self.refused,
            "acknowledged": sorted(self.acknowledged),
        }


def warned(rows: Iterable[Row]) -> Warned:
    """The warnings of these rows."""
    found = Warned()
    for row in rows:
        found.take(row)
    return found
