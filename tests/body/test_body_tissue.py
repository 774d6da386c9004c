"""Promises about skin, blood pressure, startle and the battery."""

from __future__ import annotations

from random import Random

import pytest

from firmware_sim.body.battery import (
    ALKALINE_9V,
    HOUR_US,
    LITHIUM_CELL,
    LITHIUM_PACK,
    Battery,
    Charge,
)
from firmware_sim.body.comfort import Comfort
from firmware_sim.body.impedance import (
    Contactness,
    classify,
    read_current_ua,
    read_impedance,
    true_ohm,
)
from firmware_sim.body.interface import Contact
from firmware_sim.body.load import OpenCircuit, Resistor
from firmware_sim.body.pads import Pads
from firmware_sim.body.person import Site
from firmware_sim.body.skin import Skin, SkinLoad
from firmware_sim.body.systemic import Duty, oversensing_permille, pressure_rise_mmhg
from tests.support.body_world import MS, SECOND, golden

CELLS = {"pack": LITHIUM_PACK, "cell": LITHIUM_CELL}


# Skin


def test_skin_blisters_after_5_minutes_above_10_ma_per_cm2_and_not_before() -> None:
    skin = Skin()
    skin.run(300 * SECOND, SkinLoad(density=10.1))
    assert not skin.blister
    skin.run(1, SkinLoad(density=10.1))
    assert skin.blister
    spared = Skin()
    spared.run(3600 * SECOND, SkinLoad(density=10.0))
    assert not spared.blister


@pytest.mark.parametrize("dc", [0.51, -0.51])
def test_skin_blisters_after_2_minutes_of_direct_current_either_way(dc: float) -> None:
    skin = Skin()
    skin.run(120 * SECOND, SkinLoad(dc=dc))
    assert not skin.blister
    skin.run(1, SkinLoad(dc=dc))
    assert skin.blister


def test_a_rest_does_not_undo_what_counts_towards_a_blister() -> None:
    skin = Skin()
    for _ in range(4):
        skin.run(100 * SECOND, SkinLoad(density=12.0))
        skin.run(100 * SECOND, SkinLoad())
    assert skin.blister


def test_redness_grows_to_4_and_no_further_and_fades() -> None:
    skin = Skin()
    skin.run(1200 * SECOND, SkinLoad(density=2.0))
    assert skin.score == 0
    skin.run(1800 * SECOND, SkinLoad(density=2.0))
    assert skin.score == 1
    skin.run(3600 * SECOND, SkinLoad(density=30.0))
    assert skin.score == 4
    skin.run(7200 * SECOND, SkinLoad())
    assert skin.score == 0


def test_warmth_follows_power_density_and_goes() -> None:
    skin = Skin()
    skin.run(600 * SECOND, SkinLoad(power=0.25))
    assert skin.warm
    skin.run(1200 * SECOND, SkinLoad())
    assert not skin.warm


# The rest of the person


def test_pressure_rises_2_mmhg_for_each_tenth_of_duty() -> None:
    duty = Duty()
    for _ in range(100):
        duty.run(3 * SECOND, strong=True)
        duty.run(7 * SECOND, strong=False)
    assert pressure_rise_mmhg(0.30, 2) == 6.0
    assert pressure_rise_mmhg(duty.share, 2) == pytest.approx(6, abs=0.7)


def test_an_implant_hears_more_of_more_charge_and_less_from_afar() -> None:
    assert oversensing_permille(24.0, 50_000, 100) == pytest.approx(12, abs=1)
    assert oversensing_permille(24.0, 50_000, 1_000) < oversensing_permille(24.0, 50_000, 100)
    assert oversensing_permille(24.0, 50_000, 0) == 1000
    assert oversensing_permille(65.0, 500_000, 1) == 1000


# Startle


def rises(*levels: tuple[int, int]) -> list[int | None]:
    """The rises judged of (ms, mA) at a sensory threshold of 5 mA."""
    comfort = Comfort()
    return [comfort.level(at_ms * MS, ma * 1000, 5_000) for at_ms, ma in levels]


def test_a_jump_after_a_pause_is_startling_once() -> None:
    assert rises((0, 10), (50, 20), (100, 30)) == [10_000, None, None]


