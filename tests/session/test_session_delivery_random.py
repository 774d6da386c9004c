"""Random treatments, disturbed at random: the bounds of the record hold what the electrodes had.

Treatments come from the grid, nothing is chosen to suit the count. A slice belongs to every test
run, minutes of it to the soak.
"""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.bench.rehearsal import began_us
from stimctl.records.delivered import Delivered, bounds_of
from stimctl.session.config import MS, SECOND
from stimctl.session.intents import Pause, Resume, Stop
from stimctl.session.states import State
from stimctl.treatment.plan import Plan
from stimctl.treatment.program import AnyPlan
from tests.support.broad import broad
from tests.support.delivery_grid import plan_for, points
from tests.support.session_world import BY_SCRIPT, is_brought_to_running

SLICE, WHOLE = 12, 400
LONGEST_MS = 60_000
FAULTS = (
    "unplug@{at}ms", "unplug@{at}ms,for={span}ms", "mute@{at}ms", "mute@{at}ms,for={span}ms",
    "drop@{at}ms,permille={share},for={span}ms", "hang@{at}ms,for={span}ms",
    "latency@{at}ms,delay={late}ms,for={span}ms", "jitter@{at}ms,for={span}ms",
    "flip@{at}ms,for={span}ms", "duplicate@{at}ms,for={span}ms", "wrong-crc@{at}ms,for={span}ms",
    "split@{at}ms,for={span}ms", "garbage@{at}ms", "half-frame@{at}ms",
)  # fmt: skip


def disturbed(rng: Random, plan: AnyPlan, device: str) -> tuple[Bench, list[str]] | None:
    """A session of a plan that is perhaps disturbed, stopped or paused; None where it never ran."""
    duration_ms = plan.duration_us // 1_000
    faults = [
        rng.choice(FAULTS).format(
            at=rng.randrange(500, duration_ms),
            span=rng.randint(20, 4_000),
            share=rng.randint(20, 900),
            late=rng.randint(2, 230),
        )
        for _ in range(rng.choice((0, 1, 1, 2)))
    ]
    twin = faulty_twin(device, faults=[parse_fault(one) for one in faults], seed=rng.randrange(99))
    bench = Bench(BY_SCRIPT, twin=twin)
    if not is_brought_to_running(bench, plan, 3 * SECOND):
        return None
    bench.run_for(rng.randrange(duration_ms) * MS)
    what = rng.random()
    if bench.state is State.RUNNING and what < 0.3:
        bench.command(Stop())
    elif bench.state is State.RUNNING and what < 0.5:
        bench.command(Pause())
        bench.run_for(rng.randint(100, 4_000) * MS)
        if bench.state is State.PAUSED:
            bench.command(Resume())
    over = (State.STOPPED, State.FAULT, State.UNKNOWN)
    bench.run_to_state(*over, within_ns=plan.duration_us * 1_000 + 8 * SECOND)
    bench.run_for(6 * SECOND)  # what a lost device still gives
    return bench, faults


def outside(bench: Bench) -> list[str]:
    """Figures of the twin's record that the bounds do not hold; one nC is the rounding."""
    found, delivered = [], Delivered()
    for event in bench.events:
        delivered.take(event.kind.value, event.as_dict())
    for channel, told in delivered.by_channel.items():
        ledger = bench.ledger()[int(channel)].since(began_us(bench))
        for name, given, near in (
            ("pulses", ledger.pulses, 0),
            ("charge_nc", round(ledger.charge_uc * 1_000), 1),
            ("peak_ua", round(ledger.peak_ma * 1_000), 0),
        ):
            low, high = bounds_of(told, name)
            if given < low - near or (high is not None and given > high + near):
                found.append(f"channel {channel}: {name} {given} is not in {low} to {high}")
    return found


def go_through(device: str, seed: int, count: int) -> list[str]:
    rng, failed, done = Random(seed), [], 0
    for point in points(seed):
        plan = plan_for(point, device) if point.duration_ms <= LONGEST_MS else None
        session = disturbed(rng, plan, device) if isinstance(plan, Plan) else None
        if session is None:
            continue
        bench, faults = session
        failed += [f"point {point.number} {faults}: {one}" for one in outside(bench)]
        done += 1
        if done == count:
            break
    return failed


@pytest.mark.broad
@pytest.mark.parametrize("device", broad(["p24", "rehastim2", "rehamove3"]))
def test_the_bounds_hold_what_the_electrodes_had_whatever_happens(device: str) -> None:
    assert go_through(device, 7, SLICE) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("device", ["p24", "rehastim2", "rehamove3"])
def test_hundreds_of_disturbed_sessions_are_within_their_bounds(device: str, seed: int) -> None:
    assert go_through(device, seed, WHOLE) == []
