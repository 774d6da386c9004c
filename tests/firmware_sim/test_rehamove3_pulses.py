"""The RehaMove3 twin tests before each pulse, and what of it reaches whom."""

from __future__ import annotations

import random

import pytest

from firmware_sim.body.body import Body
from firmware_sim.body.person import Person, Site
from firmware_sim.body.worn import WornTwin
from firmware_sim.firmware.p24_commands import Command, State
from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from tests.support.frame_host import MS
from tests.support.rehamove3_host import KEEP_ALIVE, SECOND, TEST_ROW, events, host, rows
from tests.support.twin_host import Host, biphasic, point, pulse, train, update


@pytest.mark.parametrize("current_ma", [0.5, 20, 130])
def test_each_pulse_comes_behind_a_test_of_15_ma_whatever_it_is(current_ma: float) -> None:
    told = host().low_level()
    begun_us = told.now_us
    assert told.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(current_ma), 3)).data == b"\0\0"
    (row,) = rows(told, "pulse")
    assert row["test"] == TEST_ROW
    assert row["start_us"] == begun_us + 230
    assert (row["channel"], row["points"][0]) == (3, [200, int(current_ma * 1000)])
    ledger = told.ledger()[3]
    assert (ledger.pulses, ledger.test_pulses) == (1, 1)
    assert ledger.test_charge_uc == pytest.approx(0.225)
    assert ledger.peak_ma == current_ma


def test_each_pulse_of_a_train_comes_behind_a_test_and_counts_it() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c2=train(biphasic(5))))
    told.run_for(1_500 * MS)
    told.ask(Command.ML_STOP)
    (opened,) = rows(told, "train_open")
    (row,) = rows(told, "train")
    assert opened["test"] == row["test"] == TEST_ROW
    ledger = told.ledger()[2]
    assert ledger.pulses == ledger.test_pulses == row["count"]
    assert ledger.charge_uc == pytest.approx(row["count"] * 1.0)
    # Per pulse 2 * 200 us * (5 mA)^2 ordered, and 30 us * (15 mA)^2 on top.
    energy = 400 * 5_000**2 + 30 * 15_000**2
    assert ledger.worst_second_ua2_us == 50 * energy
    assert ledger.net_charge_uc == 0


def test_a_train_at_zero_still_tests() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(0))))
    told.run_for(100 * MS)
    told.ask(Command.ML_STOP)
    ledger = told.ledger()[1]
    assert (ledger.pulses, ledger.charge_uc) == (0, 0)
    assert ledger.test_pulses == 6
    assert told.ledger().last_output_us is not None


def test_a_pulse_cut_within_its_test_has_given_only_that() -> None:
    told = host().low_level()
    told.send(Command.LL_CHANNEL_CONFIG, pulse(biphasic(20)))
    told.run_for(20)
    told.ask(Command.LL_STOP)
    (row,) = rows(told, "pulse")
    assert row["cut"]
    assert row["points"] == []
    assert row["test"] == {"before_us": 20, "points": [[15, 15_000], [5, -15_000]]}


def test_a_ramp_is_of_what_was_ordered_and_leaves_the_test_alone() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(10), ramp=3)))
    told.run_for(100 * MS)
    ramp = rows(told, "pulse")
    assert [row["points"][0][1] for row in ramp] == [2_500, 5_000, 7_500]
    assert all(row["test"] == TEST_ROW for row in ramp)


@pytest.mark.parametrize("load_ohm", [None, 30, 10_001])
@pytest.mark.parametrize("current_ma", [0.5, 5, 100])
def test_a_load_out_of_range_is_found_at_every_amplitude(
    load_ohm: int | None, current_ma: float
) -> None:
    told = host(load_ohm).low_level()
    heard = told.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(current_ma), 3))
    assert heard.data == bytes((10, 2))
    assert told.ledger()[3].pulses == 0
    told.ask(Command.LL_STOP)
    told.mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(current_ma)), c4=train(biphasic(5))))
    told.run_for(100 * MS)
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data == bytes((0, 2, 0x19))
    assert events(told).count("channel error") == 2
    assert told.ledger()[1].pulses == 0


def test_a_lost_electrode_is_left_out_until_it_is_back() -> None:
    told = host().mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    told.run_for(500 * MS)
    told.twin.set_load(1, None)
    off_us = told.now_us
    told.run_for(500 * MS)
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data == bytes((0, 2, 0x11))
    on_us = told.now_us
    assert told.ledger()[1].peak_between_ua(off_us + 1_000, on_us) == 0
    assert told.ledger()[2].peak_between_ua(off_us + 1_000, on_us) == 20_000
    # An update changes nothing about it.
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data[2] == 0x11
    told.twin.set_load(1, 500)
    told.run_for(100 * MS)
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data[2] == 0x10
    assert told.ledger()[1].peak_between_ua(on_us + 25 * MS, told.now_us) == 20_000
    assert events(told).count("electrode found again") == 1
    assert told.status() == State.RUNNING


def test_switching_a_channel_off_forgets_its_error() -> None:
    told = host(None).mid_level()
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(20))))
    told.run_for(50 * MS)
    told.ask(Command.ML_UPDATE, update(c2=train(biphasic(20))))
    told.run_for(50 * MS)
    assert told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE).data[2] == 0x12


def test_a_short_load_falls_short_of_nothing_and_high_current_is_limited_unnoticed() -> None:
    told = host(2_000).low_level()
    assert told.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(100))).data == b"\0\0"
    (row,) = rows(told, "pulse")
    assert row["points"][0] == [200, 75_000]  # 150 V over 2 kOhm


def test_the_high_voltage_that_was_asked_for_is_told_and_limits_the_test() -> None:
    told = host(900).low_level(high_voltage=4)
    assert told.ask(Command.GET_STIM_STATUS).data == bytes((0, 1, 4))
    told = host(3_000).low_level(high_voltage=2)  # 30 V: 15 mA need 45 V
    assert told.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(5))).data == bytes((10, 0))


def test_a_person_gets_the_test_pulses_too() -> None:
    """Energy in the tissue: of pulses of 0 mA it comes from the tests alone."""
    body = Body(random.Random(1), {1: Site()}, Person())
    worn = WornTwin(RehaMove3Twin(), body)
    told = Host(worn).mid_level()  # type: ignore[arg-type]
    told.ask(Command.ML_UPDATE, update(c1=train(biphasic(0))))
    for _ in range(5):
        told.run_for(SECOND)
        told.ask(Command.ML_GET_CURRENT_DATA, KEEP_ALIVE)
    assert 245 <= told.ledger()[1].test_pulses <= 252
    assert sum(region.energy_nj for region in body._regions.values()) > 0


def test_seventeen_points_announced_as_one_give_one_unbalanced_phase() -> None:
    """What a published client does."""
    told = host().low_level()
    data = bytes((0x80,)) + point(200, 5) + point(200, -5) * 16
    assert told.ask(Command.LL_CHANNEL_CONFIG, data).data == b"\0\0"
    (row,) = rows(told, "pulse")
    assert row["points"] == [[200, 5_000]]
    assert told.ledger()[1].net_charge_uc == 1.0


def test_fewer_points_than_announced_are_a_parameter_error() -> None:
    told = host().low_level()
    assert told.ask(Command.LL_CHANNEL_CONFIG, bytes((0x81,)) + point(200, 5)).data == b"\2\0"
    told.ask(Command.LL_STOP)
    told.mid_level()
    data = update(c1=train(biphasic(5)))[:-1]
    assert told.ask(Command.ML_UPDATE, data).data == b"\2"
