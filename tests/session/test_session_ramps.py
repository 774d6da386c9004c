"""The engine's own ramp limiter and its guard over width and rate do not trust the plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Electrode
from stimctl.session import programme
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind
from stimctl.session.plateaus import PlanViolation
from stimctl.session.ramp_limiter import FULL
from stimctl.session.states import State
from stimctl.session.track import Track
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.prediction import predict
from stimctl.treatment.timeline import Drive, Moment, moments
from tests.support.session_world import BY_SCRIPT, ROOT, plan_of, raised, running


def drive(level: int, *, width_us: int = 250, period_us: int = 20_000, channel: int = 1) -> Drive:
    return Drive(channel, level, True, True, width_us, period_us)


def track(name: str = "nmes-tka") -> Track:
    one = Track(plan_of(name, 10_000).channels[0])
    one.turn_to(drive(0), first=True)
    one.covered = True
    return one


def climb_times(one: Track, tick_ns: int, plateau_ua: int = 10_000) -> list[int]:
    """When each step of the climb to a level of 100 % comes."""
    one.climb(10 * SECOND, plateau_ua, FULL)
    one.turn_to(drive(1_000), first=False)
    one.covered = True
    now_ns, reached = 10 * SECOND, []
    while one.output(plateau_ua) < plateau_ua:
        now_ns += tick_ns
        one.climb(now_ns, plateau_ua, FULL)
        one.confirmed(now_ns, one.reach_ppm)
        reached.append(one.output(plateau_ua))
    return reached


@pytest.mark.parametrize("tick_ms", [1, 10, 50])
def test_a_jump_in_the_plan_becomes_a_climb_of_half_a_second(tick_ms: int) -> None:
    steps = climb_times(track(), tick_ms * MS)
    assert len(steps) * tick_ms >= 500
    assert max(b - a for a, b in zip([0, *steps], steps, strict=False)) <= 1_000


def test_a_late_wake_up_makes_no_jump() -> None:
    one = track()
    one.climb(10 * SECOND, 10_000, FULL)
    one.turn_to(drive(1_000), first=False)
    one.covered = True
    assert one.climb(13 * SECOND, 10_000, FULL)
    assert one.output(10_000) <= 2_000


@pytest.mark.hazard("H10", "H12")
@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_ramp_goes_two_ticks_further_than_the_device_has_confirmed(answered: int) -> None:
    one = track()
    one.climb(10 * SECOND, 10_000, FULL)
    one.turn_to(drive(1_000), first=False)
    one.covered = True
    for tick in range(1, 20):
        one.climb(10 * SECOND + tick * 50 * MS, 10_000, FULL)
        if tick <= answered:
            one.confirmed(10 * SECOND + tick * 50 * MS, one.reach_ppm)
    assert one.output(10_000) == answered * 1_000 + 2_000


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("waited_ms", [100, 130, 180, 400, 2_000])
@pytest.mark.parametrize("woken_ms", [1, 20, 46])
def test_an_answer_that_was_late_is_not_made_up_for_by_a_jump(
    waited_ms: int, woken_ms: int
) -> None:
    one = track()
    one.climb(10 * SECOND, 10_000, FULL)
    one.turn_to(drive(1_000), first=False)
    one.covered = True
    now_ns = 10 * SECOND + 100 * MS
    one.climb(now_ns, 10_000, FULL)
    assert one.reach_permille == 200
    # It waited in the driver and left late; after that the next ticks come at once.
    now_ns += waited_ms * MS
    for ticks in range(1, 6):
        one.confirmed(now_ns, one.reach_ppm)
        now_ns += woken_ms * MS
        one.climb(now_ns, 10_000, FULL)
        assert one.reach_permille <= 200 + 2 * woken_ms * ticks


class Bursts:
    """Two bursts a second of 7 pulses at 10 mA; 70 ms of each 500 ms the gate is open."""

    def __init__(self) -> None:
        self.track = Track(plan_of("tens-burst", 10_000).channels[0])
        burst = plan_of("tens-burst", 10_000).channels[0].cleared.stimulus.burst
        assert burst is not None
        assert burst.burst_frequency_mhz == 2_000
        self._gate(open_=False, first=True)
        self.track.covered = True
        self.now_ns = SECOND
        self.track.climb(self.now_ns, 0, FULL)

    def _gate(self, *, open_: bool, first: bool = False) -> None:
        period_us = self.track.key_of_zero()[3]
        width_us = self.track.key_of_zero()[2]
        self.track.turn_to(
            Drive(self.track.channel, 1_000, open_, True, width_us, period_us), first=first
        )

    def burst(self, *, told: bool = True, answered: str = "at once") -> int:
        """One burst; what it asks of the device (uA)."""
        self._gate(open_=True)
        self.track.climb(self.now_ns, 10_000, FULL)
        asked_ua = self.track.output(10_000)
        sent_ns, reach_ppm = self.now_ns, self.track.reach_ppm
        if told and answered == "at once":
            self.track.confirmed(sent_ns, reach_ppm)
        self.now_ns += 70 * MS
        self._gate(open_=False)
        self.track.climb(self.now_ns, 10_000, FULL)
        if told and answered == "after its end":
            self.track.confirmed(sent_ns, reach_ppm)
        self.now_ns += 430 * MS
        return asked_ua

    def woken_within(self, woken_ms: int) -> list[int]:
        """One burst, answered at once and woken so often; what it asks each time (permille)."""
        self.track.climb(self.now_ns - 380 * MS, 10_000, FULL)  # a tick while the gate was shut
        self._gate(open_=True)
        asked = []
        for _ in range(60 // woken_ms):
            self.track.climb(self.now_ns, 10_000, FULL)
            asked.append(self.track.reach_permille)
            self.track.confirmed(self.now_ns, self.track.reach_ppm)
            self.now_ns += woken_ms * MS
        return asked


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("answered", ["at once", "after its end"])
def test_bursts_that_are_confirmed_stay_at_their_plateau(answered: str) -> None:
    bursts = Bursts()
    assert [bursts.burst(answered=answered) for _ in range(5)] == [10_000] * 5


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("answered", ["at once", "after its end"])
def test_after_a_burst_that_never_went_out_the_next_ones_climb(answered: str) -> None:
    bursts = Bursts()
    bursts.burst(answered=answered)
    bursts.burst(told=False)
    found = [bursts.burst(answered=answered) for _ in range(7)]
    assert found[0] <= 2_000
    assert max(b - a for a, b in pairwise(found)) <= 2_000
    assert found[-1] == 10_000


@pytest.mark.hazard("H12")
@pytest.mark.parametrize("woken_ms", [1, 5, 20])
def test_a_burst_that_climbs_again_makes_no_jump_when_its_first_answer_comes(woken_ms: int) -> None:
    bursts = Bursts()
    bursts.burst()
    bursts.burst(told=False)
    found = bursts.woken_within(woken_ms)
    assert found[0] <= 200
    assert max(b - a for a, b in pairwise(found)) <= 2 * woken_ms


@pytest.mark.hazard("H12")
def test_bursts_that_nobody_confirms_do_not_come_at_the_plateau() -> None:
    bursts = Bursts()
    assert max([bursts.burst(told=False) for _ in range(8)][1:]) <= 2_000


def test_a_level_that_falls_is_followed_at_once() -> None:
    one = track()
    climb_times(one, 50 * MS)
    one.turn_to(drive(200), first=False)
    one.climb(20 * SECOND, 10_000, FULL)
    assert one.output(10_000) == 2_000


def test_the_cleared_amplitude_modulation_is_followed_at_once() -> None:
    plan = plan_of("tens-modulated", 10_000)
    one = Track(plan.channels[0])
    one.turn_to(drive(1_000, channel=1), first=True)
    one.covered = True
    one.climb(SECOND, 0, FULL)
    for level in (900, 1_000, 900, 1_000):
        one.turn_to(drive(level), first=False)
        assert not one.climb(SECOND, 10_000, FULL)
        assert one.output(10_000) == level * 10


def test_nothing_goes_out_on_a_contraction_that_is_not_covered() -> None:
    one = track()
    climb_times(one, 50 * MS)
    one.covered = False
    assert one.key(10_000) is None


@pytest.mark.hazard("H23")
@pytest.mark.parametrize("changed", [{"width_us": 300}, {"period_us": 10_000}, {"channel": 2}])
def test_width_or_rate_without_a_clearance_is_a_fault(changed: dict[str, int]) -> None:
    with pytest.raises(PlanViolation):
        track().turn_to(drive(0, **changed), first=False)


@pytest.mark.hazard("H23")
def test_a_plan_that_changes_its_width_while_running_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def widening(plan: Plan[Any], from_us: int) -> Any:
        for moment in moments(plan, from_us):
            wider = tuple(
                Drive(
                    one.channel,
                    one.level_permille,
                    one.is_on,
                    one.may_raise,
                    one.phase_width_us + (10 if moment.at_us > 0 else 0),
                    one.period_us,
                )
                for one in moment.drives
            )
            yield Moment(moment.at_us, wider)

    monkeypatch.setattr(programme, "moments", widening)
    bench = running(plan_of("tens-conventional", 2_000, duration_s=10), BY_SCRIPT)
    bench.run_for(12 * SECOND)
    assert bench.state is State.FAULT
    assert bench.told(Kind.ENDED)[-1].data["outcome"] == "fault"


def test_a_modulated_plan_may_not_leave_what_was_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    def louder(plan: Plan[Any], from_us: int) -> Any:
        for moment in moments(plan, from_us):
            wide = tuple(
                Drive(one.channel, one.level_permille, one.is_on, True, 900, one.period_us)
                for one in moment.drives
            )
            yield Moment(moment.at_us, wide)

    monkeypatch.setattr(programme, "moments", louder)
    bench = running(plan_of("tens-modulated", 2_000, duration_s=30), BY_SCRIPT)
    bench.run_for(SECOND)
    assert bench.state is State.FAULT
    assert bench.ledger().channels == {}


def test_the_ramps_of_a_motor_cycle_reach_the_electrodes_as_planned() -> None:
    bench = running(plan_of("nmes-tka", 10_000, duration_s=180), BY_SCRIPT)
    began_us = bench.told(Kind.START)[0].at_ns // 1_000
    bench.run_to_state(State.STOPPED, within_ns=200 * SECOND)
    third = [run for run in bench.ledger()[1].runs if run.start_us - began_us > 110_000_000]
    highest = next(run for run in third if run.peak_ua == 10_000)
    climb = [run.peak_ua for run in third if run.start_us <= highest.start_us]
    # 3 s up to 10 mA in twenty steps of 0.5 mA, the first of them after 0.15 s.
    assert climb == list(range(500, 10_001, 500))
    assert 2_800_000 <= highest.start_us - third[0].start_us <= 3_000_000


def test_bursts_come_and_go_without_a_ramp() -> None:
    bench = raised(running(plan_of("tens-burst", 4_000, duration_s=60)), 4_000)
    from_us = bench.now_ns // 1_000
    bench.run_for(10 * SECOND)
    runs = [run for run in bench.ledger()[1].runs if run.start_us >= from_us]
    assert len(runs) in (20, 21)
    assert {run.peak_ua for run in runs} == {4_000}


def steepest_cycle(amplitude_ua: int) -> Plan:
    """nmes-tka with the shortest ramp there is."""
    text = (ROOT / "protocols" / "nmes-tka.toml").read_text(encoding="utf-8")
    text = text.replace('ramp_up = "3 s"', 'ramp_up = "500 ms"')
    setup = ChannelSetup(1, Level(CURRENT, amplitude_ua), Electrode(area_mm2=5_000, site=None))
    plan = compile_plan(
        load_protocol(text, "steepest"), P24_SHEET, [setup], duration_us=240_000_000
    )
    assert isinstance(plan, Plan), plan
    return plan


@pytest.mark.parametrize("amplitude_ua", [500, 1_000, 10_000])
def test_the_steepest_ramp_delivers_exactly_what_was_predicted(amplitude_ua: int) -> None:
    plan = steepest_cycle(amplitude_ua)
    bench = running(plan, BY_SCRIPT)
    bench.run_to_state(State.STOPPED, within_ns=300 * SECOND)
    (dose,) = predict(plan)
    runs = bench.ledger()[1].runs
    assert sum(run.count for run in runs) == dose.pulses
    assert max(run.peak_ua for run in runs) == dose.peak_ua


def ramped(one: Track, wakes_ms: list[int]) -> dict[int, int]:
    """Reach (permille) at each wake-up of a planned 0.5 s ramp whose ticks are at 0, 50, ... ms."""
    rest = Drive(1, 0, False, False, 250, 20_000)
    one.turn_to(rest, first=False)
    one.climb(10 * SECOND - 300 * MS, 10_000, FULL)
    one.settled(10 * SECOND - 300 * MS)
    reached: dict[int, int] = {}
    for wake_ms in wakes_ms:
        tick_ms = wake_ms - wake_ms % 50
        at_ns = 10 * SECOND + tick_ms * MS
        one.turn_to(drive(min(FULL, tick_ms * 2)), first=False, at_ns=at_ns)
        one.climb(10 * SECOND + wake_ms * MS, 10_000, FULL)
        one.settled(10 * SECOND + wake_ms * MS)
        reached[wake_ms] = one.reach_permille
    return reached


@pytest.mark.parametrize("late_ms", [0, 1, 7, 40])
def test_being_woken_late_or_in_between_costs_a_planned_ramp_nothing(late_ms: int) -> None:
    ticks = [tick + late_ms for tick in range(0, 501, 50)]
    between = sorted({*ticks, *(tick + 5 for tick in ticks)})
    for wakes in (ticks, between):
        for wake_ms, reached in ramped(track(), wakes).items():
            assert reached == min(FULL, (wake_ms - wake_ms % 50) * 2)


def test_bursts_after_a_gap_longer_than_their_pattern_come_back_by_a_ramp() -> None:
    bench = raised(running(plan_of("tens-burst", 4_000, duration_s=60)), 4_000)
    last_us = max(run.start_us for run in bench.ledger()[1].runs)
    bench.run_for((last_us + 450_000) * 1_000 - bench.now_ns)
    bench.to_device.hook = lambda _now, _data: b""  # the next burst is lost on the line
    bench.run_for(200 * MS)
    bench.to_device.hook = None
    lost_us = bench.now_ns // 1_000
    bench.run_for(10 * SECOND)
    assert bench.state is State.RUNNING
    runs = [run for run in bench.ledger()[1].runs if run.start_us >= lost_us]
    assert runs[0].start_us - last_us > 900_000
    full_us = min(run.start_us for run in runs if run.peak_ua == 4_000)
    assert full_us - runs[0].start_us >= 500_000


@pytest.mark.hazard("H12")
def test_a_burst_that_was_missed_gets_no_output_and_confirms_none() -> None:
    one = Track(plan_of("tens-burst", 10_000).channels[0])
    opened = drive(1_000, width_us=200, period_us=10_000)
    one.turn_to(opened, first=True)
    one.covered = True
    now_ns = 10 * SECOND
    one.climb(now_ns, 10_000, 0)  # the soft return after a pause begins within the burst
    for _ in range(12):
        now_ns += 50 * MS
        one.climb(now_ns, 10_000, FULL)
        one.settled(now_ns)
        assert one.output(10_000) == 0
    one.turn_to(replace(opened, is_on=False), first=False, at_ns=now_ns)
    one.climb(now_ns, 10_000, FULL)
    now_ns += 100 * MS
    one.turn_to(opened, first=False, at_ns=now_ns)
    one.climb(now_ns, 10_000, FULL)
    assert 0 < one.output(10_000) <= 2_500


@pytest.mark.parametrize("plateau_ua", [500, 5_000])
def test_a_raise_within_a_burst_that_runs_has_effect_at_once(plateau_ua: int) -> None:
    one = Track(plan_of("tens-burst", 10_000).channels[0])
    one.turn_to(drive(1_000, width_us=200, period_us=10_000), first=True)
    one.covered = True
    one.climb(10 * SECOND, 0, FULL)
    one.turn_to(replace(one.drive, is_on=False), first=False)
    one.climb(10 * SECOND, plateau_ua, FULL)
    one.turn_to(replace(one.drive, is_on=True), first=False)
    one.climb(10 * SECOND, plateau_ua, FULL)
    assert one.output(plateau_ua) == plateau_ua
    one.climb(10 * SECOND, plateau_ua + 500, FULL)
    assert one.output(plateau_ua + 500) == plateau_ua + 500


@pytest.mark.hazard("H12")
def test_a_channel_that_the_driver_has_switched_off_climbs_again() -> None:
    one = track()
    climb_times(one, 10 * MS)
    now_ns = 12 * SECOND
    one.closed(now_ns)
    assert one.output(10_000) == 0
    took_ns = 0
    while one.output(10_000) < 10_000:
        took_ns += 10 * MS
        one.climb(now_ns + took_ns, 10_000, FULL)
        one.confirmed(now_ns + took_ns, one.reach_ppm)
    assert took_ns >= 500 * MS


@pytest.mark.hazard("H12")
@pytest.mark.parametrize(("closed_after_ms", "climbs"), [(20, True), (40, True), (60, False)])
def test_after_a_burst_that_was_switched_off_early_the_gap_counts_from_there(
    closed_after_ms: int, climbs: bool
) -> None:
    one = Track(plan_of("tens-burst", 10_000).channels[0])  # 10 pulses in 100 ms, each 500 ms
    opened = drive(1_000, width_us=200, period_us=10_000)
    one.turn_to(replace(opened, is_on=False), first=True)
    one.covered = True
    for burst in range(1, 5):
        one.climb(burst * SECOND // 2 - 50 * MS, 10_000, FULL)
        one.turn_to(opened, first=False)
        one.climb(burst * SECOND // 2, 10_000, FULL)
        one.confirmed(burst * SECOND // 2, one.reach_ppm)
        if burst == 3:
            assert one.output(10_000) > 0
            one.closed(burst * SECOND // 2 + closed_after_ms * MS)
        one.climb(burst * SECOND // 2 + 95 * MS, 10_000, FULL)
        before = one.output(10_000)
        one.turn_to(replace(opened, is_on=False), first=False)
        one.climb(burst * SECOND // 2 + 100 * MS, 10_000, FULL)
    assert (before <= 2_500) is climbs
