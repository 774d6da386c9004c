"""What one sync has done, and why a session is not at the server as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stimctl.errors import StimctlError
from stimctl.sync.own_sessions import OwnSession


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a session is not at the server as it should be."""

    session: str  # "" where only the number is known
    numbers: str
    what: str
    why: str
    what_to_do: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def trouble_of(one: OwnSession, what: str, why: str, what_to_do: str) -> Trouble:
    """Why this session is not there as it should be."""
    return Trouble(one.session, str(one.number), what, why, what_to_do)


def trouble_from(one: OwnSession, error: StimctlError) -> Trouble:
    """The same from the error that said so."""
    return trouble_of(one, error.what, error.why, error.what_to_do)


@dataclass(slots=True)
class Sent:
    """What one run has done. `waits_for`: a session that is running here, in words."""

    station: str
    new_key: str = ""
    sessions: list[str] = field(default_factory=list)
    additions: int = 0
    there_before: int = 0
    left: int = 0
    waits_for: str = ""
    troubles: list[Trouble] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "station": self.station,
            "new_key": self.new_key,
            "sent": list(self.sessions),
            "additions": self.additions,
            "there_before": self.there_before,
            "left": self.left,
            "waits_for": self.waits_for,
            "troubles": [one.as_dict() for one in self.troubles],
        }
