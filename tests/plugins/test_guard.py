"""The guard around a driver of another package: each rule broken once, and what becomes of it.

The driver here is a script, so that it can do what no kit would let pass. The device is a P24 twin,
which the guard stops with the stop sequence of its family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.devices.driver import Frame
from stimctl.devices.events import (
    Acked,
    ChannelSet,
    Doing,
    DriverBroken,
    DriverEvent,
    Identified,
    LineError,
    RaiseDropped,
    Ready,
    StatusRead,
    ZeroVerified,
)
from stimctl.devices.registry import family
from stimctl.errors import LimitRefusedError, StateError
from stimctl.safety.cleared import SetPoint
from stimctl.session.commanded_output import CommandedOutput
from stimctl.session.config import EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import PersonPresent
from stimctl.session.guard import GuardedDriver, guarded
from stimctl.session.guard_rules import FOLLOW_UP_NS
from stimctl.session.intents import Connect
from stimctl.session.plateaus import PlanViolation
from stimctl.session.states import State
from stimctl.testing.conformance_world import MS, SECOND, Points

SHEET = replace(family("p24").sheet, package="evil==1.0 sha256:0")
POINTS = Points(family("p24"))
pytestmark = pytest.mark.hazard("H53")


class Script:
    """A driver that does what it is told to, in the call it is told to do it in."""

    sheet = SHEET

    def __init__(self) -> None:
        self.out: list[Any] = []
        self.said: list[Any] = []
        self.due: Any = None
        self.latched: Any = False
        self.ticket: Any = 0
        self.then: dict[str, Callable[[], Any]] = {}
        self.calls: list[str] = []

    def _do(self, name: str) -> None:
        self.calls.append(name)
        if name in self.then:
            self.then[name]()

    def connect(self, now_ns: int) -> None:
        self._do("connect")

    def stop(self, now_ns: int) -> None:
        self._do("stop")

    def keep_alive(self, now_ns: int) -> None:
        self._do("keep_alive")

    def receive(self, now_ns: int, data: bytes) -> None:
        self._do("receive")

    def advance(self, now_ns: int) -> None:
        self._do("advance")

    def apply(self, now_ns: int, set_points: Any, planned: Any = ()) -> Any:
        self._do("apply")
        if type(self.ticket) is int:
            self.ticket += 1
        return self.ticket

    def pulse(self, now_ns: int, channel: int, set_point: Any) -> Any:
        self._do("pulse")
        self.ticket += 1
        return self.ticket

    def transmit(self) -> Any:
        self._do("transmit")
        out, self.out = self.out, []
        return out

    def events(self) -> Any:
        self._do("events")
        said, self.said = self.said, []
        return said

    def deadline(self) -> Any:
        self._do("deadline")
        return self.due


class Rig:
    """The guard with a script in it, at a time."""

    def __init__(self) -> None:
        self.script = Script()
        self.guard = GuardedDriver(self.script, SHEET)
        self.now = SECOND

    def sends(self, doing: Doing | None, **how: Any) -> None:
        self.script.out = [Frame(b"x", doing=doing, **how)]

    def in_call(self, name: str, doing: Doing | None, **how: Any) -> None:
        self.script.then[name] = lambda: self.sends(doing, **how)

    def apply(self, **levels: int) -> None:
        self.guard.apply(self.now, POINTS.of({int(name[2:]): ua for name, ua in levels.items()}))

    def acked(self, ticket: int, *sets: tuple[int, int]) -> None:
        channels = tuple(ChannelSet(c, ua, 200, 50_000, 50_000) for c, ua in sets)
        self.script.said = [Acked(Doing.APPLY, MS, ticket, channels)]
        self.guard.receive(self.now, b"")

    def running(self) -> None:
        self.apply(ch1=10_000)
        self.acked(1, (1, 10_000))
        self.now += 5 * SECOND

    def code(self) -> str:
        """The rule that was broken; the guard must have begun to stop, and the driver is done."""
        (broken,) = [one for one in self.guard.events() if isinstance(one, DriverBroken)]
        assert "evil==1.0" in broken.what
        (stop,) = self.guard.transmit()
        assert (stop.urgent, stop.doing) == (True, Doing.STOP)
        assert self.guard.latched
        calls = len(self.script.calls)
        with pytest.raises(StateError):
            self.apply(ch1=500)
        self.guard.keep_alive(self.now)
        self.guard.stop(self.now)
        self.guard.advance(self.now + 60 * MS)
        assert len(self.script.calls) == calls, "a broken driver was called again"
        return str(broken.code)


def test_stimctls_own_drivers_are_not_wrapped() -> None:
    for name in ("p24", "rehastim2", "rehamove3", "openemsstim"):
        found = family(name)
        driver = found.new_driver()
        assert guarded(driver, found.sheet) is driver
    assert type(guarded(Script(), SHEET)) is GuardedDriver


# -- bytes only within the call that caused them, or a declared timer


def test_bytes_that_no_call_caused_end_the_output() -> None:
    rig = Rig()
    rig.running()
    rig.sends(Doing.KEEP_ALIVE)
    (stop,) = rig.guard.transmit()
    assert (stop.urgent, stop.doing) == (True, Doing.STOP)
    (broken,) = [one for one in rig.guard.events() if isinstance(one, DriverBroken)]
    assert broken.code == "driver-unasked"


@pytest.mark.parametrize("due", [None, 1])
def test_bytes_of_a_timer_that_was_not_declared_end_the_output(due: int | None) -> None:
    rig = Rig()
    rig.script.due = None if due is None else rig.now + due
    rig.apply(ch1=10_000)
    rig.in_call("advance", Doing.APPLY, expires_ns=rig.now)
    rig.guard.advance(rig.now)
    assert rig.code() == "driver-unasked"


@pytest.mark.parametrize("doing", [Doing.APPLY, Doing.START, Doing.PULSE, Doing.IDENTIFY])
@pytest.mark.parametrize("call", ["advance", "receive"])
def test_output_long_after_the_call_that_asked_for_it_is_refused(call: str, doing: Doing) -> None:
    rig = Rig()
    rig.running()
    rig.script.due = rig.now
    rig.guard.receive(rig.now, b"")
    rig.in_call(call, doing, expires_ns=rig.now)
    if call == "advance":
        rig.guard.advance(rig.now)
    else:
        rig.guard.receive(rig.now, b"x")
    assert rig.code() == "driver-unasked"


def test_a_repeat_by_a_declared_timer_is_let_through_and_not_for_ever() -> None:
    rig = Rig()
    rig.script.due = rig.now + 150 * MS
    rig.apply(ch1=0)
    rig.in_call("advance", Doing.APPLY)
    rig.now += 150 * MS
    rig.guard.advance(rig.now)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]
    rig.now += FOLLOW_UP_NS
    rig.guard.advance(rig.now)
    assert rig.code() == "driver-unasked"


def test_bytes_without_end_are_refused() -> None:
    for out in ([Frame(b"x", doing=Doing.STOP)] * 65, [Frame(b"x" * 5_000, doing=Doing.STOP)]):
        rig = Rig()
        rig.script.then["stop"] = partial(setattr, rig.script, "out", out)
        rig.guard.stop(rig.now)
        assert rig.code() == "driver-unasked"


def test_a_restart_by_the_line_without_a_stop_is_refused() -> None:
    rig = Rig()
    rig.running()
    rig.in_call("keep_alive", Doing.KEEP_ALIVE, resets=True)
    rig.guard.keep_alive(rig.now)
    assert rig.code() == "driver-unasked"


# -- the keep-alive


@pytest.mark.hazard("H02", "H53")
@pytest.mark.parametrize("call", ["receive", "advance"])
def test_a_keep_alive_that_nobody_asked_for_ends_the_output(call: str) -> None:
    rig = Rig()
    rig.script.due = rig.now
    rig.running()
    rig.in_call(call, Doing.KEEP_ALIVE)
    if call == "receive":
        rig.guard.receive(rig.now, b"x")
    else:
        rig.guard.advance(rig.now)
    assert rig.code() == "driver-feeds"


def test_a_keep_alive_renewed_after_its_answer_ends_the_output() -> None:
    rig = Rig()
    rig.running()
    rig.in_call("keep_alive", Doing.KEEP_ALIVE)
    rig.guard.keep_alive(rig.now)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.KEEP_ALIVE]
    rig.script.said = [StatusRead(frozenset({1}))]
    rig.guard.receive(rig.now, b"x")
    rig.in_call("receive", Doing.KEEP_ALIVE)
    rig.guard.receive(rig.now, b"x")
    assert rig.code() == "driver-feeds"


# -- while stopping or latched


@pytest.mark.parametrize("doing", [one for one in Doing if one not in (Doing.STOP, Doing.VERIFY)])
@pytest.mark.parametrize("call", ["stop", "receive", "keep_alive"])
def test_only_the_stop_leaves_while_stopping(call: str, doing: Doing) -> None:
    rig = Rig()
    rig.running()
    if call != "stop":
        rig.guard.stop(rig.now)
    rig.in_call(call, doing, expires_ns=rig.now)
    arguments = (rig.now, b"x") if call == "receive" else (rig.now,)
    getattr(rig.guard, call)(*arguments)
    assert rig.code() == "driver-not-stopping"


@pytest.mark.parametrize("doing", [Doing.APPLY, Doing.START, Doing.KEEP_ALIVE, Doing.PULSE])
def test_only_the_stop_leaves_while_latched(doing: Doing) -> None:
    rig = Rig()
    rig.running()
    rig.script.latched = True
    rig.in_call("receive", doing, expires_ns=rig.now)
    rig.guard.receive(rig.now, b"x")
    assert rig.code() == "driver-not-stopping"


@pytest.mark.parametrize("doing", [Doing.APPLY, Doing.START, Doing.KEEP_ALIVE])
def test_nothing_that_gives_output_leaves_while_connecting(doing: Doing) -> None:
    rig = Rig()
    rig.in_call("connect", doing, expires_ns=rig.now)
    rig.guard.connect(rig.now)
    assert rig.code() == "driver-not-stopping"


def test_after_verified_zero_set_points_may_leave_again() -> None:
    rig = Rig()
    rig.guard.stop(rig.now)
    rig.script.said = [ZeroVerified(MS, 1)]
    rig.guard.receive(rig.now, b"x")
    rig.in_call("apply", Doing.APPLY, expires_ns=rig.now + 250 * MS)
    rig.apply(ch1=500)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]
    assert not rig.guard.latched


# -- what raises expires


@pytest.mark.parametrize("expires_ms", [None, 251, 10_000])
def test_a_raise_that_could_leave_late_ends_the_output(expires_ms: int | None) -> None:
    rig = Rig()
    rig.running()
    expires_ns = None if expires_ms is None else rig.now + expires_ms * MS
    rig.in_call("apply", Doing.APPLY, expires_ns=expires_ns)
    rig.apply(ch1=10_500)
    assert rig.code() == "driver-no-expiry"


@pytest.mark.parametrize("levels", [{"ch1": 10_000}, {"ch1": 9_500}, {}])
def test_what_raises_nothing_needs_no_expiry(levels: dict[str, int]) -> None:
    rig = Rig()
    rig.running()
    rig.in_call("apply", Doing.APPLY)
    rig.apply(**levels)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]


LOWERS_AND_RAISES = {"ch1": 9_500, "ch2": 500}


@pytest.mark.parametrize("expires_ms", [None, 250, 251, 10_000])
def test_what_lowers_may_expire_later_or_never_though_its_call_also_raises(
    expires_ms: int | None,
) -> None:
    rig = Rig()
    rig.running()
    rig.script.due = rig.now
    expires_ns = None if expires_ms is None else rig.now + expires_ms * MS
    rig.in_call("apply", Doing.APPLY, expires_ns=expires_ns)
    rig.apply(**LOWERS_AND_RAISES)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]
    rig.sends(Doing.APPLY, expires_ns=rig.now + 250 * MS)
    rig.guard.advance(rig.now)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]


@pytest.mark.parametrize("expires_ms", [None, 251, 10_000])
def test_no_more_frames_are_excused_than_channels_are_lowered(expires_ms: int | None) -> None:
    rig = Rig()
    rig.running()
    expires_ns = None if expires_ms is None else rig.now + expires_ms * MS
    two = [Frame(b"x", doing=Doing.APPLY, expires_ns=expires_ns)] * 2
    rig.script.then["apply"] = lambda: rig.script.out.extend(two)
    rig.apply(**LOWERS_AND_RAISES)
    assert rig.code() == "driver-no-expiry"


def test_a_channel_is_lowered_also_where_a_call_that_never_left_had_asked_for_less() -> None:
    rig = Rig()
    rig.running()
    rig.apply(ch1=8_000)
    rig.script.said = [Acked(Doing.KEEP_ALIVE, MS)]
    rig.guard.receive(rig.now, b"")
    rig.in_call("apply", Doing.APPLY, expires_ns=rig.now + 600 * MS)
    rig.apply(**LOWERS_AND_RAISES)  # above what was asked for last, below what the device has
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]


def test_the_fallback_of_a_raise_that_was_dropped_needs_none() -> None:
    rig = Rig()
    rig.script.due = rig.now
    rig.running()
    rig.apply(ch1=10_500)

    def drops() -> None:
        rig.script.said = [RaiseDropped(2, 250 * MS, True, ())]
        rig.sends(Doing.APPLY)

    rig.script.then["advance"] = drops
    rig.now += 250 * MS
    rig.guard.advance(rig.now)
    assert [one.doing for one in rig.guard.transmit()] == [Doing.APPLY]


# -- set points, and what is told of them


def test_a_forged_set_point_does_not_reach_the_driver() -> None:
    genuine = POINTS.of({1: 500})[1]
    forged = tuple.__new__(SetPoint, (*genuine[:-1], None))
    for points in ({1: forged}, {1: genuine, 2: forged}, {1: object()}, {1: None}):
        rig = Rig()
        with pytest.raises(LimitRefusedError) as caught:
            rig.guard.apply(rig.now, points)  # type: ignore[arg-type]
        assert caught.value.code == "not-genuine"
        with pytest.raises(LimitRefusedError):
            rig.guard.pulse(rig.now, 1, forged)
        assert "apply" not in rig.script.calls
        assert "pulse" not in rig.script.calls


class ForgingTrack:
    """A track whose set points no clearance has made."""

    asked_down = False

    def point(self, _key: object) -> Any:
        genuine = POINTS.of({1: 500})[1]
        return tuple.__new__(SetPoint, (*genuine[:-1], None))


@pytest.mark.hazard("H11")
def test_the_session_asks_before_any_driver_whether_a_set_point_is_genuine() -> None:
    script = Script()
    output = CommandedOutput(script, {1: ForgingTrack()})  # type: ignore[dict-item]
    with pytest.raises(PlanViolation, match="does not come from the safety model"):
        output._sent(SECOND, ((1, 500, 200, 50_000),))
    assert script.calls == []


@pytest.mark.parametrize("told", [(1, 10_500), (2, 500)])
def test_an_answer_above_what_was_asked_ends_the_output(told: tuple[int, int]) -> None:
    rig = Rig()
    rig.apply(ch1=10_000)
    rig.acked(1, told)
    assert rig.code() == "driver-above-asked"


@pytest.mark.parametrize(
    "event", [ZeroVerified(MS, 1), Ready(), Identified("p24", "1", "1", "1", "")]
)
@pytest.mark.parametrize("call", ["stop", "advance", "connect", "receive"])
def test_zero_that_no_byte_proves_ends_the_output(call: str, event: Any) -> None:
    rig = Rig()
    rig.running()
    rig.script.then[call] = lambda: setattr(rig.script, "said", [event])
    getattr(rig.guard, call)(*((rig.now, b"") if call == "receive" else (rig.now,)))
    assert rig.code() == "driver-unproved"


# -- exceptions, and things that are none of the contract


@pytest.mark.parametrize(
    "call",
    ["connect", "stop", "receive", "advance", "keep_alive", "transmit", "events", "deadline"],
)
@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), MemoryError(), SystemExit(1)])
def test_an_exception_in_a_driver_is_a_stop_with_a_code(call: str, error: BaseException) -> None:
    rig = Rig()

    def fails() -> None:
        raise error

    rig.script.then[call] = fails
    if call in ("receive",):
        rig.guard.receive(rig.now, b"")
    elif call in ("transmit", "events", "deadline"):
        rig.guard.advance(rig.now)
    else:
        getattr(rig.guard, call)(rig.now)
    assert rig.code() == "driver-failed"


@pytest.mark.parametrize("call", ["stop", "receive", "advance"])
def test_a_refusal_where_none_is_allowed_is_a_stop(call: str) -> None:
    rig = Rig()

    def refuses() -> None:
        raise StateError("no", code="driver-state")

    rig.script.then[call] = refuses
    getattr(rig.guard, call)(*((rig.now, b"") if call == "receive" else (rig.now,)))
    assert rig.code() == "driver-failed"


def test_a_refusal_that_sends_something_is_a_stop() -> None:
    rig = Rig()

    def refuses() -> None:
        rig.sends(Doing.APPLY, expires_ns=rig.now)
        raise StateError("no", code="driver-state")

    rig.script.then["apply"] = refuses
    rig.apply(ch1=500)
    assert rig.code() == "driver-unasked"


def test_a_refusal_is_passed_on_and_changes_nothing() -> None:
    rig = Rig()

    def refuses() -> None:
        raise LimitRefusedError("no")

    rig.script.then["apply"] = refuses
    with pytest.raises(LimitRefusedError):
        rig.apply(ch1=500)
    assert not rig.guard.latched


class Text(str):
    """A text that is none."""


@pytest.mark.parametrize(
    "frame",
    [
        "off",
        b"off",
        None,
        Frame(b"x"),
        Frame("x", doing=Doing.STOP),  # type: ignore[arg-type]
        Frame(bytearray(b"x"), doing=Doing.STOP),  # type: ignore[arg-type]
        Frame(b"x", doing="stop"),  # type: ignore[arg-type]
        Frame(b"x", urgent=1, doing=Doing.STOP),  # type: ignore[arg-type]
        Frame(b"x", expires_ns=1.5, doing=Doing.STOP),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_frame_is_a_stop(frame: Any) -> None:
    rig = Rig()
    rig.script.out = [frame]
    rig.guard.stop(rig.now)
    assert rig.code() == "driver-failed"


@pytest.mark.parametrize(
    "event",
    [
        "zero",
        None,
        {},
        LineError(3),  # type: ignore[arg-type]
        LineError(Text("x")),
        ZeroVerified("now", 1),  # type: ignore[arg-type]
        ZeroVerified(True, 1),
        ZeroVerified(10**400, 1),
        LineError("\ud800"),
        LineError("x" * 1_001),
        LineError("\x1b[2J"),
        Acked(Doing.APPLY, MS, 1, ({},)),  # type: ignore[arg-type]
        Acked("apply", MS),  # type: ignore[arg-type]
        StatusRead({1}),  # type: ignore[arg-type]
        StatusRead(frozenset(), {1: 2}),  # type: ignore[dict-item]
        Identified("p24", 1, "", "", ""),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_event_is_a_stop(event: Any) -> None:
    rig = Rig()
    rig.script.said = [event]
    rig.guard.receive(rig.now, b"")
    assert rig.code() == "driver-failed"


@pytest.mark.parametrize(("name", "value"), [("due", "soon"), ("due", 1.5), ("latched", 1)])
def test_a_deadline_or_a_latch_of_another_kind_is_a_stop(name: str, value: Any) -> None:
    rig = Rig()
    setattr(rig.script, name, value)
    rig.guard.receive(rig.now, b"")
    assert rig.code() == "driver-failed"


@pytest.mark.parametrize("ticket", [None, "1", -3, True])
def test_a_ticket_of_another_kind_is_a_stop(ticket: Any) -> None:
    rig = Rig()
    rig.script.ticket = ticket
    if type(ticket) is int:
        rig.script.ticket = -5
    rig.apply(ch1=500)
    assert rig.code() == "driver-failed"


# -- in a session: through the stop sequence to verified zero, and on the record


class Turncoat:
    """A driver of stimctl's own that does something else at some time."""

    def __init__(self, at: Callable[[Turncoat, int], None]) -> None:
        self._driver: Any = family("p24").new_driver()
        self._at, self.frames, self.said = at, [], []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def advance(self, now_ns: int) -> None:
        self._driver.advance(now_ns)
        self._at(self, now_ns)

    def transmit(self) -> list[Frame]:
        return [*self._driver.transmit(), *self.frames]

    def events(self) -> list[DriverEvent]:
        return [*self._driver.events(), *self.said]


