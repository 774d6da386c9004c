"""Events about the people at a session: who answers, what they feel, what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.session.reasons import Reason
from stimctl.session.row_base import Event, Kind


@dataclass(frozen=True, slots=True)
class Attendance(Event):
    """Somebody is asked whether anybody is there (`prompt`), or has answered. `by_person`: only a
    person at the machine can answer. `by`: how, where it is known."""

    kind = Kind.ATTENDANCE
    prompt: bool = False
    answer_within_us: int | None = None
    answered: bool = False
    by: str | None = None
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class StopFace(Event):
    """A pedal or button that stops. `state`: "tested", "lost", "back", or "open" with `what` it
    is."""

    kind = Kind.STOP_FACE
    name: str
    state: str
    what: str | None = None


@dataclass(frozen=True, slots=True)
class PromptShown(Event):
    """Asked of the people at the session, by the code `prompt`; no alarm."""

    kind = Kind.PROMPT
    prompt: str
    text: str
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Felt(Event):
    """The person has told a sensation."""

    kind = Kind.FELT
    channel: int
    level: int
    unit: str


@dataclass(frozen=True, slots=True)
class ChannelFound(Event):
    """The person feels the channel where the plan has it."""

    kind = Kind.CHANNEL_FOUND
    channel: int
    level: int
    unit: str
    site: str
    planned: str


@dataclass(frozen=True, slots=True)
class ChannelMismatch(Event):
    """The person feels it at another site, and output is stopped."""

    kind = Kind.CHANNEL_MISMATCH
    channel: int
    level: int
    unit: str
    site: str
    planned: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class LeadsChecked(Event):
    """After a mismatch the leads are as planned (`by` "operator"), or another plan has other sites
    (`by` "plan"). `was`: the mismatch."""

    kind = Kind.LEADS_CHECKED
    by: str
    was: str
