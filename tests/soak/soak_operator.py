"""The one at the keys: careful, hasty, nervous, or a monkey. All chance comes from the seed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

from stimctl.bench import Bench
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import (
    Acknowledge,
    Arm,
    Attend,
    Close,
    Connect,
    Hold,
    Intent,
    LoadPlan,
    Lower,
    Pause,
    Raise,
    Resume,
    Start,
    StartFrom,
    Stop,
)
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.soak.soak_story import Story
from tests.support.session_world import forged

_WHIMS = {"careful": 0.0, "hasty": 0.08, "nervous": 0.08, "monkey": 0.4}
"""How often each temper does anything but what comes next."""
_SECOND_THOUGHTS = 0.7
"""How often the nervous one stops what was only just asked to connect."""
_STARTLED = 0.1
"""How often the nervous one stops a run, at every look at it."""
_HOLD_US = 60_000_000


class Operator:
    """Works towards a treatment, wanders off at times, and comes back from every stop."""

    def __init__(self, story: Story) -> None:
        self._chance: Random = story.chance
        self._plan = story.plan
        self._step_ua = story.device.step_ua
        self._temper = story.temper
        self._scripted = story.config.scripted_raise
        self._holding = story.config.requires_hold
        self._home_time_ns = story.length_ns * 9 // 10
        self._attentive = self._chance.random() < 0.8
        self._goals = {one.channel: one.most for one in story.plan.channels}
        self._channels = tuple(self._goals)
        self._next: dict[State, Callable[[Bench], int]] = {
            State.DISCONNECTED: self._connect,
            State.IDENTIFIED: lambda bench: self._towards(bench, LoadPlan(self._plan)),
            State.CHECKED: lambda bench: self._towards(bench, Arm()),
            State.ARMED: self._begin,
            State.RUNNING: self._treat,
            State.PAUSED: self._in_pause,
            State.STOPPED: self._after_stop,
            State.FAULT: self._after_fault,
            State.UNKNOWN: lambda bench: self._do(bench, Stop()),
            State.CLOSED: lambda bench: self._do(bench, Stop()),
        }

    def turn(self, bench: Bench) -> int:
        """Do something; returns how long it takes until the next turn (ns)."""
        if self._holding:
            self._try(bench, Hold(_HOLD_US))
        if self._chance.random() < _WHIMS[self._temper]:
            return self._whim(bench)
        return self._next[bench.state](bench)

    def go_home(self, bench: Bench) -> None:
        """What ends a day: everything off, everything acknowledged, the session closed."""
        for intent in (Stop(), Acknowledge(), Close()):
            self._try(bench, intent)
            bench.run_for(3 * SECOND)

    # -- what comes next

    def _do(self, bench: Bench, intent: Intent) -> int:
        self._try(bench, intent)
        if self._temper == "careful":
            return self._chance.randint(300, 3_000) * MS
        return self._chance.randint(10, 1_200) * MS

    def _connect(self, bench: Bench) -> int:
        think_ns = self._do(bench, Connect())
        if self._temper == "nervous" and self._chance.random() < _SECOND_THOUGHTS:
            self._try(bench, Stop())
        return think_ns

    def _towards(self, bench: Bench, intent: Intent) -> int:
        """The next step; now and then somebody thinks better of it."""
        changes_mind = self._temper != "careful" and self._chance.random() < 0.25
        return self._do(bench, Stop() if changes_mind else intent)

    def _begin(self, bench: Bench) -> int:
        """With what is left, or from the beginning; where nothing is left the latter."""
        left = self._chance.random() < 0.5 and not self._scripted
        ended = bench.told(Kind.ENDED)
        left = left and bool(ended) and ended[-1].data["left_us"] != 0
        return self._towards(bench, Start(StartFrom.WHAT_IS_LEFT if left else StartFrom.BEGINNING))

    def _treat(self, bench: Bench) -> int:
        if self._attentive:
            self._try(bench, Attend())
        if self._temper == "nervous" and self._chance.random() < _STARTLED:
            self._try(bench, Stop())
        low = [
            channel
            for channel in self._channels
            if bench.engine.plateau(channel) < self._goals[channel]
        ]
        if low and not self._scripted:
            channel = self._chance.choice(low)
            before_ua = bench.engine.plateau(channel)
            # 1 mA where that is left and the grid has it, else one device step.
            left_ua = self._goals[channel] - before_ua
            by_ua = max(self._step_ua, min(1_000, left_ua)) if before_ua else self._step_ua
            self._try(bench, Raise(channel, Level(CURRENT, before_ua + by_ua)))
            if bench.engine.plateau(channel) == before_ua and self._chance.random() < 0.2:
                self._try(bench, Lower(channel, Level(CURRENT, before_ua)))  # unlocks
            return self._chance.randint(251, 700) * MS
        if self._temper == "careful":
            return self._chance.randint(10, 25) * SECOND
        if self._chance.random() < 0.3:
            self._try(bench, self._chance.choice((Pause(), Pause(), Stop())))
        return self._chance.randint(100, 3_000) * MS

    def _in_pause(self, bench: Bench) -> int:
        self._try(bench, Stop() if self._chance.random() < 0.2 else Resume())
        return self._chance.choice((200, 800, 3_000, 12_000)) * MS

    def _after_stop(self, bench: Bench) -> int:
        choices: tuple[Intent, ...] = (Arm(), Arm(), LoadPlan(self._plan), Connect())
        if bench.now_ns > self._home_time_ns:
            choices = (Close(),)
        return self._do(bench, self._chance.choice(choices))

    def _after_fault(self, bench: Bench) -> int:
        return self._do(bench, Stop() if self._chance.random() < 0.2 else Acknowledge())

    # -- a whim

    def _whim(self, bench: Bench) -> int:
        chance, step_ua = self._chance, self._step_ua
        some_ua = (-1, 0, step_ua - 1, step_ua, 2 * step_ua, 18 * step_ua, 130_000, 200_000)
        less_ua = (-step_ua, 0, step_ua // 2, step_ua, 3 * step_ua, 18 * step_ua)
        channel = chance.choice((*self._channels, *self._channels, 1, 2, 3, 8))
        intents: tuple[Intent, ...] = (
            Connect(),
            LoadPlan(self._plan),
            Arm(),
            Start(),
            Start(StartFrom.BEGINNING),
            Start(StartFrom.WHAT_IS_LEFT),
            Pause(),
            Resume(),
            Stop(),
            Acknowledge(),
            Attend(),
            Hold(chance.choice((0, 1_000, 5_000_000))),
            Raise(channel, forged(chance.choice(some_ua))),
            Raise(channel, Level(CURRENT, bench.engine.plateau(channel) + step_ua)),
            Lower(channel, forged(chance.choice(less_ua))),
            Lower(channel, Level(CURRENT, max(0, bench.engine.plateau(channel) - step_ua))),
        )
        for _ in range(chance.choice((1, 1, 1, 2, 10))):
            self._try(bench, chance.choice(intents))
        return chance.choice((1, 20, 100, 260, 700, 2_000, 21_000)) * MS

    def _try(self, bench: Bench, intent: Intent) -> None:
        with suppress(StateError, LimitRefusedError):
            bench.command(intent)
