"""Comfort changes in the off time of a cycle (A9): down at once, up at the next on ramp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stimctl.bench import Bench
from stimctl.session.config import MS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.facts import LinkDown, SuspendGap
from stimctl.session.intents import Lower, Pause, Raise, Resume, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    alarms,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    running,
)

# nmes-tka: 3 s up, 11 s hold, 1 s down, 45 s off.
CYCLE_NS = 60 * SECOND


def in_off_time(plateau_ua: int = 2_000, config: EngineConfig = BY_HAND, **options: Any) -> Bench:
    """20 s into the first cycle, 5 s into its off time."""
    bench = running(plan_of("nmes-tka", 5_000, duration_s=240), config, **options)
    began_ns = bench.told(Kind.STATE)[-1].at_ns
    bench.run_for(4 * SECOND)
    raised(bench, plateau_ua)
    bench.run_for(began_ns + 20 * SECOND - bench.now_ns)
    bench.command(Lower(1, Level(CURRENT, plateau_ua)))
    return bench


def outcomes(bench: Bench) -> list[str]:
    return [str(event.data["outcome"]) for event in bench.told(Kind.PENDING)]


def next_contraction_ua(bench: Bench) -> int:
    """The highest current at the electrodes from now until the next off time."""
    return on_electrodes_ua(bench, 58 * SECOND)


def test_a_raise_in_the_off_time_is_pending_and_applies_at_the_next_on_ramp() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    taken = bench.told(Kind.PENDING)[-1].data
    assert (taken["outcome"], taken["level"]) == ("taken", 2_500)
    bench.run_for(35 * SECOND)
    assert bench.engine.plateau(1) == 2_000
    assert next_contraction_ua(bench) == 2_500
    assert outcomes(bench) == ["taken", "applied"]
    assert bench.told(Kind.CONTRACTION)[-1].data["level"] == 2_500


def test_what_is_pending_comes_up_with_the_ramp_and_not_before_it() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    asked_us = bench.now_ns // 1_000
    bench.run_for(50 * SECOND)
    applied_us = bench.told(Kind.PENDING)[-1].at_ns // 1_000
    ledger = bench.ledger()
    assert ledger.peak_between_ua(asked_us, applied_us - 1) == 0
    assert ledger.peak_between_ua(asked_us, applied_us + 1_500_000) <= 1_500
    first_us = next(run.start_us for run in ledger[1].runs if run.start_us > applied_us)
    highest_us = next(run.start_us for run in ledger[1].runs if run.peak_ua == 2_500)
    assert highest_us - first_us >= 2_000_000


def test_a_pending_raise_has_its_durable_row_long_before_it_goes_out() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    row = bench.told(Kind.RAISE)[-1]
    assert row.durable
    assert row.data["pending"] is True
    assert bench.journal.durable_seq >= row.seq


def test_a_repeated_pending_raise_asks_for_nothing_more() -> None:
    bench = in_off_time()
    for _ in range(2):
        bench.command(Raise(1, Level(CURRENT, 2_500)))
        bench.run_for(SECOND)
    assert reasons(bench)[-1:] == ["a raise is pending until the next on ramp"]
    assert next_contraction_ua(bench) == 2_500
    assert outcomes(bench) == ["taken", "applied"]


@pytest.mark.hazard("H19")
@pytest.mark.parametrize("step_ua", [500, 1_000])
def test_raises_in_the_off_time_add_up_to_2_ma(step_ua: int) -> None:
    bench = in_off_time()
    for plateau_ua in range(2_000 + step_ua, 6_000, step_ua):
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
        bench.run_for(300 * MS)
    assert reasons(bench)[-1] in (
        "2 mA wait for the next contraction already",
        "more than one increment at a time: 1 mA at most",
    )
    assert bench.engine.plateau(1) == 2_000
    assert next_contraction_ua(bench) == 4_000
    assert outcomes(bench) == ["taken"] * (2_000 // step_ua) + ["applied"]
    assert bench.told(Kind.CONTRACTION)[-1].data["level"] == 4_000


@pytest.mark.hazard("H19")
def test_in_the_off_time_too_one_increment_takes_250_ms() -> None:
    bench = in_off_time()
    for plateau_ua in (2_500, 3_000):
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
        bench.run_for(200 * MS)
    assert reasons(bench)[-1].startswith("too soon after the last raise")
    assert next_contraction_ua(bench) == 2_500


@pytest.mark.hazard("H19")
def test_the_first_output_of_a_channel_is_one_increment() -> None:
    bench = in_off_time(0)
    for plateau_ua in (1_000, 1_500):
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
        bench.run_for(300 * MS)
    assert reasons(bench)[-1] == "1 mA wait for the next contraction already"
    assert next_contraction_ua(bench) == 1_000


def test_lowering_discards_all_that_has_added_up() -> None:
    bench = in_off_time()
    for plateau_ua in (2_500, 3_000, 3_500):
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
        bench.run_for(300 * MS)
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    assert next_contraction_ua(bench) == 2_000
    assert outcomes(bench) == ["taken"] * 3 + ["discarded"]


def test_what_a_program_raises_in_the_off_time_does_not_add_up() -> None:
    bench = in_off_time(config=EngineConfig(watchdog_test=False, operated_by="program"))
    for plateau_ua in (2_500, 3_000):
        bench.command(Raise(1, Level(CURRENT, plateau_ua)))
        bench.run_for(300 * MS)
    assert reasons(bench)[-1] == "a raise is pending until the next on ramp"
    assert next_contraction_ua(bench) == 2_500


@pytest.mark.hazard("H19")
def test_raises_do_not_lock_in_the_off_time_and_are_open_at_each_contraction() -> None:
    bench = running(plan_of("nmes-tka", 5_000, duration_s=240), BY_HAND)
    bench.run_for(4 * SECOND)
    raised(bench, 1_000)
    bench.run_for(70 * SECOND - bench.now_ns)  # in the hold of the second contraction
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 1_500
    bench.run_for(40 * SECOND)  # 36 s into the off time
    bench.command(Raise(1, Level(CURRENT, 2_000)))
    assert outcomes(bench)[-1] == "taken"


def test_downwards_is_at_once_and_discards_what_is_pending() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    assert bench.engine.plateau(1) == 1_000
    assert outcomes(bench) == ["taken", "discarded"]
    assert next_contraction_ua(bench) == 1_000


@pytest.mark.hazard("H24")
@pytest.mark.parametrize(
    "interrupt",
    [
        lambda bench: bench.command(Stop()),
        lambda bench: bench.command(Pause()),
        lambda bench: bench.notify(LinkDown("unplugged")),
        lambda bench: bench.notify(SuspendGap(2_000_000)),
        lambda bench: bench.fail_journal(),
        lambda bench: bench.twin.power_off(bench.now_ns),
    ],
    ids=["stop", "pause", "link", "suspend", "journal", "reset"],
)
def test_any_interruption_discards_what_is_pending(interrupt: Callable[..., Any]) -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    interrupt(bench)
    bench.run_for(2 * SECOND)
    assert outcomes(bench) == ["taken", "discarded"]
    assert on_electrodes_ua(bench, 2 * CYCLE_NS) == 0


def test_a_pause_in_the_off_time_comes_back_without_what_was_pending() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.command(Pause())
    bench.run_for(10 * SECOND)
    bench.command(Resume())
    assert next_contraction_ua(bench) == 2_000


def test_what_is_pending_does_not_outlive_the_plan() -> None:
    bench = running(plan_of("nmes-tka", 5_000, duration_s=60))
    bench.run_for(20 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 0)))
    bench.command(Raise(1, Level(CURRENT, 500)))
    assert bench.run_to_state(State.STOPPED, within_ns=CYCLE_NS)
    assert outcomes(bench) == ["taken", "discarded"]


def test_a_pending_raise_whose_row_is_not_on_the_disk_is_discarded() -> None:
    bench = in_off_time()
    bench.run_for(39_500 * MS)
    bench.command(Lower(1, Level(CURRENT, 2_000)))
    bench.journal.delay_ns = 1_500 * MS
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(2 * SECOND)
    assert bench.told(Kind.PENDING)[-1].data["reason"] == "its row is not on the disk"
    assert bench.engine.plateau(1) == 2_000


def test_a_pending_raise_is_discarded_where_its_contraction_is_left_out() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.run_for(38 * SECOND)
    bench.journal.delay_ns = 900 * MS
    bench.run_for(4 * SECOND)
    assert bench.told(Kind.PENDING)[-1].data["reason"] == "this contraction is left out"
    assert bench.engine.plateau(1) == 2_000


def test_a_pending_raise_is_discarded_by_a_bad_link() -> None:
    bench = in_off_time()
    bench.command(Raise(1, Level(CURRENT, 2_500)))
    bench.to_host.latency_ns = 150 * MS
    bench.run_for(42 * SECOND)
    assert "link degraded" in alarms(bench)
    assert outcomes(bench) == ["taken", "discarded"]
    assert bench.engine.plateau(1) == 2_000


def test_the_ceiling_and_the_step_hold_for_a_pending_raise_too() -> None:
    bench = in_off_time(5_000)
    bench.command(Raise(1, Level(CURRENT, 5_500)))
    assert bench.told(Kind.LIMIT)[-1].data["allowed"] == 5_000
    bench.command(Lower(1, Level(CURRENT, 3_000)))
    bench.command(Raise(1, Level(CURRENT, 4_500)))
    assert reasons(bench)[-1] == "more than one increment at a time: 1 mA at most"
    assert outcomes(bench) == []


def test_on_the_ramps_nothing_is_raised_and_nothing_is_pending() -> None:
    bench = running(plan_of("nmes-tka", 5_000, duration_s=120))
    bench.command(Raise(1, Level(CURRENT, 500)))
    assert reasons(bench)[-1].endswith("at its plateau only")
    assert outcomes(bench) == []


def test_a_continuous_programme_has_nothing_pending_in_its_end_ramp() -> None:
    bench = raised(running(plan_of("tens-conventional", 5_000, duration_s=10)), 500)
    bench.run_for(8_500 * MS)
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    assert outcomes(bench) == []


def test_the_script_has_nothing_pending() -> None:
    bench = running(plan_of("nmes-tka", 30_000, duration_s=120), BY_SCRIPT)
    bench.run_for(55 * SECOND)
    bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 500)))
    bench.run_for(10 * SECOND)
    assert outcomes(bench) == []
