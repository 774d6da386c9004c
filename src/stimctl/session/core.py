"""The session's state and the ways to zero: stop, fault, lost link, the watch over each stop."""

from collections.abc import Iterable
from enum import StrEnum

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver
from stimctl.session import rows
from stimctl.session.alarms import ALARMS, MARKERS, Condition, Effect, Priority
from stimctl.session.budget import Budget
from stimctl.session.config import STOP_OVERDUE_NS
from stimctl.session.contact import Contacts
from stimctl.session.finding import Mismatch
from stimctl.session.host import Host
from stimctl.session.ladder import Ladder
from stimctl.session.left import Delivered
from stimctl.session.link import LinkWatch, Quality
from stimctl.session.log import EventLog
from stimctl.session.prompts import TEXTS, Prompt
from stimctl.session.reasons import NOT_IDENTIFIED, PAUSED, STOPPED, Reason, of_condition
from stimctl.session.run import Run
from stimctl.session.states import TRANSITIONS, State, Trigger


class Purpose(StrEnum):
    """Why a zero is being verified, which decides what follows it."""

    STOP = "stop"
    PAUSE = "pause"
    ARM = "arm"
    TRIP = "trip"


_WAS_RESET = Reason(
    Code.DEVICE_WAS_RESET, "the device had stopped by itself before the pause: it was reset"
)
_AFTER_ZERO = {
    Purpose.ARM: (Trigger.ZERO_FOR_ARM, "zero verified"),
    Purpose.TRIP: (Trigger.CHECK_PASSED, "the plan fits, and the device stopped by itself"),
}


