"""What goes on while output may be on: the run itself, keep-alive, telemetry, attendance."""

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StimctlError
from stimctl.session import rows
from stimctl.session.alarms import Condition
from stimctl.session.config import ATTENDANCE_ANSWER_NS, TELEMETRY_NS, EngineConfig
from stimctl.session.core import Core
from stimctl.session.facts import InputSample
from stimctl.session.following import Following
from stimctl.session.heartbeats import Attendance, Heartbeats
from stimctl.session.link import Quality
from stimctl.session.log import EventLog
from stimctl.session.plateaus import PlanViolation
from stimctl.session.reasons import BUDGET_SPENT, NOBODY_ANSWERED, PLAN_ENDED, Reason
from stimctl.session.run import Run
from stimctl.session.states import State
from stimctl.stimulus.level import AnyLevel

_ALARM_OF: dict[str, Condition] = {
    Code.INPUT_STALE: Condition.INPUT_LOST,
    Code.INPUT_LATE: Condition.INPUT_LATE,
}


class Supervision:
    """Acts in RUNNING only, and only while no stop is under way."""

    def __init__(
        self,
        core: Core,
        driver: AnyDriver,
        sheet: CapabilitySheet,
        config: EngineConfig,
        log: EventLog,
        heartbeats: Heartbeats,
    ) -> None:
        self._core = core
        self._driver = driver
        self._keep_alive_ns = (sheet.refresh_us or sheet.keep_alive_us) * 1_000
        self._log = log
        self._heartbeats = heartbeats
        self.attendance = Attendance(asking=config.attended_by_prompt)
        self._following = Following(config, log)
        self._next_keep_alive_ns = 0
        self._next_telemetry_ns = 0

    def begin(self, now_ns: int, paused_ns: int | None = None) -> None:
        """Output may begin, or go on after a pause since `paused_ns`."""
        if paused_ns is None:
            self.attendance.seen(now_ns, by_person=True)
        else:
            self.attendance.resumed(now_ns, paused_ns)
        self._next_keep_alive_ns = now_ns + self._keep_alive_ns
        self._next_telemetry_ns = now_ns + TELEMETRY_NS

    def _active(self) -> bool:
        return self._core.state is State.RUNNING and not self._core.stopping

    def advance(self, now_ns: int) -> None:
        """Everything that is due."""
        self._run_on(now_ns)
        if self._active():
            self._attend(now_ns)
            self._keep_alive(now_ns)
            self._telemetry(now_ns)

    def on_record(self, now_ns: int) -> None:
        """More is on the disk: what waited for it may go on."""
        self._run_on(now_ns)

    def _run_on(self, now_ns: int) -> None:
        run = self._core.run
        if run is None or not self._active():
            self._following.forget(now_ns, run)
            return
        if run.ended(now_ns):
            self._tell_silent(now_ns, run, ended=True)
            self._core.begin_stop(now_ns, PLAN_ENDED, completed=True)
            return
        if self._core.budget.is_spent(now_ns):
            self._core.begin_stop(now_ns, BUDGET_SPENT)
            return
        try:
            self._following.advance(now_ns, run)
            run.advance(now_ns)
        except (PlanViolation, StimctlError) as broken:
            self._core.fault(now_ns, Reason(Code.PLAN_BROKEN, str(broken)))
            return
        self._tell_silent(now_ns, run)
        if (why := run.switched.pause_asked) is not None:
            self._pause(now_ns, why)
        elif run.faded_out:
            self._core.begin_stop(now_ns, NOBODY_ANSWERED)

    def sample(self, now_ns: int, sample: InputSample) -> None:
        """An input says something: kept while output stands, and obeyed while it runs."""
        run = self._core.run
        if run is not None:
            # First what was due before it came: a gap that nobody woke up for is a gap (K13).
            self._run_on(now_ns)
            run.switched.inputs.take(now_ns // 1_000, sample)
            self._run_on(now_ns)

    def _pause(self, now_ns: int, why: Reason) -> None:
        """A person has to come before inputs start anything more (N5, K15, K18)."""
        condition = _ALARM_OF.get(why.code)
        if condition is not None:
            self._core.meet(now_ns, condition, why.text)
        self._core.pause(now_ns, why)

    def _tell_silent(self, now_ns: int, run: Run, *, ended: bool = False) -> None:
        for one in run.silent_contractions(now_ns, ended=ended):
            where = f"channel {one.channel}, number {one.number}"
            self._core.meet(now_ns, Condition.NO_OUTPUT, where, (one.channel,))

    def lower(self, now_ns: int, channel: int, plateau: int) -> None:
        """Down, in whatever state."""
        run = self._core.run
        if run is None:
            return
        try:
            run.lower(now_ns, channel, plateau)
        except (PlanViolation, StimctlError) as broken:
            self._core.fault(now_ns, Reason(Code.PLAN_BROKEN, str(broken)))

    def follow(self, now_ns: int, channel: int, level: AnyLevel, at_ns: int) -> None:
        """A target for a channel of the run; StateError where it is refused."""
        run = self._core.run
        assert run is not None  # RUNNING has one
        self._following.take(now_ns, run, channel, level, at_ns)
        self._run_on(now_ns)

    def _attend(self, now_ns: int) -> None:
        match self.attendance.advance(now_ns):
            case "prompt":
                within_us = ATTENDANCE_ANSWER_NS // 1_000
                prompt = rows.Attendance(prompt=True, answer_within_us=within_us)
                self._log.emit(now_ns, prompt, durable=True)
            case "unanswered":
                self._core.meet(now_ns, Condition.NOBODY_ANSWERED)
                if self._core.run is not None:
                    self._core.run.fade_out(now_ns)
                    self._run_on(now_ns)

    def person_present(self, now_ns: int, by: str) -> None:
        """A person at the machine has answered."""
        if self.attendance.seen(now_ns, by_person=True):
            self._log.emit(now_ns, rows.Attendance(answered=True, by=by), durable=True)

    def _keep_alive(self, now_ns: int) -> None:
        """The gate of rule K2: nothing is sent for a face, a journal or a driver that is gone."""
        if now_ns < self._next_keep_alive_ns:
            return
        # By absolute deadline: being woken late once does not make all the following ones late.
        self._next_keep_alive_ns += self._keep_alive_ns
        if self._next_keep_alive_ns <= now_ns:
            self._next_keep_alive_ns = now_ns + self._keep_alive_ns
        if self._driver.latched or self._core.link.quality is Quality.LOST:
            return
        if self._heartbeats.lapse(now_ns, output=True) is None:
            self._driver.keep_alive(now_ns)

    def _telemetry(self, now_ns: int) -> None:
        run = self._core.run
        if run is None or now_ns < self._next_telemetry_ns:
            return
        self._next_telemetry_ns = now_ns + TELEMETRY_NS
        row = _telemetry_of(run, now_ns, self._core.link.quality.value)
        self._log.emit(now_ns, row, durable=True)
        self._prompt(now_ns, run)

    def _prompt(self, now_ns: int, run: Run) -> None:
        for asked in run.prompts.due(run.time_us(now_ns), run.raising.snapshot(), run.contractions):
            text = run.prompts.text(asked.prompt)
            row = rows.PromptShown(asked.prompt.value, text, asked.channel)
            self._log.emit(now_ns, row, durable=True)

    def deadline(self, now_ns: int) -> int | None:
        """When the next of these is due."""
        run = self._core.run
        if run is None or not self._active():
            return None
        due = min(self._next_keep_alive_ns, self._next_telemetry_ns)
        for other in (
            self.attendance.deadline(),
            run.deadline(now_ns),
            self._following.deadline(now_ns),
            self._core.budget.deadline(),
        ):
            if other is not None and other < due:
                due = other
        return due


def _telemetry_of(run: Run, now_ns: int, link: str) -> rows.Telemetry:
    """What is set, what is acknowledged, what is measured (by no device yet): never mixed."""
    return rows.Telemetry(
        plan_time_us=run.time_us(now_ns),
        set=dict(run.output.told),
        acked=dict(run.output.acked),
        measured=None,
        levels=run.raising.snapshot(),
        unit=run.scale.unit,
        link=link,
        acknowledged=run.acknowledged.told(now_ns),
        locked=run.raising.locked(now_ns),
        highest=run.output.take_highest() or None,
    )
