"""A stream of samples that means harm: floods, nonsense, jumps, replays, lies about time, silence,
and a second sender. Every kind in turn, in an order that the seed decides."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from stimctl.bench import Bench
from stimctl.bench.functional_verdict import problems
from stimctl.session.config import MS
from stimctl.session.facts import InputSample
from stimctl.session.intents import Resume
from stimctl.session.states import State
from stimctl.treatment.program import CurrentPlan

HARM = (
    "good", "good", "flood", "nonsense", "jump", "replay", "clock", "second", "silent", "stuck",
    "reverse",
)  # fmt: skip
NONSENSE: tuple[Any, ...] = (float("nan"), float("inf"), -1.0, 1e308, 10**400, "7", None, [], True)
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN, State.CLOSED)


class HostileStream:
    """Plays to the input "in" of a bench, a crank."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench, self.chance = bench, Random(seed)
        self.seq, self.sent, self.angle, self.resumed = 0, 0, 0.0, 0
        self.past: list[InputSample] = []

    def play(self, samples: int) -> None:
        """At least so many, or until the session is over."""
        while self.sent < samples and self.bench.state not in _OVER:
            harm = self.chance.choice(HARM)
            until_ns = self.bench.now_ns + self.chance.randrange(300, 4_000) * MS
            while self.bench.now_ns < until_ns and self.bench.state not in _OVER:
                for sample in self._samples(harm):
                    self.sent += 1
                    self.bench.notify(sample)
                self._wait()

    def _wait(self) -> None:
        bench = self.bench
        bench.run_for(self.chance.choice([10, 10, 10, 9, 11]) * MS)
        self.angle = (self.angle + 3.0) % 360  # 50 rpm
        if bench.state is State.PAUSED and not bench.engine.stopping and self.chance.random() < 0.3:
            bench.command(Resume())
            self.resumed += 1

    def _next(self, value: Any, **more: Any) -> InputSample:
        self.seq += 1
        sample = InputSample("in", self.seq, value, **more)
        if len(self.past) < 1_000:
            self.past.append(sample)
        return sample

    def _samples(self, harm: str) -> Iterator[InputSample]:
        chance = self.chance
        match harm:
            case "flood":
                for number in range(100):  # 10 kHz
                    yield self._next((self.angle + 0.03 * number) % 360)
            case "nonsense":
                yield self._next(chance.choice(NONSENSE))
            case "jump":
                far = chance.choice([0.0, 0.0, 0.0, 120.0])
                yield self._next((self.angle + far) % 360)
            case "replay":
                yield self._next(self.angle)
                if self.past:
                    yield chance.choice(self.past)
            case "clock":
                yield self._next(self.angle, age_us=chance.randrange(-(10**12), 10**12))
            case "second":
                yield self._next(self.angle)
                yield InputSample("in", self.seq * 3, chance.random() * 360, source="udp")
                yield InputSample("other", self.seq, 90.0)
            case "stuck":
                yield self._next(77.0)
            case "reverse":
                yield self._next(-self.angle % 360)
            case "good":
                yield self._next(self.angle)


def hostile(
    bench: Bench, plan: CurrentPlan, samples: int, seed: int
) -> tuple[HostileStream, list[str]]:
    """Play, and say what of the rules was broken; the invariant listens besides."""
    stream = HostileStream(bench, seed)
    from_us = bench.now_ns // 1_000
    stream.play(samples)
    return stream, list(problems(plan.stages[1], bench.ledger(), from_us))
