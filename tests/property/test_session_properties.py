"""Whatever people, line, journal and clock do: output stays inside what was raised on the record.

A random sequence of intents, facts, silences and damage is played against the real driver and the
twin; a model beside them knows only the rules and reads only the session's events, the set points
given to the driver and the twin's record of its electrodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from stimctl.bench import Bench
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.config import MS, RAISE_INTERVAL_NS, SECOND
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.facts import ClockStep, LinkDown, LinkUp, SuspendGap
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Close,
    Connect,
    Hold,
    Link,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
    Unlink,
    Unlock,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.program import Plan
from tests.support.session_watch import WatchedDriver
from tests.support.session_world import BY_HAND, BY_SCRIPT, STEP_UA, forged, plan_of

WATCHDOG_NS = 2 * SECOND
PLANS = [
    plan_of("tens-conventional", 3_000, 1_500, duration_s=40),
    plan_of("tens-modulated", 3_000, duration_s=40),
    plan_of("tens-burst", 3_000, duration_s=40),
    plan_of("nmes-tka", 5_000, duration_s=120),
    plan_of("nmes-tka", 5_000, 1_000, duration_s=120),
]
BEGIN = StartFrom.BEGINNING
INTENTS = [
    Connect(),
    Arm(),
    Start(),
    Start(StartFrom.BEGINNING),
    Start(StartFrom.WHAT_IS_LEFT),
    Pause(),
    Pause(),
    Resume(),
    Resume(),
    Stop(),
    Acknowledge(),
    Close(),
    Attend(),
    Hold(5_000_000),
    Link((1, 2)),
    Unlink(),
    Unlock(1),
    Unlock(2),
]
CHANNELS = st.sampled_from([1, 1, 1, 2, 3])
MOST_UA, REST_MOST_UA = 1_000, 2_000
"""One increment by hand, and all that is asked for in an off time."""
KEEPS_PLATEAUS = {State.RUNNING, State.PAUSED}


def lost(_now_ns: int, _data: bytes) -> bytes:
    return b""


class Model:
    """The plateaus as the rules allow them, from the session's events alone."""

    def __init__(self, plan: Plan[Any]) -> None:
        self.ceilings_ua = {one.channel: one.cleared.amplitude_ua for one in plan.channels}
        self.state = State.DISCONNECTED
        self.plateau_ua: dict[int, int] = {}
        self.raised_ns: dict[int, int] = {}
        self.asked: dict[int, tuple[int, int]] = {}
        self.pending_ua: dict[int, int] = {}
        self.applied = 0
        self.groups: list[list[int]] = []
        self.durable_seq = 0
        self.started = False
        self._seen = 0

    def take(self, events: list[SessionEvent]) -> None:
        for event in events[self._seen :]:
            data = event.data
            match event.kind:
                case Kind.STATE:
                    self.state = State(str(data["state"]))
                    if self.state not in KEEPS_PLATEAUS:
                        self.plateau_ua.clear()
                        self.started = False
                case Kind.START:
                    assert self.state is State.ARMED
                    self.started = True
                case Kind.RESUME if data["from_zero"]:
                    self.plateau_ua.clear()
                case Kind.RAISE:
                    self._raise(event, data)
                case Kind.PENDING:
                    self._pending(data)
                case Kind.LINKED:
                    self.groups = data["groups"]
                case Kind.PLAN:
                    self.groups = []
                case Kind.SET:
                    self._set(event.at_ns, int(data["channel"]), int(data["level"]))
        self._seen = len(events)

    def _raise(self, event: SessionEvent, data: Mapping[str, Any]) -> None:
        channel = int(data["channel"])
        pending_ua = self.pending_ua.get(channel)
        assert pending_ua is None or data["pending"], "asked while a raise is pending"
        self.asked[channel] = (event.seq, int(data["level"]))
        for group in self.groups if data["by"] == "hand" else ():
            for one in group if channel in group else ():
                assert self.plateau_ua.get(one, 0) < self.ceilings_ua[one], "a linked ceiling"

    def _pending(self, data: Mapping[str, Any]) -> None:
        channel, plateau_ua = int(data["channel"]), int(data["level"])
        if data["outcome"] == "taken":
            now_ua = self.plateau_ua.get(channel, 0)
            assert 0 < plateau_ua - self.pending_ua.get(channel, now_ua) <= MOST_UA
            assert plateau_ua - now_ua <= (REST_MOST_UA if now_ua else MOST_UA)
            self.pending_ua[channel] = plateau_ua
        else:
            assert self.pending_ua.pop(channel) == plateau_ua
            self.applied = channel if data["outcome"] == "applied" else 0

    def _set(self, at_ns: int, channel: int, plateau_ua: int) -> None:
        before_ua = self.plateau_ua.get(channel, 0)
        if plateau_ua > before_ua:
            assert self.started, "a raise without Arm and Start"
            assert self.state is State.RUNNING
            most_ua = REST_MOST_UA if self.applied == channel and before_ua else MOST_UA
            assert plateau_ua - before_ua <= most_ua
            self.applied = 0
            assert at_ns - self.raised_ns.get(channel, -SECOND) >= RAISE_INTERVAL_NS
            row_seq, asked_ua = self.asked[channel]
            assert asked_ua == plateau_ua, "raised without a row of its own"
            assert row_seq <= self.durable_seq, "raised before its row was on the disk"
            self.raised_ns[channel] = at_ns
            assert channel not in self.pending_ua, "raised while a raise was pending"
        else:
            assert channel not in self.pending_ua, "a lowering leaves nothing pending"
        self.plateau_ua[channel] = plateau_ua


