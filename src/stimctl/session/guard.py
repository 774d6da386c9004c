"""The guard around the driver of another package: what it may send, and when; sans-IO.

Code in the same process cannot be shut in. The guard finds mistakes: bytes that nothing caused,
output while a stop is under way, a raise that could leave late, exceptions. What breaks a rule ends
the output: the driver is not called again, and the stop sequence of its family takes its place.
Every frame of such a driver says what it is for (`Frame.doing`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver, Frame
from stimctl.devices.events import (
    Acked,
    AckedOvertaken,
    Doing,
    DriverBroken,
    DriverEvent,
    NoAnswer,
    ParametersRead,
    RaiseDropped,
    Ready,
    Rejected,
    StatusRead,
    Withheld,
    WrongDevice,
    ZeroVerified,
)
from stimctl.devices.family import family_row, load
from stimctl.devices.pending_request import STALE_NS
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.guard_rules import (
    BYTES_MAX,
    CONNECTING,
    FOLLOW_UP_NS,
    FRAMES_MAX,
    OUTPUT,
    PROOFS,
    ZEROING,
    Levels,
    Point,
    RuleError,
    asked_of,
    lowered,
    raises,
    refuse_above,
    refuse_forged,
    values_of,
)
from stimctl.session.guard_stop import StopInstead
from stimctl.session.guard_values import flaw_of

_ANSWERS = (StatusRead, ParametersRead)
_Result = TypeVar("_Result")


def guarded(driver: AnyDriver, sheet: CapabilitySheet) -> AnyDriver:
    """The driver, within a guard where it is another package's."""
    if not sheet.package or isinstance(driver, GuardedDriver):
        return driver
    return GuardedDriver(driver, sheet)


