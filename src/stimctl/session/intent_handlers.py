"""What each intent does, once the table allows it, and the steps that wait for a row or a zero."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stimctl.codes import Code
from stimctl.errors import StateError, StimctlError
from stimctl.quantity import format_duration
from stimctl.session import intents, rows
from stimctl.session.acknowledged import fastest_of
from stimctl.session.adjusting import Adjusting
from stimctl.session.checking import Checking
from stimctl.session.config import FRESH_ZERO_NS, SOFT_RESUME_NS, EngineConfig
from stimctl.session.core import Core, Purpose
from stimctl.session.finding import MEND_FIRST
from stimctl.session.heartbeats import Heartbeats
from stimctl.session.link import Quality
from stimctl.session.log import EventLog, Waiting
from stimctl.session.plateaus import PlanViolation
from stimctl.session.procedure import Procedure
from stimctl.session.pulses import Pulses
from stimctl.session.reasons import (
    BUDGET_SPENT,
    JOURNAL_LATE,
    NOBODY_ANSWERED,
    NOT_IDENTIFIED,
    Reason,
)
from stimctl.session.run import Run
from stimctl.session.states import State, Trigger, next_state
from stimctl.session.supervision import Supervision

# While zero is being verified, only what cannot lead to output is allowed.
_ALLOWED_WHILE_STOPPING = frozenset(
    {Trigger.LOWER, Trigger.PAUSE, Trigger.HOLD, Trigger.ATTEND, Trigger.STOP}
)

_UNWRITABLE = Reason(Code.JOURNAL_UNWRITABLE, "the journal cannot be written")
_LINK_LOST = Reason(Code.LINK_WAS_LOST, "the link was lost since the device was identified")
_NO_PLAN = Reason(Code.NO_PLAN, "no plan has passed its check")
_OUTPUT_NEAR = frozenset({State.ARMED, State.RUNNING, State.PAUSED, State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class _Beginning:
    """A start or resume whose row is on its way to the disk."""

    trigger: Trigger
    waiting: Waiting
    from_us: int = 0


class IntentHandlers:
    """The operator's side of the engine."""

    def __init__(
        self,
        core: Core,
        config: EngineConfig,
        log: EventLog,
        heartbeats: Heartbeats,
        supervision: Supervision,
        checking: Checking,
        pulses: Pulses,
        procedure: Procedure,
    ) -> None:
        self._core = core
        self._config = config
        self._log = log
        self._heartbeats = heartbeats
        self._supervision = supervision
        self._checking = checking
        self._pulses = pulses
        self._adjusting = Adjusting(core, log, supervision, procedure)
        self._beginning: _Beginning | None = None
        self.journal_failed = False
        self._table: dict[type, Callable[[int, Any], None]] = {
            intents.Connect: self._connect,
            intents.LoadPlan: self._load_plan,
            intents.Arm: self._arm,
            intents.Start: self._start,
            intents.Pulse: self._pulse,
            intents.Pause: self._pause,
            intents.Resume: self._resume,
            intents.Hold: self._hold,
            intents.Attend: self._attend,
            intents.Stop: self.stop,
            intents.Acknowledge: self._acknowledge,
            intents.Close: self._close,
            **self._adjusting.table,
        }

    def command(self, now_ns: int, intent: intents.Intent) -> None:
        """Do it, or raise StateError with nothing changed."""
        trigger = intents.TRIGGER_OF[type(intent)]
        next_state(self._core.state, trigger)
        if self._core.stopping and trigger not in _ALLOWED_WHILE_STOPPING:
            raise StateError(
                f"{trigger.value} refused",
                code=Code.ZERO_BEING_VERIFIED,
                why=f"{self._core.why_stopping}, and zero is being verified",
                what_to_do="wait for it to be reported",
            )
        self._table[type(intent)](now_ns, intent)

    # -- to zero

    def stop(self, now_ns: int, intent: intents.Stop) -> None:
        """Off, in every state; whatever waits to begin is dropped."""
        self._beginning = None
        self._checking.abandon()
        self._core.begin_stop(now_ns, Reason(intent.code, intent.reason))
        if intent.by_person and self._core.state in _OUTPUT_NEAR:
            self._core.stopped_at_device(now_ns, intent.reason, intent.code)

    def _pause(self, now_ns: int, _intent: intents.Pause) -> None:
        self._beginning = None
        if self._core.state is not State.RUNNING or self._core.stopping:
            return
        if self._core.run is not None and self._core.run.fading_out:
            # A pause would be followed by a resume, and the fade would be taken back.
            self._core.begin_stop(now_ns, NOBODY_ANSWERED)
            return
        self._adjusting.seen(now_ns)
        self._core.pause(now_ns, Reason(Code.PAUSE, "pause"))

    def _acknowledge(self, now_ns: int, intent: intents.Acknowledge) -> None:
        what = "acknowledge refused"
        self._need_zero(what)
        if self._core.needs_reason and not intent.reason.strip():
            raise StateError(
                what,
                code=Code.REASON_NEEDED,
                why="the person or somebody at the device has stopped",
                what_to_do="ask why, and acknowledge with that reason",
            )
        self._core.cause = None
        self._core.needs_reason = False
        why = f"acknowledged by the operator: {intent.reason}".removesuffix(": ")
        self._core.go(now_ns, State.STOPPED, why)

    def _close(self, now_ns: int, _intent: intents.Close) -> None:
        # Before a device was identified nothing of ours can have started output.
        if self._core.state is not State.DISCONNECTED:
            self._need_zero("close refused")
        self._core.connecting = False
        self._core.go(now_ns, State.CLOSED, "closed")

    def _need_zero(self, what: str) -> None:
        if self._core.contacted and self._core.zero_ns is None:
            raise StateError(
                what,
                code=Code.ZERO_NOT_VERIFIED,
                why="zero has not been verified",
                what_to_do="stop, and wait for zero",
            )

    # -- towards output

    def _connect(self, now_ns: int, _intent: intents.Connect) -> None:
        if self._core.connecting:
            raise StateError(
                "connect refused",
                code=Code.UNDER_WAY,
                why="it is under way",
                what_to_do="wait for its result",
            )
        if self._core.run is not None:
            self._core.run.over(now_ns)
        self._core.run = None
        self._checking.forget()
        self._core.go(now_ns, State.DISCONNECTED, "connecting")
        self._core.connect(now_ns)

    def _load_plan(self, now_ns: int, intent: intents.LoadPlan) -> None:
        self._checking.load(now_ns, intent.plan, intent.about)

    def _arm(self, now_ns: int, _intent: intents.Arm) -> None:
        what = "arm refused"
        reason = self._reason_against_arming(now_ns)
        if reason is not None:
            why, what_to_do = reason
            raise StateError(what, code=why.code, why=why.text, what_to_do=what_to_do)
        self._need_face(now_ns, what)
        zero_ns = self._core.zero_ns
        if zero_ns is not None and now_ns - zero_ns <= FRESH_ZERO_NS:
            self._core.fire(now_ns, Trigger.ZERO_FOR_ARM, "zero verified")
        else:
            before = Reason(Code.BEFORE_ARMING, "zero is verified before arming")
            self._core.begin_stop(now_ns, before, Purpose.ARM)

    def _reason_against_arming(self, now_ns: int) -> tuple[Reason, str] | None:
        if self.journal_failed:
            return _UNWRITABLE, "begin a new session"
        if self._core.link.quality is Quality.LOST:
            return _LINK_LOST, "connect again"
        if not self._core.ready:
            return NOT_IDENTIFIED, "connect again"
        if not self._checking.passed:
            return _NO_PLAN, "load a plan first"
        if self._core.budget.is_spent(now_ns):
            return BUDGET_SPENT, "begin a new session"
        if (mismatch := self._core.mismatch) is not None:
            return mismatch.reason, MEND_FIRST
        return self._core.host.refusal()

    def _need_face(self, now_ns: int, what: str) -> None:
        if not self._heartbeats.face_alive(now_ns):
            raise StateError(
                what,
                code=Code.FACE_NOT_ALIVE,
                why="no heartbeat from the program for 500 ms",
                what_to_do="see that it runs",
            )

    def _ready(self, now_ns: int, what: str) -> Run:
        """What a start and a resume need alike."""
        run = self._core.run
        if self._beginning is not None or run is None:
            raise StateError(
                what,
                code=Code.UNDER_WAY,
                why="it is under way",
                what_to_do="wait for its result",
            )
        self._need_face(now_ns, what)
        self._need_zero(what)
        if not self._heartbeats.held(now_ns):
            raise StateError(
                what,
                code=Code.NO_HOLD,
                why="no hold allows output",
                what_to_do="hold, then try again",
            )
        return run

    def _start(self, now_ns: int, intent: intents.Start) -> None:
        run = self._ready(now_ns, "start refused")
        from_us = self._start_from(run, intent)
        where = intents.StartFrom.WHAT_IS_LEFT if from_us else intents.StartFrom.BEGINNING
        row = rows.Started(
            run.plan_digest,
            run.plan.duration_us,
            where.value,
            from_us,
            run.plan.sheet.longest_run_after_host_death_us,
            fastest_of(run.plan),
        )
        waiting = self._log.emit_waiting(now_ns, row)
        self._beginning = _Beginning(Trigger.STARTED, waiting, from_us)

    def _start_from(self, run: Run, intent: intents.Start) -> int:
        """The plan time to begin at; StateError where nobody has chosen, or nothing is left."""
        what, until_us = "start refused", run.delivered.until_us
        if intent.start_from is intents.StartFrom.BEGINNING:
            return 0
        if intent.start_from is None:
            if not until_us:
                return 0
            raise StateError(
                what,
                code=Code.CHOOSE_START,
                why=f"{format_duration(until_us)} of {format_duration(run.plan.duration_us)} of "
                "this plan have been delivered",
                what_to_do="say whether to start from the beginning or with what is left",
            )
        if not until_us or self._config.scripted_raise:
            why = (
                "a scripted session starts from the beginning"
                if until_us
                else "nothing of the plan is left"
            )
            code = Code.SCRIPT_FROM_START if until_us else Code.NOTHING_LEFT
            raise StateError(what, code=code, why=why, what_to_do="start from the beginning")
        return until_us

    def _resume(self, now_ns: int, _intent: intents.Resume) -> None:
        run = self._ready(now_ns, "resume refused")
        paused_us = (now_ns - self._core.paused_ns) // 1_000
        row = rows.Resumed(run.time_us(now_ns), paused_us, self._from_zero(now_ns))
        waiting = self._log.emit_waiting(now_ns, row)
        self._beginning = _Beginning(Trigger.RESUMED, waiting)

    def _from_zero(self, now_ns: int) -> bool:
        return self._core.from_zero or now_ns - self._core.paused_ns > SOFT_RESUME_NS

    def _pulse(self, now_ns: int, intent: intents.Pulse) -> None:
        self._pulses.ask(now_ns, intent.channel, intent.set_point)

    def _hold(self, now_ns: int, intent: intents.Hold) -> None:
        if not 0 <= intent.duration_us <= self._config.longest_hold_us:
            raise StateError(
                "hold refused",
                code=Code.HOLD_TOO_LONG,
                why=f"{intent.duration_us} us is not within 0 .. {self._config.longest_hold_us} us",
                what_to_do="hold for a shorter time and renew it",
            )
        self._heartbeats.hold_until_ns = now_ns + intent.duration_us * 1_000

    def _attend(self, now_ns: int, _intent: intents.Attend) -> None:
        self._adjusting.seen(now_ns)

    # -- what waits for its row

    def advance(self, now_ns: int) -> None:
        """Begin what is on the record by now; drop what waited too long."""
        beginning = self._beginning
        if beginning is None:
            return
        if self._core.stopping or self._core.state not in (State.ARMED, State.PAUSED):
            self._beginning = None
        elif now_ns > beginning.waiting.stale_ns():
            self._beginning = None
            self._log.emit(now_ns, rows.Refused(beginning.trigger.value, JOURNAL_LATE))
        elif self._log.has_on_disk(beginning.waiting):
            self._beginning = None
            self._begin(now_ns, beginning.trigger, beginning.from_us)

    def _begin(self, now_ns: int, trigger: Trigger, from_us: int) -> None:
        run = self._core.run
        assert run is not None
        self._core.fire(now_ns, trigger)
        self._core.run_begins()
        resumed = trigger is Trigger.RESUMED
        self._supervision.begin(now_ns, self._core.paused_ns if resumed else None)
        try:
            if trigger is Trigger.STARTED:
                run.begin(now_ns, from_us)
            else:
                run.resume(now_ns, from_zero=self._from_zero(now_ns))
        except (PlanViolation, StimctlError) as broken:  # the driver takes no set points now
            self._core.fault(now_ns, Reason(Code.PLAN_BROKEN, str(broken)))

    def deadline(self) -> int | None:
        """When what waits goes stale."""
        return None if self._beginning is None else self._beginning.waiting.stale_ns() + 1
