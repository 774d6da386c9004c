"""Faults that overlap: each undoes what it did and nothing else, in whatever order they end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.faults import Fault, applicable
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.p24_mid_level import KEEP_ALIVE_US
from firmware_sim.situation import faulty_twin
from tests.support.examples import examples
from tests.support.faulty_host import MS, SECOND, TEN_MA, FaultyHost, host_with

#: These leave another device behind, or the same one elsewhere.
CHANGING_FOR_EVER = {"firmware-changes", "other-serial", "replug-elsewhere"}


def runs_after_last_word(host: FaultyHost) -> int:
    """How long output goes on after one update, to 20 ms."""
    said_us = host.now_us
    host.say(Command.ML_UPDATE, TEN_MA)
    host.run_for(4 * KEEP_ALIVE_US)
    last_us = host.ledger().last_output_us
    assert last_us is not None
    return round((last_us - said_us) / SECOND)


def test_two_dead_man_faults_end_in_the_order_they_began() -> None:
    host = host_with("dead-man-missing@1s,for=4s", "dead-man-late@2s,for=10s")
    host.run_until(3 * SECOND)
    host.say(Command.ML_UPDATE, TEN_MA)
    host.run_until(5 * SECOND + MS)
    host.say(Command.ML_STOP)
    host.say(Command.ML_INIT, b"\0")
    assert runs_after_last_word(host) == 6
    host.run_until(13 * SECOND)
    host.say(Command.ML_INIT, b"\0")
    assert runs_after_last_word(host) == 2


def load_at(host: FaultyHost, at_us: int) -> int | None:
    host.run_until(at_us)
    changes = [row for row in host.twin.records() if row.get("event") == "load changed"]
    ohm: int | None = changes[-1]["ohm"]
    return ohm


@pytest.mark.parametrize(
    ("first", "second", "loads"),
    [
        ("electrode-off@1s,for=3s", "electrode-short@2s,for=4s", [None, 30, 30, 500]),
        ("electrode-off@1s,for=5s", "electrode-short@2s,for=2s", [None, 30, None, 500]),
    ],
)
def test_what_is_below_comes_back(first: str, second: str, loads: list[int | None]) -> None:
    host = host_with(first + ",channel=1", second + ",channel=1")
    assert [load_at(host, at * SECOND) for at in (1, 3, 5, 7)] == loads


def test_a_load_put_on_during_a_fault_counts_when_it_ends() -> None:
    host = host_with("electrode-off@1s,for=3s,channel=1")
    host.run_until(2 * SECOND)
    host.twin.set_load(1, 700)
    host.twin.set_load(2, 800)
    assert load_at(host, 5 * SECOND) == 700


@pytest.mark.parametrize(
    "order", [("unplug@1s,for=3s", "unplug@2s,for=4s"), ("unplug@1s,for=5s", "unplug@2s,for=1s")]
)
def test_the_port_is_back_when_nobody_holds_the_plug(order: tuple[str, str]) -> None:
    host = host_with(*order)
    seen = []
    for at in (500, 1_500, 3_500, 5_500, 6_500):
        host.run_until(at * MS)
        seen.append(host.twin.plugged)
    assert seen == [True, False, False, False, True]


def test_the_device_reads_when_nothing_holds_it_back() -> None:
    host = host_with("hang@1s,for=3s", "xoff-stuck@2s,for=4s")
    seen = []
    for at in (500, 1_500, 5_000, 6_500):
        host.run_until(at * MS)
        seen.append(host.twin.reading)
    assert seen == [True, False, False, True]


lasting = [
    spec.name
    for spec in applicable()
    if "for_us" in spec.parameters and spec.name not in CHANGING_FOR_EVER
]
some_faults = st.lists(
    st.builds(
        lambda name, at, lasts: Fault(name, at * 100 * MS, {"for_us": lasts * 100 * MS}),
        st.sampled_from(lasting),
        st.integers(0, 60),
        st.integers(1, 60),
    ),
    max_size=6,
)


@settings(max_examples=examples(120), deadline=None)
@given(some_faults, st.integers(0, 5))
def test_when_all_have_ended_the_device_is_as_healthy_as_ever(
    faults: list[Fault], seed: int
) -> None:
    host = FaultyHost(faulty_twin("p24", faults=faults, seed=seed))
    host.say(Command.ML_INIT, b"\0")
    for _ in range(60):
        host.say(Command.ML_UPDATE, TEN_MA, wait_us=200 * MS)
    # What waited on a line of 300 baud has come, and a device has booted.
    host.run_until(600 * SECOND)
    assert host.twin.active == ()
    host.send_bytes(b"\x0f\x0f")
    host.say(Command.RESET)
    began_us, before = host.now_us, len(host.heard)
    host.say(Command.ML_INIT, b"\0")
    host.say(Command.ML_UPDATE, TEN_MA)
    host.say(Command.GET_STIM_STATUS)
    host.say(Command.GET_DEVICE_ID)
    assert [one.data for one in host.heard[before:]] == [
        b"\0",
        b"\0",
        b"\0\3\6",
        b"\0SIM%07d" % seed,
    ]
    host.run_for(10 * SECOND)
    since = host.ledger()[1].peak_between_ua(began_us, host.now_us)
    assert since == 10_000
    assert host.ledger().last_output_us <= began_us + 100 * MS + KEEP_ALIVE_US
