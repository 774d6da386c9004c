"""Every kind of session event, and what their classes have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """Every kind of session event."""

    STATE = "state"
    IDENTITY = "identity"
    CONNECT_FAILED = "connect_failed"
    PLAN = "plan"
    SETUP = "setup"
    DEAD_MAN = "dead_man"
    START = "start"
    RESUME = "resume"
    RAISE = "raise"
    PENDING = "pending"
    LINKED = "linked"
    CONTRACTION = "contraction"
    CONTRACTED = "contracted"
    PULSE = "pulse"
    PULSE_ACKED = "pulse_acked"
    SET = "set"
    ACK = "ack"
    TELEMETRY = "telemetry"
    REFUSED = "refused"
    WITHHELD = "withheld"
    LIMIT = "limit"
    ATTENDANCE = "attendance"
    STOP_FACE = "stop_face"
    LINK = "link"
    ALARM = "alarm"
    PROMPT = "prompt"
    FELT = "felt"
    CHANNEL_FOUND = "channel_found"
    CHANNEL_MISMATCH = "channel_mismatch"
    LEADS_CHECKED = "leads_checked"
    STOPPING = "stopping"
    ZERO_VERIFIED = "zero_verified"
    UNKNOWN = "unknown"
    CLOCK = "clock"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. A field that has its default is left out of the row."""

    kind: ClassVar[Kind]
