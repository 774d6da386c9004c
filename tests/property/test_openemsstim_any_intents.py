"""No sequence of operator intents provokes a defect of the firmware of an openEMSstim."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.examples import examples
from tests.support.gate_machine import GateMachine, steps

STEPS = 100_000


def _run(count: int, length: int) -> None:
    run_state_machine_as_test(
        GateMachine,
        settings=settings(
            max_examples=count,
            stateful_step_count=length,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.hazard("H09", "H39")
def test_no_intents_provoke_a_defect_or_leave_a_relay_closed() -> None:
    _run(examples(30), 25)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_a_hundred_thousand_steps_provoke_no_defect(capsys: pytest.CaptureFixture[str]) -> None:
    begun = steps[0]
    while steps[0] - begun < STEPS:
        _run(200, 100)
    with capsys.disabled():
        print(f"\nopenEMSstim: {steps[0] - begun} steps, no defect provoked")
