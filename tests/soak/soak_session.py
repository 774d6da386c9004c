"""Plays one story in virtual time and says what it showed."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from firmware_sim.firmware.recorder import Row
from firmware_sim.scenarios import scenario
from stimctl.session.config import SECOND
from stimctl.session.states import State
from tests.soak.soak_bench import SoakBench
from tests.soak.soak_operator import Operator
from tests.soak.soak_story import Story, story_of
from tests.soak.soak_troubles import Trouble
from tests.soak.soak_watch import Violation, Watch

Pair = tuple[State, str]
_AFTERWARDS_NS = 8 * SECOND
_CLOSED_NS = 4 * SECOND
_PATIENCE = 60
"""How often one tries to close, for 9 s each: what a line of 300 baud holds takes minutes."""
_WITHOUT_DEVICE = (State.UNKNOWN, State.DISCONNECTED)


@dataclass(slots=True)
class Outcome:
    """What one session showed. `hits`: faults that changed something, by state and name."""

    seed: str
    family: str
    violation: str | None = None
    lived_us: int = 0
    output_us: int = 0
    hits: Counter[Pair] = field(default_factory=Counter)
    ended_in: State = State.DISCONNECTED


class _OutputClock:
    """How long there was output on any channel, from the twin's own record."""

    def __init__(self) -> None:
        self._on: set[int] = set()
        self._since_us = 0
        self.total_us = 0

    def hear(self, row: Row) -> None:
        if row["kind"] != "output":
            return
        if not self._on:
            self._since_us = row["at_us"]
        (self._on.add if row["on"] else self._on.discard)(row["channel"])
        if not self._on:
            self.total_us += max(0, row["at_us"] - self._since_us)

    def end(self, now_us: int) -> None:
        if self._on:
            self.total_us += max(0, now_us - self._since_us)


class Session:
    """One story on one bench. What is to happen at a time waits on the agenda."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._news = False
        self._entries: Counter[State] = Counter()
        self._counted: list[int] = []
        self._hit: set[tuple[int, State]] = set()
        self._state = State.DISCONNECTED
        self._clock = _OutputClock()
        self.outcome = Outcome(story.seed, story.device.family)
        self.watch = Watch(story)
        twin, inside = story.device.twin(story.scenario, story.chance.randrange(10_000))
        twin.recorder.tap(self._clock.hear)
        self._operator = Operator(story)
        self.bench = SoakBench(
            story.config,
            device=story.device,
            twin=twin,
            inside=inside,
            driver=self.watch.driver,
            latency_ns=story.latency_ns,
            journal_ns=story.journal_ns,
            entered=self._entered,
        )
        self.watch.attach(self.bench)
        self.watch.own_faults(scenario(story.scenario).faults)

    def play(self) -> Outcome:
        """From the first key to the last; a violation or an exception ends it."""
        try:
            self._entered(State.DISCONNECTED)
            self._turn()
            self._live(self._story.length_ns)
            self._live(self.bench.now_ns + _AFTERWARDS_NS, at_work=False)
            self._go_home()
            self._live(self.bench.now_ns + _CLOSED_NS, at_work=False)
            self.watch.home(self.bench)
            self.watch.settle(self.bench)
        except Violation as broken:
            self.outcome.violation = f"{self.bench.now_ns / 1e9:.6f} s: {broken}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be told
            self.outcome.violation = f"{self.bench.now_ns / 1e9:.6f} s: {error!r}"
        return self._summed_up()

    # -- time

    def _at(self, at_ns: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_ns, next(self._order), action))
        self._news = True

    def _live(self, end_ns: int, *, at_work: bool = True) -> None:
        self._at_work = at_work
        while self.bench.now_ns < end_ns:
            if at_work and self._nothing_more():
                return
            due_ns = min(self._agenda[0][0] if self._agenda else end_ns, end_ns)
            self._news = False
            self.bench.run_until(lambda: self._news, max(due_ns, self.bench.now_ns))
            while self._agenda and self._agenda[0][0] <= self.bench.now_ns:
                heapq.heappop(self._agenda)[2]()
            self.watch.look(self.bench)

    def _go_home(self) -> None:
        """Whoever cannot close on a sound device waits: a slow line still brings what it has."""
        for _ in range(_PATIENCE):
            self._operator.go_home(self.bench)
            self.watch.look(self.bench)
            if self.bench.state is State.CLOSED or not self.watch.healthy(self.bench):
                break

    def _nothing_more(self) -> bool:
        """Closed, or the device has gone for good: it came back under another name."""
        gone = self.bench.faulty.place > 0 and self.bench.state in _WITHOUT_DEVICE
        return gone or self.bench.state is State.CLOSED

    def _turn(self) -> None:
        if self._at_work:
            think_ns = self._operator.turn(self.bench)
            self._at(self.bench.now_ns + think_ns, self._turn)

    _at_work = True

    # -- what goes wrong

    def _entered(self, state: State) -> None:
        self._count()
        self._state = state
        self._entries[state] += 1
        for trouble in self._story.troubles:
            if trouble.state is state and trouble.nth == self._entries[state]:
                at_ns = self.bench_now_ns() + trouble.after_us * 1_000
                self._at(at_ns, lambda trouble=trouble: self._begin(trouble))  # type: ignore[misc]

    def bench_now_ns(self) -> int:
        """The time, also before there is a bench."""
        return self.bench.now_ns if hasattr(self, "bench") else 0

    def _begin(self, trouble: Trouble) -> None:
        self.watch.begins(trouble)
        if not trouble.of_twin:
            self.outcome.hits[self._state, trouble.name] += 1
        if self._story.near_wrap and trouble.name == "number-wrap":
            self.bench.near_the_wrap()
        undo = self.bench.begin(trouble)
        if undo is not None:
            self._at(self.bench.now_ns + trouble.parameters["for_us"] * 1_000, undo)

    def _count(self) -> None:
        """Note which faults have changed something in the state that ends now."""
        if not hasattr(self, "bench"):
            return
        for index, (fault, changed) in enumerate(self.bench.faulty.changes):
            if index == len(self._counted):
                self._counted.append(0)
            if changed > self._counted[index]:
                self._counted[index] = changed
                if (index, self._state) not in self._hit:
                    self._hit.add((index, self._state))
                    self.outcome.hits[self._state, fault.name] += 1

    def _summed_up(self) -> Outcome:
        self._count()
        self._clock.end(self.bench.now_ns // 1_000)
        self.outcome.lived_us = self.bench.now_ns // 1_000
        self.outcome.output_us = self._clock.total_us
        self.outcome.ended_in = self.bench.state
        return self.outcome


def play(seed: str) -> Outcome:
    """Play the session of a seed."""
    return Session(story_of(seed)).play()
