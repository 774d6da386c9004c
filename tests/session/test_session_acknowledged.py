"""What was acknowledged is counted from accepted set points; what was planned is another number."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.devices.events import ChannelSet
from stimctl.records.delivered import Delivered, describe
from stimctl.session.acknowledged import Acknowledged
from stimctl.session.events import Kind
from stimctl.session.intents import Lower, Pause, Resume, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.gate_world import gate_plan
from tests.support.gate_world import raised as raised_percent
from tests.support.gate_world import running as running_in_percent
from tests.support.session_world import BY_SCRIPT, SECOND, STEP_UA, plan_of, raised, running

MS = 1_000_000


def on(channel: int, level: int, width_us: int, period_us: int, pulses: int = 1) -> ChannelSet:
    return ChannelSet(channel, level, width_us, period_us, period_us, pulses)


def of_record(bench: Bench) -> dict[str, dict[str, int]]:
    found = Delivered()
    for event in bench.events:
        found.take(event.kind.value, event.data)
    return found.by_channel


def test_pulses_are_counted_by_whole_periods_from_the_first_set_point() -> None:
    count = Acknowledged([1], "ua")
    count.accepts(0, [on(1, 2_000, 200, 10_000)])
    count.accepts(95 * MS, [on(1, 3_000, 200, 10_000)])  # at 0, 10, ... 90 ms
    count.accepts(120 * MS, ())  # at 100 and 110 ms
    count.accepts(10_000 * MS, ())
    told: Any = count.told(10_000 * MS)
    told["1"].pop("bounds")
    assert told["1"] == {
        "peak_ua": 3_000,
        "on_ms": 120,
        "pulses": 12,
        "charge_nc": (10 * 2_000 + 2 * 3_000) * 200 // 1_000,
    }


@pytest.mark.parametrize("jitter_ms", [-2, 0, 2])
def test_a_doublet_is_two_pulses_however_late_its_end_is_answered(jitter_ms: int) -> None:
    count = Acknowledged([1], "ua")
    for start_ms in range(0, 1_000, 50):
        count.accepts(start_ms * MS, [on(1, 2_000, 200, 5_000)])
        count.accepts(int((start_ms + 7.5 + jitter_ms) * MS), ())
    told: Any = count.told(2_000 * MS)
    assert told["1"]["pulses"] == 40


def test_a_channel_at_no_current_gives_no_pulse_and_groups_count_each() -> None:
    count = Acknowledged([1, 2], "ua")
    count.accepts(0, [on(1, 0, 200, 10_000), on(2, 1_000, 100, 50_000, 2)])
    count.ends(1_000 * MS)
    told: Any = count.told(1_000 * MS)
    assert (told["1"]["pulses"], told["1"]["on_ms"]) == (0, 0)
    assert (told["2"]["pulses"], told["2"]["charge_nc"]) == (40, 40 * 100_000 // 1_000)


@pytest.mark.parametrize("name", ["tens-conventional", "tens-burst", "tens-modulated", "nmes-tka"])
def test_what_is_counted_is_what_the_electrodes_had(name: str) -> None:
    bench = running(plan_of(name, 3_000), BY_SCRIPT)
    bench.run_for(25 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    told = of_record(bench)["1"]
    pulses = bench.ledger()[1].pulses
    assert pulses > 50
    assert abs(told["pulses"] - pulses) <= max(3, pulses // 50)
    assert told["peak_ua"] == round(bench.ledger()[1].peak_ma * 1_000)


def test_a_session_that_was_stopped_early_counts_what_it_gave_and_not_its_plan() -> None:
    bench = raised(running(plan_of()), 2 * STEP_UA)
    bench.run_for(2 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 0)))
    bench.run_for(5 * SECOND)
    before = of_record(bench)["1"]["pulses"]
    bench.command(Pause())
    bench.run_for(2 * SECOND)
    bench.command(Resume())
    bench.run_for(3 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=SECOND)
    told = of_record(bench)["1"]
    pulses = bench.ledger()[1].pulses
    assert told["pulses"] == before
    assert abs(told["pulses"] - pulses) <= 3
    assert told["peak_ua"] == 2 * STEP_UA


def test_a_run_that_nobody_ended_counts_to_its_last_row() -> None:
    bench = raised(running(plan_of()), STEP_UA)
    bench.run_for(5 * SECOND)
    assert not bench.told(Kind.ENDED)
    assert of_record(bench)["1"]["pulses"] > 100


def test_runs_of_one_session_are_added_up() -> None:
    found = Delivered()
    for kind, pulses, peak_ua in (("start", 0, 0), ("telemetry", 5, 500), ("ended", 9, 1_000)) * 2:
        told = {"1": {"pulses": pulses, "charge_nc": pulses, "peak_ua": peak_ua, "on_ms": 7}}
        found.take(kind, {} if kind == "start" else {"acknowledged": told})
    assert found.by_channel == {"1": {"pulses": 18, "charge_nc": 18, "peak_ua": 1_000, "on_ms": 14}}
    assert describe(found.by_channel["1"]).startswith("18 pulses, 1.8e-05 mC")


def test_a_device_that_knows_no_current_tells_time_and_percent() -> None:
    bench = raised_percent(running_in_percent(gate_plan()), 3)
    bench.run_for(5 * SECOND)
    bench.command(Stop())
    assert bench.run_to_state(State.STOPPED, within_ns=2 * SECOND)
    told = of_record(bench)["1"]
    assert told["peak_percent"] == 3
    assert told["on_ms"] >= 5_000
    assert "pulses" not in told
    assert "at most 3 %" in describe(told)
