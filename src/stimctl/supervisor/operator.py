"""Who is in charge: named in every row that starts or changes output, where that is known."""

from __future__ import annotations

from typing import Any

from stimctl.records.person import check_person_code
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.host_rows import OperatorChanged

_OF_AN_OPERATOR = frozenset(
    {
        Kind.START, Kind.RESUME, Kind.RAISE, Kind.PENDING, Kind.PULSE, Kind.SET, Kind.FELT,
        Kind.UNLOCKED, Kind.CHANNEL_FOUND, Kind.CHANNEL_MISMATCH, Kind.LEADS_CHECKED,
    }
)  # fmt: skip


class Operator:
    """A code of the form of a person's, or "" where nobody has said who it is."""

    def __init__(self, code: str) -> None:
        self._code = code

    def hand_over(self, code: str) -> OperatorChanged:
        """Somebody else from here on; the row about it. Raises UsageError for what is no code."""
        before, self._code = self._code, check_person_code(code)
        return OperatorChanged(code, before)

    def told_with(self, event: SessionEvent) -> dict[str, Any]:
        """What is told of an event, with who is in charge where it is about output."""
        named = self._code and event.kind in _OF_AN_OPERATOR
        return {**event.data, "who": self._code} if named else dict(event.data)