class Core:
    """State, latched cause, and the one place from which output is stopped."""

    def __init__(self, driver: AnyDriver, log: EventLog) -> None:
        self._driver = driver
        self.package = driver.sheet.package
        self._log = log
        self.link = LinkWatch()
        self.contacts = Contacts()
        self.host = Host()
        self.budget = Budget()
        self.raised: dict[int, int] = {}
        """By channel, when it was raised last in this session (ns)."""
        self.ladder = Ladder()
        self._delivered: dict[str, Delivered] = {}
        """By the digest of a plan, what of it was delivered in this session."""
        self.needs_reason = False
        """The person or somebody at the device has stopped: only a reason leads on."""
        self.mismatch: Mismatch | None = None
        """A channel was felt at another site than planned, and nothing was mended since."""
        self.state = State.DISCONNECTED
        self.run: Run | None = None
        self.connecting = False
        self.identity: rows.Identity | None = None
        """What the device of this session has told of itself."""
        self.ready = False
        """The device of this connection has been identified, and took set points then (K5)."""
        self.contacted = False
        """Something was sent to the device in this session."""
        self.from_zero = False
        """What was raised before the pause under way is lost."""
        self.paused_ns = 0
        """When output was paused last."""
        self.purpose: Purpose | None = None
        self.cause: Reason | None = None
        """Why the session is in FAULT, or will be once zero is verified."""
        self.zero_ns: int | None = None
        """When zero was verified, with nothing sent since that could stimulate."""
        self.zero_seen_ns: int | None = None
        """When zero was verified last, whatever was sent since."""
        self._run_under_way = False
        self._outcome = ""
        self._reason: Reason | None = None
        self._stop_ns = self._overdue_ns = 0
        self._overdue_told = False

    def delivered_of(self, digest: str) -> Delivered:
        """What was delivered of a plan in this session; loading it anew changes nothing."""
        return self._delivered.setdefault(digest, Delivered())

    @property
    def stopping(self) -> bool:
        """A zero is being verified."""
        return self.purpose is not None

    @property
    def why_stopping(self) -> str:
        """Why the output is being stopped, or was stopped last."""
        return f"the output is being stopped ({self.cause or self._reason})"

    def fire(self, now_ns: int, trigger: Trigger, why: Reason | str = "") -> None:
        """Something happened: go where the table says."""
        following = TRANSITIONS[self.state, trigger]
        if following is not None:
            self.go(now_ns, following, why or trigger.value)

    def go(self, now_ns: int, following: State, why: Reason | str) -> None:
        """Enter a state, if it is another one, and say so; a cause goes along with its code."""
        if following is self.state:
            return
        was, self.state = self.state, following
        why = why if isinstance(why, Reason) else Reason("", why)
        entered = rows.StateEntered(following.value, was.value, why)
        self._log.emit(now_ns, entered, durable=True)

    def alarm(
        self,
        now_ns: int,
        priority: Priority,
        what: Reason,
        action: str,
        channels: Iterable[int] = (),
    ) -> None:
        """Tell of an alarm condition, with the marker that stands for its priority in text."""
        marker = MARKERS[priority]
        row = rows.AlarmRaised(what, priority.value, marker, action, tuple(sorted(channels)))
        self._log.emit(now_ns, row, durable=True)

    def meet(
        self, now_ns: int, condition: Condition, detail: str = "", channels: Iterable[int] = ()
    ) -> None:
        """A condition of the alarm table begins: tell it, and stop where the table says so."""
        alarm = ALARMS[condition]
        what = of_condition(condition, detail=detail)
        if alarm.effect is Effect.STOP:
            self.fault(now_ns, what, alarm.priority, channels=channels)
        else:
            self.alarm(now_ns, alarm.priority, what, alarm.action, channels)

    def stopped_at_device(self, now_ns: int, by: str, code: Code | None = None) -> None:
        """Somebody at the electrodes wants no more: latched until a reason is given (H57).
        `code`: of the stop, where it is not the device's own."""
        self.needs_reason = True
        alarm = ALARMS[Condition.STOPPED_AT_DEVICE]
        what = of_condition(Condition.STOPPED_AT_DEVICE, detail=by)
        self.fault(now_ns, what, alarm.priority, None if code is None else Reason(code, what.text))

    def felt_elsewhere(self, now_ns: int, mismatch: Mismatch) -> None:
        """A channel is felt where the plan does not have it: off, until it is mended (H64)."""
        self.mismatch = mismatch
        alarm = ALARMS[Condition.FELT_ELSEWHERE]
        self.alarm(now_ns, alarm.priority, mismatch.reason, alarm.action, (mismatch.channel,))
        self.begin_stop(now_ns, mismatch.reason)

    def leads_checked(self, now_ns: int, by: str) -> None:
        """The mismatch is mended; who says so goes on record."""
        mismatch, self.mismatch = self.mismatch, None
        if mismatch is not None:
            row = rows.LeadsChecked(by, mismatch.reason.text)
            self._log.emit(now_ns, row, durable=True)

    def connect(self, now_ns: int) -> None:
        """Begin to connect; what was known about the device no longer counts."""
        self.connecting = self.contacted = True
        self.ready = False
        self.zero_ns = self.cause = None
        self.link.reset()
        self._driver.connect(now_ns)

    def connected(self, now_ns: int) -> None:
        """The driver has identified the device and verified zero."""
        self.connecting = False
        self.ready = True
        self.zero_ns = self.zero_seen_ns = now_ns

    def output_begins(self) -> None:
        """From here on something is sent that could stimulate."""
        self.zero_ns = None

    def run_begins(self) -> None:
        """A run is under way until it is reported as ended."""
        self.output_begins()
        self._run_under_way = True

    # -- ways to zero

    def begin_stop(
        self,
        now_ns: int,
        reason: Reason,
        purpose: Purpose = Purpose.STOP,
        *,
        completed: bool = False,
    ) -> None:
        """Command zero now; repeated by the driver until verified, watched by `advance`."""
        if not self.contacted or self.state is State.CLOSED:
            return
        self.connecting = False
        self.contacts.forget()
        self._driver.stop(now_ns)
        if self.run is not None:
            self.run.acknowledged.stops(now_ns)
            if purpose is Purpose.PAUSE:
                self.from_zero = False
                self.run.stand(now_ns, PAUSED)
            else:
                self.run.zero(now_ns, STOPPED.and_(f": {reason}"))
        if self.purpose is None:
            self._stop_ns, self._overdue_ns = now_ns, now_ns + STOP_OVERDUE_NS
            self._overdue_told = False
        if self.purpose is not Purpose.STOP:
            self.purpose = purpose
            self._reason, self._outcome = reason, "completed" if completed else "stopped"
        on_record = purpose in (Purpose.STOP, Purpose.PAUSE)
        self._log.emit(now_ns, rows.Stopping(reason, purpose.value), durable=on_record)

    def pause(self, now_ns: int, why: Reason) -> None:
        """Zero, and a person resumes."""
        self.paused_ns = now_ns
        self.begin_stop(now_ns, why, Purpose.PAUSE)
        self.go(now_ns, State.PAUSED, why.text)

    def fault(
        self,
        now_ns: int,
        what: Reason,
        priority: Priority = Priority.HIGH,
        cause: Reason | None = None,
        channels: Iterable[int] = (),
    ) -> None:
        """Commanded zero and FAULT, latched until acknowledged. `what` is alarmed; `cause`: why the
        output stops, where that has another code."""
        cause = cause or what
        if self.state is State.CLOSED:
            return
        if self.purpose is Purpose.STOP and self.cause is not None:
            # One fault brings others; zero is on its way, and the first cause is the one to tell.
            return
        if self.cause is None:
            self.cause = cause
        self.alarm(now_ns, priority, what, "output is being stopped", channels)
        if self.purpose is not Purpose.STOP:
            self.begin_stop(now_ns, cause)
        self.fire(now_ns, Trigger.FAULT_SEEN, cause)

    def link_lost(self, now_ns: int, reason: Reason) -> None:
        """No answer, no port, or the host slept: zero is commanded and must be verified anew."""
        if self.link.quality is Quality.LOST:
            return
        self.link.lost()
        self._log.emit(now_ns, rows.LinkChanged("lost", reason), durable=True)
        if self.state in (State.DISCONNECTED, State.CLOSED):
            return
        if self.zero_ns is not None and not self.stopping:
            if self.state in (State.ARMED, State.PAUSED):
                self.cause = reason
            if self.run is not None:
                self.run.zero(now_ns, reason)
            self.fire(now_ns, Trigger.LINK_LOST_AT_ZERO, reason)
            return
        if self.cause is None:
            self.cause = reason
        self.begin_stop(now_ns, reason)
        self._unknown(now_ns, Trigger.LINK_LOST, reason)

    def _unknown(self, now_ns: int, trigger: Trigger, reason: Reason) -> None:
        self._overdue_told = True
        self.purpose = Purpose.STOP
        if self.run is not None:
            self.run.zero(now_ns, reason)
        counted = None
        if self.run is not None and self._run_under_way:
            counted = self.run.acknowledged.told(now_ns, unknown=True)
        to_do = self._driver.sheet.stop_instruction
        row = rows.OutputUnknown(reason, to_do, "OUTPUT NOT CONFIRMED", counted)
        self._log.emit(now_ns, row, durable=True)
        alarm = ALARMS[Condition.OUTPUT_NOT_CONFIRMED]
        what = of_condition(Condition.OUTPUT_NOT_CONFIRMED)
        self.alarm(now_ns, alarm.priority, what, alarm.action)
        self.fire(now_ns, trigger, reason)

    # -- the watch over a stop

    def advance(self, now_ns: int) -> None:
        """A stop that is not verified in time is UNKNOWN; attempts go on."""
        if self.purpose is None or self._overdue_told:
            return
        if now_ns >= self._overdue_ns:
            after_ms = (self._overdue_ns - self._stop_ns) // 1_000_000
            reason = Reason(Code.STOP_OVERDUE, f"zero was not verified within {after_ms} ms")
            self._unknown(now_ns, Trigger.STOP_OVERDUE, reason)

    def deadline(self) -> int | None:
        """When the stop under way is overdue."""
        if self.purpose is None or self._overdue_told:
            return None
        return self._overdue_ns

    def restarting(self, now_ns: int, until_ns: int) -> None:
        """The driver restarts the device, which ends its output and keeps it silent for a while:
        that is expected, and said. Longer than that it is a stop that was not verified."""
        if self.purpose is None or self._overdue_told:
            return
        # Once for each stop, or a line that is dead would never be told of.
        if self._overdue_ns == self._stop_ns + STOP_OVERDUE_NS:
            self._overdue_ns = max(self._overdue_ns, until_ns)
            reason = Reason(
                Code.RESTARTING,
                "the device is being restarted, which ends its output; it starts for up to 14 s",
            )
            self._log.emit(now_ns, rows.LinkChanged("restarting", reason), durable=True)

    def zero_verified(
        self,
        now_ns: int,
        *,
        already_off: bool = False,
        reset_seen: bool = False,
        rounds: int = 1,
    ) -> None:
        """The device confirmed zero: what follows depends on why it was asked to."""
        purpose, self.purpose = self.purpose, None
        if purpose is None:
            # The driver verifies zero on its way to what it was asked for; nothing rests on it.
            return
        self.zero_ns = self.zero_seen_ns = now_ns
        if self.run is not None:
            # Off already, or stopped long ago: by itself, and nobody knows when.
            ran = not (already_off or self._overdue_told)
            self.run.acknowledged.ends(now_ns, ran=ran, at_once=rounds == 1)
        self.ready = self.ready and not self._driver.latched  # only connecting leads on
        after_us = (now_ns - self._stop_ns) // 1_000
        self._log.emit(now_ns, rows.ZeroVerified(after_us, purpose.value), durable=True)
        if purpose is Purpose.PAUSE and reset_seen:
            # Seen for certain it is a fault like any other (M2).
            self.fault(now_ns, _WAS_RESET)
            return
        if purpose is Purpose.PAUSE and already_off and self.run is not None:
            # Perhaps a reset, perhaps a lost answer: a discontinuity all the same (A1, M2).
            self.run.zero(now_ns, of_condition(Condition.DEVICE_RESET))
            self.from_zero = True
            self.meet(now_ns, Condition.DEVICE_RESET)
        if purpose is Purpose.ARM and not self.ready:
            self.fault(now_ns, NOT_IDENTIFIED)
        elif purpose in _AFTER_ZERO:
            self.fire(now_ns, *_AFTER_ZERO[purpose])
        elif purpose is Purpose.STOP:
            faulty = self.cause is not None
            trigger = Trigger.ZERO_AFTER_FAULT if faulty else Trigger.ZERO_VERIFIED
            self.fire(now_ns, trigger, self.cause or self._reason or "")
            self._end_run(now_ns)

    def _end_run(self, now_ns: int) -> None:
        if not self._run_under_way or self.run is None:
            return
        self._run_under_way = False
        self.run.over(now_ns)
        ended = rows.Ended(
            outcome=self._outcome if self.cause is None else "fault",
            reason=self.cause or self._reason or Reason("", ""),
            plan_time_us=self.run.time_us(now_ns),
            acknowledged=self.run.acknowledged.told(now_ns),
            left_us=self.run.left_us,
        )
        self._log.emit(now_ns, ended, durable=True)
        prompt = Prompt.SKIN_CHECK_AT_END
        self._log.emit(now_ns, rows.PromptShown(prompt.value, TEXTS[prompt]), durable=True)
