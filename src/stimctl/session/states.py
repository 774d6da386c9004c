"""The ten states of a session and the total table of what leads from one to another.

The states are those of the safety rules (one set per device). The table has a cell for every
state and every trigger, so that nothing that can happen is left to chance: a cell names the state
that follows, or refuses. Only an operator's intent can be refused; what happens, happens.
"""

from enum import StrEnum

from stimctl.codes import Code
from stimctl.errors import StateError


class State(StrEnum):
    """Where a session stands. Output is possible in RUNNING only; UNKNOWN means "not confirmed"."""

    DISCONNECTED = "disconnected"
    IDENTIFIED = "identified"
    CHECKED = "checked"
    ARMED = "armed"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CLOSED = "closed"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Trigger(StrEnum):
    """What can move a session. The first block are intents (refusable), the second happenings."""

    CONNECT = "connect"
    LOAD_PLAN = "load_plan"
    ARM = "arm"
    START = "start"
    RAISE = "raise"
    LOWER = "lower"
    FOLLOW = "follow"
    UNLOCK = "unlock"
    LINK = "link"
    UNLINK = "unlink"
    PULSE = "pulse"
    NEXT_STAGE = "next_stage"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    ATTEND = "attend"
    FELT = "felt"
    FOUND = "found"
    ANSWER = "answer"
    MARK_THRESHOLD = "mark_threshold"
    LEADS_CHECKED = "leads_checked"
    STOP = "stop"
    ACKNOWLEDGE = "acknowledge"
    CLOSE = "close"
    IDENTITY_READ = "identity_read"
    CHECK_PASSED = "check_passed"
    ZERO_FOR_ARM = "zero_for_arm"
    STARTED = "started"
    RESUMED = "resumed"
    ZERO_VERIFIED = "zero_verified"
    ZERO_AFTER_FAULT = "zero_after_fault"
    STOP_OVERDUE = "stop_overdue"
    LINK_LOST = "link_lost"
    LINK_LOST_AT_ZERO = "link_lost_at_zero"
    FAULT_SEEN = "fault_seen"


INTENT_TRIGGERS = frozenset(
    {
        Trigger.CONNECT,
        Trigger.LOAD_PLAN,
        Trigger.ARM,
        Trigger.START,
        Trigger.RAISE,
        Trigger.LOWER,
        Trigger.FOLLOW,
        Trigger.UNLOCK,
        Trigger.LINK,
        Trigger.UNLINK,
        Trigger.PULSE,
        Trigger.NEXT_STAGE,
        Trigger.PAUSE,
        Trigger.RESUME,
        Trigger.HOLD,
        Trigger.ATTEND,
        Trigger.FELT,
        Trigger.FOUND,
        Trigger.ANSWER,
        Trigger.MARK_THRESHOLD,
        Trigger.LEADS_CHECKED,
        Trigger.STOP,
        Trigger.ACKNOWLEDGE,
        Trigger.CLOSE,
    }
)

