"""Functional stages for tests: small files, made-up sensors, sessions that reach the stage."""

from __future__ import annotations

from typing import Any

from stimctl.bench import Bench
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import InputSample
from stimctl.session.intents import NextStage, Resume
from stimctl.session.states import State
from stimctl.treatment.program import CurrentPlan
from tests.support.session_world import BY_HAND, raised, running
from tests.support.staged_samples import staged_plan, staged_text

WAVE = 'shape = "biphasic-symmetric", phase_width = "300 us", frequency = "40 Hz"'
ACTIVATION = 'input = "in", ramp_up = "100 ms", ramp_down = "100 ms", '
STATE = 'kind = "state", sources = ["api", "udp"]'
EVENT = 'kind = "event", sources = ["api", "udp"]'
KEY = 'kind = "event", sources = ["key"]'
PHASE = 'kind = "phase", unit = "deg", rate = ["10 rpm", "70 rpm"], sources = ["api"]'
LEVEL = 'kind = "level", sources = ["api"]'
ON_WHILE = ACTIVATION + 'start = "rise", stop = "fall"'


def channel(role: str, more: str = "") -> str:
    return (
        f'[[channels]]\nrole = "{role}"\nmotor = true\n'
        'amplitude = { target = "strong-contraction" }\n'
        f"waveform = {{ {WAVE} }}\n{more}\n"
    )


def functional_text(
    activations: dict[str, str],
    of: str = STATE,
    *,
    more: str = "",
    tune: str = 'cycle = { on = "6 s", off = "2 s", ramp_up = "1 s", ramp_down = "1 s" }',
    lasts: str = "5 min",
    latency: str = "80 ms",
    channels: str = "",
    session: str = 'shortest = "2 min", longest = "60 min", stretch = "use"',
) -> str:
    """A tune stage and a functional one; an activation for each role."""
    listed = "\n".join(f"activation.{role} = {{ {says} }}" for role, says in activations.items())
    stages = (
        f'[[stages]]\nname = "tune"\nkind = "tune"\nduration = "1 min"\n{tune}\n'
        f'[[stages]]\nname = "use"\nkind = "functional"\nduration = "{lasts}"\n'
        f'plateau = "tune"\n{more}\n{listed}\n'
    )
    roles = channels or "".join(map(channel, activations))
    inputs = f'inputs = [{{ name = "in", latency = "{latency}", {of} }}]'
    return staged_text(stages, roles, session=session, more=f'class = "functional"\n{inputs}\n')


def functional_plan(activations: dict[str, str], of: str = STATE, **how: Any) -> CurrentPlan:
    most = how.pop("most_ua", 10_000)
    return staged_plan(functional_text(activations, of, **how), *[most] * len(activations))


class Sender:
    """Somebody who sends samples of the input "in" to a bench, each 10 ms."""

    def __init__(self, bench: Bench, name: str = "in") -> None:
        self.bench, self.name = bench, name
        self.seq = 0

    def send(self, value: Any = None, **more: Any) -> None:
        self.seq += 1
        self.bench.notify(InputSample(self.name, more.pop("seq", self.seq), value, **more))

    def hold(self, value: Any, for_ns: int, **more: Any) -> None:
        """The same value, again and again."""
        end_ns = self.bench.now_ns + for_ns
        while self.bench.now_ns < end_ns:
            self.send(value, **more)
            self.bench.run_for(10 * MS)

    def beats(self, for_ns: int) -> None:
        """Only that somebody is there."""
        self.hold(None, for_ns, beat=True)

    def turn(self, for_ns: int, rpm: float = 50.0, start: float = 0.0) -> float:
        """A crank; returns where it is then."""
        angle, end_ns = start, self.bench.now_ns + for_ns
        while self.bench.now_ns < end_ns:
            self.send(angle % 360)
            angle += rpm * 6 / 100
            self.bench.run_for(10 * MS)
        return angle


def entered(
    plan: CurrentPlan,
    plateau_ua: int = 4_000,
    *,
    tune_ns: int = 0,
    config: EngineConfig = BY_HAND,
    **bench_options: Any,
) -> Bench:
    """The plateaus found by hand, and the functional stage entered: it waits for a person."""
    bench = running(plan, config, **bench_options)
    for one in plan.channels:
        bench.run_for(1_200 * MS)
        raised_in_holds(bench, plateau_ua, one.channel)
    bench.run_for(tune_ns)
    if bench.state is State.RUNNING and not bench.told(Kind.STAGE):
        bench.command(NextStage())
    assert bench.run_to_state(State.PAUSED, within_ns=10 * SECOND), bench.state
    bench.run_for(100 * MS)
    return bench


def raised_in_holds(bench: Bench, plateau_ua: int, of: int) -> None:
    """Raise by hand, a step whenever the rules allow one."""
    end_ns = bench.now_ns + 50 * SECOND
    while bench.engine.plateau(of) < plateau_ua:
        assert bench.now_ns < end_ns, bench.events[-3:]
        bench.run_for(100 * MS)
        before = bench.engine.plateau(of)
        if bench.engine.readings(bench.now_ns)[of].wait == "" and not _resting(bench, of):
            raised(bench, min(plateau_ua, before + 500), of)


def _resting(bench: Bench, of: int) -> bool:
    run = bench.engine._core.run  # the test waits for a hold, as a person would see it
    assert run is not None
    track = run.track(of)
    return track.drive is None or not track.drive.may_raise or not track.is_up


def resumed(bench: Bench) -> Bench:
    """A person resumes; at full strength after its soft ramp."""
    bench.command(Resume())
    assert bench.run_to_state(State.RUNNING, within_ns=SECOND)
    return bench


def pulses_between(bench: Bench, from_ns: int, of: int = 1) -> int:
    """How many pulses reached the electrodes since then."""
    from_us = from_ns // 1_000
    return sum(
        sum(run.start_us + k * run.period_us >= from_us for k in range(run.count))
        for run in bench.ledger()[of].runs
        if run.peak_ua
    )


def last_pulse_us(bench: Bench, of: int = 1) -> int:
    """When the last pulse began."""
    return max((run.last_start_us for run in bench.ledger()[of].runs if run.peak_ua), default=0)


def kinds(bench: Bench, kind: Kind) -> int:
    return len(bench.told(kind))
