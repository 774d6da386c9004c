"""Whatever an operator asks for, in any order and at any time, of a session on an openEMSstim."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware_sim.firmware.openemsstim_fields import wiper
from stimctl.bench import Bench
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session import intents
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import Intent
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, PERCENT, Level
from tests.support.gate_world import ATTENDED_BY_HAND, bench_of, gate_plan, open_channels

CEILINGS = (25, 12)
PLANS = (
    gate_plan("gate-tens", CEILINGS[0], duration_s=120),
    gate_plan("gate-tens", *CEILINGS, duration_s=60),
    gate_plan("gate-ems", *CEILINGS, duration_s=40),
)
LONGEST_NS = SECOND
"""How long a relay may be closed after anything but RUNNING began."""

steps = [0]
"""How many were taken in this process."""

channels = st.integers(1, 2)
levels = st.integers(0, 6)
spans = st.sampled_from([1, 20, 60, 110, 150, 200, 260, 380, 900]).map(lambda ms: ms * MS)


class GateMachine(RuleBasedStateMachine):
    """The twin is strict: a defect of its firmware that is provoked ends the example."""

    def __init__(self) -> None:
        super().__init__()
        self.bench: Bench = self._new()
        self._damage = 0
        self._since_ns: int | None = None

    def _new(self) -> Bench:
        return bench_of(ATTENDED_BY_HAND, boot_us=50_000, to_host=self._to_host)

    def _to_host(self, _now_ns: int, data: bytes) -> bytes:
        if not self._damage:
            return data
        self._damage -= 1
        return b"" if self._damage % 2 else bytes(byte ^ 1 for byte in data)

    def _do(self, *asked: Intent) -> None:
        for intent in asked:
            try:
                self.bench.command(intent)
            except (StateError, LimitRefusedError):
                return

    @property
    def _state(self) -> State:
        return self.bench.state

    @rule(span=spans)
    def wait(self, span: int) -> None:
        self.bench.run_for(span)

    @initialize(which=st.sampled_from(PLANS), levels=st.tuples(levels, levels))
    def begin(self, which: Any, levels: tuple[int, int]) -> None:
        self.come_to_running(which, levels)

    @precondition(lambda self: self._state is not State.RUNNING)
    @rule(which=st.sampled_from(PLANS), levels=st.tuples(levels, levels))
    def come_to_running(self, which: Any, levels: tuple[int, int]) -> None:
        """As a sensible operator does, from wherever the session is, and up to some intensity."""
        self._do(intents.Stop())
        self.bench.run_for(600 * MS)
        self._do(intents.Acknowledge("go on"))
        self._do(intents.Connect())
        self.bench.run_until(lambda: self._state is State.IDENTIFIED, self.bench.now_ns + SECOND)
        self._do(intents.LoadPlan(which))
        self._do(intents.Arm())
        self.bench.run_until(lambda: self._state is State.ARMED, self.bench.now_ns + SECOND)
        self._do(intents.Start(intents.StartFrom.BEGINNING))
        self.bench.run_for(200 * MS)
        for level in range(1, max(levels) + 1):
            for channel in (1, 2):
                if level <= levels[channel - 1]:
                    self._do(intents.Raise(channel, Level(PERCENT, level)))
                    self.bench.run_for(300 * MS)

    @precondition(lambda self: self._state is State.RUNNING)
    @rule(channel=channels, by=st.sampled_from([1, 1, 1, 1, 2, 100]), times=st.integers(1, 4))
    def up(self, channel: int, by: int, times: int) -> None:
        for _ in range(times):
            now = self.bench.engine.plateau(channel)
            self._do(intents.Raise(channel, Level(PERCENT, now + by)))
            self.bench.run_for(260 * MS)

    @rule(channel=channels, to=st.integers(-1, 101), times=st.integers(1, 4))
    def down(self, channel: int, to: int, times: int) -> None:
        for number in range(times):
            self._do(intents.Lower(channel, Level(PERCENT, max(0, to - number))))
            self.bench.run_for(10 * MS)

    @rule(intent=st.sampled_from([
        intents.Connect(), intents.Arm(), intents.Start(), intents.Pause(), intents.Resume(),
        intents.Start(intents.StartFrom.WHAT_IS_LEFT),
        intents.Stop(), intents.Attend(), intents.Felt(1), intents.Link((1, 2)), intents.Unlink(),
        intents.Raise(1, Level(CURRENT, 500)), intents.Lower(2, Level(CURRENT, 0)),
        intents.Acknowledge("seen"), intents.Pause(),
    ]))  # fmt: skip
    def ask(self, intent: Intent) -> None:
        self._do(intent)

    @rule(times=st.integers(2, 30))
    def stop_again_and_again(self, times: int) -> None:
        for _ in range(times):
            self._do(intents.Stop())
            self.bench.run_for(7 * MS)

    @rule(span=spans)
    def face_falls_silent(self, span: int) -> None:
        self.bench.beating = False
        self.bench.run_for(span)
        self.bench.beating = True

    @rule(delay=st.sampled_from([0, 0, 30, 240, 400]))
    def journal_takes(self, delay: int) -> None:
        self.bench.journal.delay_ns = delay * MS

    @rule(portions=st.integers(1, 8))
    def answers_are_lost_or_damaged(self, portions: int) -> None:
        self._damage = portions

    @rule()
    def board_restarts(self) -> None:
        self.bench._reset_twin()  # by its button; the bench hears of it

    @precondition(lambda self: self._state is State.STOPPED)
    @rule()
    def new_session(self) -> None:
        self._do(intents.Close())
        if self._state is State.CLOSED:
            self.bench, self._since_ns = self._new(), None

    @invariant()
    def nothing_is_provoked_and_nothing_goes_on(self) -> None:
        steps[0] += 1
        twin = self.bench.twin
        assert twin.defects == ()  # type: ignore[attr-defined]
        found = open_channels(self.bench)
        for channel, value in found.items():
            assert value >= wiper(CEILINGS[channel - 1]), "more than was cleared"
        if self._state is State.RUNNING and not self.bench.engine.stopping:
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = self.bench.now_ns
        elif self.bench.now_ns - self._since_ns > LONGEST_NS:
            assert found == {}, f"still open in {self._state}"
