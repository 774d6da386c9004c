"""A run in percent, and how long its relays were closed beside what was planned."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from stimctl.bench import Bench
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Close, Connect, LoadPlan, Raise, Start
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.program import PercentPlan
from stimctl.treatment.timeline import moments
from tests.support.delivery_grid import GatedPoint
from tests.support.gate_world import ATTENDED_BY_HAND, bench_of

_RELAY_LATE_US = 322_000
"""One message of the board: 200 ms at most until it may leave, 122 ms at most to its effect."""
_BEHIND_OTHER_US = 122_000
"""Where both channels change at once, the message for one is behind that for the other."""


def relay_on_us(bench: Bench, channel: int, from_us: int, until_us: int) -> int:
    """For how long the relay of a channel was closed in that time."""
    closed_us, on_us = None, 0
    for row in bench.twin.records():
        if row["kind"] != "output" or row["channel"] != channel:
            continue
        if row["on"]:
            closed_us = row["at_us"]
        elif closed_us is not None:
            on_us += max(0, min(row["at_us"], until_us) - max(closed_us, from_us))
            closed_us = None
    if closed_us is not None:
        on_us += max(0, until_us - max(closed_us, from_us))
    return on_us


def planned_on_us(
    plan: PercentPlan, channel: int, percent: int, from_us: int, until_us: int
) -> int:
    """The same as the plan has it, once the channel is raised."""
    one = plan.channel(channel)
    on_us = 0
    for moment, following in itertools.pairwise(moments(plan)):
        level = next(d.level_permille for d in moment.drives if d.channel == channel)
        if percent * level // 1000 >= one.cleared.bounds.lowest_percent:
            on_us += max(0, min(following.at_us, until_us) - max(moment.at_us, from_us))
    return on_us


def gated_run(plan: PercentPlan) -> tuple[Bench, int, int]:
    """A run raised to a few percent in its first contractions; when it began, and was raised."""
    bench = bench_of(ATTENDED_BY_HAND)
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=25 * SECOND)
    bench.command(LoadPlan(plan))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=5 * SECOND)
    bench.command(Start())
    assert bench.run_to_state(State.RUNNING, within_ns=2 * SECOND)
    began_us = bench.now_ns // 1_000
    raised_us = began_us
    while bench.state is State.RUNNING:
        for one in plan.channels:
            now = bench.engine.plateau(one.channel)
            if now < one.cleared.percent and not bench.engine.stopping:
                bench.command(Raise(one.channel, Level(PERCENT, now + one.step)))
                raised_us = bench.now_ns // 1_000
        bench.run_for(200 * MS)
    bench.run_to_state(State.STOPPED, within_ns=10 * SECOND)
    bench.command(Close())
    return bench, began_us, raised_us


@dataclass
class GateFigures:
    """What the grid showed of a device that lets pulses through."""

    cleared: int = 0
    refused: int = 0
    contractions: int = 0
    most_late_us: int = 0
    most_percent: float = 0.0
    failed: list[str] = field(default_factory=list)

    def take(self, where: str, got_us: int, asked_us: int, channels: int) -> None:
        self.contractions += 1
        late_us = _RELAY_LATE_US + (channels - 1) * _BEHIND_OTHER_US
        apart_us = abs(got_us - asked_us)
        self.most_late_us = max(self.most_late_us, apart_us)
        if apart_us > late_us:
            self.most_percent = max(self.most_percent, 100 * apart_us / asked_us)
        if not got_us or apart_us > max(asked_us // 100, late_us):
            self.failed.append(f"{where}: relay closed {got_us} us, {asked_us} planned")

    def told(self) -> str:
        return (
            f"{self.cleared} cleared points, {self.contractions} contractions, {self.refused} "
            f"refused; an on time apart by {self.most_late_us // 1_000} ms at most, most beyond "
            f"that of the messages {self.most_percent:.2f} %; {len(self.failed)} failed"
        )


def on_times(plan: PercentPlan, channel: int, raised_us: int) -> Iterator[tuple[int, int, int]]:
    """Each on time that begins once the channel is raised, and where to look for its output."""
    one = plan.channel(channel)
    cycle = one.cycle
    if cycle is None:
        from_us = raised_us + SECOND // 1_000
        yield from_us, from_us, plan.duration_us + SECOND // 1_000
        return
    for start_us in range(one.start_after_us, plan.duration_us, cycle.period_us):
        if start_us >= raised_us:
            around_us = cycle.off_us // 2
            yield start_us, start_us - around_us, start_us + cycle.on_us + around_us


def through_gate(point: GatedPoint, plan: PercentPlan, figures: GateFigures) -> None:
    bench, began_us, raised_us = gated_run(plan)
    figures.failed += [f"{point}: {event.data['what']}" for event in bench.told(Kind.ALARM)]
    if not any(event.data["outcome"] == "completed" for event in bench.told(Kind.ENDED)):
        figures.failed.append(f"{point}: the run did not complete")
    before = figures.contractions
    for one in plan.channels:
        for start_us, from_us, until_us in on_times(plan, one.channel, raised_us - began_us):
            asked_us = planned_on_us(plan, one.channel, one.cleared.percent, start_us, until_us)
            got_us = relay_on_us(bench, one.channel, began_us + from_us, began_us + until_us)
            where = f"{point}: channel {one.channel}, {start_us}"
            figures.take(where, got_us, asked_us, len(plan.channels))
    if figures.contractions == before:
        figures.failed.append(f"{point}: no contraction at its intensity")
