"""One stop face as a machine: what it takes to be tested, and when it stops. No clock, no device.

Every press is a stop, in every phase. A press that tests is one, too: the test has passed when zero
was verified after it and the contact was let go. What bounces only spoils a test, never a stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final

from stimctl.supervisor.stop_face_events import Sign

_MS = 1_000_000
BOUNCE_NS: Final = 20 * _MS
"""A contact that is down for less than this has bounced; that is no test (D)."""
LONGEST_TEST_NS: Final = 5_000 * _MS
"""Down for longer, something lies on it; that is no test (D)."""


class Phase(StrEnum):
    """How far the test of a stop face is."""

    UNTESTED = "untested"
    ASKED = "asked"
    PRESSED = "pressed"
    RELEASED = "released"
    WATCHING = "watching"
    LOST = "lost"


class Cause(Enum):
    """What can happen to it."""

    ASK = auto()
    """Somebody wants to arm: a press from now on tests it."""
    DOWN = auto()
    HELD = auto()
    UP = auto()
    ZERO = auto()
    """Zero is verified, and no stop is under way."""
    LOSE = auto()
    BACK = auto()
    CONNECT = auto()
    """A connection begins: it is tested for each."""


CAUSES: Final[Mapping[Sign, Cause]] = MappingProxyType(
    {Sign.DOWN: Cause.DOWN, Sign.HELD: Cause.HELD, Sign.UP: Cause.UP}
)
"""What the contact did, as the machine takes it."""


@dataclass(frozen=True, slots=True)
class FaceSign:
    """A stop face was pressed, let go, lost or is back; `why` of a loss."""

    name: str
    cause: Cause
    at_ns: int
    why: str = ""


class Deed(Enum):
    """What has to be done for it."""

    STOP = auto()
    TESTED = auto()
    LOST = auto()


class StopFaceState:
    """Phase of the test, and whether the contact is down."""

    def __init__(self) -> None:
        self.phase = Phase.UNTESTED
        self.is_down = False
        self._pressed_ns = 0
        self._released_ns = 0

    @property
    def is_tested(self) -> bool:
        """It was tested for this connection and has been there since."""
        return self.phase is Phase.WATCHING

    def take(self, now_ns: int, cause: Cause) -> tuple[Deed, ...]:
        """What follows from it. Every cause is allowed in every phase."""
        match cause:
            case Cause.DOWN:
                return self._down(now_ns)
            case Cause.HELD:
                return self._held()
            case Cause.UP:
                self._up(now_ns)
            case Cause.ASK if self.phase is Phase.UNTESTED:
                self.phase = Phase.ASKED
            case Cause.ZERO:
                return self._zero(now_ns)
            case Cause.LOSE if self.phase is not Phase.LOST:
                self.phase, self.is_down = Phase.LOST, False
                return (Deed.STOP, Deed.LOST)
            case Cause.BACK if self.phase is Phase.LOST:
                self.phase = Phase.UNTESTED
            case Cause.CONNECT if self.phase is not Phase.LOST:
                self.phase = Phase.UNTESTED
        return ()

    def _down(self, now_ns: int) -> tuple[Deed, ...]:
        was_down, self.is_down = self.is_down, True
        if self.phase is Phase.RELEASED and now_ns - self._released_ns < BOUNCE_NS:
            self.phase = Phase.PRESSED  # the contact bounces: the same press goes on
        elif self.phase in (Phase.ASKED, Phase.RELEASED) and not was_down:
            self.phase, self._pressed_ns = Phase.PRESSED, now_ns
        return (Deed.STOP,)

    def _held(self) -> tuple[Deed, ...]:
        was_down, self.is_down = self.is_down, True
        if self.phase is Phase.RELEASED:
            self.phase = Phase.ASKED
        return () if was_down else (Deed.STOP,)

    def _up(self, now_ns: int) -> None:
        self.is_down = False
        if self.phase is Phase.PRESSED:
            fits = BOUNCE_NS <= now_ns - self._pressed_ns <= LONGEST_TEST_NS
            self.phase = Phase.RELEASED if fits else Phase.ASKED
            self._released_ns = now_ns

    def _zero(self, now_ns: int) -> tuple[Deed, ...]:
        if self.phase is not Phase.RELEASED or now_ns - self._released_ns < BOUNCE_NS:
            return ()
        self.phase = Phase.WATCHING
        return (Deed.TESTED,)


class Polls:
    """Whether a reader still polls: 500 ms without a poll are a loss.

    Counted is only time in which this process ran: where the whole process did not, neither did the
    thread that polls.
    """

    SILENT_NS: Final = 500 * _MS
    _LONGEST_LOOK_NS: Final = 250 * _MS

    def __init__(self) -> None:
        self._polls = -1
        self._silent_ns = 0
        self._looked_ns: int | None = None

    def are_silent(self, now_ns: int, polls: int) -> bool:
        """`polls`: how often it has polled until now."""
        since_ns = 0 if self._looked_ns is None else now_ns - self._looked_ns
        self._looked_ns = now_ns
        if polls != self._polls:
            self._polls, self._silent_ns = polls, 0
        else:
            self._silent_ns += min(since_ns, self._LONGEST_LOOK_NS)
        return self._silent_ns > self.SILENT_NS
