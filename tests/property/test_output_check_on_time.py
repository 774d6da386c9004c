"""What is cleared is delivered: a plan on time, at constant latency, is never kept off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stimctl.devices.output_check import OutputCheck
from stimctl.devices.p24.output import OutputEncoder
from stimctl.session.ramp_limiter import FULL
from stimctl.session.track import Track
from stimctl.treatment.plan import Plan
from stimctl.treatment.timeline import moments
from tests.support.delivery_grid import Cycle, Point, Shape, plan_for
from tests.support.examples import examples

LATENCY_NS = 1_400_000
RAISES_MS = st.lists(st.integers(250, 1_500), min_size=1, max_size=12)


@st.composite
def bursts(draw: st.DrawFn) -> tuple[int, float, float]:
    """Pulses, rate inside and bursts a second; any that fit into each other."""
    pulses, rate = draw(st.integers(1, 16)), draw(st.sampled_from((40, 80, 100, 120, 150, 200)))
    most = int(1_000 * rate / (pulses + 1))
    assume(most >= 1_000)
    return pulses, rate, draw(st.integers(1_000, min(most, 40_000))) / 1_000


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    cycle = None
    if draw(st.booleans()):
        up, down = draw(st.integers(500, 2_000)), draw(st.integers(500, 1_000))
        hold, off = draw(st.integers(1_000, 3_000)), draw(st.integers(250, 4_000))
        cycle = Cycle(up + hold + down, off, up, down)
    shapes = []
    for _ in range(draw(st.integers(1, 2))):
        burst = draw(bursts())
        shapes.append(Shape(burst[1], burst, draw(st.sampled_from((100, 200, 300))), cycle, 3_000))
    duration = 10_000 if cycle is None else (cycle.on + cycle.off) * 2
    plan = plan_for(Point(0, tuple(shapes), 130, duration), "p24")
    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    return plan


def times_us(plan: Plan, raises_ms: list[int]) -> list[tuple[int, tuple | None]]:
    """The moments of the plan, and the raises between them."""
    at_us, found = 0, [(one.at_us, one.drives) for one in moments(plan)]
    for wait_ms in raises_ms:
        at_us += wait_ms * 1_000 + 137
        found.append((at_us, None))
    return sorted(found, key=lambda one: one[0])


def kept_off(plan: Plan, raises_ms: list[int]) -> list[tuple]:
    """Whatever the check holds back or closes while everything is sent and answered on time."""
    check, gate = OutputCheck(one_source=True), OutputEncoder()
    tracks = {one.channel: Track(one) for one in plan.channels}
    proofs = {one.channel: one.cleared for one in plan.channels}
    held: list[Any] = []
    points: dict[int, Any]
    told: Any = None
    unanswered: tuple[int, Any] | None = None
    plateau_ua = 0
    for at_us, drives in times_us(plan, raises_ms):
        now_ns = at_us * 1_000
        if unanswered is not None and unanswered[0] <= now_ns:
            check.settled(unanswered[0], LATENCY_NS, unanswered[1])
            unanswered = None
        held += check.due(now_ns)
        if drives is None:
            plateau_ua = min(plateau_ua + 500, 3_000)
        for drive in drives or ():
            tracks[drive.channel].turn_to(drive, first=at_us == 0, at_ns=now_ns)
        for track in tracks.values():
            track.covered = True
            track.climb(now_ns, plateau_ua, FULL)
            track.settled(now_ns)
        keys = [track.key(plateau_ua) for track in tracks.values()]
        points = {key[0]: tracks[key[0]].point(key) for key in keys if key is not None}
        trains = gate.frame(points)
        if trains is told:
            continue
        told = trains
        held += check.admit(now_ns, trains.units, proofs)
        check.sent(now_ns, trains.units)
        unanswered = (now_ns + LATENCY_NS, trains.units)
    return held


@pytest.mark.hazard("H39")
@settings(max_examples=examples(100), deadline=None)
@given(plans(), RAISES_MS)
def test_bursts_on_time_are_never_kept_off(plan: Plan, raises_ms: list[int]) -> None:
    assert kept_off(plan, raises_ms) == []


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(
    ("burst", "cycle"),
    [
        ((6, 150, 12), Cycle(3_000, 700, 510, 777)),  # a ramp that leaves zero within a burst
        ((15, 120, 3), None),  # a raise from zero within a burst
        ((10, 80, 1), None),
        ((3, 100, 15), Cycle(1_500, 1_000, 500, 500)),
    ],
)
def test_a_burst_that_would_begin_in_its_midst_is_left_out(
    burst: tuple[int, float, float], cycle: Cycle | None
) -> None:
    shape = Shape(burst[1], burst, 200, cycle, 3_000)
    duration = 20_000 if cycle is None else (cycle.on + cycle.off) * 3
    plan = plan_for(Point(0, (shape,), 130, duration), "p24")
    assert isinstance(plan, Plan)
    for late_ms in range(0, 1_000, 7):
        assert kept_off(plan, [1_500 + late_ms, 300, 300]) == []
