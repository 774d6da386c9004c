"""Procedures for the tests: files, benches, and a made-up person who answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from stimctl.bench import Bench
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Answer, Raise
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.event_parts import AnswerWord
from stimctl.treatment.program import CurrentPlan, Plan
from tests.support.session_world import BY_HAND, running
from tests.support.staged_samples import compiled, example, stage, staged_plan, staged_text

FELT, TOO_MUCH = AnswerWord.FELT, AnswerWord.TOO_MUCH
SKIN = """[[channels]]
role = "one"
motor = false
amplitude = { target = "sensory-threshold", cap = "20 mA" }
waveform = { shape = "biphasic-symmetric", phase_width = "200 us" }
"""
LADDER = stage("ladder", "2 min", 'kind = "tune"\nevents = { every = "700 ms" }')
STAIRS = (
    'rule = { kind = "staircase", answer = "felt", wait = "400 ms", steps = ["2 mA", "1 mA", '
    '"0.5 mA"], reversals = 6, discard = 2, gives = "sensory-threshold" }'
)


def procedure_text(*stages: str, channels: str = SKIN, more: str = "seed = 1") -> str:
    """A file of class procedure with these stages."""
    return staged_text("".join(stages), channels, more=f'class = "procedure"\n{more}')


def curve(events: str, duration: str = "10 min") -> str:
    """An events stage with the plateau of the ladder."""
    words = f'kind = "events"\nplateau = "ladder"\nevents = {{ {events} }}'
    return stage("curve", duration, words)


def ruled(rule: str = STAIRS, events: str = 'every = "1 s"', duration: str = "5 min") -> str:
    """An events stage whose levels a rule chooses."""
    return stage("search", duration, f'kind = "events"\nevents = {{ {events} }}\n{rule}')


@cache
def procedure(*stages: str, most_ua: int = 10_000) -> CurrentPlan:
    """A plan of these stages on the P24."""
    return staged_plan(procedure_text(*stages), most_ua)


@cache
def example_plan(name: str, most_ua: int) -> CurrentPlan:
    """An example of the design as a plan."""
    plan = compiled(example(name), most_ua)
    assert isinstance(plan, Plan), plan
    return plan


def begun(plan: CurrentPlan, **options: Any) -> Bench:
    """A session of a procedure in RUNNING."""
    return running(plan, BY_HAND, **options)


def climb(bench: Bench, to_ua: int, step_ua: int = 1_000, within_ns: int = 120 * SECOND) -> None:
    """Raise by hand on the ladder, as soon as each step may be made."""
    end_ns = bench.now_ns + within_ns
    while bench.engine.plateau(1) < to_ua:
        assert bench.now_ns < end_ns, "the ladder does not go on"
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + step_ua)))
        bench.run_for(100 * MS)


Says = Callable[[int], AnswerWord | None]
"""What a person says of a pulse of so many uA."""


def answered(bench: Bench, says: Says, within_ns: int = 600 * SECOND) -> Bench:
    """Let a person answer every pulse that was given, until the session ends."""
    seen = len(bench.told(Kind.PULSE_ACKED))

    def more() -> bool:
        over = bench.state is not State.RUNNING
        return over or len(bench.told(Kind.PULSE_ACKED)) > seen

    end_ns = bench.now_ns + within_ns
    while bench.run_until(more, end_ns) and bench.state is State.RUNNING:
        level = int(bench.told(Kind.PULSE_ACKED)[seen].data["amplitude_ua"])
        seen += 1
        said = says(level)
        if said is not None:
            bench.run_for(100 * MS)
            bench.command(Answer(said))
    bench.run_for(SECOND)
    return bench


def feels(threshold_ua: int) -> Says:
    """A person with this threshold."""
    return lambda level_ua: FELT if level_ua >= threshold_ua else None


def nobody(_level_ua: int) -> None:
    """Nobody answers."""


def levels(bench: Bench) -> list[int]:
    """The levels of the events that were given, by the record."""
    return [
        int(one.data["level"]) for one in bench.told(Kind.EVENT) if one.data["outcome"] == "given"
    ]


def at_electrodes(bench: Bench) -> list[int]:
    """The levels of the pulses in their order, by the record of the twin (uA)."""
    runs = sorted(bench.ledger()[1].runs, key=lambda run: run.start_us)
    return [run.peak_ua for run in runs for _ in range(run.count)]


def result(bench: Bench) -> dict[str, Any]:
    """The last result."""
    return dict(bench.told(Kind.RESULT)[-1].data)
