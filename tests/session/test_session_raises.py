"""Raises are slow, bounded and never queued; lowering is never limited (rules A1-A5, A8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from stimctl.session import programme
from stimctl.session.config import MS, RAISE_INTERVAL_NS, SECOND, EngineConfig
from stimctl.session.events import Kind
from stimctl.session.intents import Link, Lower, Raise, Stop, Unlock
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.scripted_raise import PlateauStep
from tests.support.session_world import (
    BY_HAND,
    BY_SCRIPT,
    STEP_UA,
    on_electrodes_ua,
    plan_of,
    raised,
    reasons,
    rises,
    running,
)


def test_a_raise_reaches_the_electrodes() -> None:
    bench = raised(running(plan_of()), 1_000)
    assert on_electrodes_ua(bench) == 1_000


@pytest.mark.hazard("H19")
def test_an_early_raise_is_dropped_not_queued() -> None:
    bench = running(plan_of())
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(200 * MS)
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    bench.run_for(5 * SECOND)
    assert bench.engine.plateau(1) == 500
    assert reasons(bench) == ["too soon after the last raise: a raise of 1 mA needs 250 ms"]


@pytest.mark.hazard("H19")
def test_a_raise_of_more_than_one_increment_is_refused() -> None:
    bench = running(plan_of())
    bench.command(Raise(1, Level(CURRENT, 3 * STEP_UA)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 0
    assert reasons(bench) == ["more than one increment at a time: 1 mA at most"]


@pytest.mark.hazard("H19")
def test_one_increment_by_hand_is_at_most_1_ma_each_250_ms() -> None:
    bench = running(plan_of("tens-conventional", 10_000))
    for _ in range(100):
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + 2 * STEP_UA)))
        bench.run_for(33 * MS)
    times = [at_us for at_us, _ in rises(bench)]
    assert len(times) > 9
    assert {by_ua for _, by_ua in rises(bench)} == {2 * STEP_UA}
    assert all(later - earlier >= 239_000 for earlier, later in itertools.pairwise(times))


def test_a_program_raises_by_single_steps() -> None:
    bench = running(plan_of(), EngineConfig(watchdog_test=False, operated_by="program"))
    bench.command(Raise(1, Level(CURRENT, 2 * STEP_UA)))
    assert reasons(bench) == ["more than one increment at a time: 0.5 mA at most"]


@pytest.mark.parametrize("plateau_ua", [250, 499, 1])
def test_a_raise_off_the_device_grid_is_refused(plateau_ua: int) -> None:
    bench = running(plan_of())
    bench.command(Raise(1, Level(CURRENT, plateau_ua)))
    assert bench.engine.plateau(1) == 0
    assert reasons(bench) == ["not a multiple of the device's step"]


@pytest.mark.hazard("H14", "H19")
def test_nothing_is_raised_above_the_cleared_amplitude() -> None:
    bench = raised(running(plan_of("tens-conventional", 1_000)), 1_000)
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    assert bench.told(Kind.LIMIT)[-1].data["allowed"] == 1_000
    assert on_electrodes_ua(bench, SECOND) == 1_000


@pytest.mark.hazard("H20")
def test_a_channel_the_plan_does_not_use_cannot_be_raised() -> None:
    bench = running(plan_of())
    bench.command(Raise(5, Level(CURRENT, 500)))
    assert bench.engine.plateau(5) == 0
    assert on_electrodes_ua(bench, SECOND) == 0


@pytest.mark.hazard("H09", "H10")
def test_a_repeated_absolute_raise_asks_for_nothing_more() -> None:
    bench = raised(running(plan_of()), 500)
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 500


@pytest.mark.hazard("H10")
def test_a_second_raise_waits_for_the_device_to_confirm_the_first() -> None:
    bench = raised(running(plan_of()), 500)
    bench.to_host.hook = lambda _now, _data: b""
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    bench.run_for(RAISE_INTERVAL_NS)
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    assert reasons(bench)[-1] == "the device has not yet confirmed the last raise"
    assert bench.engine.plateau(1) <= 1_000


@pytest.mark.hazard("H19")
def test_a_held_key_at_30_hz_gives_four_steps_a_second_and_stops_at_the_ceiling(
    record_property: Callable[[str, object], None],
) -> None:
    bench = running(plan_of("tens-conventional", 10_000))
    for _ in range(300):
        bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + STEP_UA)))
        bench.run_for(33 * MS)
    assert bench.engine.plateau(1) == 10_000
    times = [at_us for at_us, _ in rises(bench)]
    assert all(later - earlier >= 239_000 for earlier, later in itertools.pairwise(times))
    assert all(rise == STEP_UA for _, rise in rises(bench))
    before = len(rises(bench))
    bench.run_for(5 * SECOND)
    assert len(rises(bench)) == before
    took_s = (times[-1] - times[0]) / 1e6
    record_property(
        "H19",
        f"a key at 30 Hz, 300 times: {before} steps, {took_s / (before - 1) * 1e3:.0f} ms each",
    )


@pytest.mark.hazard("H19")
def test_raises_lock_after_20_s_and_lowering_unlocks() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.run_for(20 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    assert reasons(bench)[-1].startswith("locked after 20 s")
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.run_for(300 * MS)
    assert bench.engine.plateau(1) == 1_500


@pytest.mark.hazard("H19")
def test_raises_that_have_locked_are_unlocked_by_hand_and_nothing_rises_by_it() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.run_for(22 * SECOND)
    assert bench.told(Kind.TELEMETRY)[-1].data["locked"] == [1]
    bench.command(Unlock(1))
    assert bench.told(Kind.UNLOCKED)[-1].data["level"] == 1_000
    bench.run_for(200 * MS)
    bench.command(Raise(1, Level(CURRENT, 1_500)))  # still the press that unlocked, or its repeat
    bench.run_for(100 * MS)
    assert bench.engine.plateau(1) == 1_000
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 1_500
    assert "locked" not in bench.told(Kind.TELEMETRY)[-1].data


def test_unlocking_opens_raises_for_20_s_again() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.run_for(25 * SECOND)
    bench.command(Unlock(1))
    bench.run_for(21 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    assert reasons(bench)[-1].startswith("locked after 20 s")


def test_linked_channels_are_unlocked_together() -> None:
    bench = running(plan_of("tens-conventional", 3_000, 3_000))
    bench.command(Link((1, 2)))
    bench.run_for(25 * SECOND)
    bench.command(Unlock(2))
    bench.run_for(SECOND)
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(SECOND)
    assert [bench.engine.plateau(one) for one in (1, 2)] == [500, 500]


def test_lowering_is_immediate_and_unlimited() -> None:
    bench = raised(running(plan_of()), 5_000)
    for plateau_ua in (4_500, 4_000, 2_000, 500):
        bench.command(Lower(1, Level(CURRENT, plateau_ua)))
        assert bench.engine.plateau(1) == plateau_ua
    bench.run_for(12 * MS)
    assert on_electrodes_ua(bench) == 500


def test_lowering_off_the_grid_goes_down_to_it() -> None:
    bench = raised(running(plan_of()), 2_000)
    bench.command(Lower(1, Level(CURRENT, 1_700)))
    assert bench.engine.plateau(1) == 1_500


def test_a_lower_that_asks_for_more_raises_nothing() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.command(Lower(1, Level(CURRENT, 5_000)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 1_000


def test_a_raise_under_way_to_the_journal_is_dropped_by_a_lower() -> None:
    bench = raised(running(plan_of()), 1_000)
    bench.journal.delay_ns = 100 * MS
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.command(Lower(1, Level(CURRENT, 500)))
    bench.run_for(SECOND)
    assert bench.engine.plateau(1) == 500
    assert on_electrodes_ua(bench) == 500


def test_motor_programmes_are_raised_at_their_plateau_only() -> None:
    bench = running(plan_of("nmes-tka", 10_000, duration_s=120))
    bench.command(Raise(1, Level(CURRENT, 500)))
    assert reasons(bench)[-1].endswith("at its plateau only")
    bench.run_for(4 * SECOND)
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.run_for(100 * MS)
    assert bench.engine.plateau(1) == 500
    bench.run_for(14 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 500)))
    bench.command(Raise(1, Level(CURRENT, 1_000)))
    assert reasons(bench)[-1].endswith("at its plateau only")


def test_channels_are_raised_independently() -> None:
    bench = running(plan_of("tens-conventional", 2_000, 1_000))
    bench.command(Raise(1, Level(CURRENT, 500)))
    bench.command(Raise(2, Level(CURRENT, 500)))
    bench.run_for(300 * MS)
    raised(bench, 2_000, channel=1)
    ledger = bench.ledger()
    assert ledger[1].peak_ma == 2.0
    assert ledger[2].peak_ma == 0.5


def test_the_script_raises_at_two_milliampere_a_second() -> None:
    bench = running(plan_of("tens-conventional", 10_000, duration_s=10), BY_SCRIPT)
    bench.run_to_state(State.STOPPED, within_ns=20 * SECOND)
    times = [at_us for at_us, _ in rises(bench)]
    assert len(times) == 20
    assert all(rise == STEP_UA for _, rise in rises(bench))
    assert times[-1] - times[0] >= 19 * 240_000


def test_lowering_ends_the_script_and_nothing_rises_again_by_itself() -> None:
    bench = running(plan_of("tens-conventional", 10_000, duration_s=30), BY_SCRIPT)
    bench.run_for(2 * SECOND)
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    bench.run_for(100 * MS)
    assert on_electrodes_ua(bench, 10 * SECOND) == 1_000
    bench.command(Lower(1, Level(CURRENT, 1_000)))
    bench.command(Raise(1, Level(CURRENT, 1_500)))
    bench.run_for(300 * MS)
    assert bench.engine.plateau(1) == 1_500


def test_the_hand_may_not_raise_what_the_script_is_raising() -> None:
    bench = running(plan_of("tens-conventional", 10_000, duration_s=30), BY_SCRIPT)
    bench.run_for(100 * MS)
    bench.command(Raise(1, Level(CURRENT, bench.engine.plateau(1) + STEP_UA)))
    assert any("script is raising" in reason or "too soon" in reason for reason in reasons(bench))


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(
    "schedule",
    [
        [PlateauStep(0, 1, 500), PlateauStep(100_000, 1, 1_000)],
        [PlateauStep(0, 1, 500), PlateauStep(250_000, 1, 1_500)],
        [PlateauStep(0, 1, 5_000)],
        [PlateauStep(0, 1, 250)],
        [PlateauStep(0, 7, 500)],
    ],
    ids=["too soon", "two steps", "a jump", "off the grid", "a foreign channel"],
)
def test_a_raise_schedule_that_breaks_the_rules_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, schedule: list[PlateauStep]
) -> None:
    monkeypatch.setattr(programme, "raise_schedule", lambda _plan: iter(schedule))
    bench = running(plan_of("tens-conventional", 10_000, duration_s=30), BY_SCRIPT)
    bench.run_for(3 * SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger()[1].peak_ma <= 0.5
    assert not bench.twin.stimulating


def test_a_raise_schedule_above_the_clearance_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [PlateauStep(n * 250_000, 1, (n + 1) * 500) for n in range(20)]
    monkeypatch.setattr(programme, "raise_schedule", lambda _plan: iter(steps))
    bench = running(plan_of("tens-conventional", 2_000, duration_s=30), BY_SCRIPT)
    bench.run_for(5 * SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger()[1].peak_ma <= 2.0


def test_identical_set_points_are_sent_once() -> None:
    bench = raised(running(plan_of()), 1_000)
    sent = []
    bench.to_device.hook = lambda now, data: sent.append(data) or data
    bench.run_for(10 * SECOND)
    # Twenty keep-alives, and not one Ml_update (command 32) among them.
    assert len(sent) == 20
    assert all(data[-3:-1] != b"\x00\x20" and data[10] == 36 for data in sent)


def test_raises_are_refused_while_a_stop_is_under_way() -> None:
    bench = raised(running(plan_of(), BY_HAND), 1_000)
    bench.to_device.hook = lambda _now, _data: b""
    bench.command(Stop())
    before = bench.engine.plateau(1)
    with pytest.raises(Exception, match="zero is being verified"):
        bench.command(Raise(1, Level(CURRENT, 500)))
    assert before == bench.engine.plateau(1) == 0
