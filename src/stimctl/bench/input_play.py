"""Made-up sensors on the bench: their samples reach the engine at their time, as facts.

`nominal` is what a file asks of its inputs; `adversarial` is what a broken sensor does (N7).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from operator import itemgetter

from firmware_sim.hostile_inputs import SPOILED
from firmware_sim.virtual_inputs import Rate, Sample, activity, events, phase, state
from stimctl.bench.virtual import Bench
from stimctl.session.config import SECOND
from stimctl.session.facts import InputSample
from stimctl.session.intents import Resume
from stimctl.session.states import State
from stimctl.treatment.inputs_schema import InputKind, PhaseUnit
from stimctl.treatment.program import AnyPlan, CurrentChannel
from stimctl.treatment.switching import InputSpec

NOMINAL_US = 180_000_000
ADVERSARIAL_US = 60_000_000
_STATE_PER_S = 0.8
_STATE_ON = 0.6
_RESUME_AFTER_NS = SECOND
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN, State.CLOSED)


@dataclass(frozen=True, slots=True)
class Silence:
    """No sample of an input came in this time, in us of the bench."""

    input: str
    from_us: int
    until_us: int


def specs_of(plan: AnyPlan) -> tuple[InputSpec, ...]:
    """Every input that a plan uses."""
    found = {
        one.name: one
        for stage in plan.stages
        if stage.switching is not None
        for one in stage.switching.inputs
    }
    return tuple(found.values())


def nominal(plan: AnyPlan, spec: InputSpec, from_us: int) -> Iterator[Sample]:
    """What the file expects of an input: of a phase its slow, middle and fast rates in turn."""
    if spec.kind is InputKind.PHASE:
        turn = 360.0 if spec.unit is PhaseUnit.DEG else 100.0
        return phase(_rates(spec, from_us), turn, from_us)
    if spec.kind is InputKind.STATE:
        return state(lambda _: _STATE_PER_S, _STATE_ON, from_us)
    every_us = _between_us(plan, spec)
    per_s = 1_000_000 / every_us
    make = events if spec.kind is InputKind.EVENT else activity
    return make(lambda _: per_s, from_us)


def _rates(spec: InputSpec, from_us: int) -> Rate:
    """A minute each of three rates; between two of them it takes 5 s."""
    slow, fast = (rate / 60_000 for rate in (spec.slowest_mrpm, spec.fastest_mrpm))
    wanted = (slow + (fast - slow) * 0.1, (slow + fast) / 2, fast - (fast - slow) * 0.1)

    def rate(at_us: int) -> float:
        minute, within_us = divmod(at_us - from_us, 60_000_000)
        now, before = (wanted[max(0, min(2, one))] for one in (minute, minute - 1))
        return before + (now - before) * min(1.0, within_us / 5_000_000)

    return rate


def _between_us(plan: AnyPlan, spec: InputSpec) -> int:
    """So rare that every activation of it fits in what the plan allows."""
    least = 2_000_000
    for stage in plan.stages:
        for one in stage.channels:
            switch = stage.switching and stage.switching.switches.get(one.channel)
            if not switch or switch.input != spec.name or not isinstance(one, CurrentChannel):
                continue
            window, timing = one.stimulus.window, switch.timing
            assert window is not None
            least = max(
                least,
                timing.delay_us + timing.on_us + timing.refractory_us + 1_000_000,
                60_000_000 // window.per_minute + 1,
                timing.on_us * 1_000 // window.duty_permille * 5 // 4,
            )
    return least


def _named(name: str, samples: Iterable[Sample]) -> Iterator[tuple[int, str, Sample]]:
    return ((one.at_us, name, one) for one in samples)


class InputPlay:
    """Plays sensors to one bench. A sender's numbers rise whatever happens to its samples."""

    def __init__(self, bench: Bench, plan: AnyPlan) -> None:
        self._bench, self._plan = bench, plan
        self.specs = specs_of(plan)
        self._seq = 0
        self.silences: list[Silence] = []
        self.resumed = 0

    def nominal(self, for_us: int) -> None:
        """Good sensors."""
        from_us = self._from_us()
        self._play({one.name: nominal(self._plan, one, from_us) for one in self.specs}, for_us)

    def adversarial(self, for_us: int = ADVERSARIAL_US) -> None:
        """Each way to fail in turn, after a while in which the sensor is good."""
        each_us = for_us // len(SPOILED)
        for name, spoil in SPOILED.items():
            self.nominal(each_us // 3)
            from_us = self._from_us()
            bad = {one.name: spoil(nominal(self._plan, one, from_us)) for one in self.specs}
            lasts_us = each_us - each_us // 3
            self._play(bad, lasts_us)
            if name == "silent":
                until_us = from_us + lasts_us
                self.silences += [Silence(one.name, from_us, until_us) for one in self.specs]

    def _from_us(self) -> int:
        return self._bench.now_ns // 1_000

    def _play(self, streams: Mapping[str, Iterable[Sample]], for_us: int) -> None:
        until_us = self._from_us() + for_us
        named = (_named(name, samples) for name, samples in streams.items())
        merged = heapq.merge(*named, key=itemgetter(0))
        for at_us, name, one in takewhile(lambda each: each[0] < until_us, merged):
            self._wait(at_us)
            if self._bench.state in _OVER:
                return
            self._seq += 1
            self._bench.notify(InputSample(name, self._seq, one.value, beat=one.beat))
        self._wait(until_us)

    def _wait(self, until_us: int) -> None:
        """Let time pass; a made-up person resumes a second after each pause."""
        bench = self._bench
        if bench.state is State.PAUSED and not bench.engine.stopping:
            since_ns = bench.now_ns - self._paused_ns()
            if since_ns >= _RESUME_AFTER_NS:
                bench.command(Resume())
                self.resumed += 1
        bench.run_for(max(0, until_us * 1_000 - bench.now_ns))

    def _paused_ns(self) -> int:
        return next(
            (
                one.at_ns
                for one in reversed(self._bench.events)
                if one.kind.value == "zero_verified"
            ),
            0,
        )
