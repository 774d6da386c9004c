"""Every kind of session event, and what their classes have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


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
    STAGE = "stage"
    ACTIVATION = "activation"
    ACTIVATION_ENDED = "activation_ended"
    ACTIVATION_SKIPPED = "activation_skipped"
    CONTRACTION = "contraction"
    CONTRACTED = "contracted"
    PULSE = "pulse"
    PULSE_ACKED = "pulse_acked"
    EVENT = "event"
    RESULT = "result"
    SET = "set"
    UNLOCKED = "unlocked"
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
    FOLLOWED = "followed"
    STOPPING = "stopping"
    ZERO_VERIFIED = "zero_verified"
    UNKNOWN = "unknown"
    CLOCK = "clock"
    ENDED = "ended"
    HELLO = "hello"
    HEADER = "header"
    JOURNAL = "journal"
    END = "end"
    UNCLEAN_END = "unclean_end"
    LINE_KIND = "line_kind"
    READY = "ready"
    PRESENCE = "presence"
    OPERATOR = "operator"
    NOTE = "note"
    BEAT = "beat"
    STOP_RECEIVED = "stop_received"
    ERROR = "error"
    FATAL = "fatal"
    BYE = "bye"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened. A field that has its default is left out of the row."""

    kind: ClassVar[Kind]


@dataclass(frozen=True, slots=True)
class OpenEvent(Event):
    """One whose fields are not fixed: they are the row's own."""

    fields: Mapping[str, Any]
