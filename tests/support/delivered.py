"""Plans of every form in RUNNING, and what their electrodes had by the twin's own record."""

from __future__ import annotations

import pytest

from firmware_sim.faults.model import parse_fault
from firmware_sim.situation import faulty_twin
from stimctl.bench import Bench
from stimctl.bench.rehearsal import Rehearsal, began_us
from stimctl.session.config import SECOND
from stimctl.session.events import Kind
from stimctl.treatment.plan import Plan
from stimctl.treatment.program import AnyPlan
from tests.support.delivery_grid import Cycle, Point, Shape, plan_for
from tests.support.rehastim2_plans import plan_of as rehastim2_plan
from tests.support.session_world import BY_SCRIPT, is_brought_to_running, plan_of
from tests.support.staged_samples import whole_training


def one_channel(shape: Shape, seconds: int, device: str = "p24") -> AnyPlan:
    plan = plan_for(Point(0, (shape,), 50, seconds * 1_000), device)
    assert isinstance(plan, Plan), plan
    return plan


FIGURES = ("pulses", "charge_nc", "peak_ua")
DOUBLETS = one_channel(Shape(200, (2, 200, 20), 200, Cycle(4000, 12000, 500, 500), 2_000), 48)
SLOW_BURSTS = one_channel(Shape(100, (7, 100, 2), 200, Cycle(5700, 10300, 2777, 650), 6_000), 48)


WHOLE: dict[str, tuple[AnyPlan, str]] = {
    "trains": (plan_of("tens-conventional", 6_000, duration_s=60), "p24"),
    "two channels": (plan_of("tens-conventional", 6_000, 4_000, duration_s=60), "p24"),
    "bursts": (plan_of("tens-burst", 6_000, duration_s=60), "p24"),
    "modulated": (plan_of("tens-modulated", 6_000, duration_s=60), "p24"),
    "contractions": (plan_of("nmes-tka", 20_000, duration_s=120), "p24"),
    "doublets in cycles": (DOUBLETS, "p24"),
    "slow bursts in cycles": (SLOW_BURSTS, "p24"),
    "RehaStim2": (rehastim2_plan("tens-conventional"), "rehastim2"),
    "RehaStim2, contractions": (rehastim2_plan("nmes-tka", duration_s=120), "rehastim2"),
    "stages": (whole_training(), "p24"),
    "RehaMove3": (one_channel(Shape(50, None, 200, None, 12_000), 60, "rehamove3"), "rehamove3"),
}


def started(plan: AnyPlan, *faults: str, family: str = "p24") -> Bench:
    """A session of a plan that a script raises, in RUNNING."""
    bench = Bench(BY_SCRIPT, twin=faulty_twin(family, faults=[parse_fault(one) for one in faults]))
    assert is_brought_to_running(bench, plan, 5 * SECOND)
    return bench


def given(bench: Bench, channel: str) -> dict[str, int]:
    """What reached the electrodes in the run, by the twin's own record."""
    one = bench.ledger()[int(channel)].since(began_us(bench))
    return {
        "pulses": one.pulses,
        "charge_nc": round(one.charge_uc * 1_000),
        "peak_ua": round(one.peak_ma * 1_000),
    }


def check_counted_to_the_last_pulse(rehearsal: Rehearsal) -> None:
    """Of one channel: planned, at the electrodes and acknowledged are the same."""
    assert rehearsal.ok, rehearsal.problems
    (one,) = rehearsal.report
    assert one.pulses == one.planned.pulses
    assert one.contractions == one.planned.contractions
    assert one.charge_uc == pytest.approx(one.planned.charge_uc)
    assert one.rms_plateau_ma == pytest.approx(one.planned.rms_plateau_ma)
    (ended,) = [row for row in rehearsal.events if row.kind is Kind.ENDED]
    assert ended.data["acknowledged"]["1"]["pulses"] == one.pulses