def _raises_error(_one: Turncoat, now_ns: int) -> None:
    if now_ns > SECOND:
        raise ZeroDivisionError


def _sends(one: Turncoat, now_ns: int) -> None:
    if now_ns > SECOND:
        one.frames = [Frame(b"\xf0boo\x0f", doing=Doing.APPLY)]


def _lies(one: Turncoat, now_ns: int) -> None:
    if now_ns > SECOND:
        one.said = ["all is well"]


def test_what_a_driver_tells_never_crashes_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = GuardedDriver(Turncoat(lambda _one, _now: None), SHEET)
    bench = Bench(EngineConfig(), family="p24", driver=driver)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)

    def take(_self: Any, _now_ns: int, event: DriverEvent) -> None:
        if isinstance(event, LineError):
            raise IndexError(event.kind)

    monkeypatch.setattr("stimctl.session.event_handlers.EventHandlers.take", take)
    driver._driver._driver._link.events.append(LineError("crc"))
    bench.engine.advance(bench.now_ns)
    assert driver.latched
    (stop,) = driver.transmit()
    assert stop.urgent


@pytest.mark.parametrize(
    ("at", "code"),
    [(_raises_error, "driver-failed"), (_sends, "driver-unasked"), (_lies, "driver-failed")],
)
def test_a_session_ends_at_verified_zero_with_the_code_on_record(
    at: Callable[[Turncoat, int], None], code: str
) -> None:
    driver = GuardedDriver(Turncoat(at), SHEET)
    bench = Bench(EngineConfig(), family="p24", driver=driver)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    (identity,) = bench.told(Kind.IDENTITY)
    assert identity.data["package"] == SHEET.package
    bench.run_for(SECOND)
    bench.engine.advance(bench.now_ns + 1)
    bench.notify(PersonPresent("test"))  # and what it sends leaves
    bench.run_for(2 * SECOND)
    assert bench.state is State.FAULT
    codes = [one.data["code"] for one in bench.events if one.kind is Kind.ALARM]
    assert code in codes
    assert bench.told(Kind.ZERO_VERIFIED)
    with pytest.raises(StateError):
        driver.apply(bench.now_ns, {})
