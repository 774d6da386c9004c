"""What reaches the electrodes: phase, ramp, loads, errors, by the twin's own record."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command, State
from tests.support.frame_host import MS
from tests.support.twin_host import Host, biphasic, point, pulse, train, update

Rows = list[dict[str, Any]]


def running(data: bytes, *, stop_all: bool = False, load_ohm: int | None = 500) -> Host:
    """A host whose twin began the train at host.now_us - 1 ms."""
    host = Host(P24Twin(load_ohm=load_ohm)).mid_level(stop_all)
    assert host.ask(Command.ML_UPDATE, data).data == b"\0"
    return host


def rows(host: Host, *kinds: str) -> Rows:
    return [row for row in host.twin.records() if row["kind"] in kinds]


def states(host: Host) -> bytes:
    return host.ask(Command.ML_GET_CURRENT_DATA, b"\4").data[2:]


def test_a_train_is_recorded_with_start_period_count_and_points() -> None:
    host = running(update(c3=train(biphasic(20), 25_250)))
    start = host.now_us - MS
    host.run_until(start + 1_000 * MS)
    host.ask(Command.ML_STOP)
    expected = {
        "kind": "train", "id": 1, "channel": 3, "start_us": start, "period_us": 25_250,
        "count": 40, "points": [[200, 20_000], [100, 0], [200, -20_000]],
    }  # fmt: skip
    assert rows(host, "train") == [expected]
    assert rows(host, "output") == [
        {"kind": "output", "on": True, "at_us": start, "channel": 3},
        {"kind": "output", "on": False, "at_us": start + 1_000 * MS, "channel": 3},
    ]
    opened = rows(host, "train_open")
    assert [row["id"] for row in opened] == [1]


def test_an_identical_update_changes_nothing_but_the_keep_alive() -> None:
    data = update(c1=train(biphasic(20)))
    host = running(data)
    start = host.now_us - MS
    for _ in range(10):
        host.run_for(777 * MS)
        host.ask(Command.ML_UPDATE, data)
    host.run_until(start + 8_000 * MS)
    host.ask(Command.ML_STOP)
    assert [row["count"] for row in rows(host, "train")] == [400]


def test_a_changed_train_keeps_its_phase() -> None:
    host = running(update(c1=train(biphasic(20), 20_000)))
    start = host.now_us - MS
    host.run_until(start + 50 * MS)  # the last pulse began at 40 ms
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(30), 30_000)))
    host.run_until(start + 105 * MS)
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(40), 4_000)))
    host.run_until(start + 112 * MS)
    host.ask(Command.ML_STOP)
    trains = [(row["start_us"] - start, row["count"]) for row in rows(host, "train")]
    # 40 + 30 = 70 ms is due; 100 + 4 ms is past at 105 ms, so at once.
    assert trains == [(0, 3), (70 * MS, 2), (105 * MS, 2)]


def test_an_update_before_the_next_pulse_leaves_an_empty_train_behind() -> None:
    host = running(update(c1=train(biphasic(20))))
    start = host.now_us - MS
    host.run_until(start + 5 * MS)
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(21))))
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(22))))
    host.run_until(start + 25 * MS)
    host.ask(Command.ML_STOP)
    trains = [(row["start_us"] - start, row["count"]) for row in rows(host, "train")]
    assert trains == [(0, 1), (20 * MS, 0), (20 * MS, 1)]
    assert [opened["id"] for opened in rows(host, "train_open")] == [1, 2, 3]


def test_two_updates_at_the_same_instant_count_as_the_second() -> None:
    host = Host().mid_level()
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(20))))
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(10))))
    host.run_for(10 * MS)
    assert host.ledger().channels[1].peak_ma == 10
    assert host.ledger().channels[1].pulses == 1


def test_a_pulse_under_way_is_completed_when_the_train_changes() -> None:
    host = running(update(c1=train(biphasic(20))))
    start = host.now_us - MS
    host.run_until(start + 20 * MS + 300)
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(30), 500_000)))
    assert not rows(host, "train")
    host.run_until(start + 30 * MS)
    assert [row["count"] for row in rows(host, "train")] == [2]
    assert host.ledger().channels[1].net_charge_uc == 0


def test_a_pulse_under_way_is_completed_when_its_channel_is_switched_off() -> None:
    host = running(update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    start = host.now_us - MS
    host.run_until(start + 20 * MS + 300)
    host.send(Command.ML_UPDATE, update(c2=train(biphasic(20))))
    host.run_until(start + 30 * MS)
    assert host.ledger().channels[1].pulses == 2
    assert host.ledger().channels[1].net_charge_uc == 0
    assert rows(host, "output")[-1]["at_us"] == start + 20 * MS + 500


def test_a_channel_enabled_again_waits_for_its_own_last_pulse() -> None:
    host = running(update(c1=train(biphasic(20))))
    start = host.now_us - MS
    host.run_until(start + 20 * MS + 300)
    host.send(Command.ML_UPDATE, b"\0")
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(25))))
    host.run_until(start + 30 * MS)
    assert rows(host, "train_open")[-1]["start_us"] == start + 20 * MS + 500


@pytest.mark.parametrize(
    ("at_us", "points"),
    [
        (20_000, None),
        (20_100, [[100, 20_000]]),
        (20_250, [[200, 20_000], [50, 0]]),
        (20_400, [[200, 20_000], [100, 0], [100, -20_000]]),
        (20_500, None),
    ],
)
@pytest.mark.parametrize("changed", [False, True], ids=["running", "just changed"])
def test_a_stop_cuts_the_pulse_under_way(
    at_us: int, points: list[list[int]] | None, changed: bool
) -> None:
    host = running(update(c1=train(biphasic(20))))
    start = host.now_us - MS
    if changed and at_us > 20_000:
        host.run_until(start + 20_050)
        host.send(Command.ML_UPDATE, update(c1=train(biphasic(30))))
    host.run_until(start + at_us)
    host.send(Command.ML_STOP)
    host.run_for(100 * MS)
    cut = rows(host, "pulse")
    assert [row["points"] for row in cut] == ([points] if points else [])
    assert host.ledger().current_after(start + at_us) == 0
    assert host.ledger().channels[1].pulses == (1 if at_us == 20_000 else 2)


def test_a_ramp_rises_in_equal_parts_floored_to_the_grid() -> None:
    host = running(update(c1=train(biphasic(10), ramp=3)))
    start = host.now_us - MS
    host.run_until(start + 100 * MS)
    host.ask(Command.ML_STOP)
    ramp = rows(host, "pulse")
    # 2.5, 5.0 and 7.5 mA.
    assert [(row["ramp"], row["start_us"] - start) for row in ramp] == [
        (1, 0), (2, 20 * MS), (3, 40 * MS),
    ]  # fmt: skip
    assert [row["points"][0][1] for row in ramp] == [2_500, 5_000, 7_500]
    assert [row["points"][2][1] for row in ramp] == [-2_500, -5_000, -7_500]
    assert [(row["start_us"] - start, row["count"]) for row in rows(host, "train")] == [
        (60 * MS, 2)
    ]


def test_a_ramp_of_15_from_an_odd_current_stays_on_the_grid() -> None:
    host = running(update(c1=train(biphasic(4.5), ramp=15)))
    host.run_for(310 * MS)
    steps = [row["points"][0][1] for row in rows(host, "pulse")]
    assert steps == [9 * k // 16 * 500 for k in range(1, 16)]


def test_a_ramp_goes_on_through_updates_and_begins_again_when_reenabled() -> None:
    host = running(update(c1=train(biphasic(10), ramp=4)))
    start = host.now_us - MS
    host.run_until(start + 30 * MS)
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(20), ramp=4)))
    host.run_until(start + 90 * MS)
    assert [row["points"][0][1] for row in rows(host, "pulse")] == [2_000, 4_000, 12_000, 16_000]
    host.send(Command.ML_UPDATE, b"\0")
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(20), ramp=4)))
    host.run_until(start + 100 * MS)
    assert rows(host, "pulse")[-1]["points"][0][1] == 4_000


def test_a_ramp_pulse_under_way_is_completed_or_cut() -> None:
    host = running(update(c1=train(biphasic(10), ramp=4)))
    start = host.now_us - MS
    host.run_until(start + 20 * MS + 100)
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(20), ramp=4)))
    host.run_until(start + 40 * MS + 100)
    host.send(Command.ML_STOP)
    host.run_for(MS)
    pulses = [(row.get("ramp"), row["points"], "cut" in row) for row in rows(host, "pulse")]
    assert pulses[1:] == [
        (2, [[200, 4_000], [100, 0], [200, -4_000]], False),
        (None, [[100, 12_000]], True),
    ]


def test_points_of_1_to_9_us_are_executed_as_10_and_empty_points_not_at_all() -> None:
    host = running(update(c1=train(point(3, 10) + point(0, 50) + point(9, -10) + point(11, 0))))
    host.run_for(30 * MS)
    points = rows(host, "train_open")[0]["points"]
    assert points == [[10, 10_000], [10, -10_000], [11, 0]]


def test_a_train_without_any_duration_puts_out_nothing() -> None:
    host = running(update(c1=train(point(0, 50), ramp=2)))
    host.run_for(100 * MS)
    assert host.ledger().channels == {}
    assert states(host)[0] == 1
    assert not rows(host, "output")


def test_a_train_of_0_ma_runs_without_output() -> None:
    host = running(update(c1=train(biphasic(0))))
    host.run_for(100 * MS)
    assert host.twin.state is State.RUNNING
    assert not rows(host, "output")
    assert host.ledger().last_output_us is None
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(5))))
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(0))))
    assert [row["on"] for row in rows(host, "output")] == [True, False]


def test_an_open_electrode_is_noticed_from_15_ma() -> None:
    host = running(update(c1=train(biphasic(15)), c2=train(biphasic(14.5))), load_ohm=None)
    start = host.now_us - MS
    assert states(host).hex() == "0201000000"
    assert host.twin.state is State.RUNNING
    assert host.ledger().channels == {}  # no current flows through an open circuit
    log = [row for row in rows(host, "log") if row["event"] == "channel error"]
    assert [(row["channel"], row["error"], row["at_us"] - start) for row in log] == [(1, 1, 500)]
    assert host.ask(Command.ML_GET_CURRENT_DATA, b"\2").data.hex() == "000211"
    assert host.ask(Command.ML_GET_CURRENT_DATA, b"\3").data.hex() == "00031110"


def test_one_error_stops_all_channels_if_so_initialised() -> None:
    host = Host().mid_level(stop_all=True)
    host.twin.set_load(5, None)
    host.send(Command.ML_UPDATE, update(c1=train(biphasic(20)), c5=train(biphasic(20))))
    start = host.now_us
    host.run_for(100 * MS)
    assert states(host).hex() == "0000000100"
    assert host.ledger().channels[1].last_output_us == start + 500
    assert host.ledger().channels[1].pulses == 1


def test_an_error_cuts_nothing_that_ends_at_the_same_instant() -> None:
    host = Host().mid_level(stop_all=True)
    host.twin.set_load(1, None)
    host.send(Command.ML_UPDATE, update(c2=train(biphasic(20))))
    host.run_for(100)
    short = train(point(400, 20))
    host.send(Command.ML_UPDATE, update(c1=short, c2=train(biphasic(30))))
    host.run_for(100 * MS)
    assert host.ledger().channels[2].runs[0].end_us == 80 * MS + 500
    assert host.ledger().channels[2].net_charge_uc == 0
    assert not rows(host, "pulse")[1:]


def test_a_load_beyond_the_compliance_is_limited_and_noticed() -> None:
    host = running(update(c1=train(biphasic(75)), c2=train(biphasic(75.5))), load_ohm=2000)
    assert states(host).hex() == "0130000000"
    host.ask(Command.ML_STOP)
    ledger = host.ledger()
    assert ledger.channels[1].peak_ma == 75
    assert ledger.channels[2].peak_ma == 75  # 150 V / 2 kohm
    assert ledger.channels[2].pulses == 1


def test_a_changed_load_takes_effect_with_the_next_pulse() -> None:
    host = running(update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    start = host.now_us - MS
    host.run_until(start + 50 * MS)
    host.twin.set_load(1, None)
    host.twin.set_load(3, None)
    host.run_until(start + 100 * MS)
    assert states(host).hex() == "0201000000"
    assert host.ledger().channels[1].pulses == 3
    assert rows(host, "output")[-1] == {
        "kind": "output", "on": False, "at_us": start + 60 * MS, "channel": 1,
    }  # fmt: skip
    host.twin.set_load(1, 500)
    host.run_for(100 * MS)
    assert host.ledger().channels[1].pulses == 3  # nothing resumes by itself
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(20)), c2=train(biphasic(20))))
    assert states(host).hex() == "0300000000"


def test_errors_are_kept_until_the_channel_is_enabled_again_or_the_level_stopped() -> None:
    host = running(update(c1=train(biphasic(20)), c2=train(biphasic(5))), load_ohm=None)
    host.ask(Command.ML_UPDATE, update(c2=train(biphasic(6))))
    assert states(host).hex() == "0201000000"
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(6)), c2=train(biphasic(6))))
    assert states(host).hex() == "0300000000"
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(20))))
    host.run_for(20 * MS)
    assert states(host).hex() == "0001000000"
    host.ask(Command.ML_STOP)
    host.mid_level()
    assert states(host).hex() == "0000000000"


def test_pulses_that_find_no_time_slot_are_a_pulse_timeout() -> None:
    # Sent as 16 us each they pass the budget; executed as 160 us only one fits into 250 us.
    tiny = train(point(1, 10) * 16, 250)
    host = running(update(c1=tiny, c2=tiny, c3=tiny))
    assert states(host).hex() == "0120020000"
    host.ask(Command.ML_STOP)
    assert set(host.ledger().channels) == {1}


@pytest.mark.parametrize(
    ("load_ohm", "high_voltage", "current", "result", "peak"),
    [
        (500, 0, 20, 0, 20), (None, 0, 14.5, 0, 0), (None, 0, 15, 10, 0), (None, 0, -15, 10, 0),
        (2000, 0, 75, 0, 75), (2000, 0, 75.5, 28, 75), (2000, 6, 75, 0, 75), (2000, 2, 15, 0, 15),
        (2000, 2, 15.5, 28, 15), (500, 1, 0, 0, 0), (500, 1, 0.5, 28, 0),
    ],
)  # fmt: skip
def test_a_low_level_pulse_reports_what_the_load_did(
    load_ohm: int | None, high_voltage: int, current: float, result: int, peak: float
) -> None:
    host = Host(P24Twin(load_ohm=load_ohm)).low_level(high_voltage=high_voltage)
    answer = host.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(current), 7))
    assert answer.data == bytes((result, 0x12, 0))
    assert host.ledger()[7].peak_ma == peak
    assert host.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(0.0), 2)).data[0] == 0


def test_low_level_pulses_are_recorded_one_by_one() -> None:
    host = Host().low_level()
    start = host.now_us
    host.send(Command.LL_CHANNEL_CONFIG, pulse(biphasic(12), 8))
    host.run_for(10 * MS)
    assert rows(host, "pulse", "output") == [
        {"kind": "output", "on": True, "at_us": start, "channel": 8},
        {
            "kind": "pulse", "channel": 8, "start_us": start,
            "points": [[200, 12_000], [100, 0], [200, -12_000]],
        },
        {"kind": "output", "on": False, "at_us": start + 500, "channel": 8},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("measurement", "load_ohm", "values"),
    [
        (1, 1000, (2000, 0, 2000)),
        (2, 1000, (2000, 0, 2000)),
        (3, 1000, (15000, 15000, 15000)),
        (1, None, (0, 0, 0)),
        (2, None, (15000, 0, 15000)),
    ],
)
def test_measured_pulses_bring_128_unsigned_samples(
    measurement: int, load_ohm: int | None, values: tuple[int, int, int]
) -> None:
    host = Host(P24Twin(load_ohm=load_ohm)).low_level(measurement)
    data = host.ask(Command.LL_CHANNEL_CONFIG, pulse(biphasic(20, 500, 280))).data
    assert len(data) == 261
    assert data[2] == measurement
    assert int.from_bytes(data[3:5], "big") == 10  # 1280 us in 128 samples
    samples = [int.from_bytes(data[at : at + 2], "big") for at in range(5, 261, 2)]
    first, middle, last = values
    assert samples == [first] * 50 + [middle] * 28 + [last] * 50


def test_a_measured_config_that_does_not_stimulate_has_its_samples_too() -> None:
    host = Host().low_level(measurement=1)
    data = host.ask(Command.LL_CHANNEL_CONFIG, b"\0").data
    assert len(data) == 261
    assert data[5:] == bytes(256)
