"""Whatever comes, whenever and in whatever pieces: the twin lives, and says the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command, State
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from firmware_sim.ledger import Ledger
from tests.support.examples import examples
from tests.support.frame_host import MS
from tests.support.twin_host import biphasic, point, pulse, train, update

UPDATES = [
    update(c1=train(biphasic(10))),
    update(c1=train(biphasic(40), 7_250, ramp=3), c4=train(biphasic(15), 11_000)),
    update(c4=train(point(4000, 100), 50_000, ramp=15)),
    b"\0",
    b"",
    update(c1=train(point(10, 131))),
]
commands = st.one_of(
    st.tuples(st.just(Command.ML_UPDATE), st.sampled_from(UPDATES)),
    st.tuples(st.just(Command.ML_INIT), st.sampled_from([b"\0", b"\1"])),
    st.tuples(st.just(Command.LL_INIT), st.sampled_from([b"\0", b"\x22", b"\x0e"])),
    st.tuples(
        st.just(Command.LL_CHANNEL_CONFIG),
        st.sampled_from([pulse(biphasic(20), 3), pulse(point(4000, 130)), b"\0", b"\x83"]),
    ),
    st.tuples(st.sampled_from(list(Command)), st.binary(max_size=12)),
    st.tuples(st.integers(0, 1023), st.binary(max_size=4)),
)
wires = st.one_of(
    st.builds(lambda number, command: encode(number, *command), st.integers(0, 63), commands),
    st.binary(max_size=40),
    st.sampled_from([b"\x0f\x0f", b"\xf0", b"\x81"]),
)
pauses_us = st.sampled_from([0, 0, 1, 300, MS, 39 * MS, 41 * MS, 85 * MS, 900 * MS, 2_100 * MS])
scripts = st.lists(st.tuples(pauses_us, wires), max_size=25)
loads = st.sampled_from([None, 1, 500, 5_000])


def play(
    script: list[tuple[int, bytes]], load_ohm: int | None, chunk: int | None, often: bool
) -> tuple[bytes, list[dict[str, Any]], P24Twin]:
    twin = P24Twin(load_ohm=load_ohm)
    now_us, out = 0, bytearray()
    for pause_us, wire in script:
        now_us += pause_us
        while often and (deadline := twin.deadline()) is not None and deadline <= now_us * 1000:
            twin.advance(deadline)
            out += twin.transmit()
        size = chunk or max(len(wire), 1)
        for at in range(0, len(wire), size):
            twin.receive(now_us * 1000, wire[at : at + size])
    twin.advance((now_us + 10_000 * MS) * 1000)
    out += twin.transmit()
    return bytes(out), twin.records(), twin


@settings(max_examples=examples(150), deadline=None)
@given(scripts, loads, st.integers(1, 5))
def test_any_chunking_and_any_waking_up_give_the_same_device(
    script: list[tuple[int, bytes]], load_ohm: int | None, chunk: int
) -> None:
    out, rows, _ = play(script, load_ohm, None, often=False)
    assert play(script, load_ohm, chunk, often=False)[:2] == (out, rows)
    assert play(script, load_ohm, chunk, often=True)[:2] == (out, rows)


@settings(max_examples=examples(150), deadline=None)
@given(scripts, loads)
def test_left_alone_the_twin_ends_without_output(
    script: list[tuple[int, bytes]], load_ohm: int | None
) -> None:
    out, rows, twin = play(script, load_ohm, None, often=True)
    assert all(isinstance(found, Frame) for found in FrameDecoder().feed(out))
    assert twin.deadline() is None
    assert not twin.stimulating
    assert twin.state is not State.RUNNING
    ledger = Ledger(rows)
    assert not ledger.running
    opened = [row["id"] for row in rows if row["kind"] == "train_open"]
    closed = sorted(row["id"] for row in rows if row["kind"] == "train")
    assert opened == closed == list(range(1, len(opened) + 1))
    outputs: dict[int, bool] = {}
    for row in rows:
        if row["kind"] == "output":
            assert outputs.get(row["channel"], False) != row["on"]
            outputs[row["channel"]] = row["on"]
    assert not any(outputs.values())
    for channel in ledger.channels.values():
        runs = sorted(channel.runs, key=lambda run: run.start_us)
        for run, following in pairwise(runs):
            assert following.start_us >= run.end_us
        assert channel.peak_ma <= 130
        if load_ohm is not None:
            assert channel.peak_ma * load_ohm <= 150_000


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_a_flipped_bit_never_changes_the_output(data: st.DataObject) -> None:
    wire = encode(5, Command.ML_UPDATE, UPDATES[1])
    bit = data.draw(st.integers(0, 8 * len(wire) - 1))
    flipped = bytearray(wire)
    flipped[bit // 8] ^= 1 << bit % 8
    twin = P24Twin()
    twin.receive(0, encode(1, Command.ML_INIT, b"\0"))
    twin.receive(100 * MS * 1000, bytes(flipped))
    twin.advance(10_000 * MS * 1000)
    assert Ledger(twin.records()).channels == {}