class AnySession(RuleBasedStateMachine):
    """One session on a bench, and everything that can happen to it."""

    @initialize(plan=st.sampled_from(PLANS), scripted=st.sampled_from([False, False, True]))
    def begin(self, plan: Plan[Any], scripted: bool) -> None:
        self.plan = plan
        self.driver = WatchedDriver()
        self.bench = Bench(BY_SCRIPT if scripted else BY_HAND, driver=self.driver)
        self.driver.engine = self.bench.engine
        self.model = Model(plan)
        self.stopping_since_ns: int | None = None

    def attempt(self, intent: Any) -> None:
        with suppress(StateError, LimitRefusedError):
            self.bench.command(intent)

    @rule(intent=st.sampled_from(INTENTS))
    def anything(self, intent: Any) -> None:
        self.attempt(intent)

    @rule(mend=st.booleans())
    def begin_again(self, mend: bool) -> None:
        """What an operator does to get going, on a line that is mended or not."""
        if mend:
            self.bench.to_host.hook = self.bench.to_device.hook = None
            self.bench.beating = True
            self.bench.journal.delay_ns = 0
            self.bench.notify(LinkUp())
            self.bench.run_for(200 * MS)
        for intent in (Acknowledge(), Connect(), LoadPlan(self.plan), Arm(), Start(BEGIN)):
            self.attempt(intent)
            self.bench.run_for(200 * MS)

    @rule()
    def load(self) -> None:
        self.attempt(LoadPlan(self.plan))

    @rule(channel=CHANNELS, plateau_ua=st.sampled_from([-500, 0, 250, 500, 1_500, 9_000]))
    def lower(self, channel: int, plateau_ua: int) -> None:
        self.attempt(Lower(channel, forged(plateau_ua)))

    @rule(channel=CHANNELS, plateau_ua=st.integers(-1, 12))
    def raise_anywhere(self, channel: int, plateau_ua: int) -> None:
        self.attempt(Raise(channel, forged(plateau_ua * STEP_UA)))

    @rule(
        channel=CHANNELS,
        times=st.integers(1, 8),
        gap_ms=st.sampled_from([30, 260]),
        steps=st.integers(1, 3),
    )
    def hold_the_key(self, channel: int, times: int, gap_ms: int, steps: int) -> None:
        for _ in range(times):
            now_ua = self.bench.engine.plateau(channel)
            self.attempt(Raise(channel, Level(CURRENT, now_ua + steps * STEP_UA)))
            self.bench.run_for(gap_ms * MS)

    @rule(ms=st.sampled_from([1, 7, 50, 251, 600, 1_100, 2_600, 5_000, 21_000, 61_000]))
    def wait(self, ms: int) -> None:
        self.bench.run_for(ms * MS)

    @rule(fact=st.sampled_from([LinkUp(), SuspendGap(1_200_000), ClockStep(-7), LinkDown("x")]))
    def world(self, fact: Any) -> None:
        self.bench.notify(fact)

    @rule(beating=st.sampled_from([True, True, False]))
    def face(self, beating: bool) -> None:
        self.bench.beating = beating

    @rule(delay_ms=st.sampled_from([0, 0, 0, 100, 300, None]))
    def journal(self, delay_ms: int | None) -> None:
        self.bench.journal.delay_ns = None if delay_ms is None else delay_ms * MS

    @precondition(lambda self: self.bench.now_ns > 30 * SECOND)
    @rule(luck=st.integers(0, 5))
    def journal_fails(self, luck: int) -> None:
        if luck == 5:
            self.bench.fail_journal()

    @rule(
        host=st.sampled_from(["whole", "whole", "lost", "garbled", "twice"]),
        device=st.sampled_from(["whole", "lost", "garbled", "twice"]),
        seed=st.integers(0, 999),
    )
    def line(self, host: str, device: str, seed: int) -> None:
        self.bench.to_host.hook = self.hook(host, seed)
        self.bench.to_device.hook = self.hook(device, seed + 1)

    def hook(self, kind: str, seed: int) -> Any:
        chance = Random(seed)

        def garble(_now_ns: int, data: bytes) -> bytes:
            if chance.random() < 0.5:
                return data
            where = chance.randrange(len(data))
            return data[:where] + bytes((chance.randrange(256),)) + data[where + 1 :]

        def twice(_now_ns: int, data: bytes) -> bytes:
            return data + data

        return {"whole": None, "lost": lost, "garbled": garble, "twice": twice}[kind]

    @rule()
    def reset_the_device(self) -> None:
        self.bench.twin.power_off(self.bench.now_ns)

    # -- what must hold whatever happened

    def follow(self) -> None:
        """Bring the model up to date: invariants run in no order that may be relied upon."""
        self.model.durable_seq = self.bench.journal.durable_seq
        self.model.take(self.bench.events)

    @invariant()
    def output_is_what_was_raised_on_the_record(self) -> None:
        self.follow()
        for channel in (1, 2, 3):
            assert self.bench.engine.plateau(channel) <= self.model.plateau_ua.get(channel, 0)

    @invariant()
    def nothing_is_pending_outside_the_run_that_took_it(self) -> None:
        self.follow()
        if self.bench.state is not State.RUNNING or self.bench.engine.stopping:
            assert not self.model.pending_ua

    @invariant()
    def set_points_are_given_in_running_only_and_within_plateau_and_clearance(self) -> None:
        cleared = {one.channel: one.cleared.amplitude_ua for one in self.plan.channels}
        for state, channel, amplitude_ua, plateau_ua in self.driver.judged:
            assert state is State.RUNNING, "a set point outside RUNNING"
            assert amplitude_ua <= min(plateau_ua, cleared[channel])
        self.driver.judged.clear()

    @invariant()
    def nothing_reaches_the_electrodes_that_was_not_asked_for(self) -> None:
        late_ns = WATCHDOG_NS + 50 * MS
        assert self.driver.never_asked_for(self.bench.ledger(), late_ns) == []

    @invariant()
    def a_stop_that_is_not_verified_is_shown_as_unknown(self) -> None:
        if not self.bench.engine.stopping:
            self.stopping_since_ns = None
            return
        if self.stopping_since_ns is None:
            self.stopping_since_ns = self.bench.now_ns
        if self.bench.now_ns - self.stopping_since_ns > 500 * MS:
            assert self.bench.state is State.UNKNOWN

    @invariant()
    def zero_is_claimed_only_where_the_device_cannot_put_out_current(self) -> None:
        if self.bench.state in (State.STOPPED, State.CLOSED) and not self.bench.engine.stopping:
            assert not self.bench.twin.stimulating


TestAnySession = AnySession.TestCase
# Few and short, so that `make test` stays quick: the soak plays the long ones.
TestAnySession.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
