"""Alarms: a total table, the priorities of the safety facts, a marker that needs no colour."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.session.alarms import ALARMS, MARKERS, Condition, Effect, Priority
from stimctl.session.config import SECOND
from stimctl.session.events import Kind
from tests.support.session_world import plan_of, raised, running

pytestmark = pytest.mark.hazard("H27")


def last_alarm(bench: Bench) -> Any:
    return bench.told(Kind.ALARM)[-1].data


def test_every_condition_has_its_alarm_and_every_priority_its_marker() -> None:
    assert set(ALARMS) == set(Condition)
    assert set(MARKERS) == set(Priority)
    assert [MARKERS[priority] for priority in Priority] == ["!!!", "!!", "!", ""]


@pytest.mark.parametrize(
    ("condition", "priority", "effect"),
    [
        (Condition.OUTPUT_NOT_CONFIRMED, Priority.HIGH, Effect.STOP),
        (Condition.READ_BACK_HIGHER, Priority.HIGH, Effect.STOP),
        (Condition.CURRENT_AT_ZERO, Priority.HIGH, Effect.STOP),
        (Condition.CONTACT_LOST, Priority.MEDIUM, Effect.STOP),
        (Condition.SHORT_CIRCUIT, Priority.MEDIUM, Effect.STOP),
        (Condition.IMPEDANCE_RISING, Priority.MEDIUM, Effect.LOCK),
        (Condition.COMPLIANCE_REACHED, Priority.MEDIUM, Effect.LOCK),
        (Condition.LINK_DEGRADED, Priority.MEDIUM, Effect.LOCK),
        (Condition.DISK_LOW, Priority.MEDIUM, Effect.TELL),
        (Condition.BATTERY_CRITICAL, Priority.MEDIUM, Effect.TELL),
        (Condition.BATTERY_LOW, Priority.LOW, Effect.TELL),
    ],
)
def test_the_priorities_and_actions_are_those_of_the_safety_facts(
    condition: Condition, priority: Priority, effect: Effect
) -> None:
    assert ALARMS[condition].priority is priority
    assert ALARMS[condition].effect is effect


@pytest.mark.hazard("H01", "H11")
def test_an_output_that_is_not_confirmed_is_a_high_alarm_with_three_marks() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.to_host.hook = lambda _now, _data: b""
    bench.run_for(3 * SECOND)
    assert last_alarm(bench)["priority"] == "high"
    assert last_alarm(bench)["marker"] == "!!!"
    assert last_alarm(bench)["what"] == Condition.OUTPUT_NOT_CONFIRMED.words


@pytest.mark.hazard("H35")
def test_nobody_answering_is_a_medium_alarm_with_two_marks() -> None:
    from stimctl.session.config import EngineConfig

    config = EngineConfig(watchdog_test=False)
    bench = running(plan_of("tens-conventional", 5_000, duration_s=600), config)
    bench.run_for(340 * SECOND)
    assert last_alarm(bench)["marker"] == "!!"
    assert last_alarm(bench)["what"] == "nobody answered"
