"""The ledger integrates a record: golden doses, windows, open and cut trains."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.ledger import ChannelLedger, Ledger, Run
from tests.support.frame_host import MS
from tests.support.twin_host import Host, biphasic, point, train, update

S = 1_000_000


def row(points: list[tuple[int, int]], period_us: int, count: int, start_us: int = 0) -> Any:
    return {
        "kind": "train", "id": 1, "channel": 1, "start_us": start_us, "period_us": period_us,
        "count": count, "points": [list(point) for point in points],
    }  # fmt: skip


def symmetric(current_ma: int, width_us: int) -> list[tuple[int, int]]:
    return [(width_us, current_ma * 1000), (100, 0), (width_us, -current_ma * 1000)]


GOLDEN = [
    # points, rate, rms mA, first phase uC, net uC per pulse
    (symmetric(25, 100), 100, 3.536, 2.5, 0),
    (symmetric(40, 200), 100, 8.000, 8.0, 0),
    (symmetric(60, 250), 150, 16.432, 15.0, 0),
    (symmetric(80, 300), 50, 13.856, 24.0, 0),
    ([(300, 80_000), (1200, -20_000)], 50, 10.954, 24.0, 0),
    ([(300, 80_000)], 50, 9.798, 24.0, 24.0),
    (symmetric(100, 400), 75, 24.495, 40.0, 0),
    (symmetric(130, 500), 50, 29.069, 65.0, 0),
    ([(100_000, 70_000)], 1, 22.136, 7000.0, 7000.0),
    (symmetric(100, 250), 500, 50.000, 25.0, 0),
]


@pytest.mark.parametrize(("points", "rate", "rms", "charge", "net"), GOLDEN)
def test_golden_doses(
    points: list[tuple[int, int]], rate: int, rms: float, charge: float, net: float
) -> None:
    seconds = 20
    ledger = Ledger([row(points, S // rate, rate * seconds)])[1]
    assert ledger.pulses == rate * seconds
    assert ledger.rms_worst_second_ma == pytest.approx(rms, rel=0.005)
    assert ledger.rms_over_ma(seconds * S) == pytest.approx(rms, rel=0.005)
    assert ledger.charge_uc == pytest.approx(charge * ledger.pulses, rel=0.005)
    assert ledger.net_charge_uc == pytest.approx(net * ledger.pulses, rel=0.005)
    assert ledger.worst_second_net_ua_us == pytest.approx(net * rate * 1e6)
    rectified = sum(us * abs(ua) for us, ua in points)
    assert ledger.worst_second_rectified_ua_us == pytest.approx(rectified * rate, rel=0.005)


def test_burst_tens_by_the_twin_itself() -> None:
    """2 Hz bursts of 10 pulses at 100 Hz, 40 mA, 200 us: 3.578 mA rms."""
    host = Host().mid_level()
    start = host.now_us
    for number in range(20):
        host.run_until(start + number * S // 2)
        host.send(Command.ML_UPDATE, update(c1=train(biphasic(40), 10_000)))
        host.run_until(start + number * S // 2 + 95 * MS)
        host.send(Command.ML_UPDATE, b"\0")
    ledger = host.ledger()[1]
    assert ledger.pulses == 200
    assert ledger.rms_worst_second_ma == pytest.approx(3.578, rel=0.005)
    assert ledger.rms_over_ma(10 * S) == pytest.approx(3.578, rel=0.005)
    assert ledger.charge_uc == pytest.approx(200 * 8.0)


def test_half_an_hour_at_0_25_ms_is_integrated_without_a_step_per_pulse() -> None:
    count = 1800 * 4000
    ledger = Ledger([row([(50, 10_000), (50, -10_000)], 250, count)])[1]
    assert ledger.pulses == count
    assert ledger.rms_worst_second_ma == pytest.approx(10 * sqrt(0.4))
    assert ledger.rms_session_ma == pytest.approx(10 * sqrt(0.4), rel=1e-6)


trains = st.tuples(
    st.integers(0, 2 * S),  # pause before it
    st.integers(1_500, 700_000),
    st.integers(1, 2_000),
    st.lists(
        st.tuples(st.integers(1, 400), st.integers(-130_000, 130_000)), min_size=1, max_size=3
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(trains, min_size=1, max_size=3))
def test_the_worst_second_is_that_of_every_single_pulse(
    some: list[tuple[int, int, int, list[tuple[int, int]]]],
) -> None:
    runs: list[Run] = []
    for pause_us, period_us, count, points in some:
        start_us = pause_us + (runs[-1].last_start_us + runs[-1].period_us if runs else 0)
        runs.append(Run(start_us, period_us, count, tuple(points)))
    singles = [
        Run(run.start_us + n * run.period_us, 1, 1, run.points)
        for run in runs
        for n in range(run.count)
    ]
    worst = ChannelLedger(1, runs).rms_worst_second_ma
    assert worst == pytest.approx(ChannelLedger(1, singles).rms_worst_second_ma)
    starts = [
        sum(s.energy for s in singles if t <= s.start_us and s.end_us <= t + S)
        for t in {run.start_us for run in runs}
    ]
    assert worst >= sqrt(max(starts) / S) / 1000 * (1 - 1e-9)


def test_a_pulse_that_only_begins_in_a_window_counts_with_what_is_inside() -> None:
    pulses = [(1000, 10_000), (1000, -20_000), (50, 0)]
    forwards = ChannelLedger(1, [Run(0, S - 1_500, 2, tuple(pulses))])
    # First pulse, and 1.5 ms of the second; or the second, and 1.5 ms of the end of the first.
    energy = 500_000_000_000 + max(100e9 + 500 * 4e8, 50e9 + 400e9)
    assert forwards.rms_worst_second_ma == pytest.approx(sqrt(energy / S) / 1000)
    rectified = 30_000_000 + max(10_000_000 + 500 * 20_000, 500 * 10_000 + 20_000_000)
    assert forwards.worst_second_rectified_ua_us == rectified
    assert forwards.worst_second_net_ua_us == 20_000_000  # both begin in one second


@pytest.mark.parametrize(
    ("points", "charge_pc"),
    [
        ([(100, 0), (200, -10_000), (50, -5_000), (100, 5_000)], 2_250_000),
        ([(100, 5_000), (10, 0), (100, 5_000)], 500_000),
        ([(100, 0)], 0),
    ],
)
def test_the_first_phase_ends_at_zero_or_the_other_sign(
    points: list[tuple[int, int]], charge_pc: int
) -> None:
    assert Run(0, 1, 1, tuple(points)).first_phase_pc == charge_pc


def test_the_last_output_is_the_end_of_the_last_current() -> None:
    ledger = Ledger([row([(200, 10_000), (300, 0)], 10_000, 3, start_us=5)])
    assert ledger.last_output_us == 20_205
    assert ledger[1].first_output_us == 5
    assert ledger.current_after(20_204) == 10_000
    assert ledger.current_after(20_205) == 0
    assert ledger.current_after(0, channel=2) == 0
    assert ledger.current_after(0, channel=1) == 10_000


@pytest.mark.parametrize(
    ("window", "peak"),
    [
        ((0, 100), 0), ((0, 101), 10), ((0, 301), 10), ((300, 301), 0), ((300, 401), 20),
        ((400, 401), 20), ((399, 400), 0), ((500, 1_100), 0), ((500, 1_101), 10),
        ((500, 2_000), 20), ((4_500, 9_000), 0), ((4_399, 4_400), 0), ((4_400, 4_401), 20),
        ((4_000, 4_300), 10),
    ],
)  # fmt: skip
def test_the_peak_in_a_window(window: tuple[int, int], peak: int) -> None:
    points = [(100, 0), (100, 10_000), (200, 0), (100, -20_000)]
    ledger = Ledger([row(points, 1_000, 5)])
    assert ledger.peak_between_ua(*window) == peak * 1000
    assert ledger[1].peak_between_ua(*window) == peak * 1000


def test_an_empty_record_holds_nothing() -> None:
    ledger = Ledger([])
    assert ledger.last_output_us is None
    assert ledger.current_after(0) == 0
    assert ledger[1].rms_session_ma == 0
    assert ledger[1].rms_worst_second_ma == 0
    assert ledger[1].peak_ma == 0
    assert not ledger.running
    with pytest.raises(ValueError, match="no clock"):
        ledger.monotonic_us(0)


def test_an_open_train_counts_up_to_where_it_is_asked_and_runs_on() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, update(c1=train(biphasic(20)), c2=train(biphasic(0))))
    start = host.now_us - MS
    host.run_until(start + 1_010 * MS)
    rows = host.twin.records()
    assert Ledger(rows, start + 1_010 * MS)[1].pulses == 51
    endless = Ledger(rows)
    assert endless.running
    assert endless.current_after(start + 9_999 * S) == 20_000
    assert endless.current_after(0, channel=2) == 0
    assert endless.latest_us == start
    host.ask(Command.ML_STOP)
    closed = Ledger(host.twin.records())
    assert not closed.running
    assert closed[1].pulses == 51
    assert closed.current_after(start + 1_010 * MS) == 0


def test_a_record_file_is_read_up_to_its_last_complete_line(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    rows = [
        {"kind": "clock", "monotonic_ns": 7_000},
        {"kind": "state", "at_us": 50, "state": 3, "high_voltage": 6, "event": "x"},
        row([(100, 10_000)], 1_000, 4),
        {"kind": "pulse", "channel": 2, "start_us": 9_000, "points": [[100, 10_000], [100, 0]]},
    ]
    path.write_text("".join(json.dumps(item) + "\n" for item in rows) + '{"kind": "tra')
    ledger = Ledger.from_file(path)
    assert ledger[1].pulses == 4
    assert ledger.last_output_us == 9_100
    assert ledger.monotonic_us(3) == 10.0
    assert [state["state"] for state in ledger.states] == [3]
    assert ledger.latest_us == 9_100


def test_pulses_without_current_do_not_count() -> None:
    assert Ledger([row([(100, 0), (0, 5_000)], 1_000, 4)]).channels == {}


def test_a_cut_train_keeps_its_charge() -> None:
    host = Host().mid_level()
    host.ask(Command.ML_UPDATE, update(c1=train(point(1000, 20) + point(1000, -20))))
    start = host.now_us - MS
    host.run_until(start + 1_001 * MS)
    host.ask(Command.ML_STOP)
    ledger = host.ledger()[1]
    assert ledger.pulses == 51
    assert ledger.charge_uc == pytest.approx(51 * 20)
    assert ledger.net_charge_uc == pytest.approx(20)
