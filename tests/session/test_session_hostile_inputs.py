"""Samples that mean harm: nothing above plateau, slew and bounds. A million are in the soak."""

from __future__ import annotations

import pytest

from stimctl.session.events import Kind
from tests.support.functional_world import ACTIVATION, PHASE, entered, functional_plan
from tests.support.hostile_stream import hostile


@pytest.mark.hazard("H82")
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.broad)])
def test_a_hostile_stream_breaks_no_bound(seed: int) -> None:
    says = ACTIVATION + 'from = "90 deg", to = "200 deg", lead = "50 ms"'
    plan = functional_plan({"one": says}, PHASE, lasts="30 min")
    bench = entered(plan, tune_ns=30_000_000_000)
    stream, broken = hostile(bench, plan, 6_000, seed)
    assert broken == []
    assert stream.resumed > 0
    assert bench.engine.plateau(1) in (0, 4_000)
    assert max(run.peak_ua for run in bench.ledger()[1].runs) == 4_000
    assert bench.told(Kind.ACTIVATION), "it proves nothing where nothing is ever on"
