"""`rehearse --scenario` and `--fault` on a RehaStim2: a safe end, or a word that it is unknown."""

from __future__ import annotations

import pytest

from firmware_sim.faults import SPECS
from firmware_sim.faults.model import Place
from firmware_sim.lockstep_client import twin_command
from firmware_sim.scenarios import SCENARIOS
from stimctl.bench import Disturbance
from stimctl.bench.fault_rehearsal import rehearse_fault
from stimctl.errors import ExitCode, UsageError
from stimctl.session.states import State
from tests.support.broad import broad
from tests.support.rehastim2_plans import plan_of

OF_THE_P24 = {
    one.name
    for one in SCENARIOS.values()
    if any(SPECS[f.name].place is Place.DEVICE for f in one.faults)
}


@pytest.mark.hazard("H01", "H08", "H11", "H12")
@pytest.mark.parametrize("name", broad(sorted(SCENARIOS)))
def test_a_session_in_a_scenario_ends_safely_or_says_that_it_cannot_know(name: str) -> None:
    if name in OF_THE_P24:
        with pytest.raises(UsageError, match="fault of the firmware"):
            rehearse_fault(plan_of("nmes-tka", duration_s=60), Disturbance.named(name))
        return
    ended = rehearse_fault(plan_of("nmes-tka", duration_s=60), Disturbance.named(name))
    assert ended.ending.in_time, ended.ending
    if not ended.ending.confirmed:
        assert ended.ending.state in (State.UNKNOWN, State.DISCONNECTED)
        assert ended.exit_code is ExitCode.NOT_CONFIRMED_ZERO


@pytest.mark.hazard("H12")
def test_an_electrode_that_falls_off_while_it_stimulates_is_a_fault_at_zero() -> None:
    ended = rehearse_fault(
        plan_of("nmes-tka", duration_s=60), Disturbance.named(None, ["electrode-off@15s"])
    )
    assert ended.ending.state is State.FAULT
    assert ended.ending.safe
    assert any("electrode" in one for one in ended.problems)


@pytest.mark.parametrize("faults", [(), ("unplug@5s,for=1s",)])
def test_a_lock_step_firmware_of_this_family_stands_where_its_twin_stands(
    faults: tuple[str, ...],
) -> None:
    disturbance = Disturbance.named(None, faults, lock_step=twin_command("rehastim2"))
    ended = rehearse_fault(plan_of("nmes-tka", duration_s=60), disturbance)
    assert ended.ending.in_time
    assert ended.ending.state is (State.FAULT if faults else State.CLOSED)


@pytest.mark.parametrize("other", ["p24", "openemsstim"])
def test_a_lock_step_firmware_of_another_family_is_refused(other: str) -> None:
    with pytest.raises(UsageError, match=f"firmware is a {other}, the plan is for rehastim2"):
        rehearse_fault(plan_of("nmes-tka"), Disturbance.named(None, lock_step=twin_command(other)))
