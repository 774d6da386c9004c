"""What the driver's events mean for the session: a table from event to reaction."""

from collections.abc import Callable, Iterable
from typing import Any

from stimctl.codes import Code
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    AnswerLate,
    ContactRead,
    DeviceError,
    DriverBroken,
    DriverEvent,
    Identified,
    LineError,
    NoAnswer,
    ParametersRead,
    RaiseDropped,
    Ready,
    Rejected,
    Restarting,
    StatusRead,
    StoppedAtDevice,
    StrayAnswer,
    UnexpectedState,
    Withheld,
    WrongDevice,
    ZeroVerified,
)
from stimctl.session import rows
from stimctl.session.alarms import Condition
from stimctl.session.config import SECOND
from stimctl.session.core import Core
from stimctl.session.log import EventLog
from stimctl.session.readback import judge
from stimctl.session.reasons import Reason
from stimctl.session.states import State, Trigger
from stimctl.stimulus.level import CURRENT


class EventHandlers:
    """Turns driver events into what the session does about them."""

    def __init__(self, core: Core, log: EventLog) -> None:
        self._core = core
        self._log = log
        self._serial: str | None = None
        self._table: dict[type, Callable[[int, Any], None]] = {
            Acked: self._acked,
            AckedOvertaken: self._overtaken,
            AnswerLate: self._late,
            ContactRead: self._contact,
            DeviceError: self._device_error,
            DriverBroken: self._driver_broken,
            Identified: self._identified,
            LineError: self._line_error,
            NoAnswer: self._no_answer,
            ParametersRead: self._parameters,
            RaiseDropped: self._raise_dropped,
            Ready: self._ready,
            Rejected: self._rejected,
            Restarting: lambda now_ns, event: core.restarting(now_ns, event.until_ns),
            StatusRead: self._status,
            StoppedAtDevice: self._stopped_at_device,
            StrayAnswer: self._stray,
            UnexpectedState: self._unexpected,
            Withheld: self._withheld,
            WrongDevice: self._wrong_device,
            ZeroVerified: self._zero,
        }

    def take(self, now_ns: int, event: DriverEvent) -> None:
        """React to one event."""
        self._table[type(event)](now_ns, event)

    def _answered(self, now_ns: int, latency_ns: int) -> None:
        if self._core.link.answered(latency_ns):
            good = Reason(Code.LINK_IN_TIME, "answers in time")
            self._log.emit(now_ns, rows.LinkChanged("good", good))

    def _acked(self, now_ns: int, event: Acked) -> None:
        self._answered(now_ns, event.latency_ns)
        run = self._core.run
        if run is not None:
            run.acked(now_ns, event)

    def _overtaken(self, now_ns: int, event: AckedOvertaken) -> None:
        run = self._core.run
        if run is not None:
            run.acked(now_ns, event)

    def _status(self, now_ns: int, event: StatusRead) -> None:
        self._answered(now_ns, event.latency_ns)
        if self._core.run is not None and not event.errors:
            self._core.run.acknowledged.confirms(now_ns - event.latency_ns, event.active)
        if event.errors:
            told = ", ".join(f"channel {one}: {event.errors[one]}" for one in sorted(event.errors))
            self._broken(now_ns, Code.DEVICE_REPORTS, f"the device reports {told}", event.errors)

    def _contact(self, now_ns: int, event: ContactRead) -> None:
        begun = self._core.contacts.feed(now_ns, event)
        if begun is not None:
            self._core.meet(now_ns, begun, f"channel {event.channel}", (event.channel,))

    def _parameters(self, now_ns: int, event: ParametersRead) -> None:
        self._answered(now_ns, event.latency_ns)
        run = self._core.run
        if self._core.stopping or self._core.state is not State.RUNNING or run is None:
            return
        if run.scale is not CURRENT:
            return  # percent is never read back
        found = judge(event.channels, run.output.may_be_in_force())
        if found is not None:
            self._core.meet(now_ns, found)
            return
        running = {one.channel for one in event.channels}
        run.acknowledged.confirms(now_ns - event.latency_ns, running)

    def _stopped_at_device(self, now_ns: int, event: StoppedAtDevice) -> None:
        self._core.stopped_at_device(now_ns, event.by)

    def _late(self, now_ns: int, _event: AnswerLate) -> None:
        if self._core.link.answer_late():
            late = Reason(Code.ANSWERS_LATE, "two answers came late")
            self._log.emit(now_ns, rows.LinkChanged("degraded", late), durable=True)
            self._core.meet(now_ns, Condition.LINK_DEGRADED)

    def _no_answer(self, now_ns: int, event: NoAnswer) -> None:
        if self._core.connecting:
            waited_s = max(1, (now_ns - event.since_ns) // SECOND)
            words = f"the device did not answer for {waited_s} s"
            self._connect_failed(now_ns, Reason(Code.NO_ANSWER, words))
        else:
            silent = Reason(Code.NO_ANSWER, "the device has not answered for 1 s")
            self._core.link_lost(now_ns, silent)

    def _connect_failed(self, now_ns: int, reason: Reason) -> None:
        self._core.connecting = False
        self._log.emit(now_ns, rows.ConnectFailed(reason), durable=True)

    def _broken(self, now_ns: int, code: Code, words: str, channels: Iterable[int] = ()) -> None:
        cause = Reason(code, words)
        if self._core.connecting:
            self._connect_failed(now_ns, cause)
        else:
            self._core.fault(now_ns, cause, channels=channels)

    def _rejected(self, now_ns: int, event: Rejected) -> None:
        if not event.retried:
            refused = f"the device refused {event.what.value}: {event.result}"
            self._broken(now_ns, Code.DEVICE_REFUSED, refused)

    def _device_error(self, now_ns: int, event: DeviceError) -> None:
        told = f"the device reports {event.result}"
        self._broken(now_ns, Code.DEVICE_REPORTS, told, event.channels)

    def _driver_broken(self, now_ns: int, event: DriverBroken) -> None:
        self._core.ready = False
        self._broken(now_ns, event.code, event.what)

    def _stray(self, now_ns: int, _event: StrayAnswer) -> None:
        words = "an answer to a question never asked: another program is using the port"
        self._broken(now_ns, Code.STRAY_ANSWER, words)

    def _unexpected(self, now_ns: int, event: UnexpectedState) -> None:
        if event.restarted:
            self._core.ready = False
        words = f"the device is {event.found}, expected {event.expected}"
        differing = (event.channels_expected or frozenset()) ^ (event.channels_found or frozenset())
        self._broken(now_ns, Code.DEVICE_UNEXPECTED, words, differing)

    def _wrong_device(self, now_ns: int, event: WrongDevice) -> None:
        words = f"the device is not {event.expected}: {event.found}"
        self._broken(now_ns, Code.WRONG_DEVICE, words)

    def _line_error(self, now_ns: int, event: LineError) -> None:
        if event.kind == "duplicate":
            return  # a whole answer that came twice is no damage
        core = self._core
        if not core.contacted:
            return  # what was on the line before anything was said says nothing of this session
        too_many = core.link.line_error(now_ns)
        if too_many and core.zero_ns is None and not core.connecting and not core.stopping:
            words = f"three damaged frames within 10 s, the last: {event.kind}"
            core.fault(now_ns, Reason(Code.DAMAGED_FRAMES, words))

    def _raise_dropped(self, now_ns: int, event: RaiseDropped) -> None:
        run = self._core.run
        if run is not None:
            run.dropped(now_ns, event)

    def _withheld(self, now_ns: int, event: Withheld) -> None:
        run = self._core.run
        if run is not None:
            run.withheld(now_ns, event)

    def _identified(self, now_ns: int, event: Identified) -> None:
        # Rule K5: the session is bound to the one device it began with.
        if self._serial is not None and event.serial != self._serial:
            words = f"this is device {event.serial!r}, the session began with {self._serial!r}"
            self._connect_failed(now_ns, Reason(Code.WRONG_DEVICE, words))
            return
        self._serial = event.serial
        identity = self._core.identity = rows.Identity(
            family=event.family,
            serial=event.serial,
            firmware=event.firmware,
            protocol=event.protocol,
            firmware_hash=event.firmware_hash,
            package=self._core.package,
        )
        self._log.emit(now_ns, identity, durable=True)

    def _ready(self, now_ns: int, _event: Ready) -> None:
        if self._core.connecting:
            self._core.connected(now_ns)
            self._core.fire(now_ns, Trigger.IDENTITY_READ, "identified, zero verified")

    def _zero(self, now_ns: int, event: ZeroVerified) -> None:
        self._core.zero_verified(
            now_ns,
            already_off=event.already_off,
            reset_seen=event.reset_seen,
            rounds=event.rounds,
        )
