"""The computer under a session: its battery and its disk; and whether the amplitudes make sense."""

from __future__ import annotations

import pytest

from stimctl.errors import StateError
from stimctl.session.config import SECOND
from stimctl.session.events import Kind
from stimctl.session.facts import DiskSpace, HostPower
from stimctl.session.intents import Arm
from stimctl.session.plausible import TenFold, tenfold
from stimctl.session.states import State
from tests.support.session_world import alarms, checked, plan_of, raised, running

MB = 1_000_000


@pytest.mark.hazard("H05")
def test_at_20_percent_on_battery_it_warns_and_at_10_it_refuses_to_arm() -> None:
    bench = checked(plan_of())
    for percent in (80, 20, 15, 10):
        bench.notify(HostPower(percent, on_battery=True))
    assert [event.data["priority"] for event in bench.told(Kind.ALARM)] == ["low", "medium"]
    with pytest.raises(StateError, match="charger"):
        bench.command(Arm())
    bench.notify(HostPower(11, on_battery=True))
    bench.command(Arm())
    bench.run_for(SECOND)
    assert bench.state is State.ARMED


@pytest.mark.hazard("H05")
def test_on_mains_an_empty_battery_forbids_nothing() -> None:
    bench = checked(plan_of())
    bench.notify(HostPower(3, on_battery=False))
    bench.command(Arm())
    assert alarms(bench) == []


@pytest.mark.hazard("H05")
def test_a_battery_that_runs_low_in_a_session_alarms_and_does_not_stop_it() -> None:
    bench = raised(running(plan_of()), 500)
    bench.notify(HostPower(9, on_battery=True))
    bench.run_for(SECOND)
    assert bench.state is State.RUNNING
    assert bench.told(Kind.ALARM)[-1].data["marker"] == "!!"


@pytest.mark.hazard("H36")
def test_below_100_MB_for_the_journal_nothing_is_armed() -> None:
    bench = checked(plan_of())
    bench.notify(DiskSpace(100 * MB - 1))
    with pytest.raises(StateError, match="100 MB"):
        bench.command(Arm())
    assert bench.told(Kind.ALARM)[-1].data["priority"] == "medium"
    bench.notify(DiskSpace(100 * MB))
    bench.command(Arm())


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize(
    ("asked", "last", "found"),
    [
        ({1: 15_000}, {1: 1_500}, (TenFold(1, 15_000, 1_500),)),
        ({1: 14_500}, {1: 1_500}, ()),
        ({1: 15_000}, {}, ()),
        ({1: 15_000}, {1: 0}, ()),
        ({1: 15_000, 2: 40_000}, {1: 12_000, 2: 4_000}, (TenFold(2, 40_000, 4_000),)),
    ],
)
def test_ten_times_the_last_session_is_not_plausible(
    asked: dict[int, int], last: dict[int, int], found: tuple[TenFold, ...]
) -> None:
    assert tenfold(asked, last) == found
