"""One channel as its rows tell it, and a question to the people at the session."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Channel:
    """One channel: levels on the session's measure and the row times they are from.

    None = never told. What is measured is always a current.
    """

    number: int
    role: str = ""
    set_level: int = 0
    set_ns: int = 0
    told_level: int = 0
    acked_level: int | None = None
    acked_ns: int | None = None
    measured_ua: int | None = None
    measured_ns: int | None = None
    pending_level: int | None = None
    ceiling_level: int | None = None
    confirmed_ns: int = 0
    contraction: int = 0
    impedance_ohm: deque[int] = field(default_factory=lambda: deque(maxlen=16))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the people at the session; `channel` 0 where it is about all of them."""

    id: str
    text: str
    channel: int = 0
