"""The part of a rehearsal that inputs drive: minutes of good sensors, then one of broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from stimctl.bench.functional_verdict import problems
from stimctl.bench.input_play import ADVERSARIAL_US, NOMINAL_US, InputPlay
from stimctl.bench.virtual import Bench
from stimctl.session.events import Kind
from stimctl.session.states import State
from stimctl.treatment.program import CurrentChannel, CurrentPlan, Stage

REHEARSED_US = NOMINAL_US + ADVERSARIAL_US
_AFTER_US = 10_000_000
_ENTERED_WITHIN_NS = 10_000_000_000
_SLICE_NS = 1_000_000_000
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN)


def is_switched(plan: CurrentPlan) -> bool:
    """Whether inputs drive a part of it."""
    return any(stage.switching is not None for stage in plan.stages)


def shortened(plan: CurrentPlan) -> CurrentPlan:
    """The same plan with functional stages of 4 min at most: more shows nothing new (N7)."""
    stages, start_us = [], 0
    for stage in plan.stages:
        lasts_us = stage.duration_us
        if stage.switching is not None:
            lasts_us = min(lasts_us, REHEARSED_US)
        stages.append(replace(stage, start_us=start_us, duration_us=lasts_us))
        start_us += lasts_us
    return replace(plan, duration_us=start_us, named_stages=tuple(stages))


class FunctionalPart:
    """Plays the inputs of a plan whenever one of its functional stages is under way."""

    def __init__(self, bench: Bench, plan: CurrentPlan) -> None:
        self._bench, self._plan = bench, plan
        self._play = InputPlay(bench, plan)
        self._began: list[tuple[Stage[CurrentChannel], int]] = []

    def perform(self, progress: Callable[[int, int], None] | None) -> None:
        """The whole plan: what time drives passes, what inputs drive is played."""
        bench, plan = self._bench, self._plan
        for stage in plan.stages:
            if stage.switching is not None:
                if bench.run_to_state(State.PAUSED, within_ns=_ENTERED_WITHIN_NS):
                    self._run(stage)
                continue
            give_up_ns = bench.now_ns + (stage.duration_us + _AFTER_US) * 1_000
            while not self._is_over(stage) and bench.now_ns < give_up_ns:
                bench.run_for(_SLICE_NS)
            if progress is not None:
                progress(stage.end_us, plan.duration_us)

    def _run(self, stage: Stage[CurrentChannel]) -> None:
        """The stage has been entered and waits for the person whom `InputPlay` makes up."""
        bench = self._bench
        self._began.append((stage, bench.now_ns // 1_000))
        lasts_us = stage.duration_us
        hostile_us = min(ADVERSARIAL_US, lasts_us // 4)
        self._play.nominal(lasts_us - hostile_us)
        self._play.adversarial(hostile_us)
        give_up_ns = bench.now_ns + (lasts_us + _AFTER_US) * 1_000
        while not self._is_over(stage) and bench.now_ns < give_up_ns:
            self._play.nominal(5_000_000)

    def _is_over(self, stage: Stage[CurrentChannel]) -> bool:
        begun = [row.data["number"] for row in self._bench.told(Kind.STAGE)]
        return self._bench.state in _OVER or bool(begun and begun[-1] > stage.number + 1)

    def problems(self) -> Iterator[str]:
        """What the record of the electrodes shows against the rules of functional stages."""
        ledger = self._bench.ledger()
        for stage, from_us in self._began:
            for problem in problems(stage, ledger, from_us, self._play.silences):
                yield f'stage "{stage.name}": {problem}'
        activations = len(self._bench.told(Kind.ACTIVATION))
        if self._began and not activations:
            yield "no input has started anything"
