"""A device that this connection has not identified is never armed (K5, M1)."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.intents import Arm, Connect, LoadPlan, Start, Stop
from stimctl.session.states import State
from tests.support.session_world import BY_HAND, checked, plan_of


def unidentified() -> Bench:
    """STOPPED by a trouble during connect: the device never told who it is."""
    bench = Bench(BY_HAND, to_device=lambda _now, _data: b"", family="p24")
    bench.command(Connect())
    bench.command(Stop())
    assert bench.run_to_state(State.UNKNOWN, within_ns=SECOND)
    bench.to_device.hook = None
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    assert not bench.told(Kind.IDENTITY)
    return bench


@pytest.mark.parametrize("intent", [LoadPlan(plan_of()), Arm()])
def test_a_device_that_was_never_identified_gets_no_plan_and_is_not_armed(intent: Any) -> None:
    bench = unidentified()
    with pytest.raises(StateError, match=r"never identified.*onnect again"):
        bench.command(intent)
    assert bench.state is State.STOPPED


def test_connecting_again_identifies_the_device_and_leads_on() -> None:
    bench = unidentified()
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=SECOND)
    bench.command(LoadPlan(plan_of()))
    bench.command(Arm())
    assert bench.run_to_state(State.ARMED, within_ns=SECOND)
    bench.command(Start())
    assert bench.state is State.RUNNING


def test_a_new_connection_that_fails_leaves_nothing_of_the_identity_before() -> None:
    bench = checked(plan_of())
    bench.command(Stop())
    bench.run_for(300 * MS)
    bench.to_device.hook = lambda _now, _data: b""
    bench.command(Connect())
    bench.command(Stop())
    assert bench.run_to_state(State.UNKNOWN, within_ns=SECOND)
    bench.to_device.hook = None
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    with pytest.raises(StateError, match=r"never identified.*onnect again"):
        bench.command(Arm())


def test_a_zero_verified_for_arming_arms_no_device_that_was_not_identified() -> None:
    bench = checked(plan_of())
    bench.run_for(3 * SECOND)
    bench.command(Arm())
    assert bench.engine.stopping  # the intent's own guard has been passed
    bench.engine._core.ready = False
    bench.run_for(300 * MS)
    assert bench.state is State.FAULT
