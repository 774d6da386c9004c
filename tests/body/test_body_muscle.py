"""Promises about the muscle: recruitment, fusion, force, and both models of fatigue."""

from __future__ import annotations

import pytest

from firmware_sim.body.ding import DingMuscle
from firmware_sim.body.muscle import TwoCompartments, fusion, rate_weight, recruitment
from firmware_sim.body.nerve import FIBRES, Fibre, felt, strength_permille
from tests.support.body_world import GOLDEN, SECOND, golden


@pytest.mark.parametrize(("ma", "share"), GOLDEN["recruitment_300us"])
def test_recruitment_is_that_of_the_golden_figures(ma: int, share: float) -> None:
    strength = strength_permille(felt(((300, ma * 1000),)), FIBRES[Fibre.MOTOR])
    assert recruitment(strength) == pytest.approx(share, abs=0.006)


def test_nothing_is_recruited_below_the_threshold_and_all_of_it_at_90_ma() -> None:
    assert recruitment(0) == recruitment(1000) == 0
    assert recruitment(6_383) == recruitment(100_000) == 1


@pytest.mark.parametrize(("hz", "share"), GOLDEN["fusion"])
def test_fusion_is_that_of_the_golden_figures(hz: int, share: float) -> None:
    assert fusion(hz * 1000) == pytest.approx(share, abs=0.006)


def test_faster_trains_tire_more_up_to_a_limit() -> None:
    assert rate_weight(50_000) == pytest.approx(0.55)
    assert rate_weight(100_000) == rate_weight(1_000_000) == 1


def fitness_at_last_start(hz: int, on_s: int, off_s: int, count: int, parts: int = 1) -> float:
    muscle = TwoCompartments(300)
    fitness = 1.0
    for _ in range(count):
        fitness = muscle.fitness
        for _ in range(parts):
            muscle.run(on_s * SECOND // parts, GOLDEN["fatigue"]["recruited"], hz * 1000)
        muscle.run(off_s * SECOND, 0.0, 0)
    return fitness


@pytest.mark.parametrize("row", golden("fatigue"), ids=str)
def test_fatigue_meets_its_anchors(row: tuple[int, int, int, int, float]) -> None:
    *program, expected = row
    assert fitness_at_last_start(*program) == pytest.approx(expected, abs=0.03)


def test_fatigue_does_not_depend_on_how_time_is_cut() -> None:
    assert fitness_at_last_start(50, 10, 50, 15, parts=10) == pytest.approx(
        fitness_at_last_start(50, 10, 50, 15), rel=1e-9
    )


def test_force_rises_in_120_ms_and_is_gone_within_a_second() -> None:
    muscle = TwoCompartments(300)
    muscle.run(120_000, 1.0, 100_000)
    assert muscle.force_n == pytest.approx(300 * 0.99 * (1 - 1 / 9), rel=0.02)
    muscle.run(SECOND, 1.0, 100_000)
    full = muscle.force_n
    muscle.run(80_000, 0.0, 0)
    assert 0.35 * full < muscle.force_n < 0.60 * full
    muscle.run(1_500_000, 0.0, 0)
    assert muscle.force_n < 0.01 * full


def test_a_muscle_can_begin_tired_and_recovers() -> None:
    muscle = TwoCompartments(300, fitness=0.5)
    assert muscle.fitness == pytest.approx(0.5)
    muscle.run(3600 * SECOND, 0.0, 0)
    assert muscle.fitness > 0.95


def ding_peaks(parts: int = 1) -> list[float]:
    figures = GOLDEN["ding"]
    muscle = DingMuscle()
    peaks = []
    for _ in range(max(figures["trains"])):
        muscle.peak_n = 0.0
        for _ in range(parts):
            muscle.run(figures["on_s"] * SECOND // parts, 1.0, figures["rate_hz"] * 1000)
        muscle.run(figures["off_s"] * SECOND, 0.0, 0)
        peaks.append(muscle.peak_n)
    return peaks


def test_ding_meets_its_anchors() -> None:
    peaks = ding_peaks()
    read = [peaks[train - 1] for train in GOLDEN["ding"]["trains"]]
    assert read == pytest.approx(GOLDEN["ding"]["peak_n"], rel=0.01)


def test_ding_keeps_its_rhythm_however_time_is_cut() -> None:
    assert ding_peaks(parts=10)[-1] == pytest.approx(ding_peaks()[-1], rel=0.01)


def test_ding_at_rest_costs_nothing_and_recovers() -> None:
    muscle = DingMuscle()
    for _ in range(30):
        muscle.run(SECOND, 1.0, 50_000)
        muscle.run(SECOND, 0.0, 0)
    tired, steps = muscle.fitness, muscle.steps
    muscle.run(600 * SECOND, 0.0, 0)
    assert muscle.fitness > tired
    assert muscle.fitness == pytest.approx(1, abs=0.02)
    assert muscle.steps == steps
    assert muscle.force_n == pytest.approx(0, abs=1e-6)


def test_ding_scales_with_what_is_recruited() -> None:
    whole, half = DingMuscle(), DingMuscle()
    whole.run(SECOND, 1.0, 50_000)
    half.run(SECOND, 0.5, 50_000)
    assert half.force_n == pytest.approx(whole.force_n / 2)
    half.rest(SECOND)
    assert half.force_n < 1
