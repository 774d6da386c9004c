"""A whole session in percent against the strict twin in virtual time, raised by a made-up hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware_sim.firmware.openemsstim_fields import wiper
from firmware_sim.twin import LocalTwin
from stimctl.bench.families import driver_of, twin_of
from stimctl.bench.virtual import Bench
from stimctl.errors import StimctlError
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.confirmation import confirmation_of
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.intents import Arm, Attend, Close, Connect, LoadPlan, Raise, Start
from stimctl.session.states import State
from stimctl.stimulus.level import PERCENT, Level
from stimctl.treatment.program import PercentPlan

_STEP_WITHIN_NS = 25 * SECOND
_RAISE_EVERY_NS = 450 * MS
_ATTEND_EVERY_NS = 240 * SECOND
_AFTER_END_NS = 10 * SECOND
_OVER = (State.STOPPED, State.FAULT, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class GateRehearsal:
    """What a rehearsal showed. `ok`: it may be confirmed with the four characters.

    `reached_percent`: by channel how far the hand came in the time of the plan.
    """

    events: tuple[SessionEvent, ...]
    duration_us: int
    digest: str
    confirmation: str
    reached_percent: dict[int, int]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing went another way than it should."""
        return not self.problems


def rehearse_gate(plan: PercentPlan, device: LocalTwin | None = None) -> GateRehearsal:
    """Run a plan from connection to verified zero on its twin, every channel raised by hand.

    `device`: what stands in the place of the twin.
    """
    twin = twin_of(plan.sheet.family) if device is None else device
    bench = Bench(EngineConfig(), twin=twin, driver=driver_of(plan.sheet.family))
    reached = {one.channel: 0 for one in plan.channels}
    problems: list[str] = []
    try:
        _perform(bench, plan, reached)
    except StimctlError as error:
        problems.append(str(error))
    problems += [
        f"the firmware's defect {row['section']}: {row['what']}"
        for row in twin.records()
        if row["kind"] == "defect"
    ]
    problems += _problems(bench, plan)
    return GateRehearsal(
        tuple(bench.events),
        plan.duration_us,
        plan.digest(),
        confirmation_of(plan),
        reached,
        tuple(problems),
    )


def _perform(bench: Bench, plan: PercentPlan, reached: dict[int, int]) -> None:
    bench.command(Connect())
    bench.run_to_state(State.IDENTIFIED, within_ns=_STEP_WITHIN_NS)
    bench.command(LoadPlan(plan))
    bench.command(Arm())
    bench.run_to_state(State.ARMED, within_ns=_STEP_WITHIN_NS)
    bench.command(Start())
    end_ns = bench.now_ns + plan.duration_us * 1_000 + _AFTER_END_NS
    attend_ns = bench.now_ns + _ATTEND_EVERY_NS
    while bench.state not in _OVER and bench.now_ns < end_ns:
        for one in plan.channels:
            following = bench.engine.intensity_percent(one.channel) + one.step
            going_on = bench.state is State.RUNNING and not bench.engine.stopping
            if going_on and following <= one.most:
                bench.command(Raise(one.channel, Level(PERCENT, following)))
            bench.run_for(_RAISE_EVERY_NS)
            now = bench.engine.intensity_percent(one.channel)
            reached[one.channel] = max(reached[one.channel], now)
        if bench.now_ns >= attend_ns and bench.state is State.RUNNING:
            attend_ns += _ATTEND_EVERY_NS
            bench.command(Attend())
    bench.command(Close())


def _problems(bench: Bench, plan: PercentPlan) -> Iterator[str]:
    for event in bench.told(Kind.ALARM):
        yield f"alarm: {event.data['what']}"
    if not any(event.data["outcome"] == "completed" for event in bench.told(Kind.ENDED)):
        yield f"the run did not complete; the session is {bench.state.value}"
    if bench.twin.stimulating:
        yield "a relay of the twin may still be closed at the end"
    ceilings = {one.channel: wiper(one.most) for one in plan.channels}
    for row in bench.twin.records():
        if (
            row["kind"] == "wiper"
            and row["at_us"]
            and row["value"] < ceilings.get(row["channel"], 255)
        ):
            yield f"channel {row['channel']}: more was let through than was cleared"
            return
