"""Single pulses: each bounded by the plateau raised for its channel, each on the record first.

A pulse waits for its row, then for the answer to the pulse before it. What became of it is on the
record as well: `pulse_acked` with its times, or `refused` with the reason.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver, no_pulses
from stimctl.devices.events import Acked, DriverEvent, RaiseDropped, Rejected
from stimctl.errors import LimitRefusedError, StateError, StimctlError
from stimctl.safety.cleared import SetPoint
from stimctl.safety.sealed import is_genuine
from stimctl.session import intents, rows
from stimctl.session.config import EVENT_WAIT_NS, LINE_FREE_NS, EngineConfig
from stimctl.session.core import Core
from stimctl.session.log import EventLog, Waiting
from stimctl.session.reasons import JOURNAL_LATE, Reason
from stimctl.session.states import State
from stimctl.stimulus import Stimulus
from stimctl.treatment.program import AnyPlan, makes_current

LINE_BUSY = Reason(Code.LINE_BUSY, "the device has not answered the pulse before within 100 ms")
NOT_SENT = Reason(Code.PULSE_NOT_SENT, "the port took longer than 250 ms: the pulse was not sent")
NOT_CONFIRMED = Reason(
    Code.PULSE_NOT_CONFIRMED, "it was sent and not acknowledged: it may have been given"
)
EVENT_LATE = Reason(
    Code.EVENT_LATE, "its row was not on the disk 20 ms after its time: the event was skipped"
)
NOT_RUNNING = Reason(Code.PULSE_NOT_RUNNING, "the session has stopped: the pulse was not sent")
_NOT_ON_RECORD = Reason(Code.PULSE_NOT_ON_RECORD, "the pulse before is not yet on the record")
_NOT_GENUINE = Reason(Code.NOT_GENUINE, "not a set point of the safety model")
_ABOVE_PLATEAU = Reason(Code.PULSE_ABOVE_PLATEAU, "above the plateau raised for this channel")


def check_single_pulses(plan: AnyPlan) -> None:
    """LimitRefusedError for a plan whose clearance counts on pauses between its pulses.

    With single pulses a program sets the rhythm, and nothing keeps the pauses of bursts or of
    on/off cycles: only a clearance for pulses without a pause bounds them.
    """
    if not makes_current(plan):
        return
    for one in plan.channels:
        what = _pauses(one.stimulus)
        if what is not None:
            raise LimitRefusedError(
                f"channel {one.channel}: no single pulses with {plan.protocol.id}",
                why=f"it was cleared for {what}, and single pulses do not keep to them",
                what_to_do="use a protocol without bursts and cycles",
            )


def pulse_of(plan: AnyPlan, channel: int, amplitude_ua: int) -> intents.Pulse:
    """The intent for one pulse of this plan. Raises `StateError` where the device makes none."""
    if not makes_current(plan):
        raise no_pulses()
    return intents.Pulse(channel, plan.channel(channel).cleared.point(amplitude_ua))


def _pauses(stimulus: Stimulus) -> str | None:
    if stimulus.burst is not None:
        return "bursts"
    return None if stimulus.cycle is None else "on/off cycles"


Told = Callable[[int, rows.PulseAcked | Reason], None]
"""What became of a pulse: its times, or why there was none; with the number of its row."""


@dataclass(frozen=True, slots=True)
class _AskedPulse:
    waiting: Waiting
    channel: int
    set_point: SetPoint
    at_ns: int = 0
    """Not before that; and where it is above 0, hardly after it (K17)."""
    on_over: Told | None = None

    def stale_ns(self) -> int:
        """The clock reading after which it is dropped."""
        return self.at_ns + EVENT_WAIT_NS if self.at_ns else self.waiting.stale_ns()


class Pulses:
    """The pulses that wait for their rows, and the one whose answer is awaited."""

    def __init__(self, core: Core, driver: AnyDriver, config: EngineConfig, log: EventLog) -> None:
        self._core = core
        self._driver = driver
        self._config = config
        self._log = log
        self._asked: deque[_AskedPulse] = deque()
        self._free_by_ns: int | None = None
        """Until when the first one, on the record by now, waits for the answer to another."""
        self._given: _AskedPulse | None = None
        self._ticket: int | None = None

    def ask(self, now_ns: int, channel: int, set_point: SetPoint) -> None:
        """Refused with a reason, or asked of the journal. StateError in sessions with trains."""
        run = self._core.run
        if run is not None and run.ladder is not None:
            raise StateError(
                "pulse refused",
                code=Code.EVENTS_BY_PLAN,
                why="in a procedure the plan says when a pulse comes",
                what_to_do="answer its events, or load another protocol",
            )
        if not self._config.single_pulses:
            raise StateError(
                "pulse refused",
                code=Code.TRAINS_ONLY,
                why="this session drives trains",
                what_to_do="begin a session for single pulses",
            )
        reason = self._ask(now_ns, channel, set_point)
        if reason is not None:
            self._refuse(now_ns, channel, reason)

    def at(
        self, now_ns: int, at_ns: int, channel: int, set_point: SetPoint, on_over: Told
    ) -> Reason | None:
        """A pulse of the plan, for this time; or why it is not taken. `on_over` is told what became
        of one that was taken, once."""
        return self._ask(now_ns, channel, set_point, max(1, at_ns), on_over)

    def _ask(
        self,
        now_ns: int,
        channel: int,
        set_point: SetPoint,
        at_ns: int = 0,
        on_over: Told | None = None,
    ) -> Reason | None:
        reason = self._refusal(channel, set_point)
        if reason is None and self._asked:
            reason = _NOT_ON_RECORD
        if reason is None:
            row = rows.PulseCommanded(channel, set_point.amplitude_ua)
            waiting = self._log.emit_waiting(now_ns, row)
            self._asked.append(_AskedPulse(waiting, channel, set_point, at_ns, on_over))
        return reason

    def _refusal(self, channel: int, set_point: SetPoint) -> Reason | None:
        run = self._core.run
        if run is None or not is_genuine(set_point, SetPoint):
            return _NOT_GENUINE
        if set_point.amplitude_ua > run.raising.plateau(channel):
            return _ABOVE_PLATEAU
        return None

    def _refuse(self, now_ns: int, channel: int, reason: Reason, pulse: int | None = None) -> None:
        self._log.emit(now_ns, rows.Refused("pulse", reason, channel, pulse=pulse))

    def _refuse_asked(self, now_ns: int, asked: _AskedPulse, reason: Reason) -> None:
        self._refuse(now_ns, asked.channel, reason, pulse=asked.waiting.seq)
        if asked.on_over is not None:
            asked.on_over(asked.waiting.seq, reason)

    def drop(self, now_ns: int, reason: Reason) -> bool:
        """What waits is not given, and is told so; False where nothing waits: it was sent."""
        waits = bool(self._asked)
        while self._asked:
            self._drop_first(now_ns, reason)
        return waits

    def hear(self, now_ns: int, event: DriverEvent) -> None:
        """Note what became of the pulse that was handed to the driver."""
        given = self._given
        if given is None or not isinstance(event, Acked | RaiseDropped | Rejected):
            return
        if event.ticket != self._ticket:
            return
        if isinstance(event, Acked):
            row = rows.PulseAcked(
                channel=given.channel,
                amplitude_ua=given.set_point.amplitude_ua,
                pulse=given.waiting.seq,
                asked_ns=given.waiting.asked_ns,
                sent_ns=now_ns - event.latency_ns,
                acked_ns=now_ns,
            )
            self._log.emit(now_ns, row)
            if given.on_over is not None:
                given.on_over(given.waiting.seq, row)
            point = given.set_point
            if self._core.run is not None:
                self._core.run.acknowledged.gives(
                    given.channel, point.amplitude_ua, point.phase_width_us
                )
        elif isinstance(event, RaiseDropped):
            self._refuse_asked(now_ns, given, NOT_SENT)
            self._gave_none(given)
        else:
            self._gave_none(given)
            refused = Reason(Code.PULSE_REFUSED, f"the device refused it: {event.result}")
            self._refuse_asked(now_ns, given, refused)
        self._given = None
        self.advance(now_ns)

    def _gave_none(self, asked: _AskedPulse) -> None:
        point = asked.set_point
        if self._core.run is not None:
            self._core.run.acknowledged.gives_none(
                asked.channel, point.amplitude_ua, point.phase_width_us
            )

    def advance(self, now_ns: int) -> None:
        """Send what is on the record by now; drop what waited too long."""
        if self._core.state is not State.RUNNING or self._core.stopping:
            self._abandon(now_ns)
        while self._asked:
            asked = self._asked[0]
            if self._free_by_ns is None and now_ns > asked.stale_ns():
                self._drop_first(now_ns, EVENT_LATE if asked.at_ns else JOURNAL_LATE)
            elif now_ns < asked.at_ns or not self._log.has_on_disk(asked.waiting):
                return
            elif self._given is None:
                self._asked.popleft()
                self._free_by_ns = None
                self._send(now_ns, asked)
            elif self._free_by_ns is None:
                self._free_by_ns = now_ns + LINE_FREE_NS
            elif now_ns >= self._free_by_ns:
                self._drop_first(now_ns, LINE_BUSY)
            else:
                return

    def _drop_first(self, now_ns: int, reason: Reason) -> None:
        self._free_by_ns = None
        self._refuse_asked(now_ns, self._asked.popleft(), reason)

    def _abandon(self, now_ns: int) -> None:
        """The session no longer runs: nothing is given any more, and every pulse has its row."""
        self.drop(now_ns, NOT_RUNNING)
        if self._given is not None:
            given, self._given = self._given, None
            self._refuse_asked(now_ns, given, NOT_CONFIRMED)

    def _send(self, now_ns: int, asked: _AskedPulse) -> None:
        reason = self._refusal(asked.channel, asked.set_point)
        if reason is None:
            try:
                self._ticket = self._driver.pulse(now_ns, asked.channel, asked.set_point)
                self._core.budget.add(asked.set_point.amplitude_ua, asked.set_point.phase_width_us)
                self._given = asked
                if self._core.run is not None:
                    self._core.run.acknowledged.sends(
                        asked.channel, asked.set_point.amplitude_ua, asked.set_point.phase_width_us
                    )
            except StimctlError as refused:
                reason = Reason(Code.PULSE_REFUSED, str(refused))
        if reason is not None:
            self._refuse_asked(now_ns, asked, reason)

    def deadline(self) -> int | None:
        """When the next one goes stale."""
        if self._free_by_ns is not None:
            return self._free_by_ns
        if not self._asked:
            return None
        first = self._asked[0]
        if first.at_ns and self._log.has_on_disk(first.waiting):
            return first.at_ns
        return first.stale_ns() + 1