# Reading a cell: "." refused, "=" the state stays, three letters name the state that follows.
# A stop leaves the state as it is until zero is verified; only then does STOPPED follow.
# "link_lost_at_zero" is the loss of a link over which zero had been verified with nothing sent
# since: no output can be on, so it is no UNKNOWN, but nothing goes on without a new connection.
_MATRIX = """
                    DIS IDE CHE ARM RUN PAU STO CLO FAU UNK
connect              =   .   .   .   .   .  DIS  .   .   .
load_plan            .   =  IDE  .   .   .  IDE  .   .   .
arm                  .   .   =   .   .   .   =   .   .   .
start                .   .   .   =   .   .   .   .   .   .
raise                .   .   .   .   =   .   .   .   .   .
lower                .   .   .   =   =   =   =   .   =   =
follow               .   .   .   .   =   .   .   .   .   .
unlock               .   .   .   .   =   .   .   .   .   .
link                 .   .   =   =   =   =   =   .   .   .
unlink               .   .   =   =   =   =   =   .   =   =
pulse                .   .   .   .   =   .   .   .   .   .
next_stage           .   .   .   .   =   .   .   .   .   .
pause                .   .   .   .  PAU  =   .   .   .   .
resume               .   .   .   .   .   =   .   .   .   .
hold                 .   =   =   =   =   =   =   .   .   .
attend               .   .   .   =   =   =   =   .   .   .
felt                 .   .   .   .   =   =   .   .   .   .
found                .   .   .   .   =   =   .   .   .   .
answer               .   .   .   .   =   .   .   .   .   .
mark_threshold       .   .   .   .   =   .   .   .   .   .
leads_checked        .   =   =   .   .   .   =   .   .   .
stop                 =   =   =   =   =   =   =   =   =   =
acknowledge          .   .   .   .   .   .   .   .  STO  .
close               CLO CLO CLO  .   .   .  CLO  =  CLO  .
identity_read       IDE  =   =   =   =   =   =   =   =   =
check_passed         =  CHE  =   =   =   =   =   =   =   =
zero_for_arm         =   =  ARM  =   =   =  ARM  =   =   =
started              =   =   =  RUN  =   =   =   =   =   =
resumed              =   =   =   =   =  RUN  =   =   =   =
zero_verified        =  STO STO STO STO STO  =   =   =  STO
zero_after_fault    FAU FAU FAU FAU FAU FAU FAU  =   =  FAU
stop_overdue        UNK UNK UNK UNK UNK UNK UNK  =  UNK  =
link_lost            =  UNK UNK UNK UNK UNK UNK  =  UNK  =
link_lost_at_zero    =  DIS DIS FAU UNK FAU  =   =   =   =
fault_seen          FAU FAU FAU FAU FAU FAU FAU  =   =   =
"""


def _parse(matrix: str) -> dict[tuple[State, Trigger], State | None]:
    """Read the matrix above; a missing, double or misspelt row or cell is an error at import."""
    header, *rows = [line.split() for line in matrix.strip().splitlines()]
    by_code = {state.value[:3].upper(): state for state in State}
    columns = [by_code[code] for code in header]
    table: dict[tuple[State, Trigger], State | None] = {}
    for name, *cells in rows:
        trigger = Trigger(name)
        for state, cell in zip(columns, cells, strict=True):
            if (state, trigger) in table:
                raise ValueError(f"two cells for {state.value} and {trigger.value}")
            following = {".": None, "=": state}.get(cell, by_code.get(cell))
            if following is None and (cell != "." or trigger not in INTENT_TRIGGERS):
                raise ValueError(f"bad cell {cell!r} for {state.value} and {trigger.value}")
            table[state, trigger] = following
    return table


TRANSITIONS = _parse(_MATRIX)
"""For every state and trigger: the state that follows, or None where the intent is refused."""

_WHAT_TO_DO = {
    State.DISCONNECTED: "connect first",
    State.IDENTIFIED: "load a plan and wait for its check to pass",
    State.CHECKED: "arm, then start",
    State.ARMED: "start, or stop",
    State.RUNNING: "pause or stop first",
    State.PAUSED: "resume, or stop",
    State.STOPPED: "arm again to start from zero, load another plan, or close",
    State.CLOSED: "begin a new session",
    State.FAULT: "remove the cause, wait for verified zero, then acknowledge",
    State.UNKNOWN: "switch the device off or remove the leads; stop attempts go on until zero "
    "is verified",
}


def next_state(state: State, trigger: Trigger) -> State:
    """The state that follows; StateError (what, why, what to do) where the intent is refused."""
    following = TRANSITIONS[state, trigger]
    if following is None:
        raise StateError(
            f"{trigger.value} refused",
            code=Code.NOT_IN_STATE,
            why=f"it is not possible while the session is {state.value}",
            what_to_do=_WHAT_TO_DO[state],
        )
    return following
