"""A million samples that mean harm, over many sessions: `make soak`."""

from __future__ import annotations

import pytest

from tests.support.functional_world import ACTIVATION, PHASE, entered, functional_plan
from tests.support.hostile_stream import hostile

SAMPLES, EACH = 1_000_000, 25_000


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SAMPLES // EACH))
def test_a_million_hostile_samples_break_no_bound(seed: int) -> None:
    says = ACTIVATION + 'from = "90 deg", to = "200 deg", lead = "50 ms"'
    plan = functional_plan({"one": says}, PHASE, lasts="40 min")
    bench = entered(plan, tune_ns=30_000_000_000)
    stream, broken = hostile(bench, plan, EACH, 100 + seed)
    assert broken == []
    assert stream.sent >= EACH
    assert max(run.peak_ua for run in bench.ledger()[1].runs) == 4_000
