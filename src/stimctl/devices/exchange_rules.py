"""The words of an exchange with a device: its calls, its rules and its answers, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from stimctl.devices.events import Acked, Doing
from stimctl.devices.framed_line import Wire
from stimctl.devices.output_frame import C
from stimctl.devices.pairing import Transmission
from stimctl.devices.pending_request import PendingRequest

S = TypeVar("S", bound=StrEnum)

FALLBACK_TICKET = 0
"""In the Acked of a fallback, which no call of the engine asked for; tickets begin at 1."""
REPEAT_NS = 50_000_000
"""Between two rounds of a stop: SAFETY rule K8, repeated every 50 ms until verified [POLICY] D."""
SUCCESS = 0


class Call(StrEnum):
    """What the engine can ask."""

    CONNECT = "connect"
    APPLY = "apply"
    PULSE = "pulse"
    KEEP_ALIVE = "keep-alive"
    STOP = "stop"


class Act(StrEnum):
    """What a driver does about a call; the table of a family uses some of them."""

    FIND = "find"  # begin to connect
    STOP = "stop"  # begin to stop
    STOP_AGAIN = "stop-again"  # one more round at once; what is already known stays known
    REFUSE = "refuse"  # StateError
    IGNORE = "ignore"
    OFFER = "offer"  # send, or hold until the request in flight is answered
    HOLD = "hold"  # becomes what is sent when the device is ready for it
    INIT = "init"  # bring up the level or the channel list, then send
    SWITCH = "switch"  # verified stop of the other level, bring up this one, then send
    ASK_STATUS = "ask-status"
    ASK_TRAINS = "ask-trains"
    FEED = "feed"  # Watchdog, and now and then the question for the mode
    REFRESH = "refresh"  # the set points in force once more, and now and then the mode


def row(apply: Act, pulse: Act, keep_alive: Act, stop: Act = Act.STOP) -> Mapping[Call, Act]:
    """What each call means in one state; connecting always starts over."""
    return MappingProxyType(
        {
            Call.CONNECT: Act.FIND,
            Call.APPLY: apply,
            Call.PULSE: pulse,
            Call.KEEP_ALIVE: keep_alive,
            Call.STOP: stop,
        }
    )


class Answer(NamedTuple, Generic[C]):
    """An awaited answer: when it came, to what, to which transmission of it, and its data."""

    now_ns: int
    request: PendingRequest[C]
    sent: Transmission
    data: bytes

    @property
    def latency_ns(self) -> int:
        """From the transmission that was answered."""
        return self.now_ns - self.sent.sent_ns

    def acked(self) -> Acked:
        """What is reported of it; output that is sent as a keep-alive is no news."""
        request = self.request
        if request.doing is Doing.KEEP_ALIVE:
            return Acked(Doing.KEEP_ALIVE, self.latency_ns)
        return Acked(request.doing, self.latency_ns, request.ticket, request.channels)


class Results(NamedTuple):
    """The result codes of a wire; 0 is success.

    `damaged`: the device received a frame with a wrong check. `again`: not executed, to be sent
    once more, `again_max` times at most. `unknown`: stands for the answer "unknown command".
    `wrong_mode`: refused in the present mode, which `wrong_mode_text` says with the code's name.
    """

    read: Callable[[int], int]
    name: Callable[[int], str]
    damaged: int
    again: frozenset[int]
    again_max: int
    unknown: int
    wrong_mode: int
    wrong_mode_text: str


@dataclass(frozen=True, slots=True)
class Rules(Generic[S]):
    """What differs between families, as data.

    `calls`: what each call means in each state. `apply_command`: of the request that sets the whole
    output. `output`: the state in which it is in force. `working`: states that a discontinuity ends
    in `latched`; in the others it is reported and no more, because stopping and connecting must go
    on whatever the device says. `quiet`: states in which stray answers are left over from whoever
    had the port before. `silence_ends`: the state of a stop that silence ends, because it was only
    to connect.
    """

    calls: Mapping[S, Mapping[Call, Act]]
    wire: Wire
    results: Results
    apply_command: int
    unknown: S
    output: S
    stopping: S
    latched: S
    working: frozenset[S]
    quiet: frozenset[S]
    silence_ends: S | None = None


class StopRounds:
    """One stop, from the first frame to verified zero: a round at once, then every 50 ms.

    It is the owner of every frame that it sends.
    """

    __slots__ = ("next_ns", "rounds", "started_ns")

    def __init__(self, now_ns: int) -> None:
        self.started_ns = now_ns
        self.next_ns = now_ns
        self.rounds = 0

    def begin_round(self, now_ns: int) -> None:
        """Count a round that goes out now."""
        self.rounds += 1
        self.next_ns = now_ns + REPEAT_NS
