"""What the operator or the program above wants of a session: one frozen record per intent.

Levels are absolute plateaus with their scale, never increments, so that a repeated intent asks for
nothing more than the first one did. A level of another scale than the plan's is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from stimctl.codes import Code
from stimctl.session.states import Trigger
from stimctl.stimulus.level import AnyLevel
from stimctl.treatment.event_parts import AnswerWord

if TYPE_CHECKING:
    from stimctl.safety.cleared import SetPoint
    from stimctl.session.events import Json
    from stimctl.treatment.program import AnyPlan


class StartFrom(StrEnum):
    """From where a plan is run."""

    BEGINNING = "beginning"
    WHAT_IS_LEFT = "what-is-left"


@dataclass(frozen=True, slots=True)
class Connect:
    """Identify the device and verify that its output is zero."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Take this compiled plan; CHECKED follows when its setup is on the record and the watchdog
    test (if due) has passed.

    `about`: what the engine cannot know of the setup: files, versions, who operates.
    """

    plan: "AnyPlan"
    about: "Mapping[str, Json]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arm:
    """First of the two steps to output; needs a freshly verified zero."""


@dataclass(frozen=True, slots=True)
class Start:
    """Second step: run the plan, every plateau at zero.

    Where a part of it was delivered before, it must be said from where: from its beginning once
    more, or what is left of it.
    """

    start_from: "StartFrom | None" = None


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise one channel's plateau to this absolute value: one increment (a device step, or by hand
    up to 1 mA), at most every 250 ms and 4 mA/s.

    In the off time of a cycle it is pending until the next on ramp, with what is pending already,
    2 mA in all; linked channels go along.
    `since`: the newest event that was known when it was decided to raise. A lowering, a pause, a
    stop or a change of links after that event refuses the raise. None: decided now.
    """

    channel: int
    level: AnyLevel
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Lower:
    """Lower one channel's plateau to this value (0 = off). Never limited; unlocks raises.

    Linked channels go down by as many steps of their own, and to 0 with it.
    """

    channel: int
    level: AnyLevel


@dataclass(frozen=True, slots=True)
class Follow:
    """Let one channel's plateau follow this target (rule A21). `at_ns`: of when its data are, by
    the caller's clock."""

    channel: int
    level: AnyLevel
    at_ns: int


@dataclass(frozen=True, slots=True)
class Unlock:
    """Open the lock of raises that 20 s without a change have closed (rule A5), with every linked
    channel. It raises nothing, and the next raise comes 250 ms later at the soonest."""

    channel: int


@dataclass(frozen=True, slots=True)
class Link:
    """Raise and lower these channels together (rule A10): one group, every ceiling as it was."""

    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unlink:
    """Every channel on its own again."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One single pulse, at most as high as the channel's plateau (single-pulse sessions only)."""

    channel: int
    set_point: "SetPoint"


@dataclass(frozen=True, slots=True)
class Less:
    """Every channel down by the same share of its plateau, at once (A19); nothing gives it back."""


@dataclass(frozen=True, slots=True)
class NextStage:
    """End the present stage of the plan before its time, by a ramp to zero; the next one begins."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Output to zero at once; the plan's clock stands still."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on: soft ramp to the plateaus within 60 s of the pause, from zero after that."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Output off, repeated until zero is verified. Allowed in every state; nothing resumes.

    `by_person`: by whoever is at the electrodes, as it may be; where output was near, only a reason
    leads on (H57).
    """

    reason: str = "operator"
    by_person: bool = False
    code: Code = Code.STOP_ASKED


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Leave FAULT: the operator has seen the cause and removed it.

    Where the person or somebody at the device has stopped, it needs a `reason` to go on (H57).
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """End the session at verified zero."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Allow output for this long from now (sessions of programs that use the API)."""

    duration_us: int


@dataclass(frozen=True, slots=True)
class Attend:
    """Answer to the attendance prompt: somebody is watching."""


@dataclass(frozen=True, slots=True)
class Felt:
    """The person tells a sensation on this channel (H14)."""

    channel: int


@dataclass(frozen=True, slots=True)
class Found:
    """The person feels this channel at this site (H64), or "elsewhere"."""

    channel: int
    site: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person says of the event of a procedure that was given last: felt, or too much.

    Too much ends the climb for the rest of the session (A17). It is taken at any time.
    """

    answer: AnswerWord


@dataclass(frozen=True, slots=True)
class MarkThreshold:
    """The level given last in a tune stage is the next threshold that the stage marks, or this."""

    mark: str = ""


@dataclass(frozen=True, slots=True)
class LeadsChecked:
    """After a channel was felt at another site than planned: the leads are where they belong."""


Intent = (
    Connect
    | LoadPlan
    | Arm
    | Start
    | Raise
    | Lower
    | Follow
    | Unlock
    | Link
    | Unlink
    | Pulse
    | Less
    | NextStage
    | Pause
    | Resume
    | Stop
    | Acknowledge
    | Close
    | Hold
    | Attend
    | Felt
    | Found
    | Answer
    | MarkThreshold
    | LeadsChecked
)

TRIGGER_OF: dict[type, Trigger] = {
    Connect: Trigger.CONNECT,
    LoadPlan: Trigger.LOAD_PLAN,
    Arm: Trigger.ARM,
    Start: Trigger.START,
    Raise: Trigger.RAISE,
    Lower: Trigger.LOWER,
    Follow: Trigger.FOLLOW,
    Unlock: Trigger.UNLOCK,
    Link: Trigger.LINK,
    Unlink: Trigger.UNLINK,
    Pulse: Trigger.PULSE,
    Less: Trigger.LOWER,
    NextStage: Trigger.NEXT_STAGE,
    Pause: Trigger.PAUSE,
    Resume: Trigger.RESUME,
    Stop: Trigger.STOP,
    Acknowledge: Trigger.ACKNOWLEDGE,
    Close: Trigger.CLOSE,
    Hold: Trigger.HOLD,
    Attend: Trigger.ATTEND,
    Felt: Trigger.FELT,
    Found: Trigger.FOUND,
    Answer: Trigger.ANSWER,
    MarkThreshold: Trigger.MARK_THRESHOLD,
    LeadsChecked: Trigger.LEADS_CHECKED,
}
"""Which row of the transition table each intent stands for."""