class GuardedDriver:
    """Implements `Driver`."""

    def __init__(
        self,
        driver: AnyDriver,
        sheet: CapabilitySheet,
        new_sequence: Callable[[int], Any] | None = None,
    ) -> None:
        """`new_sequence`: makes the stop sequence; without it that of the sheet's family."""
        self._driver: Any = driver
        self.sheet = sheet
        # Loaded now: without its stop sequence no session begins.
        self._new_sequence = new_sequence or load(family_row(sheet.family).stop)
        self._instead: StopInstead | None = None
        self._frames: list[Frame] = []
        self._events: list[DriverEvent] = []
        self._due_ns: int | None = None
        self._now_ns = 0
        self._latched = self._connecting = self._stopping = self._zeroing = False
        self._owed: dict[Doing, int] = {}
        """What a call has caused and the device has not answered yet: until when it may be sent."""
        self._ticket: int | None = None
        self._asked: dict[int, Levels] = {}
        """By ticket, what was asked of each channel; the values that must not be exceeded."""
        self._told: Levels = {}
        self._acked: Levels = {}
        self._raise_by_ns: int | None = None
        # One that restarts with its port is known to be at zero while it does: by its own time.
        self._proves = () if sheet.boot_us is not None else PROOFS
        self._heard = False
        """Since the stop or the connection began; nothing but bytes from the device proves it."""
        self._unanswered = 0
        """Keep-alives that the device has not answered: the one in flight, and one that waits."""
        self._lowers = 0
        self._earlier = False
        """A call before the latest is not answered: what does not expire may be its repeat."""

    @property
    def latched(self) -> bool:
        """True after a discontinuity, and for good once a rule was broken."""
        return self._instead is not None or self._latched

    # -- calls

    def connect(self, now_ns: int) -> None:
        """Find the device. A driver that broke a rule is not called again."""
        if self._instead is not None:
            self._events.append(self._instead.why)
            return
        self._forget()
        self._connecting, self._stopping, self._heard = True, False, False
        self._call(now_ns, lambda: self._driver.connect(now_ns), may_refuse=True)

    def keep_alive(self, now_ns: int) -> None:
        """The one call whose frames may keep the device's output alive."""
        if self._instead is None:
            self._owed[Doing.KEEP_ALIVE] = now_ns + FOLLOW_UP_NS
            self._unanswered = min(self._unanswered + 1, 2)
            self._call(now_ns, lambda: self._driver.keep_alive(now_ns), may_refuse=True)

    def stop(self, now_ns: int) -> None:
        """Stop. From here on nothing but the stop may leave, until zero is verified."""
        self._now_ns = now_ns
        if self._instead is not None:
            self._instead.stop(now_ns)
            return
        self._forget()
        self._heard &= self._stopping
        self._connecting, self._stopping, self._zeroing = False, True, True
        self._call(now_ns, lambda: self._driver.stop(now_ns))

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, Point],
        planned: Collection[int] = frozenset(),
    ) -> int:
        """Genuine points of the sheet's scale only; what raises must be able to expire."""
        refuse_forged(set_points.values(), self.sheet.point)
        wanted = {channel: asked_of(one) for channel, one in set_points.items()}
        return self._ask(
            now_ns, wanted, lambda: self._driver.apply(now_ns, dict(set_points), planned)
        )

    def pulse(self, now_ns: int, channel: int, set_point: Point) -> int:
        """One pulse, which raises whatever it is."""
        refuse_forged((set_point,), self.sheet.point)
        self._refuse_broken()
        self._owed[Doing.PULSE] = now_ns + FOLLOW_UP_NS
        self._raise_by_ns, self._lowers = now_ns + STALE_NS, 0
        ticket = self._call(
            now_ns, lambda: self._driver.pulse(now_ns, channel, set_point), may_refuse=True
        )
        return self._taken(ticket, {channel: asked_of(set_point)[:2]})

    def receive(self, now_ns: int, data: bytes) -> None:
        """Bytes from the device."""
        if self._instead is not None:
            self._take_over(now_ns, data)
            return
        self._heard |= bool(data)
        self._call(now_ns, lambda: self._driver.receive(now_ns, data))

    def advance(self, now_ns: int) -> None:
        """Let the timers fire that are due: those that the driver has named before."""
        if self._instead is not None:
            self._instead.advance(now_ns)
            return
        due = self._due_ns is not None and now_ns >= self._due_ns
        self._call(now_ns, lambda: self._driver.advance(now_ns), silent=not due)

    # -- out

    def transmit(self) -> list[Frame]:
        """What must go out now. Asked without a call, a driver has nothing to send."""
        if self._instead is None:
            self._call(self._now_ns, lambda: None, silent=True)
        if self._instead is not None:
            return self._instead.transmit()
        frames, self._frames = self._frames, []
        return frames

    def events(self) -> list[DriverEvent]:
        """What happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> int | None:
        """When `advance` has something to do."""
        return self._due_ns if self._instead is None else self._instead.deadline()

    # -- the rules

    def _ask(self, now_ns: int, wanted: Levels, call: Callable[[], int]) -> int:
        self._refuse_broken()
        before = self._told, self._raise_by_ns, dict(self._owed)
        more = raises(wanted, self._told) or raises(wanted, self._acked)
        self._earlier = Doing.APPLY in self._owed
        self._owed.update(dict.fromkeys((Doing.START, Doing.APPLY), now_ns + FOLLOW_UP_NS))
        self._raise_by_ns = now_ns + STALE_NS if more else None
        self._lowers = len(lowered(wanted, self._acked) | lowered(wanted, self._told))
        self._told = wanted
        try:
            return self._taken(self._call(now_ns, call, may_refuse=True), wanted)
        except (StateError, LimitRefusedError):  # nothing was sent
            self._told, self._raise_by_ns, self._owed = before
            raise

    def _taken(self, ticket: object, wanted: Levels) -> int:
        if self._instead is not None:
            return -1  # no answer will have it
        if type(ticket) is not int or ticket < 1:
            self._break(self._now_ns, Code.DRIVER_FAILED, f"it gave {ticket!r} for a ticket")
            return -1
        self._ticket = ticket
        if len(self._asked) > 64:
            del self._asked[next(iter(self._asked))]
        self._asked[ticket] = wanted
        return ticket

    def _refuse_broken(self) -> None:
        if self._instead is not None:
            raise StateError(
                "the driver is not called any more",
                code=Code.DRIVER_STATE,
                why=str(self._instead.why.what),
                what_to_do="end the session",
            )

    def _forget(self) -> None:
        self._frames.clear()
        self._owed.clear()
        self._asked.clear()
        self._told, self._acked = {}, {}
        self._raise_by_ns, self._ticket = None, None
        self._unanswered = 0

    def _call(
        self,
        now_ns: int,
        call: Callable[[], _Result],
        *,
        may_refuse: bool = False,
        silent: bool = False,
    ) -> _Result | None:
        """Call the driver, and look at what it wants to send. `silent`: nothing is due."""
        self._now_ns = now_ns
        try:
            try:
                result = call()
            except (StateError, LimitRefusedError):
                if not may_refuse:
                    raise
                self._look(now_ns, silent=True)
                raise
            self._look(now_ns, silent=silent)
        except RuleError as broken:
            self._break(now_ns, broken.code, broken.what)
        except (StateError, LimitRefusedError) as refused:
            if may_refuse and self._instead is None:
                raise
            self._break(now_ns, Code.DRIVER_FAILED, f"it raised {refused!r} where it must not")
        except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 - it becomes a stop
            self._break(now_ns, Code.DRIVER_FAILED, f"it raised {error!r}")
        else:
            return result
        return None

    def _look(self, now_ns: int, *, silent: bool) -> None:
        frames, events = self._driver.transmit(), self._driver.events()
        due_ns, latched = self._driver.deadline(), self._driver.latched
        flaw = flaw_of(frames, events, due_ns, latched)
        if flaw:
            raise RuleError(Code.DRIVER_FAILED, flaw)
        self._due_ns, self._latched = due_ns, latched
        self._hear_first(now_ns, events)
        if frames:
            if len(frames) > FRAMES_MAX or sum(len(one.data) for one in frames) > BYTES_MAX:
                raise RuleError(Code.DRIVER_UNASKED, "it sends without end")
            if silent:
                raise RuleError(Code.DRIVER_UNASKED, "no call and no timer of it was due")
            for frame in frames:
                self._judge(now_ns, frame)
            if any(frame.urgent for frame in frames):
                self._frames.clear()
            self._frames += frames
        self._hear_last(events, fed=any(one.doing is Doing.KEEP_ALIVE for one in frames))
        self._events += events

    def _judge(self, now_ns: int, frame: Frame) -> None:
        """Whether it may leave; a rule that it breaks is raised."""
        doing = frame.doing
        if frame.resets and not (self._zeroing or self._connecting):
            raise RuleError(Code.DRIVER_UNASKED, "it restarts the device without need")
        if doing is Doing.STOP:
            self._zeroing = True
        elif self._stopping or (self._latched and not self._connecting):
            if doing not in ZEROING:
                state = "a stop is under way" if self._stopping else "it is latched"
                raise RuleError(Code.DRIVER_NOT_STOPPING, f"{doing} was to leave while {state}")
        elif self._connecting:
            if doing not in CONNECTING:
                raise RuleError(Code.DRIVER_NOT_STOPPING, f"{doing} was to leave while connecting")
        elif doing is Doing.VERIFY and self._zeroing:
            return
        elif doing is None or now_ns > self._owed.get(doing, -1):
            code = Code.DRIVER_FEEDS if doing is Doing.KEEP_ALIVE else Code.DRIVER_UNASKED
            raise RuleError(code, f"no call has asked for {doing or 'it'}")
        elif doing in OUTPUT and doing is not Doing.START:
            self._judge_expiry(frame)

    def _judge_expiry(self, frame: Frame) -> None:
        latest_ns = self._raise_by_ns
        if (
            latest_ns is None
            or self._earlier
            or (frame.expires_ns is not None and frame.expires_ns <= latest_ns)
        ):
            return
        if self._lowers > 0:
            self._lowers -= 1  # a call that lowers as well may do that first
            return
        raise RuleError(Code.DRIVER_NO_EXPIRY, "what raises could leave later than 250 ms")

    def _hear_first(self, now_ns: int, events: list[DriverEvent]) -> None:
        """What allows a frame of the same call: a fallback, or a channel switched off."""
        for event in events:
            if isinstance(event, RaiseDropped) or (isinstance(event, Withheld) and event.closed):
                self._raise_by_ns = None
                self._owed[Doing.APPLY] = now_ns + FOLLOW_UP_NS
            if isinstance(event, self._proves) and not self._heard:
                what = f"it tells {type(event).__name__} and has heard nothing"
                raise RuleError(Code.DRIVER_UNPROVED, what)
            if isinstance(event, Acked | AckedOvertaken):
                refuse_above(event, self._asked.get(event.ticket or 0))
                self._earlier = False

    def _hear_last(self, events: list[DriverEvent], *, fed: bool) -> None:
        """What ends with an event: a frame of the same call was judged by what was before.

        `fed`: a keep-alive has just left, so that the answer was to the one before it."""
        for event in events:
            if isinstance(event, Acked) and event.ticket == self._ticket:
                if event.in_force is not None:
                    continue  # more of the call is to follow
                for doing in OUTPUT:
                    self._owed.pop(doing, None)
                self._raise_by_ns = None
                self._acked = {one.channel: values_of(one) for one in event.channels}
            elif isinstance(event, _ANSWERS) and not fed:
                self._unanswered = max(self._unanswered - 1, 0)
                if not self._unanswered:
                    self._owed.pop(Doing.KEEP_ALIVE, None)
            elif isinstance(event, ZeroVerified):
                self._stopping = self._zeroing = False
                self._told, self._acked = ({}, {}) if self._ticket is None else (self._told, {})
            elif isinstance(event, Ready | WrongDevice | NoAnswer | Rejected):
                self._connecting = False

    # -- in its stead

    def blame(self, now_ns: int, error: Exception) -> None:
        """What it told has made the session fail: the same as if it had failed itself."""
        if self._instead is None:
            self._break(now_ns, Code.DRIVER_FAILED, f"what it tells leads to {error!r}")

    def _break(self, now_ns: int, code: Code, what: str) -> None:
        self._forget()
        why = DriverBroken(code, f"the driver of {self.sheet.package}: {what}")
        self._events.append(why)
        self._instead = StopInstead(self._new_sequence, why)
        self._instead.stop(now_ns)

    def _take_over(self, now_ns: int, data: bytes) -> None:
        assert self._instead is not None
        done = self._instead.receive(now_ns, data)
        if done is not None:
            self._events.append(done)
