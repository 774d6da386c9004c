"""What a RehaStim2 puts out: slots, groups, intervals, steps, the skin test, any chunking."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.body.load import Passed, Points
from firmware_sim.firmware.frames import Frame
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.rehastim2_commands import Command
from firmware_sim.firmware.rehastim2_fields import programme, read_setup, read_single, read_wants
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder, encode
from firmware_sim.ledger import Ledger
from tests.support.examples import examples
from tests.support.frame_host import MS
from tests.support.rehastim2_host import OK, RehaHost, pulse, setup


def starts(host: RehaHost, channel: int) -> list[int]:
    """When each pulse of a channel began."""
    found: list[int] = []
    for run in host.ledger()[channel].runs:
        found.extend(run.start_us + i * run.period_us for i in range(run.count))
    return sorted(found)


def test_channels_have_slots_in_ascending_order_and_module_a_comes_first() -> None:
    host = RehaHost().started(
        pulse(10), pulse(0), pulse(20), pulse(30), init=setup(0b0101_0011, 20, 16)
    )
    began = host.now_us
    host.run_for(100 * MS)
    offsets = {channel: starts(host, channel)[0] - began for channel in (1, 5, 7)}
    # Channel 2 has no current, and a slot.
    assert offsets == {1: 0, 5: 3_000, 7: 4_500}
    assert starts(host, 2) == []
    assert starts(host, 1) == [began + 20 * MS * i for i in range(5)]


def test_a_pulse_is_balanced_with_a_gap_of_100_us() -> None:
    host = RehaHost().started(pulse(20, 250))
    host.run_for(10 * MS)
    assert host.ledger()[1].runs[0].points == ((250, 20_000), (100, 0), (250, -20_000))
    assert host.ledger()[1].net_charge_uc == 0


@pytest.mark.parametrize(("asked", "executed"), [(20, 20), (21, 20), (1, 0), (130, 130), (2, 2)])
def test_the_current_has_steps_of_2_ma(asked: int, executed: int) -> None:
    host = RehaHost().started(pulse(asked))
    host.run_for(100 * MS)
    assert host.ledger()[1].peak_ma == executed


@pytest.mark.parametrize(("asked", "executed"), [(0, 0), (1, 20), (19, 20), (20, 20), (500, 500)])
def test_a_width_below_20_us_is_executed_as_20_us(asked: int, executed: int) -> None:
    host = RehaHost().started(pulse(20, asked))
    host.run_for(30 * MS)
    assert {run.points[0][0] for run in host.ledger()[1].runs} == (
        {executed} if executed else set()
    )


@pytest.mark.parametrize("pulses", [1, 2, 3])
def test_a_group_has_pulses_at_the_second_interval(pulses: int) -> None:
    host = RehaHost().started(pulse(20, 200, pulses), init=setup(1, 50, 10))
    began = host.now_us
    host.run_for(150 * MS)
    expected = [began + 50 * MS * i + 10 * MS * j for i in range(3) for j in range(pulses)]
    assert starts(host, 1) == expected


@pytest.mark.parametrize(
    ("mask", "main_ms", "gap_ms", "pulses", "executed"),
    [
        (1, 20, 8, 1, (20_000, 8_000)),
        (1, 1.5, 1.5, 1, (8_000, 8_000)),
        (0x11, 8, 2, 1, (16_000, 16_000)),
        (1, 20, 8, 3, (24_000, 8_000)),
        (3, 1025, 129, 3, (1_025_000, 129_000)),
        (1, 0, 2, 2, (0, 8_000)),
        (0, 8, 2, 1, (8_000, 8_000)),
    ],
)
def test_intervals_below_what_the_firmware_can_do_are_raised_to_it(
    mask: int, main_ms: float, gap_ms: float, pulses: int, executed: tuple[int, int]
) -> None:
    read = read_setup(setup(mask, main_ms, gap_ms))
    assert read is not None
    wants = read_wants(pulse(20, 200, pulses) * mask.bit_count(), read.channels)
    assert wants is not None
    order = programme(read, wants)
    assert (order.main_us, order.pulse_gap_us) == executed


def test_a_raised_interval_is_noted() -> None:
    host = RehaHost().started(pulse(20), init=setup(1, 8, 2))
    assert host.events("intervals raised")[0]["pulse_gap_us"] == 8_000
    assert not RehaHost().started(pulse(20), init=setup(1, 8, 8)).events("intervals raised")


def test_slow_channels_skip_periods_and_keep_their_place_over_an_update() -> None:
    host = RehaHost().started(pulse(10), pulse(20), init=setup(3, 20, 8, 2, 2))
    began = host.now_us
    host.run_for(65 * MS)
    host.ask(Command.START_CHANNEL_LIST, pulse(10) + pulse(40))
    host.run_for(100 * MS)
    assert starts(host, 1) == [began + 20 * MS * i for i in range(9)]
    slow = [(run.start_us, run.peak_ua) for run in host.ledger()[2].runs]
    # Updated before the list at 80 ms, in force where it would have been its turn: at 120 ms.
    assert slow == [(began + 1_500, 20_000), (began + 121_500, 40_000)]
    assert starts(host, 2) == [began + 1_500 + 60 * MS * i for i in range(3)]


# Updates


def test_an_update_begins_with_the_next_list_and_the_latest_wins() -> None:
    host = RehaHost().started(pulse(20), init=setup(1, 100))
    began = host.now_us
    host.run_for(210 * MS)
    for current in (40, 60):
        host.ask(Command.START_CHANNEL_LIST, pulse(current))
    host.run_until(began + 450 * MS)
    assert [(run.start_us - began, run.count, run.peak_ua) for run in host.ledger()[1].runs] == [
        (0, 3, 20_000),
        (300 * MS, 2, 60_000),
    ]


def test_the_same_order_again_changes_nothing() -> None:
    host = RehaHost().started(pulse(20), pulse(30), init=setup(3))
    for _ in range(10):
        host.run_for(390 * MS)
        assert host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(30)).data == OK
    opened = [row for row in host.twin.records() if row["kind"] == "train_open"]
    assert [row["channel"] for row in opened] == [1, 2]
    host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(32))
    host.run_for(20 * MS)
    opened = [row for row in host.twin.records() if row["kind"] == "train_open"]
    assert [row["channel"] for row in opened] == [1, 2, 2]


def test_no_current_is_a_pause_in_the_started_mode() -> None:
    host = RehaHost().started(pulse(20))
    host.run_for(100 * MS)
    host.ask(Command.START_CHANNEL_LIST, pulse(0))
    host.run_for(20 * MS)
    paused = host.now_us
    host.run_for(500 * MS)
    assert host.mode() == 2
    assert host.ledger().current_after(paused) == 0
    outputs = [row["on"] for row in host.twin.records() if row["kind"] == "output"]
    assert outputs == [True, False]


def test_a_longer_group_makes_the_list_longer_from_the_next_one_on() -> None:
    host = RehaHost().started(pulse(20), init=setup(1, 10, 8))
    began = host.now_us
    host.run_for(25 * MS)
    host.ask(Command.START_CHANNEL_LIST, pulse(20, 200, 2))
    host.run_until(began + 80 * MS)
    assert [start - began for start in starts(host, 1)] == [
        0, 10_000, 20_000, 30_000, 40_000, 48_000, 56_000, 64_000, 72_000,
    ]  # fmt: skip


def test_stop_cuts_the_pulse_under_way() -> None:
    host = RehaHost(RehaStim2Twin(turnaround_us=0)).started(
        pulse(20, 500), pulse(20), init=setup(3)
    )
    began = host.now_us
    host.run_for(20 * MS + 700)
    host.ask(Command.STOP_CHANNEL_LIST)
    assert host.ledger()[1].last_output_us == began + 20 * MS + 700
    assert starts(host, 2) == [began + 1_500]
    assert not host.ledger().running


# Once


def test_one_shot_executes_the_list_once_for_each_start() -> None:
    host = RehaHost().started(pulse(20, 200, 2), pulse(30), init=setup(3, 0, 8))
    began = host.now_us
    host.run_for(300 * MS)
    assert host.twin.stimulating
    assert [start - began for start in starts(host, 1)] == [0, 8_000]
    assert [start - began for start in starts(host, 2)] == [1_500]
    host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(0))
    again = host.now_us
    host.run_for(300 * MS)
    assert starts(host, 1)[2:] == [again]
    assert len(starts(host, 2)) == 1


def test_a_start_during_a_one_shot_list_follows_it() -> None:
    host = RehaHost(RehaStim2Twin(turnaround_us=MS)).started(
        pulse(20, 200, 3), init=setup(1, 0, 10)
    )
    began = host.now_us
    host.run_for(5 * MS)
    host.twin.set_load(1, 600)  # concerns no list that is executed once
    host.ask(Command.START_CHANNEL_LIST, pulse(40))
    host.run_for(300 * MS)
    assert [start - began for start in starts(host, 1)] == [0, 10_000, 20_000, 30_000]


@pytest.mark.parametrize("channel", range(1, 9))
def test_a_single_pulse_leaves_the_mode_and_no_trace(channel: int) -> None:
    host = RehaHost().connected()
    answer = host.ask(Command.SINGLE_PULSE, bytes((channel - 1,)) + pulse(50, 300)[1:])
    host.run_for(10 * MS)
    assert answer.data == OK
    assert host.mode() == 0
    assert not host.twin.stimulating
    assert starts(host, channel) == [answer.at_us]
    assert host.ledger()[channel].charge_uc == 15


def test_a_single_pulse_is_read_as_a_list_of_one() -> None:
    order = read_single(pulse(0))
    assert order is not None
    assert order.length_us == 1_500


# Load


@pytest.mark.parametrize("load", [None, 49, 10_001])
def test_outside_the_normal_resistance_there_is_no_pulse_and_one_report(load: int | None) -> None:
    host = RehaHost(RehaStim2Twin(load_ohm=load)).started(pulse(20), pulse(0), init=setup(3))
    host.run_for(300 * MS)
    (error,) = host.errors()
    assert error.data == b"\xfe"
    assert host.ledger().channels == {}
    assert host.mode() == 2
    host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(0))
    host.run_for(100 * MS)
    assert len(host.errors()) == 2
    assert [row["channel"] for row in host.events("skin test failed")] == [1, 1]


def test_the_report_comes_when_the_pulse_would_have_come() -> None:
    host = RehaHost().initialised(setup(3, 500, 8, 2, 1))
    host.twin.set_load(2, None)
    host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(20))
    began = host.now_us
    host.run_for(10 * MS)
    assert host.errors()[0].at_us == began + 1_500
    # A list later it is not the slow channel's turn: its test waits, and a stop takes it away.
    host.run_until(began + 400 * MS)
    host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(30))
    host.run_until(began + 900 * MS)
    host.ask(Command.STOP_CHANNEL_LIST)
    host.run_for(300 * MS)
    assert len(host.errors()) == 1


def test_a_lead_that_comes_off_ends_one_channel_until_the_next_start() -> None:
    host = RehaHost().started(pulse(20), pulse(30), init=setup(3))
    began = host.now_us
    host.run_for(105 * MS)
    host.twin.set_load(1, None)
    host.run_for(100 * MS)
    assert starts(host, 1)[-1] == began + 100 * MS
    assert host.errors()[0].at_us == began + 120 * MS
    host.twin.set_load(1, 500)
    host.run_for(100 * MS)
    assert starts(host, 1)[-1] == began + 100 * MS
    assert starts(host, 2)[-1] == began + 301_500
    assert host.ask(Command.START_CHANNEL_LIST, pulse(20) + pulse(30)).data == OK
    host.run_for(50 * MS)
    assert starts(host, 1)[-1] > began + 300 * MS
    with pytest.raises(ValueError, match="channel 9"):
        host.twin.set_load(9, 500)


def test_a_load_beyond_the_compliance_gets_what_that_gives() -> None:
    host = RehaHost(RehaStim2Twin(load_ohm=5_000)).started(pulse(50))
    host.run_for(100 * MS)
    host.twin.set_load(1, 10_000)
    host.run_for(100 * MS)
    assert [run.peak_ua for run in host.ledger()[1].runs] == [30_000, 15_000]


class DryGel:
    """Passes the test pulse, and then nothing."""

    nominal_ohm = 500

    def through(self, points: Points, compliance_mv: int) -> Passed:
        return Passed(tuple((time_us, 0) for time_us, _ in points), (0,) * len(points), True, False)


def test_a_load_that_only_the_test_pulse_passes_gets_no_output() -> None:
    host = RehaHost().initialised()
    host.twin.set_load(1, DryGel())
    host.ask(Command.START_CHANNEL_LIST, pulse(20))
    host.run_for(100 * MS)
    host.ask(Command.STOP_CHANNEL_LIST)
    assert host.errors() == []
    assert host.ledger().channels == {}
    assert not [row for row in host.twin.records() if row["kind"] == "output"]


def test_a_load_that_moves_while_nothing_runs_is_not_asked() -> None:
    host = RehaHost().initialised()
    host.twin.set_load(1, 1_000)
    assert host.events("load changed")[0]["ohm"] == 1_000
    host.ask(Command.START_CHANNEL_LIST, pulse(20))
    host.run_for(10 * MS)
    assert host.ledger()[1].peak_ma == 20


# Anything

STARTS = [pulse(20), pulse(40, 300, 2) + pulse(15), pulse(0) + pulse(60, 20, 3), b"", pulse(131)]
SETUPS = [
    setup(), setup(3, 50, 8, 2, 3), setup(3, 0), setup(0x81, 7.5, 2), setup(0), b"\0\1",
]  # fmt: skip
commands = st.one_of(
    st.tuples(st.just(Command.START_CHANNEL_LIST), st.sampled_from(STARTS)),
    st.tuples(st.just(Command.INIT_CHANNEL_LIST), st.sampled_from(SETUPS)),
    st.tuples(st.just(Command.SINGLE_PULSE), st.sampled_from([pulse(30), b"\7" + pulse(9)[1:]])),
    st.tuples(st.sampled_from([Command.STOP_CHANNEL_LIST, Command.WATCHDOG]), st.just(b"")),
    st.tuples(st.just(Command.INIT_ACK), st.just(b"\0")),
    st.tuples(st.integers(0, 255), st.binary(max_size=8)),
)
wires = st.one_of(
    st.builds(lambda number, command: encode(number, *command), st.integers(0, 255), commands),
    st.binary(max_size=30),
    st.sampled_from([b"\x0f\x0f", b"\xf0", b"\x81"]),
)
pauses_us = st.sampled_from(
    [0, 0, 1, 700, 3 * MS, 11 * MS, 45 * MS, 300 * MS, 1_150 * MS, 1_300 * MS]
)
scripts = st.lists(st.tuples(pauses_us, wires), max_size=25)
loads = st.sampled_from([None, 100, 500, 5_000])


def play(
    script: list[tuple[int, bytes]],
    load_ohm: int | None,
    turnaround_us: int,
    chunk: int | None,
    often: bool,
) -> tuple[bytes, list[dict[str, Any]], RehaStim2Twin]:
    twin = RehaStim2Twin(load_ohm=load_ohm, turnaround_us=turnaround_us)
    now_us, out = 0, bytearray()
    for pause_us, wire in [(0, encode(0, 2, b"\0")), *script]:
        now_us += pause_us
        while often and (deadline := twin.deadline()) is not None and deadline <= now_us * 1000:
            twin.advance(deadline)
            out += twin.transmit()
        size = chunk or max(len(wire), 1)
        for at in range(0, len(wire), size):
            twin.receive(now_us * 1000, wire[at : at + size])
    twin.advance((now_us + 5_000 * MS) * 1000)
    out += twin.transmit()
    return bytes(out), twin.records(), twin


@settings(max_examples=examples(150), deadline=None)
@given(scripts, loads, st.sampled_from([0, 1_000, 10_000, 60_000]), st.integers(1, 5))
def test_any_chunking_and_any_waking_up_give_the_same_device(
    script: list[tuple[int, bytes]], load_ohm: int | None, turnaround_us: int, chunk: int
) -> None:
    out, rows, _ = play(script, load_ohm, turnaround_us, None, often=False)
    assert play(script, load_ohm, turnaround_us, chunk, often=False)[:2] == (out, rows)
    assert play(script, load_ohm, turnaround_us, chunk, often=True)[:2] == (out, rows)


@settings(max_examples=examples(150), deadline=None)
@given(scripts, loads, st.sampled_from([0, 10_000]))
def test_left_alone_the_twin_ends_without_output(
    script: list[tuple[int, bytes]], load_ohm: int | None, turnaround_us: int
) -> None:
    out, rows, twin = play(script, load_ohm, turnaround_us, None, often=True)
    assert all(isinstance(found, Frame) for found in FrameDecoder().feed(out))
    assert not twin.stimulating
    assert not twin.connected
    ledger = Ledger(rows)
    assert not ledger.running
    opened = sorted(row["id"] for row in rows if row["kind"] == "train_open")
    assert opened == sorted(row["id"] for row in rows if row["kind"] == "train")
    outputs: dict[int, bool] = {}
    for row in rows:
        if row["kind"] == "output":
            assert outputs.get(row["channel"], False) != row["on"]
            outputs[row["channel"]] = row["on"]
    assert not any(outputs.values())
    pulses = sorted(
        (run.start_us + i * run.period_us, run.duration_us)
        for channel in ledger.channels.values()
        for run in channel.runs
        for i in range(run.count)
    )
    # All channels share one clock of slots: no two pulses ever overlap.
    assert all(at + long <= next_at for (at, long), (next_at, _) in pairwise(pulses))