def test_a_slow_raise_is_not() -> None:
    assert set(rises(*((250 * n, n // 2) for n in range(80)))) == {None}


def test_the_rise_counts_over_200_ms_and_against_what_went_before() -> None:
    # 40 mA before the pause: 30 % is 12 mA.
    before = ((0, 1), *((250 * n, n) for n in range(2, 41)))
    pause = (10_000, 0)
    slow = rises(*before, pause, (12_000, 6), (12_100, 11), (12_200, 12))
    fast = rises(*before, pause, (12_000, 6), (12_100, 13))
    assert set(slow) == {None}
    assert fast[-1] == 13_000


def test_a_pause_of_a_second_is_no_pause() -> None:
    before = tuple((250 * n, n) for n in range(40))
    assert set(rises(*before, (10_000, 0), (11_000, 40))) == {None}
    assert rises(*before, (10_000, 0), (11_001, 40))[-1] == 40_000


def test_what_is_not_felt_does_not_startle_and_does_not_end_a_pause() -> None:
    assert rises((0, 4), (5_000, 4), (6_000, 20)) == [None, None, 16_000]


# The battery


@pytest.mark.parametrize("row", golden("battery_h"), ids=str)
def test_a_battery_lasts_as_long_as_the_golden_figures(row: tuple[str, float, float]) -> None:
    cells, load_mw, hours = row
    assert Battery(CELLS[cells]).hours_left(load_mw) == pytest.approx(hours, rel=0.01)


def test_a_battery_goes_low_critical_and_empty_in_that_order() -> None:
    battery = Battery(LITHIUM_PACK)
    seen = []
    while battery.state is not Charge.EMPTY:
        if battery.state not in seen:
            seen.append(battery.state)
        battery.run(HOUR_US // 10, 64.0)
    assert seen == [Charge.GOOD, Charge.LOW, Charge.CRITICAL]
    assert battery.charge_permille == 0


def test_the_edges_of_a_battery_are_20_and_5_percent() -> None:
    states = [Battery(LITHIUM_CELL, permille).state for permille in (201, 200, 51, 50, 1, 0)]
    assert states == ["good", "low", "low", "critical", "critical", "empty"]
    with pytest.raises(ValueError, match=r"0 to 1000"):
        Battery(LITHIUM_CELL, 1001)


def test_voltage_falls_with_charge_and_load() -> None:
    full, empty = Battery(LITHIUM_CELL), Battery(LITHIUM_CELL, 0)
    assert (full.voltage_mv, empty.voltage_mv) == (4_100, 3_300)
    full.run(1, 3_000.0)
    assert full.voltage_mv < 3_900
    assert Battery(ALKALINE_9V, 1).voltage_mv > 6_500


# What is reported of a load


@pytest.mark.parametrize(
    ("ohm", "expected"),
    [
        (0, "short"),
        (149, "short"),
        (150, "check"),
        (199, "check"),
        (200, "good"),
        (3_000, "good"),
        (3_001, "poor"),
        (10_000, "poor"),
        (10_001, "open"),
        (None, "open"),
    ],
)
def test_impedances_fall_into_their_classes(ohm: int | None, expected: str) -> None:
    assert classify(ohm) is Contactness(expected)


def test_an_impedance_is_read_in_steps_of_10_ohm_with_3_percent_of_noise() -> None:
    chance = Random(2)
    read = [read_impedance(Resistor(1_000), chance).ohm for _ in range(500)]
    assert all(ohm is not None and ohm % 10 == 0 for ohm in read)
    values = [ohm for ohm in read if ohm is not None]
    mean = sum(values) / 500
    assert mean == pytest.approx(1_000, rel=0.01)
    spread = (sum((value - mean) ** 2 for value in values) / 500) ** 0.5
    assert spread == pytest.approx(30, rel=0.15)
    assert read_impedance(OpenCircuit(), chance).contact is Contactness.OPEN


def test_the_golden_impedance_of_a_pad_is_770_ohm() -> None:
    pads = Pads(Site(), Contact(1000))
    assert true_ohm(pads, ((200, 20_000),)) == pytest.approx(770, rel=0.02)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (Contact(), "good"),
        (Contact(1000, shunt_ohm=30), "short"),
        (Contact(1000, shunt_ohm=100), "short"),
        (Contact(1000, 10_000, 6_000), "good"),
        (Contact(100, 2_000, 2_000), "poor"),
        (Contact(20), "open"),
        (Contact(0), "open"),
        (Contact(connected=False), "open"),
    ],
)
def test_what_goes_wrong_at_a_pad_shows_in_its_class(contact: Contact, expected: str) -> None:
    reading = read_impedance(Pads(Site(), contact), Random(1))
    assert reading.contact is Contactness(expected)


def test_a_measured_current_is_never_negative() -> None:
    chance = Random(4)
    read = [read_current_ua(200, chance) for _ in range(200)]
    assert min(read) == 0
    assert sum(read_current_ua(40_000, chance) for _ in range(200)) / 200 == pytest.approx(
        40_000, rel=0.01
    )
